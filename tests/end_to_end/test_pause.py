"""A paused run (SIGSTOP, as a frozen virtual machine is) sells nothing of its pause as the service's: what the simulator's
ledger says was answered is no failure of the service, and the pause is told.
"""

import collections
import json
import os
import signal
import time
import unittest

import harness

PAUSE_S = 4  # longer than every timeout
TIMEOUTS = {"connect": "2s", "tls": "2s", "upgrade": "2s", "session": "2s", "configure": "2s", "first_output": "2s",
            "stall": "1s", "response": "3s", "close": "1s"}
LATENCY = {"upgrade": "100ms", "session": "100ms", "configure": "100ms", "response_created": "100ms",
           "first_output": "300ms", "delta": "100ms"}


class Pause(harness.Case):
    def test_a_pause_longer_than_the_timeouts(self):
        profile = harness.profile(
            load={"model": "sessions", "connect_rate": "100/s",
                  "stages": [{"duration": "0s", "target": 6}, {"duration": "20s", "target": 6}]},
            session={"interactions": 2, "think_time": "20ms", "modality": "text", "prompts": ["Say OK."]},
            timeouts=TIMEOUTS, retry={"attempts": 1}, simulator={"latency": [LATENCY]},
            abort_on_fail={"acceptable": "0.1%", "too_high": "5%"},
            thresholds=["failure_rate{about=run} < 1%"])
        process = harness.start("run", self.write_profile(profile), "--simulate", "--seed", 5, "--workers", 2, "-q",
                                "-o", "run", cwd=self.folder)
        attempts = self.folder / "run" / "attempts.csv"
        paused = 0
        for lines in (20, 60):  # each in mid-load, whatever the machine's pace
            harness.wait_for_lines(self, process, attempts, lines)
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(PAUSE_S)
            os.kill(process.pid, signal.SIGCONT)
            paused += 1
        result = harness.finish(process)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        run = harness.Run(self.folder / "run")
        self.assert_consistent(run)
        self.check_failures(run)
        self.check_latencies(run)
        self.check_told(run, paused)

    def check_failures(self, run):
        """The service failed nothing: whatever failed in the pause is ours, in no rate, and told as what it is."""
        self.assertEqual({line["fault"] for line in run.ledger if line["fault"]}, set(), "nothing was injected")
        answered = {(line["region"], line["response_id"]) for line in run.ledger
                    if line["kind"] == "response" and line["outcome"] == "completed"}
        self.assertGreater(len(answered), 60)
        blamed = [record for record in run.failures if record["domain"] not in ("client", "none")]
        wronged = [record for record in blamed if (record["region"], record["response_id"]) in answered]
        self.assertEqual(wronged, [], "answered, and told as the service's failure")
        self.assertEqual(blamed, [])
        for record in run.failures:
            if record["domain"] == "client":
                self.assertEqual(record["code"], "paused")
                self.assertGreaterEqual(record["paused_ms"], 0.8 * PAUSE_S * 1000)
        outcomes = collections.Counter(row["outcome"] for row in run.attempts)
        self.assertEqual(outcomes["failed"], 0, outcomes)
        self.assertEqual(run.manifest["totals"]["attempts"]["failed"], 0)
        self.assertEqual(run.manifest["totals"]["interactions"]["failed"], 0)

    def check_latencies(self, run):
        """What was answered across a pause is ok, and none of its latencies has the pause in it."""
        ok = [row for row in run.attempts if row["outcome"] == "ok"]
        self.assertTrue([row for row in ok if row["response_us"] == ""], "some were answered across the pauses")
        untimed = sum(row["response_us"] == "" for row in ok)
        notes = json.loads(self.rushhour("report", run.folder, "--format", "json", expect=harness.ENDED).stdout)["notes"]
        self.assertTrue([note for note in notes if f"{untimed} attempt" in note and "in no latency" in note], notes)
        for key in ("ttft_us", "response_us"):
            slow = [row for row in ok if row[key] and int(row[key]) > 0.75 * PAUSE_S * 1e6]
            self.assertEqual(slow, [], key)
        region = run.manifest["regions"][0]
        for metric, latency in region["latency_ms"].items():
            if metric != "lag":
                self.assertLess(latency.get("max", 0), 0.75 * PAUSE_S * 1000, metric)
        self.assertEqual(region["latency_ms"]["response"]["all_attempts"]["without_value"], 0, "ok is not infinitely slow")

    def check_told(self, run, paused):
        generator = run.manifest["generator"]
        self.assertGreaterEqual(generator["pauses"], paused)
        self.assertGreaterEqual(generator["paused_ms"], paused * PAUSE_S * 1000 * 0.95)
        self.assertFalse(generator["trustworthy"], "8 of 28 seconds")
        region = run.manifest["regions"][0]["name"]
        rows = [row for row in run.intervals if row["region"] == region]
        for row in rows:
            if int(row["paused_ms"]) > 1000:
                self.assertEqual(row["valid"], "false", "the interval in which it ended")
        self.assertEqual(harness.column(rows, "pauses"), generator["pauses"])
        words = " ".join(self.rushhour("report", "run", expect=harness.ENDED).stdout.split())
        self.assertIn(f"this machine was paused {generator['pauses']} times", words)


if __name__ == "__main__":
    unittest.main()
