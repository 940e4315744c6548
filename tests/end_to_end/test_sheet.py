"""`report --format csv` as a spreadsheet reads it: RFC 4180, one header, plain numbers, times that are times."""

import csv
import datetime
import io
import re
import unittest

import harness

TEXT = ("window", "region", "why")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]\d+)?")


class Sheet(harness.Case):
    def test_report_as_csv(self):
        profile = harness.profile(simulator={"latency": [harness.QUICK],
                                             "faults": [{"fault": "server_error", "rate": "20%"}]})
        self.rushhour("run", self.write_profile(profile), "--simulate", "--quiet", "-o", "run", expect=harness.ENDED)
        text = self.rushhour("report", "run", "--format", "csv", "--window", "1s").stdout
        rows = list(csv.reader(io.StringIO(text), strict=True))
        header, rows = rows[0], rows[1:]
        self.assertEqual(len(set(header)), len(header))
        self.assertTrue(all(re.fullmatch(r"[a-z0-9_]+", name) for name in header), header)
        self.assertGreater(len(rows), 3)
        for row in rows:
            self.assertEqual(len(row), len(header))
            self.check(dict(zip(header, row)))
        totals = [dict(zip(header, row)) for row in rows if row[0] == "whole run"]
        manifest = harness.Run(self.folder / "run").manifest
        self.assertEqual({row["region"]: int(row["attempts_failed"]) for row in totals},
                         {region["name"]: region["attempts"]["failed"] for region in manifest["regions"]})

    def check(self, row):
        start = datetime.datetime.fromisoformat(row["start_utc"])
        end = datetime.datetime.fromisoformat(row["end_utc"])
        self.assertLess(start, end)
        self.assertIsNone(start.tzinfo, "LibreOffice and Excel take no time with a zone")
        self.assertEqual(f"{row['date']}T{row['time']}", row["start_utc"][:19])
        self.assertIn(row["valid"], ("true", "false"))
        for name, value in row.items():
            if name not in TEXT + ("start_utc", "end_utc", "date", "time", "valid"):
                self.assertTrue(value == "" or NUMBER.fullmatch(value), f"{name}: {value}")


if __name__ == "__main__":
    unittest.main()
