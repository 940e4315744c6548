"""A rehearsal of a model that thinks: its tokens, its phases, and a limit that its thoughts use up."""

import unittest

import harness

THINKER = {"name": "eastus2", "endpoint": "https://contoso-eastus2.openai.azure.com", "deployment": "rt",
           "model": "gpt-realtime-2.1", "dialect": "ga"}
OLDER = {**THINKER, "name": "swedencentral", "endpoint": "https://contoso-sc.openai.azure.com", "model": "gpt-realtime"}
OPENAI = {"name": "openai", "endpoint": "https://api.openai.com", "model": "gpt-realtime-2.1-mini", "dialect": "openai"}
DELTAS = 5
PREAMBLE = 2  # tokens of one


class Reasoning(harness.Case):
    def play(self, name, regions=(THINKER, OLDER, OPENAI), limit=None, **simulator):
        session = {"interactions": 3, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]}
        made = harness.profile(regions=list(regions), session={**session, **({"max_output_tokens": limit} if limit else {})},
                               simulator={"latency": [harness.QUICK, {"answer": "150ms"}], "output_deltas": DELTAS, **simulator})
        path = self.write_profile(made, f"{name}.json")
        result = self.rushhour("run", path, "--simulate", "--full", "--seed", 7, "-o", name, expect=harness.ENDED)
        run = harness.Run(self.folder / name)
        self.assert_consistent(run)
        return run, result

    def tokens(self, run, region):
        return {int(row["output_tokens"]) for row in run.attempts if row["region"] == region and row["outcome"] == "ok"}

    def test_thoughts_are_output(self):
        run, _ = self.play("thoughts", reasoning_tokens=40)
        self.assertEqual(run.failures, [])
        self.assertEqual(self.tokens(run, "eastus2"), {DELTAS + 40})
        self.assertEqual(self.tokens(run, "openai"), {DELTAS + 40})
        self.assertEqual(self.tokens(run, "swedencentral"), {DELTAS})  # it does not think

    def test_a_limit_that_thoughts_use_up_is_ours(self):
        for limit, said in ((40, 0), (30, 0), (42, 2), (45, DELTAS), (46, DELTAS)):
            with self.subTest(limit):
                run, _ = self.play(f"limit-{limit}", (THINKER,), limit=limit, reasoning_tokens=40)
                self.assertEqual({record["domain"] for record in run.failures} - {"none"}, set())
                told = {int(row["output_tokens"]) for row in run.attempts} - {0}
                self.assertEqual(told, {min(limit, 40) + said})
                outcomes = {line["outcome"] for line in run.ledger if line["kind"] == "response"}
                self.assertEqual(outcomes, {"completed" if said == DELTAS else "incomplete"})

    def test_a_preamble_is_not_the_answer(self):
        run, result = self.play("preambles", preambles="100%")
        self.assertEqual(run.failures, [])
        for name in ("eastus2", "openai"):
            self.assertEqual(self.tokens(run, name), {DELTAS + PREAMBLE})
            latency = next(region for region in run.manifest["regions"] if region["name"] == name)["latency_ms"]
            self.assertGreaterEqual(latency["first_answer"]["p50"] - latency["ttft"]["p50"], 140)
        older = next(region for region in run.manifest["regions"] if region["name"] == "swedencentral")
        self.assertEqual(self.tokens(run, "swedencentral"), {DELTAS})
        self.assertNotIn("preamble", str(older))
        self.assertIn("began with a preamble (phase commentary)", result.stdout)

    def test_some_answers_have_one(self):
        run, _ = self.play("some", (THINKER,), preambles="50%")
        self.assertEqual(self.tokens(run, "eastus2"), {DELTAS, DELTAS + PREAMBLE})

    def test_check_passes_a_thinker(self):
        path = self.write_profile(harness.profile(regions=[THINKER], simulator={
            "latency": [harness.QUICK], "reasoning_tokens": 200, "preambles": "100%"}))
        self.rushhour("check", path, "--simulate")


if __name__ == "__main__":
    unittest.main()
