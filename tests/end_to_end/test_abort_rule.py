"""abort_on_fail ends a run whose failure rate is too high, early and in order, and lets a good one go on."""

import json
import re
import unittest

import harness

RULE = {"acceptable": "2%", "too_high": "5%", "errors": "5%"}


def profile(rate, seconds, speed=1, **sections):
    """Two regions, of which the first one's responses fail at a rate."""
    load = {"model": "sessions", "connect_rate": "500/s", "stages": [
        {"duration": "0s", "target": 8}, {"duration": f"{seconds}s", "target": 8}]}
    faults = [{"fault": "server_error", "rate": rate, "regions": ["eastus2"]}]
    # An interval of a second would be 8 ms at a speed of 120: more than a slowed process can write.
    sections["windows"] = {"interval": "1s" if speed == 1 else "1m"}
    return harness.profile(regions=harness.REGIONS[:2], load=load, seed=11, abort_on_fail=RULE,
                           simulator={"latency": [harness.QUICK], "faults": faults, "clock": {"speed": speed}}, **sections)


class AbortRule(harness.Case):
    def drive(self, profile_, **options):
        result = self.rushhour("run", self.write_profile(profile_), "--simulate", "-o", "run", **options)
        run = harness.Run(self.folder / "run")
        self.assert_consistent(run)
        rule = run.manifest["abort_rule"]
        self.assertEqual([rule[key] for key in ("acceptable", "too_high", "errors")], [0.02, 0.05, 0.05])
        return result, run, {region["name"]: region for region in rule["regions"]}

    def test_a_rate_that_is_too_high_ends_the_run(self):
        """With a threshold that would pass: the rule alone decides."""
        result, run, judged = self.drive(profile("20%", 36000, 120, thresholds=["failure_rate < 90%"]), expect=(99,))
        about = run.manifest["run"]
        self.assertEqual(about["state"], "stopped")
        # the evidence of one minute of the run's own clock, half a second, is an eighth of what it takes
        self.assertGreater(about["elapsed_s"], 2.5)
        self.assertLess(about["elapsed_s"], 150)
        bad = judged["eastus2"]
        self.assertEqual(bad["verdict"], "too_high")
        self.assertGreaterEqual(bad["first_failures"], 4)
        self.assertGreater(bad["first_failures"] / bad["at_risk"], 0.05)
        for word in ("abort_on_fail", "eastus2", "5%", "2%"):
            self.assertIn(word, about["reason"])
        told = re.search(r"(\d+) first failures in (\d+) attempts", about["reason"])
        self.assertLessEqual(int(told[1]), bad["first_failures"])  # the run drained after that
        self.assertLessEqual(int(told[2]), bad["at_risk"])
        self.assertIn("abort_on_fail: region eastus2", result.stderr)
        self.assertEqual(run.manifest["verdict"], "fail")
        self.assertNotEqual(judged["swedencentral"]["verdict"], "too_high")

        again = json.loads(self.rushhour("report", "run", "--json", expect=harness.ENDED).stdout)
        self.assertEqual(again["verdict"], "fail")
        self.assertIn("abort_on_fail", self.rushhour("report", "run", expect=harness.ENDED).stdout)

    def test_an_acceptable_rate_runs_to_its_end(self):
        """1%, under 2%: watched to the end, and no reason to stop."""
        result, run, judged = self.drive(profile("1%", 6), expect=(0, 4))
        self.assertEqual(run.manifest["run"]["state"], "complete")
        self.assertIsNone(run.manifest["run"]["reason"])
        self.assertEqual(run.manifest["verdict"], "none")
        self.assertEqual({region["verdict"] for region in judged.values()}, {"watching"}, judged)
        for region in judged.values():
            self.assertLessEqual(region["sum"], region["peak"])
            self.assertLess(region["peak"], region["limit"])
        self.assertGreater(run.manifest["abort_rule"]["mean_attempts_between_false_alarms"], 1000)
        # as attempts came: mean / (attempts an hour of all regions)
        mean = run.manifest["abort_rule"]["mean_attempts_between_false_alarms"]
        hours = run.manifest["abort_rule"]["mean_hours_between_false_alarms"]
        at_risk = sum(region["at_risk"] for region in judged.values())
        self.assertAlmostEqual(hours * at_risk / mean, run.manifest["run"]["elapsed_s"] / 3600, delta=0.5 / 3600 * 3)
        self.assertRegex(result.stderr, r"abort rule \(a false alarm in \d.*\): eastus2 ")  # the live view's line
        report = self.rushhour("report", "run", expect=harness.ENDED).stdout
        self.assertIn("of the way to a stop", report)
        self.assertIn("a region gives a false alarm once in", report)

    def test_without_the_rule_there_is_no_verdict_of_it(self):
        self.rushhour("run", self.write_profile(harness.profile()), "--simulate", "-q", "-o", "run",
                      expect=harness.ENDED)
        self.assertNotIn("abort_rule", harness.Run(self.folder / "run").manifest)


if __name__ == "__main__":
    unittest.main()
