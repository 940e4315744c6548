"""session.settings reach the service as they are written, and outputs name them without their values."""

import json
import unittest

import harness

LOAD = {"model": "sessions", "stages": [{"duration": "0s", "target": 2}, {"duration": "2s", "target": 2}]}
SECRET = "CanaryVariableT5mKw27HrLpX"


class Settings(harness.Case):
    def run_with(self, name, settings, region=None, dialect="ga"):
        entry = {**next(r for r in harness.REGIONS if r["dialect"] == dialect), **({"settings": region} if region else {})}
        profile = harness.profile(regions=[entry], load=LOAD, simulator={"latency": [harness.QUICK]}, session={
            "interactions": 2, "think_time": "0s", "modality": "text", "prompts": ["Hi."], "settings": settings})
        path = self.write_profile(profile, f"{name}.json")
        self.rushhour("run", path, "--simulate", "-o", name, expect=harness.ENDED)
        return harness.Run(self.folder / name)

    def test_what_the_service_knows_is_taken(self):
        run = self.run_with("known", {"reasoning": {"effort": "low"}, "truncation": "disabled", "tool_choice": "none",
                                      "prompt": {"id": "pmpt_1", "variables": {"who": SECRET}},
                                      "audio": {"output": {"voice": "marin"}}})
        self.assertEqual([record["code"] for record in run.failures], [])
        self.assertIn("ok", {row["outcome"] for row in run.attempts})
        named = run.manifest["profile"]["session"]["settings"]
        self.assertEqual(set(named), {"reasoning.effort", "truncation", "tool_choice", "prompt.id", "prompt.variables.who",
                                      "audio.output.voice"})
        for path in run.folder.rglob("*"):
            self.assertNotIn(SECRET, path.read_text(errors="replace") if path.is_file() else "", path)

    def test_a_run_with_the_longest_names_is_packed(self):
        name = ("aB3" * 21)[:63]
        self.run_with("long", {"prompt": {"id": "pmpt_1", "variables": {name: "x", "a.b": "x", "a": {"b": "x"}}}})
        self.rushhour("evidence", "long", "--no-check", "-o", "packed", expect=(0, 3))
        self.assertTrue(list((self.folder / "packed").rglob("*")))
        named = json.loads((self.folder / "long/run.json").read_text())["profile"]["session"]["settings"]
        self.assertEqual(set(named), {"prompt.id", f"prompt.variables.{name}", 'prompt.variables."a.b"', "prompt.variables.a.b"})

    def test_what_it_does_not_know_is_refused_by_name(self):
        for name, settings, region, dialect in (("unknown", {"reasonning": {"effort": "low"}}, None, "ga"),
                                                ("of-region", {"tool_choice": "none"}, {"audio": {"ouput": {}}}, "ga"),
                                                ("of-dialect", {"audio": {"output": {"voice": "marin"}}}, None, "preview")):
            with self.subTest(name):
                run = self.run_with(name, settings, region, dialect)
                self.assertEqual({record["domain"] for record in run.failures}, {"config"})
                self.assertNotIn("ok", {row["outcome"] for row in run.attempts})
                said = json.dumps(run.failures)
                self.assertRegex(said, "reasonning|audio")

    def test_check_tries_them(self):
        for settings, status in (({"reasoning": {"effort": "low"}}, 0), ({"reasonning": {"effort": "low"}}, 1)):
            path = self.write_profile(harness.profile(regions=harness.REGIONS[:1], session={"settings": settings}))
            self.rushhour("check", path, "--simulate", expect=(status,))

    def test_a_comparison_names_the_difference(self):
        self.run_with("low", {"reasoning": {"effort": "low"}, "tool_choice": "none"})
        self.run_with("high", {"reasoning": {"effort": "high"}, "tool_choice": "none"})
        result = self.rushhour("compare", "low", "high", "--anyway", expect=harness.ENDED)
        self.assertIn("session.settings.reasoning.effort", result.stdout)
        self.assertNotIn("session.settings.tool_choice", result.stdout)


if __name__ == "__main__":
    unittest.main()
