"""The run's verdict about itself against the simulator's ledger, both ways and whatever the machine's pace: where the recorded P99
of ttft is clearly further off than stated, the run is invalid; where it is clearly nearer, it does not say that its own lateness
moved it. One run is left alone, one is stopped (SIGSTOP) again and again.
"""

import os
import signal
import time
import unittest

import harness

ERROR_US, ERROR_SHARE = 5000, 0.05  # stated in results/README.md
MOVED = "without our own lateness"
STOPS, STOP_S = 8, 0.4


def p99(values):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[-(-99 * len(ordered) // 100) - 1]


class Validity(harness.Case):
    def start(self, name):
        profile = harness.profile(
            regions=[harness.REGIONS[0]],
            load={"model": "sessions", "connect_rate": "100/s",
                  "stages": [{"duration": "0s", "target": 40}, {"duration": "12s", "target": 40}]},
            session={"interactions": 1000, "think_time": "100ms", "modality": "text", "prompts": ["Say OK."]},
            retry={"attempts": 1},
            simulator={"output_deltas": 3, "latency": [{"upgrade": "5ms", "session": "2ms", "configure": "2ms",
                                                        "response_created": "30ms", "first_output": "150ms", "delta": "10ms"}]})
        return harness.start("run", self.write_profile(profile), "--simulate", "--seed", 3, "--workers", 1, "-q", "-o", name,
                             cwd=self.folder)

    def judge(self, name):
        """Compares the verdict with the ledger's P99; returns the generator's part and how many allowed errors it is off."""
        run = harness.Run(self.folder / name)
        self.assert_consistent(run)
        injected = {line["response_id"]: line["delay_us"]["first_output"] for line in run.ledger
                    if line["kind"] == "response" and line["delay_us"].get("first_output")}
        rows = [row for row in run.attempts if row["outcome"] == "ok" and row["ttft_us"]]
        self.assertGreater(len(rows), 200)
        right = p99([injected[row["response_id"]] for row in rows])
        off = (p99([int(row["ttft_us"]) for row in rows]) - right) / max(ERROR_US, ERROR_SHARE * right)
        generator = run.manifest["generator"]
        print(f"{name}: {len(rows)} answers, off by {off:.2f} of what is allowed; {generator['why'] or 'valid'}")
        self.assertGreater(generator["stamps_kernel"], 0)
        self.assertLessEqual(generator["answers_off"], generator["answers"])
        self.assertEqual(generator["answers"], len(rows))
        if off < 0.5:  # nothing is later than the ledger says but what we know of
            self.assertNotIn(MOVED, generator["why"])
        return generator, off

    def test_left_alone(self):
        harness.finish(self.start("alone"))
        self.judge("alone")

    def test_stopped_again_and_again(self):
        process = self.start("stopped")
        harness.wait_for_lines(self, process, self.folder / "stopped" / "attempts.csv", 40)
        for _ in range(STOPS):
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(STOP_S)  # as many are due in it as in any other 0.4 s
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.5)
        harness.finish(process)
        generator, off = self.judge("stopped")
        self.assertGreater(off, 2, "a stop of 0.4 s is in the P99")
        self.assertFalse(generator["trustworthy"])
        self.assertIn(MOVED, generator["why"])


if __name__ == "__main__":
    unittest.main()
