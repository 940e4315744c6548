"""A budget is not exceeded: turns take what they are expected to cost out of it before they are sent."""

import unittest

import harness

MINUTE = [{"duration": "0s", "target": 1}, {"duration": "60s", "target": 1}]
PRICES = {"as_of": "2026-01-01", "gpt-realtime": {"text_in": 4, "text_cached": 0.4, "text_out": 16, "audio_in": 32,
                                                 "audio_cached": 0.4, "audio_out": 64}}
# (how many at once or how often, turns)
LOADS = {
    "few": ({"model": "sessions", "target": 2}, 3),
    "many": ({"model": "sessions", "target": 40}, 5),
    "slowly": ({"model": "arrivals", "target": "5/s"}, 4),
    "fast": ({"model": "arrivals", "target": "60/s"}, 2),
}


class Budget(harness.Case):
    def play(self, name, budget, workers=2, **session):
        of, turns = LOADS[name]
        load = {"model": of["model"], "max_sessions": 500, "connect_rate": "2000/s",
                "stages": [{**stage, "target": of["target"]} for stage in MINUTE]}
        made = harness.profile(regions=harness.REGIONS[:1], load=load, budget=budget, prices=PRICES,
                               session={"interactions": turns, "think_time": "10ms", "modality": "text",
                                        "prompts": ["Say OK."], **session},
                               retry={"attempts": 1})
        folder = f"{name}-{'-'.join(budget)}"
        result = self.rushhour("run", self.write_profile(made), "--simulate", "--workers", workers, "-o", folder,
                               expect=(5,))
        run = harness.Run(self.folder / folder)
        self.assertEqual(run.manifest["run"]["state"], "stopped")
        self.assert_consistent(run)
        return run, result.stderr

    def test_no_stop_exceeds_it(self):
        """Answers are alike here, so that what was reserved is what it took, after the first ones."""
        for name in LOADS:
            for budget in ({"usd": 0.2}, {"tokens": 20000}):
                with self.subTest(name, budget=budget):
                    run, told = self.play(name, budget)
                    totals = run.manifest["totals"]
                    tokens = totals["tokens"]["input"] + totals["tokens"]["output"]
                    spent, limit = (totals["cost_usd"], 0.2) if "usd" in budget else (tokens, 20000)
                    self.assertLessEqual(spent, limit)
                    self.assertGreater(spent, 0.5 * limit)  # those in flight had reserved the rest
                    reason = run.manifest["run"]["reason"]
                    self.assertIn("budget.usd reached" if "usd" in budget else "budget.tokens reached", reason)
                    for mark in ("50%", "80%"):
                        self.assertLessEqual(told.count(f"rushhour: {mark} of the budget spent"), 1)
                    self.assertEqual(told.count("of the budget spent") + told.count("the budget is used up"), 3, told)

    def test_speech(self):
        run, _ = self.play("few", {"usd": 0.2}, modality="audio")
        self.assertLessEqual(run.manifest["totals"]["cost_usd"], 0.2)


if __name__ == "__main__":
    unittest.main()
