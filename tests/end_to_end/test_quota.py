"""A rehearsal meets the quota that the model's tier gives, unless the profile says otherwise."""

import json
import unittest

import harness

START = "2026-04-14T09:00:00Z"  # slices of the quota begin with the run
BURST = {"model": "arrivals", "arrival": "even", "connect_rate": "1000/s", "max_sessions": 500,
         "stages": [{"duration": "0s", "target": "20/s"}, {"duration": "3s", "target": "20/s"}]}
ONE_TURN = {"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."], "max_output_tokens": 16}


def region(model, **more):
    return {"name": "eastus2", "endpoint": "https://contoso-eastus2.openai.azure.com", "deployment": "rt", "model": model,
            "dialect": "ga", **more}


class Quota(harness.Case):
    def play(self, name, of, load=BURST, session=ONE_TURN, retry=None, expect=harness.ENDED, **simulator):
        made = harness.profile(regions=[of], load=load, session=session,
                               retry=retry or {"attempts": 1, "hold": "interaction"},
                               simulator={"quota": [], "latency": [harness.QUICK], "clock": {"start": START}, **simulator})
        path = self.write_profile(made, f"{name}.json")
        result = self.rushhour("run", path, "--simulate", "--seed", 5, "--workers", 1, "-o", name, expect=expect)
        return harness.Run(self.folder / name), result

    def codes(self, run):
        return {record["code"] for record in run.failures}

    def struck(self, run):
        return {line["fault_name"] for line in run.ledger if line.get("fault_name")}

    def test_the_tier_is_met_without_a_word_of_the_profile(self):
        run, result = self.play("tier", region("gpt-realtime"))
        self.assertEqual(self.codes(run), {"upgrade_429"})
        self.assertEqual(self.struck(run), {"quota_requests"})
        opened = [line for line in run.ledger if line["kind"] == "session" and line["http_status"] == 101]
        self.assertEqual(len(opened), 33)  # a sixth of 200, in the slice of ten seconds
        refused = run.failures[0]
        self.assertEqual(refused["http_status"], 429)
        self.assertEqual(refused["headers"]["x-ratelimit-limit-requests"], "200")
        self.assertEqual(refused["headers"]["x-ratelimit-limit-tokens"], "100000")
        self.assertIn("retry-after-ms", refused["headers"])
        self.assertIn("200 RPM and 100000 TPM", result.stderr)
        self.assertIn("Azure's default of tier 1, Global Standard", result.stderr)
        self.assertIn("2026-08-20", result.stderr)
        self.assertIn("simulator.quota", result.stderr)

    def test_each_model_has_its_own_numbers(self):
        for name, of, limits in (("small", region("gpt-4o-mini-realtime-preview"), ("36", "6000")),
                                 ("bought", region("gpt-realtime", quota={"rpm": 120, "tpm": 90000}), ("120", "90000")),
                                 ("unknown", region("gpt-realtime-2.1"), None)):
            with self.subTest(name):
                run, result = self.play(name, of)
                if limits is None:  # no public table has it: nothing is enforced, nothing is said
                    self.assertEqual(self.codes(run), set())
                    self.assertNotIn("RPM", result.stderr)
                    continue
                self.assertEqual(self.struck(run), {"quota_requests"})
                headers = run.failures[0]["headers"]
                self.assertEqual((headers["x-ratelimit-limit-requests"], headers["x-ratelimit-limit-tokens"]), limits)
                self.assertEqual({row["limit_tokens"] for row in run.intervals} - {"0"}, {limits[1]})

    def test_tokens_count_by_what_may_be_said(self):
        # 16,666 tokens in ten seconds; without a limit of ours each response may say 4,096
        load = {**BURST, "stages": [{"duration": "0s", "target": "4/s"}, {"duration": "3s", "target": "4/s"}]}
        run, _ = self.play("tokens", region("gpt-realtime"), load,
                           {key: value for key, value in ONE_TURN.items() if key != "max_output_tokens"})
        self.assertEqual(self.codes(run), {"rate_limit_exceeded"})
        self.assertEqual(self.struck(run), {"quota_tokens"})
        self.assertEqual(sum(row["outcome"] == "ok" for row in run.attempts), 4)

    def test_none_lifts_it(self):
        for name, simulator in (("none", {"quota": "none"}), ("rule", {"quota": [{"rpm": 0, "tpm": 0}]})):
            run, result = self.play(name, region("gpt-realtime"), **simulator)
            self.assertEqual(run.failures, [])
            self.assertEqual({row["limit_tokens"] for row in run.intervals} - {"0"}, {"100000"})
            self.assertNotIn("RPM", result.stderr)
        self.assertEqual(harness.Run(self.folder / "none").manifest["profile"]["simulator"]["quota"], "none")

    def test_it_is_counted_by_the_clock_of_the_replay(self):
        # a connection each three seconds of a replay at 60 times real time: 20 of the 33 that a slice allows
        load = {**BURST, "stages": [{"duration": "0s", "target": "20/m"}, {"duration": "4m", "target": "20/m"}]}
        run, _ = self.play("replay", region("gpt-realtime"), load, clock={"start": START, "speed": 60})
        self.assertEqual(self.codes(run), set())
        fast = {**BURST, "stages": [{"duration": "0s", "target": "400/m"}, {"duration": "1m", "target": "400/m"}]}
        run, _ = self.play("fast", region("gpt-realtime"), fast, clock={"start": START, "speed": 20})
        if not run.manifest["generator"]["trustworthy"]:
            self.skipTest(f"this machine cannot dial so fast: {run.manifest['generator']['why']}")
        self.assertEqual(self.codes(run), {"upgrade_429"})
        opened = sum(line["kind"] == "session" and line["http_status"] == 101 for line in run.ledger)
        self.assertLessEqual(abs(opened - 6 * 33), 33)  # of 400; a slice more where the start lies within one

    def test_a_day_has_its_own_limit(self):
        load = {**BURST, "stages": [{"duration": "0s", "target": "5/s"}, {"duration": "4s", "target": "5/s"}]}
        run, _ = self.play("day", region("gpt-realtime-2.1"), load, quota=[{"rpd": 8}])
        self.assertEqual(sum(row["outcome"] == "ok" for row in run.attempts), 8)
        self.assertEqual(self.codes(run), {"daily_limit"})
        self.assertEqual(self.struck(run), {"quota_daily"})
        message = run.failures[0]["message"]
        for words in ("gpt-realtime-2.1", "requests per day (RPD): Limit 8, Used 8, Requested 1"):
            self.assertIn(words, message)
        # held back by what the message says, three hours: nobody asks again and again
        run, _ = self.play("held", region("gpt-realtime-2.1"), load, retry={"attempts": 3}, quota=[{"rpd": 8}])
        self.assertLessEqual(sum(row["outcome"] != "ok" for row in run.attempts), 4)
        self.assertTrue(run.manifest["holds"])

    def test_a_plan_goes_by_the_same_table(self):
        made = harness.profile(regions=[region("gpt-realtime", auth={"api_key": "${RUSHHOUR_TEST_KEY}"})],
                               simulator={"quota": []})
        planned = json.loads(self.rushhour("plan", self.write_profile(made), "--json").stdout)
        self.assertEqual(planned["regions"][0]["quota"]["tpm"], 100000)

    def test_what_is_neither_a_list_nor_none_is_refused(self):
        for quota in ("some", {"rpm": 3}, 7):
            path = self.write_profile(harness.profile(simulator={"quota": quota}))
            result = self.rushhour("run", path, "--simulate", expect=(2,))
            self.assertIn('simulator.quota: must be a list [...] or "none"', result.stderr)


if __name__ == "__main__":
    unittest.main()
