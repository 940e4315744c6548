"""Ctrl-C once drains, twice stops at once, and a kill loses no more than the interval under way."""

import json
import os
import signal
import time
import unittest

import harness


def long_profile(**sections):
    return harness.profile(load={"model": "sessions", "stages": [{"duration": "0s", "target": 5},
                                                                 {"duration": "10m", "target": 5}]}, **sections)


class Interrupt(harness.Case):
    def start(self, profile, *more):
        """Starts a run that would last for minutes."""
        process = harness.start("run", self.write_profile(profile), "--simulate", "--quiet", "-o", "run", *more,
                                cwd=self.folder)
        self.addCleanup(self.make_sure_it_ended, process)
        return process

    def make_sure_it_ended(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def wait_for_lines(self, process, name, count):
        harness.wait_for_lines(self, process, self.folder / "run" / name, count)

    def report(self):
        return json.loads(self.rushhour("report", "run", "--format", "json", expect=harness.ENDED).stdout)

    def test_ctrl_c_drains(self):
        self.check_that_it_drains(signal.SIGINT)

    def test_sigterm_drains(self):
        """As `timeout` and service managers send it: to the whole group, the simulator's process too."""
        self.check_that_it_drains(signal.SIGTERM)

    def test_a_closed_terminal_drains(self):
        self.check_that_it_drains(signal.SIGHUP)

    def test_the_end_within_the_drain(self):
        """Before the SIGKILL that follows SIGTERM the folder is whole and the process gone, however long a turn may take."""
        slow = {**harness.QUICK, "first_output": "10m"}
        profile = long_profile(timeouts={"first_output": "20m", "response": "30m"}, simulator={"latency": [slow]})
        profile["load"]["drain"] = "2s"
        process = self.start(profile)
        self.wait_for_lines(process, "intervals.csv", 4)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        result = harness.finish(process, timeout=120)
        self.assertEqual(result.status, 130, result.stderr)
        self.assertGreaterEqual(time.monotonic() - began, 1.5, "what is in flight had its time")
        if not harness.SLOWED:  # 1.5 s for turns, 5 s for the pages at most, then the process leaves
            self.assertLess(time.monotonic() - began, 10)
        run = harness.Run(self.folder / "run")
        self.assertEqual((run.manifest["run"]["state"], run.manifest["run"]["reason"]), ("interrupted", "SIGTERM"))
        self.assert_consistent(run)
        self.assertEqual(run.failures, [], "an interrupt is no failure of the service")
        self.assertEqual({row["outcome"] for row in run.attempts}, {"cancelled"})

    def test_pages_do_not_outlast_the_drain(self):
        """They take a long time here, for the process is stopped meanwhile; then it goes without them, and the folder is whole."""
        profile = long_profile()
        profile["load"]["drain"] = "1s"
        process = self.start(profile)
        self.wait_for_lines(process, "intervals.csv", 4)
        process.send_signal(signal.SIGTERM)
        manifest = self.folder / "run" / "run.json"
        while process.poll() is None and json.loads(manifest.read_text())["run"]["state"] == "running":
            pass
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            time.sleep(7)
            process.send_signal(signal.SIGCONT)
        result = harness.finish(process, timeout=60)
        self.assertEqual(result.status, 130, result.stderr)
        self.assertEqual(json.loads(manifest.read_text())["run"]["state"], "interrupted")
        if not (self.folder / "run" / "report.html").exists():  # else they were made before it was stopped
            self.assertIn("no time is left for the figures and pages", result.stderr)
        self.assertGreater(self.report()["totals"]["attempts"]["ok"], 0)

    def check_that_it_drains(self, number):
        process = self.start(long_profile())
        self.wait_for_lines(process, "intervals.csv", 7)
        os.killpg(process.pid, number)
        result = harness.finish(process, timeout=60)
        self.assertEqual(result.status, 130, result.stderr)

        run = harness.Run(self.folder / "run")
        self.assertEqual(run.manifest["run"]["state"], "interrupted")
        self.assert_consistent(run)
        self.assertEqual(run.failures, [], "an interrupt is no failure of the service")
        self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"}, "turns in flight were finished")
        for name in ("report.html", "report.md"):
            self.assertGreater((self.folder / "run" / name).stat().st_size, 1000)
        self.assertEqual(self.report()["totals"]["attempts"], run.manifest["totals"]["attempts"])

    def test_twice_stops_at_once(self):
        slow = {**harness.QUICK, "first_output": "200s"}  # a drain would wait for these
        process = self.start(long_profile(simulator={"latency": [slow]},
                                          timeouts={"first_output": "300s", "response": "300s", "stall": "300s"}))
        self.wait_for_lines(process, "intervals.csv", 7)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(process.poll(), "the first one waits for the turns in flight")
        os.killpg(process.pid, signal.SIGINT)
        result = harness.finish(process, timeout=100)
        self.assertEqual(result.status, 130, result.stderr)

        run = harness.Run(self.folder / "run")
        self.assertEqual(run.manifest["run"]["state"], "interrupted")
        self.assert_consistent(run)
        self.assertGreater(run.manifest["totals"]["attempts"]["cancelled"], 0, "what was cut off is counted as such")
        self.assertEqual(run.failures, [])
        self.report()

    def test_a_killed_run_can_be_reported(self):
        process = self.start(long_profile())
        self.wait_for_lines(process, "intervals.csv", 7)
        written = (self.folder / "run" / "intervals.csv").read_text().count("\n") - 1
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        self.assert_group_is_gone(process.pid)

        manifest = json.loads((self.folder / "run" / "run.json").read_text())
        self.assertEqual(manifest["run"]["state"], "running")
        attempts = self.report()["totals"]["attempts"]
        self.assertGreater(attempts["ok"], 0)
        intervals = (self.folder / "run" / "intervals.csv").read_text().splitlines()
        self.assertGreaterEqual(len(intervals) - 1, written)

    def assert_group_is_gone(self, group):
        """The simulator does not outlive the run that it was started for."""
        for _ in range(1200):
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
        self.fail("something of the run still lives 60 s after it was killed")


if __name__ == "__main__":
    unittest.main()
