"""One clock for a rehearsal: the same service shows the same shares in real time and sixty times as fast, also on a machine
of which something else takes a core."""

import contextlib
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import harness

# Bursts of 20 s in which everything fails, and retries that come within some seconds: what begins in a burst fails for good. With
# retries in real time, all of them would leave the burst at once when the clock goes fast.
BURST = {"every": "45s", "length": "20s"}
SECONDS = 90  # two bursts, wherever the seed puts them
SPEED = 60
MOST_COARSE_MS = 600  # ten real milliseconds; a dial and its answer are some six steps on either side
RETRY = {"attempts": 3, "backoff": {"initial": "500ms", "max": "8s", "jitter": "full"}, "deadline": "30s", "budget": "100%"}


@contextlib.contextmanager
def a_core_taken():
    """Something else that never rests, on one core."""
    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"],
                           preexec_fn=lambda: os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]))
    try:
        yield
    finally:
        hog.kill()
        hog.wait()


def profile(speed, seconds, rate, faults, **sections):
    return harness.profile(**{
        "regions": [{"name": "local", "endpoint": "http://127.0.0.1:9", "deployment": "d"}], "seed": 5, "retry": RETRY,
        "load": {"model": "arrivals", "arrival": "even", "max_sessions": 2000, "connect_rate": "2000/s", "stages": [
            {"duration": "0s", "target": rate}, {"duration": f"{seconds}s", "target": rate}]},
        "session": {"interactions": 1, "think_time": "0s"}, "windows": {"interval": "30s"},
        "simulator": {"clock": {"speed": speed}, "output_deltas": 1, "faults": faults}, **sections})


class Replay(harness.Case):
    def play(self, name, contents):
        path = self.write_profile(contents, f"{name}.json")
        said = self.rushhour("run", path, "--simulate", "-q", "-o", name, expect=harness.ENDED).stderr
        run = harness.Run(self.folder / name)
        self.assert_consistent(run)
        return run, said

    def shares(self, name, *arguments):
        """Failed ones and all, of attempts and of interactions; None from a machine that could not keep up, or whose delays
        stretch every step of a dial by a good part of a burst, as the run says."""
        manifest = self.play(name, profile(*arguments))[0].manifest
        if not manifest["generator"]["trustworthy"]:
            print(f"{name}: {manifest['generator']['why']}")
            return None
        coarse = manifest["run"].get("resolution_ms", {}).get("tail", 0)
        if coarse > MOST_COARSE_MS:
            print(f"{name}: this machine's own delay is up to {coarse:.0f} ms of this clock at each step")
            return None
        return {what: (manifest["totals"][what]["failed"], manifest["totals"][what]["ok"] + manifest["totals"][what]["failed"])
                for what in ("attempts", "interactions")}

    def believed(self, name, *arguments):
        """Of the first run that can be believed. A third of a second is a whole burst here."""
        found = (self.shares(f"{name} {number}", *arguments) for number in range(4))
        return next((shares for shares in found if shares is not None), None)

    def assert_alike(self, one, other):
        """Within three and a half standard errors of the difference of two shares."""
        if other is None:
            return
        for what, (x, n) in one.items():
            y, m = other[what]
            both = (x + y) / (n + m)
            bound = 3.5 * math.sqrt(both * (1 - both) * (1 / n + 1 / m))
            print(f"{what}: {x} of {n} failed, {y} of {m}; bound {bound:.3f}")
            self.assertLess(abs(x / n - y / m), bound, what)

    def test_the_same_service_at_any_speed(self):
        faults = [{"fault": "server_error", "rate": "100%", "burst": BURST}]
        real = self.believed("real", 1, SECONDS, "4/s", faults)
        if real is None:
            self.skipTest("the machine is too busy even for real time")
        x, n = real["interactions"]
        self.assertGreater(x / n, 0.3, "twenty seconds of every forty-five")
        with a_core_taken():
            self.assert_alike(real, self.believed("the same plan", SPEED, SECONDS, "4/s", faults))
            self.assert_alike(real, self.believed("a longer one", SPEED, 20 * SECONDS, "30/m", faults))

    def test_limits_that_are_hit(self):
        """A response that never comes costs 15 s by the profile: a second attempt is in time, a third is not. That is so
        although the limit itself lasts two minutes of this clock."""
        faults = [{"fault": "response_not_started", "rate": "50%"}]
        contents = profile(SPEED, 20 * 60, "30/m", faults, timeouts={"first_output": "15s"},
                           retry={**RETRY, "attempts": 5, "backoff": {"initial": "1s", "max": "1s", "jitter": "none"}})
        with a_core_taken():
            run, said = self.play("silent", contents)
        self.assertIn("first_output 15s, stall 10s, close 5s last 2m", said)
        most = max(int(row["attempt"]) for row in run.attempts)
        self.assertEqual(most, 2, "15 s and 15 s and the pause between are past the deadline")
        counts = run.manifest["totals"]["interactions"]
        failed, n = counts["failed"], counts["ok"] + counts["failed"]
        self.assertLess(abs(failed / n - 0.25), 4 * math.sqrt(0.25 * 0.75 / n), f"{failed} of {n}")
        longest = run.manifest["regions"][0]["latency_ms"]["interaction"]["max"]
        self.assertLess(longest, 240_000, "counted as the profile says, not as twice the two minutes that the limit lasted")

    def test_it_says_what_it_cannot_keep(self):
        contents = profile(480, 3600, "10/m", [], timeouts={"response": "20s"})
        run, said = self.play("fast", contents)
        words = "At clock.speed 480 "
        self.assertIn(words, said)
        longer = {limit["key"]: (limit["profile_s"], limit["lasts_s"]) for limit in run.manifest["run"]["longer_limits"]}
        self.assertEqual(longer["timeouts.response"], (20, 6 * 480))
        self.assertEqual(longer["retry.deadline"], (30, 2 * 480))
        self.assertEqual(len(longer), 11)
        for form in ("text", "markdown", "json"):
            report = self.rushhour("report", "fast", "--format", form, expect=harness.ENDED).stdout
            self.assertIn("timeouts.response 20s lasts 48m", " ".join(report.split()), form)
        self.assertIn("timeouts.response 20s lasts 48m", (run.folder / "report.html").read_text())
        # A median of 250 ms takes half a millisecond here: below what the machine's own timers can be late.
        least = run.manifest["run"]["resolution_ms"]
        self.assertGreater(least["tail"], 0)
        self.assertGreaterEqual(least["tail"], least["median"])

    def test_a_service_that_stood_still_is_said(self):
        """The simulator is this machine, too: where it did not run, the run measured no service."""
        path = self.write_profile(profile(1, 10, "20/s", [], windows={"interval": "1s"}))
        process = harness.start("run", path, "--simulate", "-q", "-o", "stalled", cwd=self.folder)
        harness.wait_for_lines(self, process, self.folder / "stalled" / "attempts.csv", 2)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        simulator = next(int(child) for child in children
                         if b"--controlled" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes())
        os.kill(simulator, signal.SIGSTOP)
        time.sleep(4)
        os.kill(simulator, signal.SIGCONT)
        result = harness.finish(process)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        generator = harness.Run(self.folder / "stalled").manifest["generator"]
        self.assertFalse(generator["trustworthy"])
        self.assertIn("loop turns", generator["why"])
        invalid = [row["start"] for row in harness.Run(self.folder / "stalled").intervals if row["valid"] == "false"]
        self.assertGreaterEqual(len(set(invalid)), 3, "every interval in which it stood still, not only that of its waking")

    def test_what_would_be_hidden_is_refused(self):
        contents = profile(480, 60, "10/m", [], timeouts={"first_output": "3s"})
        contents["simulator"]["latency"] = [{"first_output": "4s"}]
        result = self.rushhour("run", self.write_profile(contents), "--simulate", "-o", "refused", expect=(2,))
        for words in ("simulator.latency[0]", "timeouts.first_output is 3s", "clock.speed to 1.5 at most"):
            self.assertIn(words, result.stderr)
        self.assertFalse((self.folder / "refused").exists())


if __name__ == "__main__":
    unittest.main()
