"""One clock for a rehearsal: the same service shows the same share of failed interactions in real time and sixty times as fast."""

import json
import math
import unittest

import harness

# Every fault of a burst of 5 s in 20 s fails; retries come 1 s and 3 s after the first attempt. So an interaction fails when it
# begins in the first two seconds of a burst: one in ten. With retries that keep real time, all of them leave the burst at once
# when the clock goes fast.
BURST_S, EVERY_S = 5, 20
RETRY = {"attempts": 3, "backoff": {"initial": "1s", "max": "2s", "jitter": "none"}, "deadline": "30s", "budget": "100%"}
EXPECTED = 0.1
# What a machine takes for three steps counts sixty-fold in the replay: a burst is left so much earlier.
STEPS_S = 1.0


def profile(speed, seconds, rate):
    latency = dict.fromkeys(("upgrade", "session", "configure", "response_created", "first_output", "delta"), "1ms")
    return harness.profile(
        regions=[{"name": "local", "endpoint": "http://127.0.0.1:9", "deployment": "d"}], seed=5, retry=RETRY,
        load={"model": "arrivals", "arrival": "even", "max_sessions": 2000, "connect_rate": "2000/s", "stages": [
            {"duration": "0s", "target": rate}, {"duration": f"{seconds}s", "target": rate}]},
        session={"interactions": 1, "think_time": "0s"}, windows={"interval": "1m"},
        simulator={"clock": {"speed": speed}, "output_deltas": 1, "latency": [latency],
                   "faults": [{"fault": "server_error", "rate": "100%", "burst": {"every": f"{EVERY_S}s", "length": f"{BURST_S}s"}}]})


class Replay(harness.Case):
    def failed(self, name, *arguments):
        path = self.write_profile(profile(*arguments), f"{name}.json")
        self.rushhour("run", path, "--simulate", "-q", "-o", name, expect=harness.ENDED)
        run = harness.Run(self.folder / name)
        self.assert_consistent(run)
        counts = run.manifest["totals"]["interactions"]
        return counts["failed"], counts["ok"] + counts["failed"], run.manifest["generator"]["trustworthy"]

    def test_the_same_service_at_any_speed(self):
        slow, slow_n, real = self.failed("real", 1, 40, "20/s")
        quick, quick_n, replay = self.failed("replay", 60, 1200, "40/m")
        p, q = slow / slow_n, quick / quick_n
        bound = 3 * math.sqrt(EXPECTED * (1 - EXPECTED) * (1 / slow_n + 1 / quick_n))
        if real and replay:  # on a machine that kept up; else the report says itself that it cannot be believed
            self.assertLess(abs(p - q), bound + STEPS_S / EVERY_S, (p, q))
        self.assertGreater(q, EXPECTED / 3, "retries of a replay must not outlive its bursts")
        notes = json.loads(self.rushhour("report", "replay", "--json", expect=harness.ENDED).stdout)["notes"]
        self.assertTrue([note for note in notes if "60 times as fast" in note], notes)


if __name__ == "__main__":
    unittest.main()
