"""What `plan` promises: the attempts that a decision needs, and their price in time and money."""

import datetime
import json
import math
import random
import unittest

import harness

PROFILE = harness.PROJECT / "profiles/two-regions.json"


COLUMNS = ("start,end,region,sessions_started,sessions_opened,sessions_failed,attempts_started,attempts_ok,"
           "attempts_failed,attempts_cancelled,interactions_ok,interactions_failed,retries,input_tokens,cached_tokens,"
           "output_tokens,cost_usd,cpu,valid")
REGIONS = ("eastus2", "swedencentral")


def earlier_run(folder, hours, rate_at, per_minute=45, seed=1, regions=REGIONS, healthy=math.inf, worse=None,
                begins=8):
    """A run folder of the contract's columns, and the generator's health: rate_at(second) is the failure rate of every
    region, times what `worse` says of it; after `healthy` hours the generator is not what it should be. Begins at that
    hour of 2026-10-20, UTC."""
    draw = random.Random(seed)
    start = datetime.datetime(2026, 10, 20, tzinfo=datetime.timezone.utc) + datetime.timedelta(hours=begins)
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({
        "format": 1, "run": {"id": "earlier", "state": "complete"},
        "profile": {"regions": [{"name": name} for name in regions]}}))
    rows = [COLUMNS]
    for second in range(0, round(hours * 3600), 10):
        of, to = ((start + datetime.timedelta(seconds=second + by)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
                        for by in (0, 10))
        for name in regions:
            count = per_minute // 6 + (draw.random() < per_minute / 6 % 1)
            rate = rate_at(second) * (worse or {}).get(name, 1)
            failed = sum(draw.random() < rate for _ in range(count))
            health = "0.1,true" if second < healthy * 3600 else "0.99,false"
            rows.append(f"{of},{to},{name},0,0,0,{count},{count - failed},{failed},0,0,0,0,0,0,0,0,{health}")
    (folder / "intervals.csv").write_text("\n".join(rows) + "\n")
    return folder


def bursts_by_chance(hours, seed):
    """0.5% fail, and 60% in 2 minutes about once an hour."""
    draw = random.Random(seed)
    starts, at = [], draw.expovariate(1 / 3600)
    while at < hours * 3600:
        starts.append(at)
        at += draw.expovariate(1 / 3600)
    return lambda second: 0.6 if any(0 <= second - start < 120 for start in starts) else 0.005


class Plan(harness.Case):
    def detect(self, *arguments, rates="2.5% vs 4.5%", load="15/m"):
        """The answer for the first region; 15 sessions a minute make 45 attempts."""
        return self.plan("--detect", rates, "--rate", load, *arguments)["detect"]["regions"][0]

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
            self.assertAlmostEqual(needed["minutes"], 2352 / region["attempts_per_minute"], places=6)
            self.assertAlmostEqual(needed["cost_usd"], region["cost_usd"]["likely"] * 2352 / region["attempts"], places=6)
            for window in needed["windows"]:
                self.assertGreaterEqual(window["attempts"] * window["occurrences"], 2352)

    def test_stated_bursts(self):
        # 54 failures in each of 2,700 attempts: 54^2/(2700 * 0.025 * 0.975) more than the variance of chance
        answer = self.detect("--bursts", "1/h:2m:60%", "--daily", "1h")
        effect = 1 + 54 ** 2 / (2700 * 0.025 * 0.975)
        self.assertAlmostEqual(answer["dependence"]["design_effect"], effect, places=6)
        self.assertAlmostEqual(answer["dependence"]["memory_seconds"], 120)
        alone = self.plan("--detect", "2.5% vs 4.5%")["detect"]["attempts"]
        self.assertGreater(answer["attempts"], effect * alone * 0.99)
        self.assertLess(answer["attempts"], effect * alone * 1.2)  # Student's t
        self.assertAlmostEqual(answer["hours"], answer["attempts"] / 2700, delta=0.01)
        self.assertEqual(answer["days"], math.ceil(answer["hours"]))
        self.assertAlmostEqual(answer["hours_each"] * answer["days"], answer["hours"], places=6)
        # However much the rates differ, there must be incidents to compare, on seven days.
        easy = self.detect("--bursts", "1/h:2m:60%", "--daily", "2h", rates="2.5% vs 90%")
        self.assertTrue(easy["by_incidents"])
        self.assertAlmostEqual(easy["hours"], 6)
        self.assertEqual(easy["days"], 7)

    def test_a_run_whose_bursts_are_known(self):
        runs = [earlier_run(self.folder / f"bursts{seed}", 24, bursts_by_chance(24, seed)) for seed in range(5)]
        answers = [self.detect("--like", run, "--daily", "1h") for run in runs]
        like, run = sorted(zip(answers, runs), key=lambda pair: pair[0]["hours"])[2]
        known = like["dependence"]
        self.assertTrue(known["known"])
        self.assertIsNone(known["why"])
        self.assertEqual(known["region"], "eastus2")
        # theory says 45, one an hour; two days hold some 48 incidents
        self.assertGreater(known["design_effect"], 30)
        self.assertLess(known["design_effect"], 80)
        self.assertGreater(known["memory_seconds"], 60)
        stated = self.detect("--bursts", "1/h:2m:60%", "--daily", "1h")
        self.assertGreater(like["hours"], 0.6 * stated["hours"])
        self.assertLess(like["hours"], 2 * stated["hours"])
        self.assertGreaterEqual(like["days"], 7)
        # At twice the load an incident strikes twice as many: hours are as before, attempts are not.
        twice = self.detect("--like", run, "--daily", "1h", load="30/m")
        self.assertAlmostEqual((twice["dependence"]["design_effect"] - 1) / (known["design_effect"] - 1), 2, places=2)
        self.assertAlmostEqual(twice["hours"] / like["hours"], 1, delta=0.1)
        # A region that the run does not have is named, and the worst one is used for it.
        other = earlier_run(self.folder / "other", 24, bursts_by_chance(24, 7), regions=("japaneast",))
        self.assertEqual(self.detect("--like", other)["dependence"]["region"], "japaneast")
        text = self.rushhour("plan", PROFILE, "--detect", "2.5% vs 4.5%", "--like", run, "--daily", "1h").stdout
        self.assertIn("as region eastus2 of that run: design effect", text)
        self.assertRegex(text, r"in daily peaks: \d+ days, ")
        self.assertNotIn("come independently", text)

    def test_what_the_generator_spoilt_is_left_out(self):
        """Two more hours in which it was not healthy, and 60% failed, change nothing but that they are told."""
        rate_at = bursts_by_chance(24, 3)
        whole = earlier_run(self.folder / "whole", 24, rate_at)
        spoilt = earlier_run(self.folder / "spoilt", 26, lambda second: rate_at(second) if second < 24 * 3600 else 0.6,
                             healthy=24)
        wanted = self.detect("--like", whole)
        answer = self.detect("--like", spoilt)
        self.assertEqual(wanted["dependence"]["unhealthy_hours"], 0)
        self.assertAlmostEqual(answer["dependence"].pop("unhealthy_hours"), 2)
        del wanted["dependence"]["unhealthy_hours"]
        self.assertEqual(answer, wanted)
        text = self.rushhour("plan", PROFILE, "--detect", "2.5% vs 4.5%", "--like", spoilt).stdout
        self.assertIn("left out of it, since its load generator was not healthy: 2h", text)
        never = earlier_run(self.folder / "never", 1, lambda second: 0.1, healthy=0)
        result = self.rushhour("plan", PROFILE, "--detect", "2% vs 5%", "--like", never, expect=(1,))
        self.assertIn("not healthy", result.stderr)

    def test_incidents_are_those_of_the_report(self):
        """Half a degree of freedom is no incident: what is called so is what the run's report finds."""
        run = earlier_run(self.folder / "run", 8, lambda second: 0.6 if second % 7200 < 120 else 0.005)
        known = self.detect("--like", run)["dependence"]
        report = json.loads(self.rushhour("report", run, "--format", "json").stdout)
        found = report["incident_search"]["regions"][0]
        self.assertEqual((known["region"], known["incidents"]), (found["name"], 4))
        self.assertEqual(known["incidents"], found["incidents"])
        self.assertAlmostEqual(known["incidents_per_hour"], found["per_hour"]["value"], places=9)
        self.assertGreater(known["stretches_per_hour"], 0)
        text = self.rushhour("plan", PROFILE, "--detect", "2.5% vs 4.5%", "--like", run).stdout
        self.assertIn("incidents found in it: 4, 0.5 an hour", text)
        stated = self.detect("--bursts", "1/h:2m:60%")["dependence"]
        self.assertEqual((stated["incidents_per_hour"], stated["stretches_per_hour"], stated["incidents"]), (1, 1, None))

    def test_a_run_of_independent_failures(self):
        alone = self.plan("--detect", "2.5% vs 4.5%")["detect"]["attempts"]
        factors = []
        for seed in range(1, 6):
            run = earlier_run(self.folder / f"even{seed}", 8, lambda second: 0.025, seed=seed)
            answer = self.detect("--like", run)
            self.assertTrue(answer["dependence"]["known"])
            factors.append(answer["attempts"] / alone)
        self.assertGreaterEqual(min(factors), 1)
        self.assertLess(sorted(factors)[2], 1.8, factors)

    def test_a_run_that_cannot_tell_says_so(self):
        cases = {"quiet": (lambda second: 0, "nothing failed"),
                 "broken": (lambda second: 1, "everything failed"),
                 "once": (lambda second: 0.6 if 1800 <= second < 1920 else 0.002, "one or two incidents")}
        for name, (rate_at, why) in cases.items():
            run = earlier_run(self.folder / name, 1, rate_at)
            answer = self.detect("--like", run)
            self.assertEqual(answer["dependence"]["known"], name == "once")
            self.assertIn(why, answer["dependence"]["why"])
            self.assertIn(why, self.rushhour("plan", PROFILE, "--detect", "2% vs 5%", "--like", run).stdout)
        self.assertIn("only for failures that come independently",
                      self.rushhour("plan", PROFILE, "--detect", "2% vs 5%", "--like", "quiet").stdout)

    def test_without_a_dependence_it_says_what_it_holds_for(self):
        text = self.rushhour("plan", PROFILE, "--detect", "2% vs 5%").stdout
        self.assertIn("This holds only for failures that come independently", text)
        detect = self.plan("--detect", "2% vs 5%")["detect"]
        self.assertEqual(detect["basis"], "independent")
        self.assertFalse(detect["regions"][0]["dependence"]["known"])

    def test_abort_on_fail_as_the_rule_is(self):
        """Simulated here once more: the cumulative sum with its cap of an eighth of the limit in a minute."""
        stop = self.detect(rates="2% vs 5%")["abort_on_fail"]
        limit = stop["limit"]
        up, down = math.log(0.05 / 0.02), math.log(0.95 / 0.98)
        draw = random.Random(3)

        def trials(rate, cap, alarms):
            total = 0
            for _ in range(alarms):
                before, block, first = 0.0, 0.0, draw.randrange(45)
                trial = first
                while True:
                    trial += 1
                    block += up if draw.random() < rate else down
                    now = max(0.0, before + min(block, cap))
                    if now >= limit:
                        break
                    if now == 0:
                        before = block = 0.0
                    if trial % 45 == 0:
                        before, block = now, 0.0
                total += trial - first
            return total / alarms
        # Scores are rounded to a lattice, and the mean of so many has a standard error of some 5%.
        self.assertAlmostEqual(stop["mean_attempts_to_stop"] / trials(0.05, limit / 8, 300), 1, delta=0.2)
        self.assertAlmostEqual(stop["mean_attempts_between_false_alarms"] / trials(0.02, math.inf, 200), 1, delta=0.3)
        self.assertAlmostEqual(stop["mean_attempts_to_stop"] / stop["mean_minutes_to_stop"], 45, places=3)
        self.assertGreater(stop["mean_minutes_to_stop"], 6)

    def test_questions_that_are_none(self):
        for arguments, words in ((("--bursts", "1/h:2m"), "1/h:2m:60%"), (("--bursts", "1/h:2m:60%:1"), "1/h:2m:60%"),
                                 (("--bursts", "0/h:2m:60%"), "1/h:2m:60%"), (("--bursts", "1/h:2h:60%"), "1/h:2m:60%"),
                                 (("--bursts", "3/h:2m:60%"), "alone make 6%"), (("--daily", "25h"), "--daily"),
                                 (("--daily", "0s"), "--daily"), (("--like", "nowhere"), "--like"),
                                 (("--bursts", "1/h:1m:60%", "--design-effect", "2"), "give one of them")):
            result = self.rushhour("plan", PROFILE, "--detect", "2% vs 5%", *arguments, expect=(1, 2))
            self.assertIn(words, result.stderr, arguments)
        result = self.rushhour("plan", PROFILE, "--like", "latest", expect=(2,))
        self.assertIn("--detect", result.stderr)

    def test_wrong_words_are_refused(self):
        for words in ("2%", "2 vs 5%", "3% vs 3%", "0% vs 5%", "x vs y"):
            result = self.rushhour("plan", PROFILE, "--detect", words, expect=(2,))
            self.assertIn("--detect", result.stderr)


if __name__ == "__main__":
    unittest.main()
