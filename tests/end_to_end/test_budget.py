"""A budget is not exceeded, and used: turns take what they can cost at most out of it before they are sent, give back
what they did not need, and wait for one another where it is tight."""

import datetime
import json
import unittest

import harness

MINUTES = [{"duration": "0s", "target": 1}, {"duration": "10m", "target": 1}]
PRICES = {"as_of": "2026-01-01", "gpt-realtime": {"text_in": 4, "text_cached": 0.4, "text_out": 16, "audio_in": 32,
                                                 "audio_cached": 0.4, "audio_out": 64}}
# (how many at once or how often, turns)
LOADS = {
    "few": ({"model": "sessions", "target": 2}, 3),
    "many": ({"model": "sessions", "target": 40}, 5),
    "slowly": ({"model": "arrivals", "target": "5/s"}, 4),
    "fast": ({"model": "arrivals", "target": "60/s"}, 2),
}


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Budget(harness.Case):
    def profile(self, name, budget, simulator=None, prices=None, **session):
        of, turns = LOADS[name]
        load = {"model": of["model"], "max_sessions": 500, "connect_rate": "2000/s",
                "stages": [{**stage, "target": of["target"]} for stage in MINUTES]}
        made = harness.profile(regions=harness.REGIONS[:1], load=load, budget=budget, prices=prices or PRICES,
                               session={"interactions": turns, "think_time": "10ms", "modality": "text",
                                        "prompts": ["Say OK."], **session},
                               retry={"attempts": 1})
        made["simulator"] = {**made.get("simulator", {}), **(simulator or {})}
        return self.write_profile(made)

    def play(self, name, budget, **more):
        """Returns the run, what it said, and how much of which limit was spent."""
        folder = f"{name}-{'-'.join(budget)}-{len(list(self.folder.iterdir()))}"
        result = self.rushhour("run", self.profile(name, budget, **more), "--simulate", "--workers", 2, "-o", folder,
                               expect=(5,))
        run = harness.Run(self.folder / folder)
        self.assertEqual(run.manifest["run"]["state"], "stopped")
        self.assert_consistent(run)
        self.check_ledger(run)
        totals = run.manifest["totals"]
        tokens = totals["tokens"]["input"] + totals["tokens"]["output"]
        spent = totals["cost_usd"] if "usd" in budget else tokens
        self.check_reason(run, budget, spent)
        return run, result.stderr, spent

    def check_ledger(self, run):
        """No turn reached the service that the run does not know."""
        asked = sum(line["kind"] == "response" for line in run.ledger)
        self.assertLessEqual(asked, run.manifest["totals"]["attempts"]["started"])

    def check_reason(self, run, budget, spent):
        """The reason tells what was spent in the end, and not when the stop was decided on."""
        reason = run.manifest["run"]["reason"]
        if "usd" in budget:
            self.assertIn(f"budget.usd reached: {spent:.4f} of {budget['usd']:.4f} USD", reason)
        else:
            self.assertIn(f"budget.tokens reached: {spent} of {budget['tokens']}", reason)

    def test_no_stop_exceeds_it_or_comes_early(self):
        for name in LOADS:
            for budget in ({"usd": 0.2}, {"tokens": 20000}):
                with self.subTest(name, budget=budget):
                    _run, told, spent = self.play(name, budget)
                    limit = next(iter(budget.values()))
                    self.assertLessEqual(spent, limit)
                    self.assertGreater(spent, 0.9 * limit)  # a turn of a conversation reserves 400 tokens at most
                    for mark in ("50%", "80%"):
                        self.assertEqual(told.count(f"rushhour: {mark} of the budget spent"), 1, told)
                    self.assertEqual(told.count("the budget is used up"), 1, told)

    def test_long_answers(self):
        """Answers of 2,000 tokens and more, of which nobody knows: the first ones go as if each took the most."""
        for session in ({}, {"max_output_tokens": 3000}):
            with self.subTest(session):
                run, _told, spent = self.play("many", {"tokens": 60000}, simulator={"output_deltas": 1500}, **session)
                self.assertGreater(max(int(row["output_tokens"]) for row in run.attempts), 1000)
                self.assertLessEqual(spent, 60000)
                self.assertGreater(spent, 60000 - 4 * 4096)
                self.assertGreater(run.manifest["regions"][0]["held"]["tries"], 0)
                self.assertEqual({hold["code"] for hold in run.manifest["holds"]}, {"budget"})

    def test_waiting_is_nobodys_fault(self):
        """Who waits for room is no late attempt, no shortfall of the load, and no latency of the service."""
        run, _told, _spent = self.play("fast", {"tokens": 30000}, max_output_tokens=2000)
        held = run.manifest["regions"][0]["held"]
        self.assertGreater(held["arrivals"], 0)
        generator = run.manifest["generator"]
        self.assertEqual(generator["held"], held["arrivals"])
        self.assertGreater(held["share"], 0)
        said = self.rushhour("report", run.folder, "--format", "markdown", expect=harness.ENDED).stdout
        self.assertIn("waited for others to give back", " ".join(said.split()))

    def test_minutes(self):
        """Time that sessions are open is charged while nobody asks anything, and as long as turns last."""
        run, _told, spent = self.play("many", {"usd": 20}, prices={"gpt-realtime": {"per_minute": 6}}, think_time="4s")
        self.assertGreater(run.manifest["totals"]["sessions"]["open_ms"], 0)
        self.assertLessEqual(spent, 20)
        self.assertGreater(spent, 5)

    def test_spend_by_the_hour(self):
        """Two hours, replayed: what an hour cost is told, and is what the intervals say."""
        load = {"model": "arrivals", "arrival": "even", "stages": [{"duration": "0s", "target": "20/m"},
                                                                   {"duration": "2h", "target": "20/m"}]}
        made = harness.profile(load=load, prices={**PRICES, "rt-preview": PRICES["gpt-realtime"]},
                               windows={"interval": "1m"})
        made["simulator"] = {**made["simulator"], "clock": {"speed": 1000}}
        self.rushhour("run", self.write_profile(made), "--simulate", "-o", "long", expect=harness.ENDED)
        run = harness.Run(self.folder / "long")
        bounds = {(row["start"], row["end"]) for row in run.intervals}
        hours = sum((moment(end) - moment(start)).total_seconds() for start, end in bounds) / 3600
        totals = run.manifest["totals"]
        self.assertGreater(totals["cost_usd"], 0)
        self.assertAlmostEqual(totals["cost_usd_per_hour"], totals["cost_usd"] / hours, delta=0.02 * totals["cost_usd"])
        for form in ("text", "markdown"):
            said = " ".join(self.rushhour("report", "long", "--format", form, expect=harness.ENDED).stdout.split())
            self.assertIn(f"${totals['cost_usd_per_hour']:.2f} an hour", said)

    def test_speech(self):
        _run, _told, spent = self.play("few", {"usd": 0.2}, modality="audio")
        self.assertLessEqual(spent, 0.2)
        self.assertGreater(spent, 0.15)

    def test_a_little_goes_turn_by_turn(self):
        _run, _told, spent = self.play("few", {"tokens": 1000})
        self.assertLessEqual(spent, 1000)
        self.assertGreater(spent, 700)

    def test_too_little_for_any_turn(self):
        path = self.profile("few", {"tokens": 1000}, max_output_tokens=2000)
        said = self.rushhour("run", path, "--simulate", expect=(2,)).stderr
        self.assertIn("budget.tokens: 1000 are less than the 2", said)
        self.assertIn("session.max_output_tokens", said)
        plan = json.loads(self.rushhour("plan", path, "--json").stdout)
        self.assertEqual(plan["regions"][0]["turn_reserves"]["at_once"], 0)

    def test_the_plan_says_what_a_turn_reserves(self):
        path = self.profile("few", {"tokens": 100000, "usd": 1}, max_output_tokens=2000)
        reserves = json.loads(self.rushhour("plan", path, "--json").stdout)["regions"][0]["turn_reserves"]
        self.assertGreater(reserves["tokens"], 2000)
        self.assertLess(reserves["tokens"], 2200)
        self.assertAlmostEqual(reserves["usd"], (2000 * 16 + (reserves["tokens"] - 2000) * 4) / 1e6, places=9)
        self.assertEqual(reserves["at_once"], min(100000 // reserves["tokens"], 1 // reserves["usd"]))
        said = self.rushhour("run", path, "--simulate", "--dry-run").stdout
        self.assertIn(f"A turn reserves at first {reserves['tokens']} tokens", said)


if __name__ == "__main__":
    unittest.main()
