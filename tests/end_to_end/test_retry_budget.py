"""An outage after quiet time: what the quiet saved up lets no storm of retries go."""

import unittest

import harness

START = "2026-04-14T09:00:00Z"
SPEED = 60


class RetryBudget(harness.Case):
    def test_an_outage_after_a_quiet_hour(self):
        made = harness.profile(
            regions=harness.REGIONS[:1],
            load={"model": "arrivals", "arrival": "even", "connect_rate": "5000/s", "max_sessions": 3000,
                  "stages": [{"duration": "0s", "target": "4/s"}, {"duration": "15m", "target": "4/s"}]},
            session={"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]},
            retry={"attempts": 5, "budget": "10%", "hold": "interaction", "deadline": "60s",
                   "backoff": {"initial": "500ms", "max": "8s", "jitter": "full"}},
            simulator={"latency": [harness.QUICK], "clock": {"start": START, "speed": SPEED},
                       "faults": [{"fault": "server_error", "rate": "100%", "during": "09:10-09:30"}]})
        path = self.write_profile(made)
        self.rushhour("run", path, "--simulate", "--workers", 1, "--seed", 3, "-o", "run", expect=harness.ENDED)
        run = harness.Run(self.folder / "run")
        self.assert_consistent(run)
        outage = [row["attempt"] for row in run.attempts if row["time"] >= "2026-04-14T09:10"]
        firsts = outage.count("1")
        retries = len(outage) - firsts
        self.assertGreater(firsts, 100)
        self.assertGreaterEqual(retries, 3)
        # What was asked just before counts for the first ten seconds. That it holds in every window is proven by
        # tests/unit/test_engine_retry_window.c, without this machine's clock.
        before = sum("2026-04-14T09:09:50" <= row["time"] < "2026-04-14T09:10" for row in run.attempts)
        self.assertLessEqual(retries, 0.1 * (firsts + before) + 3)


if __name__ == "__main__":
    unittest.main()
