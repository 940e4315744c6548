"""Waits that the service asks for hold a region, not one interaction: what is asked of it meanwhile is counted in the
simulator's ledger, and what was not sent in the run folder. Other regions go on as if nothing were.
"""

import datetime
import json
import unittest

import harness

GA, PREVIEW, OPENAI = harness.REGIONS
LIMITED, FREE = "eastus2", "openai"
OPEN = {"model": "arrivals", "arrival": "even", "connect_rate": "500/s",
        "stages": [{"duration": "0s", "target": "20/s"}, {"duration": "8s", "target": "20/s"}]}
CLOSED = {"model": "sessions", "connect_rate": "500/s",
          "stages": [{"duration": "0s", "target": 3}, {"duration": "8s", "target": 3}]}
ARRIVALS = 160  # 20/s for 8 s, in each region
TURNS = {"interactions": 2, "think_time": "50ms", "modality": "text", "prompts": ["Say OK."]}


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Holds(harness.Case):
    def play(self, fault, load, regions=(GA, OPENAI), rate="100%", limited=(LIMITED,), expect=harness.ENDED, **more):
        sections = {"regions": list(regions), "load": load, "session": TURNS, "retry": {"attempts": 3, **more},
                    "simulator": {"latency": [harness.QUICK],
                                  "faults": [{"fault": fault, "rate": rate, "regions": list(limited)}]}}
        path = self.write_profile(harness.profile(**sections))
        result = self.rushhour("run", path, "--simulate", "--seed", 3, "--workers", 2, "-o", "run", expect=expect)
        self.said = result.stderr
        run = harness.Run(self.folder / "run")
        self.assert_consistent(run)
        return run

    def region(self, run, name=LIMITED):
        return next(region for region in run.manifest["regions"] if region["name"] == name)

    def intervals(self, run, name=LIMITED):
        return [row for row in run.intervals if row["region"] == name]

    def check_held(self, run, code):
        """The manifest lists when, the intervals how much, and both agree with what was struck."""
        holds = [hold for hold in run.manifest["holds"] if hold["region"] == LIMITED]
        self.assertEqual({hold["region"] for hold in run.manifest["holds"]}, {LIMITED})
        self.assertEqual({hold["code"] for hold in holds}, {code})
        for hold in holds:
            self.assertLess(moment(hold["from"]), moment(hold["until"]))
            self.assertTrue(hold["why"])
        rows = self.intervals(run)
        held, driven = harness.column(rows, "held_ms"), harness.column(rows, "driven_ms")
        self.assertTrue(0 < held <= driven)
        self.assertAlmostEqual(self.region(run)["held"]["share"], held / driven, places=3)
        self.assertEqual(harness.column(self.intervals(run, FREE), "held_ms"), 0)
        return holds, held / driven

    def check_others(self, run):
        """A region that answers has its load whatever the other one does."""
        free = self.region(run, FREE)
        self.assertEqual((free["held"]["arrivals"], free["held"]["tries"], free["attempts"]["failed"]), (0, 0, 0))
        self.assertGreater(free["attempts"]["ok"], 20)

    def check_arrivals(self, run, name=LIMITED, once=False):
        """Each arrival was begun or is counted as held, and the held ones are no shortfall."""
        rows = self.intervals(run, name)
        self.assertEqual(harness.column(rows, "requested_sessions"), ARRIVALS)
        begun = ARRIVALS - harness.column(rows, "held_arrivals")
        tried = [row for row in run.attempts if row["region"] == name and row["interaction"] == row["attempt"] == "1"]
        # some open their session and wait behind the hold for their first turn; others dial more than once
        self.assertLessEqual(len(tried), begun)
        self.assertLessEqual(begun, harness.column(rows, "sessions_started"))
        if once:
            self.assertEqual(begun, harness.column(rows, "sessions_started"))
        generator = harness.column(rows, "held")
        self.assertEqual(generator, sum(region["held"]["arrivals"] for region in run.manifest["regions"]))
        if harness.column(rows, "achieved") + generator == harness.column(rows, "requested"):
            self.assertNotIn("of the requested load", json.dumps(run.manifest["generator"]))

    def asked(self, run, name=LIMITED, kind="response"):
        return [line for line in run.ledger if line["region"] == name and line["kind"] == kind]

    def test_a_daily_limit_is_asked_once(self):
        for load in (OPEN, CLOSED):
            with self.subTest(load["model"]):
                self.setUp()
                run = self.play("daily_limit", load)
                # 86.4 s: two workers learn it from their first answers, and who was under way then
                self.assertLessEqual(len(self.asked(run)), 20)
                self.assertGreaterEqual(len(self.asked(run)), 1)
                self.assertEqual({record["code"] for record in run.failures}, {"daily_limit"})
                self.assertEqual({record["decision"] for record in run.failures}, {"give_up"})
                holds, share = self.check_held(run, "daily_limit")
                self.assertGreater(share, 0.3)
                self.check_others(run)
                if load is OPEN:
                    self.check_arrivals(run, once=True)
                    self.check_arrivals(run, FREE, once=True)
                    self.assertGreater(self.region(run)["held"]["arrivals"], 0)
                else:
                    self.assertEqual(self.region(run)["held"]["arrivals"], 0)
                    self.assertGreater(self.region(run)["held"]["tries"], 0)
                report = (self.folder / "run/report.md").read_text()
                self.assertIn("## Regions whose load was held back", report)
                self.assertNotIn("per minute", report)
                page = (self.folder / "run/report.html").read_text()
                self.assertIn('id="holds"', page)
                self.assertIn(f'"region":"{LIMITED}","code":"daily\\u005flimit"'.replace("\\u005f", "_"), page)

    def test_a_limit_that_passes_is_asked_again_by_one(self):
        """The simulator's 429 says `retry-after: 2`: nobody dials in between, then one does."""
        run = self.play("upgrade_429", OPEN)
        self.check_held(run, "upgrade_429")
        self.check_arrivals(run)
        self.check_others(run)
        self.assertGreater(self.region(run)["held"]["probes"], 0)
        refused = self.region(run)["failures"][0]["count"]
        # 8 s hold four waits of 2 s, in each of two workers; the first dials were under way together
        self.assertLessEqual(refused, 2 * 5 + 20)

    def test_after_a_limit_the_load_goes_on(self):
        run = self.play("upgrade_429", OPEN, rate="20%")
        region = self.region(run)
        self.check_held(run, "upgrade_429")
        self.check_arrivals(run)
        self.assertGreater(region["attempts"]["ok"], 0)
        self.assertGreater(region["held"]["probes"], 0)

    def test_a_wrong_key_ends_the_load_of_its_region(self):
        """Three failures, growing waits, and after three more the region gets no load; the other one goes on."""
        run = self.play("upgrade_401", OPEN, expect=(99, 4))
        self.assertEqual(run.manifest["run"]["state"], "complete")
        self.check_held(run, "upgrade_401")
        self.check_arrivals(run)
        self.check_others(run)
        self.assertLessEqual(self.region(run)["attempts"]["failed"], 40)
        self.assertIn("none of", self.said)

    def test_a_run_of_wrong_keys_ends(self):
        run = self.play("upgrade_401", {**OPEN, "stages": [{"duration": "0s", "target": "20/s"},
                                                           {"duration": "120s", "target": "20/s"}]},
                        regions=(GA,), expect=(99, 4))
        self.assertEqual(run.manifest["run"]["state"], "stopped")
        self.assertLess(run.manifest["run"]["elapsed_s"], 60)
        self.assertLessEqual(self.region(run)["attempts"]["failed"], 40)

    def test_an_outage_is_measured_and_not_held(self):
        run = self.play("upgrade_500", OPEN, expect=(99, 4))
        self.assertEqual(run.manifest["holds"], [])
        self.assertGreater(self.region(run)["attempts"]["failed"], 100)

    def test_who_wants_to_go_on_asking_may(self):
        run = self.play("daily_limit", OPEN, hold="interaction", expect=harness.ENDED)
        self.assertEqual(run.manifest["holds"], [])
        self.assertGreater(len(self.asked(run)), 100)

    def test_shards_hold_each_on_their_own_and_merge(self):
        path = self.write_profile(harness.profile(
            regions=[GA, OPENAI], load=OPEN, session=TURNS,
            simulator={"latency": [harness.QUICK], "faults": [{"fault": "daily_limit", "rate": "100%",
                                                               "regions": [LIMITED]}]}))
        for shard in (1, 2):
            self.rushhour("run", path, "--simulate", "--seed", 3, "--shard", f"{shard}/2", "-o", f"part-{shard}",
                          expect=harness.ENDED)
        self.rushhour("merge", "run", "part-1", "part-2", expect=harness.ENDED)
        parts = [harness.Run(self.folder / f"part-{shard}") for shard in (1, 2)]
        whole = harness.Run(self.folder / "run")
        self.assertEqual(len(whole.manifest["holds"]), sum(len(part.manifest["holds"]) for part in parts))
        for column in ("held_ms", "driven_ms", "held_arrivals", "held_tries", "requested_sessions"):
            self.assertEqual(harness.column(self.intervals(whole), column),
                             sum(harness.column(self.intervals(part), column) for part in parts), column)
        self.assertLessEqual(self.region(whole)["held"]["share"], 1)
        self.check_arrivals(whole)


if __name__ == "__main__":
    unittest.main()
