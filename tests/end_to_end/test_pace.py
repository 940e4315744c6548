"""load.pace_to_quota keeps a load below its quota as the service counts it: without it the simulator refuses a good part
of the attempts, with it none, and what was held back is told and is nobody's fault."""

import concurrent.futures
import json
import unittest

import harness

QUOTA = {"rpm": 300, "tpm": 60000}
GA = {**harness.REGIONS[0], "quota": QUOTA}
OPENAI = {**harness.REGIONS[2], "quota": QUOTA}
LOADS = {
    "closed": ({"model": "sessions", "target": 8}, {"interactions": 1000, "think_time": "20ms", "rotate_after": 4}),
    "open": ({"model": "arrivals", "target": "6/s"}, {"interactions": 2, "think_time": "100ms"}),
}


class Pace(harness.Case):
    def play(self, load, region, pace):
        of, session = LOADS[load]
        stages = [{"duration": "0s", "target": of["target"]}, {"duration": "24s", "target": of["target"]}]
        made = harness.profile(
            regions=[region], load={"model": of["model"], "stages": stages, "connect_rate": "500/s", **pace},
            session={"modality": "text", "prompts": ["Say OK.", "Tell me a little more than that."],
                     "max_output_tokens": 200, **session},
            retry={"attempts": 1, "hold": "interaction"})
        del made["simulator"]["quota"]
        folder = f"{load}-{region['name']}-{len(pace)}"
        path = self.write_profile(made, f"{folder}.json")
        self.rushhour("run", path, "--simulate", "--workers", 2, "--seed", 4, "-o", folder, expect=harness.ENDED)
        run = harness.Run(self.folder / folder)
        self.assert_consistent(run)
        refused = sum(row["code"].startswith("rate_limit") or "429" in row["code"] for row in run.attempts)
        return run, refused, len(run.attempts)

    def test_no_refusal_where_without_it_many_are(self):
        ways = [(load, region) for load in LOADS for region in (GA, OPENAI)]
        with concurrent.futures.ThreadPoolExecutor(len(ways)) as pool:  # each is mostly idle
            as_asked = list(pool.map(lambda way: self.play(*way, {}), ways))
            paced = list(pool.map(lambda way: self.play(*way, {"pace_to_quota": "100%"}), ways))
        for (load, region), (_run, refused, attempts) in zip(ways, as_asked):
            with self.subTest(load, region=region["name"]):
                self.assertGreater(refused, attempts / 4)
        for (load, region), (run, refused, attempts) in zip(ways, paced):
            with self.subTest(load, region=region["name"]):
                self.assertEqual(refused, 0)
                self.assertGreater(attempts, 40)  # of 96 at 240 tokens each, in 24 s
                self.check_told(run, load)

    def check_told(self, run, load):
        held = run.manifest["regions"][0]["held"]
        self.assertGreater(held["tries"], 0)
        self.assertGreater(held["share"], 0.3)
        if load == "open":
            self.assertGreater(held["arrivals"], 0)
        self.assertEqual({hold["code"] for hold in run.manifest["holds"]}, {"pace_to_quota"})
        self.assertEqual(run.manifest["generator"]["held"], held["arrivals"])
        self.assertNotIn("requested load was reached", run.manifest["generator"].get("why") or "")
        self.assertEqual(run.manifest["load"]["pace_to_quota"], "100%")
        said = self.rushhour("report", run.folder, "--format", "markdown", expect=harness.ENDED).stdout
        self.assertIn("load.pace_to_quota", said)

    def test_the_plan_says_it(self):
        made = harness.profile(regions=[GA], load={"pace_to_quota": "80%", "stages": [{"duration": "1m", "target": 5}]})
        path = self.write_profile(made)
        said = self.rushhour("plan", path).stdout
        self.assertIn("Paced to 80% of the quota: at most 240 RPM and 48000 TPM in eastus2", " ".join(said.split()))
        plan = json.loads(self.rushhour("plan", path, "--json").stdout)
        self.assertEqual(plan["pace_to_quota"], 0.8)

    def test_a_quota_that_nobody_knows(self):
        unknown = {**harness.REGIONS[2]}
        path = self.write_profile(harness.profile(regions=[unknown], load={"pace_to_quota": "80%"}))
        said = self.rushhour("run", path, "--simulate", expect=(2,)).stderr
        self.assertIn("load.pace_to_quota: the quota of region", said)


if __name__ == "__main__":
    unittest.main()
