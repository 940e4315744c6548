"""A failure is on disk before anything that was done about it, however long the interval that is under way."""

import csv
import json
import os
import signal
import unittest

import harness


def failing_profile():
    """Half of all responses fail and are tried again at once, in intervals far longer than the run."""
    return harness.profile(
        load={"model": "sessions", "stages": [{"duration": "0s", "target": 6}, {"duration": "10m", "target": 6}]},
        session={"interactions": 1000, "think_time": "5ms", "modality": "text", "prompts": ["Say OK."]},
        retry={"attempts": 3, "backoff": {"initial": "1ms", "max": "2ms"}, "budget": "100%"},
        windows={"interval": "1h", "report": ["1h"]},
        simulator={"latency": [harness.QUICK], "faults": [{"fault": "server_error", "rate": "50%"}]})


def whole_lines(path):
    """The lines of a file whose writer was killed; a torn last one is no line."""
    text = path.read_text()
    return text[:text.rfind("\n") + 1].splitlines()


class FailuresOnDisk(harness.Case):
    def kill_when_written(self, count):
        """Kills the run once that many failures, and that many retries, are on disk."""
        process = harness.start("run", self.write_profile(failing_profile()), "--simulate", "--quiet", "-o", "run",
                                cwd=self.folder)
        folder = self.folder / "run"
        try:
            harness.wait_for_lines(self, process, folder / "failures.jsonl", count)
            harness.wait_for_lines(self, process, folder / "attempts.csv", count, self.is_retry)
            os.kill(process.pid, signal.SIGKILL)
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
            process.communicate()

    @staticmethod
    def is_retry(line, header):
        fields = dict(zip(header.split(","), line.split(",")))
        return fields.get("attempt", "1") not in ("1", "attempt")

    def test_a_kill_finds_the_failures_on_disk(self):
        self.kill_when_written(60)
        folder = self.folder / "run"
        self.assertEqual(len(whole_lines(folder / "intervals.csv")), 1, "the first interval is still under way")
        failures = [json.loads(line) for line in whole_lines(folder / "failures.jsonl")]
        rows = list(csv.DictReader(whole_lines(folder / "attempts.csv")))
        self.assertGreater(len(failures), 50)
        for failure in failures:  # one machine, one clock; a Date tells whole seconds, and the machine may be busy
            self.assertLess(abs(failure["clock_skew_ms"]), 5000)
        failed = {(f["region"], f["client_request_id"], f["turn"]) for f in failures if f["turn"]}
        for row in rows:
            if row["outcome"] == "failed":
                self.assertIn((row["region"], row["client_request_id"], int(row["turn"])), failed,
                              "an attempt is on disk and its evidence is not")
        retries = [row for row in rows if int(row["attempt"]) > 1]
        self.assertGreater(len(retries), 50)
        self.check_that_each_retry_follows_its_failure(failures, retries)

    def check_that_each_retry_follows_its_failure(self, failures, retries):
        """Users do one interaction at a time, so the failures of an attempt number are at least its retries."""
        for region in {row["region"] for row in retries}:
            for attempt in (2, 3):
                tried = sum(row["region"] == region and int(row["attempt"]) == attempt for row in retries)
                caused = sum(f["region"] == region and f["attempt"] == attempt - 1 and f["decision"].startswith("retry")
                             for f in failures)
                self.assertGreaterEqual(caused, tried, f"{region}: attempt {attempt}")


if __name__ == "__main__":
    unittest.main()
