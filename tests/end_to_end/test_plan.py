"""What `plan` promises: the attempts that a decision needs, and what they take in time and money."""

import json
import unittest

import harness

PROFILE = harness.PROJECT / "profiles/two-regions.json"


class Plan(harness.Case):
    def plan(self, *arguments):
        return json.loads(self.rushhour("plan", PROFILE, *arguments, "--json").stdout)

    def test_the_plan_is_that_of_the_dry_run(self):
        planned = self.plan()
        dry = json.loads(self.rushhour("run", PROFILE, "--dry-run", "--json").stdout)
        self.assertEqual(dry.pop("shard"), "1/1")
        self.assertEqual(planned, dry)

    def test_published_sample_sizes(self):
        # Per arm, power 80%, level 5% (two-sided normal approximation, no continuity correction).
        for rates, attempts in (("2% vs 5%", 588), ("1% vs 3%", 769), ("5%vs2%", 588)):
            detect = self.plan("--detect", rates)["detect"]
            self.assertLessEqual(abs(detect["attempts"] - attempts), 1, rates)

    def test_minutes_and_money_follow_from_the_load(self):
        planned = self.plan("--detect", "2% vs 5%", "--design-effect", "4")
        self.assertEqual(planned["detect"]["attempts"], 2352)
        for region, needed in zip(planned["regions"], planned["detect"]["regions"]):
            self.assertAlmostEqual(needed["minutes"], 2352 / region["rpm"], places=6)
            self.assertAlmostEqual(needed["cost_usd"], region["cost_usd"]["likely"] * 2352 / region["attempts"], places=6)
            for window in needed["windows"]:
                self.assertGreaterEqual(window["attempts"] * window["occurrences"], 2352)

    def test_wrong_words_are_refused(self):
        for words in ("2%", "2 vs 5%", "3% vs 3%", "0% vs 5%", "x vs y"):
            result = self.rushhour("plan", PROFILE, "--detect", words, expect=(2,))
            self.assertIn("--detect", result.stderr)


if __name__ == "__main__":
    unittest.main()
