"""A search for a capacity, by the real binary against the real simulator, whose limit is known: 20 connections a second.
"""

import json
import shutil
import signal
import unittest

import harness

LIMIT = 1200  # a minute
SHARE = 0.03  # may fail
TRUTH = LIMIT / (1 - SHARE)

PROFILE = {
    "name": "cap",
    "regions": [{"name": "east", "endpoint": "https://contoso-east.openai.azure.com", "deployment": "gpt-realtime",
                 "quota": {"rpm": LIMIT, "tpm": 100_000_000}}],
    "load": {"model": "arrivals", "arrival": "even", "max_sessions": 500, "connect_rate": "1000/s",
             "stages": [{"duration": "1m", "target": "5/s"}]},
    "session": {"interactions": 1, "think_time": "0s", "prompts": ["Say OK."]},
    "retry": {"attempts": 3},
    "windows": {"interval": "1s"},
    "thresholds": ["failure_rate < 3%", "interaction_failure_rate < 5%"],
    "simulator": {"quota": [{"rpm": LIMIT, "tpm": 100_000_000, "slice": "1s"}]},
}

SEARCH = ("capacity", "profile.json", "--simulate", "--json", "--step", "10%", "--settle", "1s", "--sustain", "4s",
          "--seed", "3", "-q")


class Capacity(harness.Case):
    def setUp(self):
        super().setUp()
        self.write_profile(PROFILE)

    def steps(self, folder):
        return json.loads((self.folder / folder / "capacity.json").read_text())["steps"]

    def assert_claims_hold(self, result):
        """Whatever a busy machine lets it find, it claims nothing that is not so, and names what stopped it."""
        told = json.loads(result.stdout)
        region, = told["regions"]
        self.assertEqual(told["objectives"], ["failure_rate < 3%"])
        self.assertEqual(region["unit"], "arrivals_per_minute")
        if region["low"] is not None:
            self.assertLessEqual(region["low"], TRUTH * 1.02)
        if region["high"] is not None:
            self.assertGreaterEqual(region["high"], TRUTH * 0.98)
        if region["end"] == "bracketed":
            self.assertEqual((region["limited_by"], result.status), ("quota_rpm", 0), told)
            self.assertLess(region["high"] / region["low"], 1.25)
        else:  # it did not get to run for seconds on end
            self.assertEqual((region["end"], region["limited_by"], result.status), ("blocked", "own_machine", 4), told)
            self.assertIsNone(region["high"])
            self.assertIn("this machine cannot drive it", region["why"])
        self.assertEqual(told["pooled"]["low"], region["low"])
        return region

    @unittest.skipIf(harness.SLOWED, "the load would not be reached")
    def test_a_quota_of_requests_is_bracketed_and_named(self):
        result = self.rushhour(*SEARCH, "--from", "900/m", "--target", "2400/m", "-o", "found", expect=(0, 4), timeout=800)
        region = self.assert_claims_hold(result)
        attempts = 0
        for step in self.steps("found"):
            run = harness.Run(self.folder / "found" / step["folder"])
            self.assertEqual(run.manifest["run"]["state"], "complete")
            self.assertEqual({row["attempt"] for row in run.attempts}, {"1"}, "a retry is a load of its own")
            even = step["level"] * step["length_s"]
            self.assertLessEqual(abs(len(run.attempts) - even), 1 + 0.05 * even)
            attempts += len(run.attempts)
        self.assertEqual(region["attempts"], attempts)
        if region["end"] == "bracketed":
            self.check_request(region)

    def check_request(self, region):
        """The evidence of a level that was refused asks for what the target takes, by the search's own figures."""
        worst = max(self.steps("found"), key=lambda step: step["level"])["folder"]
        self.rushhour("evidence", f"found/{worst}", "--capacity", "found/capacity.json", "--no-check", "-o", "ticket")
        letter = (self.folder / "ticket/quota-request.md").read_text()
        need, = json.loads((self.folder / "found/capacity.json").read_text())["target"]["regions"]
        self.assertEqual(need["measured"], "does_not")
        for wanted in (f"| RPM requested | {need['rpm']:,.0f}, for 2400 session arrivals a minute |",
                       f"| TPM requested | {need['tpm']:,.0f}, for 2400 session arrivals a minute; no more than now |",
                       f"meets it at {region['low']:.4g} session", f"does not at {region['high']:.4g} session"):
            self.assertIn(wanted, letter)

    def test_it_goes_on_where_it_was_stopped(self):
        """Killed between two levels and interrupted within one: what was driven is not driven again."""
        arguments = (*SEARCH, "--from", "60/m", "--up-to", "61/m", "--objective", "failure_rate < 20%")
        process = harness.start(*arguments, "-o", "found", cwd=self.folder)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        harness.wait_for_lines(self, process, self.folder / "found/002-east/attempts.csv", 3)
        first = self.steps("found")
        process.send_signal(signal.SIGINT)
        self.assertEqual(harness.finish(process).status, 130)
        self.assertEqual(self.steps("found"), first)
        kept = (self.folder / "found/001-east/attempts.csv").read_bytes()
        other = self.rushhour(*arguments, "--confidence", "90%", "--resume", "found", expect=(2,))
        self.assertIn("asked another question", other.stderr)
        result = self.rushhour(*arguments, "--resume", "found", expect=(0, 4))
        region, = json.loads(result.stdout)["regions"]
        steps = self.steps("found")
        self.assertEqual(steps[:len(first)], first)
        self.assertNotIn("002-east", [step["folder"] for step in steps], "half a level is none")
        self.assertEqual((self.folder / "found/001-east/attempts.csv").read_bytes(), kept)
        if result.status == 0:
            self.assertEqual((region["end"], region["limited_by"], region["high"]), ("at_most", "none", None))
            self.named_searches_go_on(arguments, region)

    def named_searches_go_on(self, arguments, region):
        """`latest` is the newest search of the profile; one that has its bracket has nothing left to drive."""
        newest = "2026-11-20T070000Z-cap-capacity"
        shutil.copytree(self.folder / "found", self.folder / "results" / newest)
        for other in ("2026-11-19T070000Z-cap-capacity", "2026-11-21T070000Z-soak-capacity"):
            (self.folder / "results" / other).mkdir()
        for name in ("latest", newest):
            again, = json.loads(self.rushhour(*arguments, "--resume", name).stdout)["regions"]
            self.assertEqual(again, region)
        self.assertIn("no such folder", self.rushhour(*arguments, "--resume", "nowhere", expect=(1,)).stderr)

    def test_the_budget_holds_for_all_levels_together(self):
        self.write_profile({**PROFILE, "budget": {"tokens": 12_000}, "windows": {"interval": "1s"}})
        result = self.rushhour(*SEARCH, "--from", "300/m", "-o", "found", expect=(5,))
        region, = json.loads(result.stdout)["regions"]
        self.assertEqual((region["low"], region["limited_by"]), (None, "budget"))
        spent = sum(int(row["input_tokens"]) + int(row["output_tokens"])
                    for folder in self.folder.glob("found/*-east") for row in harness.Run(folder).attempts)
        self.assertLessEqual(spent, 12_000)

    def test_what_no_lower_load_cures_is_no_capacity(self):
        faults = [{"fault": "upgrade_401", "rate": "100%"}]
        self.write_profile({**PROFILE, "simulator": {"quota": "none", "faults": faults}})
        result = self.rushhour(*SEARCH, "--from", "300/m", "-o", "found", expect=(1,))
        self.assertIn("no lower load cures", result.stderr)
        self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
