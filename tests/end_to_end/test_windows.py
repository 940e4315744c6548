"""Windows that cut intervals: what they show is what the rows of attempts.csv say, counted here once more in Python."""

import collections
import csv
import datetime
import io
import json
import pathlib
import shutil
import tempfile
import unittest

import harness

SPEED = 1500
WINDOWS = ["7m", "25m", "peak=06:37-07:53@America/Los_Angeles", "1h"]
PEAK = ("2026-04-14T13:37:00Z", "2026-04-14T14:53:00Z")
PRICE = {"text_in": 4.0, "text_cached": 0.4, "text_out": 16.0}


def profile():
    """Two hours and a half of two regions, in intervals of 10 min that begin at 13:10 UTC."""
    return harness.profile(
        regions=[{"name": name, "endpoint": "http://127.0.0.1:9", "deployment": "gpt-realtime"} for name in ("east", "west")],
        seed=7, prices={"gpt-realtime": PRICE},
        retry={"attempts": 3, "backoff": {"initial": "2s", "max": "8s", "jitter": "full"}, "deadline": "60s", "budget": "100%"},
        load={"model": "sessions", "stages": [{"duration": "0s", "target": 3}, {"duration": "150m", "target": 3}]},
        session={"interactions": 4, "think_time": "5s", "prompts": ["Say OK."]}, windows={"interval": "10m", "report": ["10m"]},
        simulator={"clock": {"speed": SPEED, "start": "2026-04-14T06:10:00-07:00"}, "output_deltas": 1,
                   "faults": [{"fault": "server_error", "rate": "15%"}]})


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def bucket(us):
    """The highest value that HdrHistogram takes for the same at three digits."""
    shift = max(0, us.bit_length() - 11)
    return ((us >> shift) + 1 << shift) - 1


def untold(notes):
    """What the notes say that rows do not add up to."""
    return [part.partition(": ")[2] for part in notes.split("does not add up to them")[1:]]


class Rows:
    """attempts.csv, with what became of each interaction."""

    def __init__(self, run):
        self.rows = run.attempts
        last = {}
        for row in self.rows:
            row["ended"] = instant(row["end"])
            last[row["chain"], row["interaction"]] = row
        for row in self.rows:
            row["final"] = row["outcome"] == "ok" or (row["outcome"] == "failed" and last[row["chain"], row["interaction"]] is row)

    def inside(self, region, start, end):
        return [row for row in self.rows if row["region"] == region and start <= row["ended"] < end]


def wanted_of(rows):
    """What a window of these rows has to show, as in the JSON report."""
    by = collections.Counter(row["outcome"] for row in rows)
    tokens = {key: harness.column(rows, f"{key}_tokens") for key in ("input", "cached", "output")}
    cost = ((tokens["input"] - tokens["cached"]) * PRICE["text_in"] + tokens["cached"] * PRICE["text_cached"]
            + tokens["output"] * PRICE["text_out"]) / 1e6
    finals = collections.Counter(row["outcome"] for row in rows if row["final"])
    return {
        "attempts": {"ok": by["ok"], "failed": by["failed"], "cancelled": by["cancelled"],
                     "first_ok": sum(row["outcome"] == "ok" and row["attempt"] == "1" for row in rows),
                     "first_failed": sum(row["outcome"] == "failed" and row["attempt"] == "1" for row in rows)},
        "interactions": {"ok": finals["ok"], "failed": finals["failed"],
                         "recovered": sum(row["outcome"] == "ok" and row["attempt"] != "1" for row in rows)},
        "tokens": {**tokens, "failed": sum(int(row["input_tokens"]) + int(row["output_tokens"])
                                           for row in rows if row["outcome"] == "failed")},
        "cost_usd": cost,
        "codes": collections.Counter(row["code"] for row in rows if row["outcome"] == "failed"),
        "latency": {metric: sorted(int(row[f"{metric}_us"]) for row in rows if row["outcome"] == "ok" and row[f"{metric}_us"])
                    for metric in ("ttft", "first_answer", "response")},
    }


class Windows(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        made = tempfile.TemporaryDirectory(prefix="rushhour-test-")
        cls.addClassCleanup(made.cleanup)
        cls.made = pathlib.Path(made.name)
        (cls.made / "profile.json").write_text(json.dumps(profile()))
        result = harness.rushhour("run", "profile.json", "--simulate", "-q", "-o", "run", cwd=cls.made)
        if result.status not in harness.ENDED:
            raise AssertionError(result)

    def setUp(self):
        super().setUp()
        self.run_folder = self.folder / "run"
        shutil.copytree(self.made / "run", self.run_folder)
        self.read = harness.Run(self.run_folder)
        self.assert_consistent(self.read)

    def report(self, *windows, kind="json"):
        options = [part for window in windows for part in ("--window", window)]
        return self.rushhour("report", "run", "--format", kind, *options, expect=harness.ENDED).stdout

    def check_counts(self, shown, rows, exact):
        """One region of a window. Where notes say that interactions do not add up, these are not compared."""
        wanted = wanted_of(rows)
        for group in ("attempts", "tokens") + (("interactions",) if exact else ()):
            for key, count in wanted[group].items():
                self.assertEqual(shown[group][key], count, f"{group}.{key}")
        self.assertAlmostEqual(shown["cost_usd"], wanted["cost_usd"], places=5)
        codes = collections.Counter()
        for failure in shown["failures"]:
            codes[failure["code"]] += failure["count"]
        self.assertEqual(codes, wanted["codes"])
        for metric, values in wanted["latency"].items():
            latency = shown["latency_ms"].get(metric, {"count": 0})
            self.assertEqual(latency["count"], len(values), metric)
            if values:
                self.assertAlmostEqual(latency["max"], bucket(values[-1]) / 1e3, places=3, msg=metric)
                self.assertAlmostEqual(latency["p50"], bucket(values[(len(values) + 1) // 2 - 1]) / 1e3, places=3, msg=metric)

    def judged(self, rows, start, end):
        """Attempts by region that ended ok or failed."""
        return {name: sum(row["outcome"] != "cancelled" for row in rows.inside(name, instant(start), instant(end)))
                for name in ("east", "west")}

    def test_windows_show_what_rows_say(self):
        report = json.loads(self.report(*WINDOWS))
        notes = " ".join(report["notes"])
        rows = Rows(self.read)
        for name in ("7m", "25m", "peak"):
            self.assertIn(f"Window {name} has bounds inside", notes)
        self.assertNotIn("Window 1h has bounds inside", notes, "its bounds are those of intervals")
        self.assertNotIn("counts whole in the window", notes)
        seen = collections.Counter()
        for window in report["windows"]:
            start, end = instant(window["start"]), instant(window["end"])
            for region in window["regions"]:
                with self.subTest(window=window["name"], start=window["start"], region=region["name"]):
                    self.check_counts(region, rows.inside(region["name"], start, end), not untold(notes))
                seen[window["name"]] += region["attempts"]["ok"] + region["attempts"]["failed"]
        ended = sum(row["outcome"] != "cancelled" for row in rows.rows)
        self.assertEqual({name: seen[name] for name in ("7m", "25m", "1h")}, {"7m": ended, "25m": ended, "1h": ended})
        self.assertEqual(seen["peak"], sum(self.judged(rows, *PEAK).values()))

    def test_every_form_shows_the_same(self):
        shown = {(window["name"], window["start"][:19], region["name"]): region["attempts"]["ok"] + region["attempts"]["failed"]
                 for window in json.loads(self.report(*WINDOWS))["windows"] for region in window["regions"]}
        sheet = list(csv.DictReader(io.StringIO(self.report(*WINDOWS, kind="csv"))))
        self.assertEqual(shown, {(row["window"], row["start_utc"][:19], row["region"]): int(row["attempts"])
                                 for row in sheet if row["window"] != "whole run"})
        for kind in ("text", "markdown", "html"):
            self.assertIn("counted attempt by attempt", " ".join(self.report(*WINDOWS, kind=kind).split()), kind)

    def test_the_sheet_tells_of_such_hours(self):
        """What each window says of the service, as in JSON; where that has none, the field is empty."""
        report = json.loads(self.report(*WINDOWS))
        rows = list(csv.DictReader(io.StringIO(self.report(*WINDOWS, kind="csv"))))
        shown = report["regions"] + [region for window in report["windows"] for region in window["regions"]]
        self.assertEqual([row["region"] for row in rows], [region["name"] for region in shown])
        known = 0
        for row, region in zip(rows, shown):
            for name, rate in (("failure_rate", "attempt"), ("interaction_failure_rate", "interaction"),
                               ("session_failure_rate", "session")):
                service = region["failure_rate"][rate]["service"]
                told = [row[f"{name}_service_{key}"] for key in ("low", "high", "effective_n")]
                known += told[0] != ""
                if service["low"] is None:
                    self.assertEqual(told, ["", "", ""])
                else:
                    self.assertEqual([float(value) for value in told], [service[key] for key in ("low", "high", "effective_n")])
        self.assertGreater(known, 0)

    def test_the_whole_run_is_the_same_whatever_cuts_it(self):
        whole = json.loads(self.report("10m"))
        self.assertNotIn("bounds inside", " ".join(whole["notes"]))
        cut = json.loads(self.report(*WINDOWS))
        for key in ("totals", "regions", "incidents", "ages", "verdict", "thresholds"):
            self.assertEqual(cut[key], whole[key], key)

    def test_comparisons_and_packages_go_by_the_same_rows(self):
        rows = Rows(self.read)
        inside = self.judged(rows, *PEAK)
        everything = self.judged(rows, "2026-04-14T13:00:00Z", "2026-04-15T00:00:00Z")
        told = json.loads(self.rushhour("compare", "run", "--between", WINDOWS[2], "rest", "--json", expect=harness.ENDED).stdout)
        self.assertIn("counted attempt by attempt", " ".join(told["notes"]))
        for metric in told["metrics"]:
            if metric["metric"] == "failure_rate":
                region = metric["region"]
                self.assertEqual((metric["b"]["n"], metric["a"]["n"]), (inside[region], everything[region] - inside[region]))
        self.rushhour("evidence", "run", "--window", WINDOWS[2], "-o", "package", "-q")
        with open(self.folder / "package" / "windows.csv", newline="") as file:
            shown = {row["region"]: int(row["attempts"]) for row in csv.DictReader(file) if row["window"] == "inside peak"}
        self.assertEqual(shown, inside)
        with open(self.folder / "package" / "failures.csv", newline="") as file:
            packed = collections.Counter((row["time"], row["region"], row["code"]) for row in csv.DictReader(file))
        chosen = {region for _, region, _ in packed}
        self.assertEqual(packed, collections.Counter(
            (record["time"], record["region"], record["code"]) for record in self.read.failures
            if record["region"] in chosen and instant(PEAK[0]) <= instant(record["time"]) < instant(PEAK[1])))

    def whole_intervals(self):
        """Attempts of a window by whole intervals: those that begin in it."""
        return {region: sum(int(row["attempts_ok"]) + int(row["attempts_failed"]) for row in self.read.intervals
                            if row["region"] == region and instant(PEAK[0]) <= instant(row["start"]) < instant(PEAK[1]))
                for region in ("east", "west")}

    def shown(self, report):
        return {region["name"]: region["attempts"]["ok"] + region["attempts"]["failed"]
                for window in report["windows"] for region in window["regions"]}

    def test_without_rows_intervals_stay_whole_and_it_is_said(self):
        (self.run_folder / "attempts.csv").unlink()
        report = json.loads(self.report(WINDOWS[2]))
        self.assertEqual(self.shown(report), self.whole_intervals())
        self.assertIn("Window peak: the interval 2026-04-14T13:30:00.000Z to 2026-04-14T13:40:00.000Z counts whole in the window in "
                      "which it begins: there is no attempts.csv", " ".join(report["notes"]))

    def test_an_interval_that_rows_do_not_tell_stays_whole_alone(self):
        """One row of the first interval that the peak cuts is lost: that one counts outside, where it begins; the other is exact."""
        path = self.run_folder / "attempts.csv"
        lines = path.read_text().splitlines(keepends=True)
        header = lines[0].strip().split(",")
        start, end = "2026-04-14T13:30:00", "2026-04-14T13:40:00"
        lost = next(i for i, line in enumerate(lines) if i > 0 and start <= line.split(",")[header.index("end")] < end
                    and ",east," in line and ",cancelled," not in line)
        path.write_text("".join(lines[:lost] + lines[lost + 1:]))
        report = json.loads(self.report(WINDOWS[2]))
        rows = Rows(harness.Run(self.run_folder))
        self.assertEqual(self.shown(report), self.judged(rows, f"{end}Z", PEAK[1]))
        wanted = self.judged(rows, f"{start}Z", f"{end}Z")["east"]
        self.assertIn(f"Window peak: the interval {start}.000Z to {end}.000Z counts whole in the window in which it begins: "
                      f"attempts.csv has {wanted} attempts of east there that ended ok or failed, intervals.csv {wanted + 1}.",
                      " ".join(report["notes"]))


if __name__ == "__main__":
    unittest.main()
