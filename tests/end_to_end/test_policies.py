"""What follows a failure, and which region takes it: each policy against the simulator's ledger of what it was asked."""

import collections
import unittest

import harness

GA, PREVIEW, OPENAI = harness.REGIONS
FIRST, SECOND = "eastus2", "openai"
TURNS = {"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]}
QUICK_RETRY = {"attempts": 3, "budget": "100%", "backoff": {"initial": "1ms", "max": "2ms"}}


def even(rate, duration):
    return {"model": "arrivals", "arrival": "even", "connect_rate": "5000/s",
            "stages": [{"duration": "0s", "target": rate}, {"duration": duration, "target": rate}]}


class Policies(harness.Case):
    def play(self, sections, seed=3, workers=1, expect=harness.ENDED, name="run"):
        path = self.write_profile(harness.profile(**{"regions": [GA, OPENAI], "session": TURNS, **sections}))
        self.said = self.rushhour("run", path, "--simulate", "--seed", seed, "--workers", workers, "-o", name,
                                  expect=expect).stderr
        run = harness.Run(self.folder / name)
        self.assert_consistent(run)
        self.check_recoveries(run)
        return run

    def interactions(self, run):
        """The attempts of each interaction, in their order. With routing each, every region has its own arrivals."""
        made = collections.defaultdict(list)
        each = run.manifest["profile"]["load"]["routing"] == "each"
        for row in run.attempts:
            made[row["region"] if each else "", row["arrival"], row["interaction"]].append(row)
        return {key: sorted(rows, key=lambda row: int(row["attempt"])) for key, rows in made.items()}

    def check_recoveries(self, run):
        """Where interactions recovered, counted anew from the rows."""
        counted = collections.Counter()
        for rows in self.interactions(run).values():
            failed = [row for row in rows if row["outcome"] == "failed"]
            ended = rows[-1]
            if rows[0]["arrival"] == "0" or not failed or ended["outcome"] != "ok":
                continue
            where = ("other_region" if ended["region"] != failed[0]["region"]
                     else "same_session" if ended["session"] == failed[0]["session"] else "new_session")
            counted["recovered_" + where, ended["region"]] += 1
        if run.attempts and run.attempts[0]["arrival"] == "0":
            return
        for region in run.manifest["regions"]:
            rows = [row for row in run.intervals if row["region"] == region["name"]]
            for where in ("same_session", "new_session", "other_region"):
                column = "recovered_" + where
                self.assertEqual(harness.column(rows, column), counted[column, region["name"]], column)
        totals = run.manifest["totals"]
        self.assertEqual(totals["recovered"], {where: sum(count for (column, _), count in counted.items()
                                                          if column == "recovered_" + where)
                                               for where in ("same_session", "new_session", "other_region")})
        judged = [row for row in run.attempts if row["outcome"] != "cancelled"]
        ended = totals["interactions"]["ok"] + totals["interactions"]["failed"]
        self.assertAlmostEqual(totals["attempts_per_interaction"], len(judged) / ended)
        if any(counted.values()):
            self.assertGreater(totals["added_seconds"], 0)
            self.assertIn("What retries hid", (run.folder / "report.md").read_text())

    def sticky(self, session, routing="weighted"):
        """Half of all first responses fail, and so does everything that follows in the same session."""
        return {"load": {**even("20/s", "5s"), "routing": routing},
                "retry": {**QUICK_RETRY, "session": session},
                "simulator": {"latency": [harness.QUICK],
                              "faults": [{"fault": "server_error", "rate": "50%",
                                          "after_failure": {"same_session": "100%", "new_session": "0%"}}]}}

    def recovered(self, run, where):
        return harness.column(run.intervals, "recovered" + where)

    def test_the_same_session_stays_poisoned(self):
        run = self.play(self.sticky("same"))
        self.assertEqual(self.recovered(run, ""), 0)
        self.assertGreater(harness.column(run.intervals, "interactions_failed"), 20)
        for rows in self.interactions(run).values():
            self.assertEqual(len({row["session"] for row in rows}), 1)
            self.assertIn(len(rows), (1, 3))
        self.assertEqual({record["decision"] for record in run.failures}, {"retry_same_session", "give_up"})

    def test_a_new_session_cures(self):
        run = self.play(self.sticky("new"))
        self.assertGreater(self.recovered(run, ""), 20)
        self.assertEqual(self.recovered(run, "_new_session"), self.recovered(run, ""))
        self.assertLess(harness.column(run.intervals, "interactions_failed"), self.recovered(run, ""))
        self.assertLessEqual({record["decision"] for record in run.failures}, {"retry_new_session", "give_up"})

    def test_another_region_takes_what_one_has_failed(self):
        for routing in ("weighted", "failover"):
            with self.subTest(routing):
                self.setUp()
                run = self.play(self.sticky("other_region", routing))
                self.assertGreater(self.recovered(run, "_other_region"), 10)
                retries = 0
                for rows in self.interactions(run).values():
                    for before, after in zip(rows, rows[1:]):
                        retries += 1
                        self.assertNotEqual(before["region"], after["region"])
                self.assertGreater(retries, 20)
                self.assertIn("retry_other_region", {record["decision"] for record in run.failures})
                if routing == "failover":
                    self.assertEqual({rows[0]["region"] for rows in self.interactions(run).values()}, {FIRST})

    def test_weights_share_one_load(self):
        sections = {"regions": [{**GA, "weight": 1}, {**OPENAI, "weight": 3}],
                    "load": {**even("100/s", "4s"), "routing": "weighted"}}
        run = self.play(sections)
        placed = {row["arrival"]: row["region"] for row in run.attempts}
        shares = {name: harness.column([row for row in run.intervals if row["region"] == name], "requested_sessions")
                  for name in (FIRST, SECOND)}
        self.assertEqual(sum(shares.values()), 400)
        self.assertAlmostEqual(shares[FIRST] / 400, 0.25, delta=0.087)  # 4 standard errors
        # the plan alone decides, not the workers nor the weather
        again = self.play(sections, workers=2, name="again")
        for row in again.attempts:
            self.assertEqual(placed.get(row["arrival"], row["region"]), row["region"])

    def test_failover_leaves_a_region_and_returns(self):
        run = self.play({
            "load": {**even("40/m", "6m"), "routing": "failover"},
            "retry": {"attempts": 3, "budget": "100%", "backoff": {"initial": "500ms", "max": "1s"}},
            "breaker": {"failure_rate": "50%", "window": "20s", "attempts": 4, "open_for": "10s", "probes": 2},
            "windows": {"interval": "30s"},
            "simulator": {"latency": [harness.QUICK], "clock": {"start": "2026-04-14T09:00:00Z", "speed": 30},
                          "faults": [{"fault": "server_error", "rate": "100%", "regions": [FIRST],
                                      "during": "09:01-09:03"}]}})
        holds = [hold for hold in run.manifest["holds"] if "breaker" in hold["why"]]
        self.assertEqual({hold["region"] for hold in holds}, {FIRST})
        first, last = holds[0]["from"], holds[-1]["until"]
        self.assertGreater(first, "2026-04-14T09:01")
        self.assertGreater(last, "2026-04-14T09:03")
        served = collections.defaultdict(collections.Counter)
        for row in run.attempts:
            when = "before" if row["time"] < first else "after" if row["time"] > last else "while"
            served[when][row["region"]] += 1
        self.assertEqual((served["before"][SECOND], served["after"][SECOND]), (0, 0))
        self.assertGreater(served["before"][FIRST], 20)
        self.assertGreater(served["after"][FIRST], 20)
        self.assertGreater(served["while"][SECOND], 30)
        # of the first region only single attempts that try whether it is over
        probes = harness.column(run.intervals, "hold_probes")
        self.assertTrue(1 <= served["while"][FIRST] <= probes, f"{served}, {probes} probes")
        asked = [line for line in run.ledger if line["kind"] == "response" and line["region"] == FIRST
                 and first < line["time"] < last]
        self.assertLessEqual(len(asked), probes + 3)  # and those that were under way
        self.assertEqual(harness.column(run.intervals, "held_arrivals"), 0)
        # only whose attempts were all spent before it opened
        self.assertLess(harness.column(run.intervals, "interactions_failed"), served["while"][SECOND] / 3)

    def test_a_second_region_answers_what_the_first_is_slow_to(self):
        slow = {**harness.QUICK, "first_output": "10s", "regions": [FIRST]}
        path = self.write_profile(harness.profile(
            regions=[GA, OPENAI], session={**TURNS, "interactions": 2}, retry=QUICK_RETRY,
            load={**even("20/s", "3s"), "routing": "hedged", "hedge_after": "100ms"},
            prices={"gpt-realtime": {"text_in": 4, "text_cached": 0.4, "text_out": 16}},
            simulator={"latency": [harness.QUICK, slow]}))
        self.rushhour("run", path, "--simulate", "--seed", 3, "--workers", 2, "-o", "run", expect=harness.ENDED)
        run = harness.Run(self.folder / "run")
        self.assert_consistent(run)
        count = {name: harness.column(run.intervals, name) for name in (
            "requested_sessions", "interactions_ok", "interactions_failed", "attempts_cancelled", "attempts_failed",
            "hedges", "hedges_won", "hedges_cancelled", "hedge_tokens", "retries")}
        turns = collections.defaultdict(list)
        for row in run.attempts:
            turns[row["arrival"], row["interaction"]].append(row)
        # each interaction is answered once, though two regions were asked
        answered = {key: [row for row in rows if row["outcome"] == "ok"] for key, rows in turns.items()}
        self.assertEqual({len(rows) for rows in answered.values()}, {1})
        self.assertEqual((len(turns), 0, 0),
                         (count["interactions_ok"], count["interactions_failed"], count["attempts_failed"]))
        # the first turn of every user was slow in the first region; they stay where they were answered
        firsts = sum(interaction == "1" for _, interaction in turns)
        self.assertGreaterEqual(firsts, 55)
        self.assertEqual({(rows[0]["region"], rows[0]["attempt"]) for (_, interaction), rows in answered.items()
                          if interaction == "1"}, {(SECOND, "2")})
        self.assertEqual({rows[0]["session"] for (_, interaction), rows in answered.items() if interaction == "2"}
                         - {rows[0]["session"] for rows in answered.values() if rows[0]["interaction"] == "1"}, set())
        self.assertEqual([count[name] for name in ("hedges", "hedges_won", "hedges_cancelled", "retries")], [firsts] * 4)
        # the service was told to stop, and what it had begun is counted
        ended = [line for line in run.ledger if line["kind"] == "response" and line["region"] == FIRST]
        self.assertEqual({line["outcome"] for line in ended}, {"cancelled"})
        self.assertEqual((len(ended), count["attempts_cancelled"]), (firsts, firsts))
        lost = [row for row in run.attempts if row["outcome"] == "cancelled"]
        self.assertEqual(harness.column(lost, "input_tokens") + harness.column(lost, "output_tokens"), count["hedge_tokens"])
        self.assertGreater(count["hedge_tokens"], firsts)
        hedges = run.manifest["totals"]["hedges"]
        self.assertEqual({key: hedges[key] for key in ("begun", "won", "cancelled", "tokens")},
                         {"begun": firsts, "won": firsts, "cancelled": firsts, "tokens": count["hedge_tokens"]})
        self.assertGreater(hedges["cost_usd"], 0)
        self.assertLess(hedges["cost_usd"], run.manifest["totals"]["cost_usd"])
        self.assertAlmostEqual(run.manifest["totals"]["attempts_per_interaction"],
                               (len(turns) + firsts) / len(turns), places=9)
        report = (run.folder / "report.md").read_text()
        for said in ("Second attempts in another region", "cancelled since another region had answered"):
            self.assertIn(said, report)

    def test_a_breaker_takes_the_load_away_where_it_cannot_move(self):
        faulty = {"latency": [harness.QUICK], "faults": [{"fault": "server_error", "rate": "100%", "regions": [FIRST]}]}
        run = self.play({"load": even("40/s", "4s"), "retry": {"attempts": 1}, "simulator": faulty,
                         "breaker": {"failure_rate": "50%", "attempts": 5, "open_for": "1s"}})
        first = next(region for region in run.manifest["regions"] if region["name"] == FIRST)
        second = next(region for region in run.manifest["regions"] if region["name"] == SECOND)
        # some until it opens, those that were under way, and one a second
        self.assertLessEqual(first["attempts"]["failed"], 40)
        self.assertGreater(first["held"]["arrivals"], 40)
        self.assertEqual(second["held"]["arrivals"], 0)

    def test_slow_answers_open_a_breaker(self):
        slow = {**harness.QUICK, "first_output": "300ms", "regions": [FIRST]}
        run = self.play({"load": {**even("20/s", "4s"), "routing": "failover"},
                         "breaker": {"failure_rate": "50%", "attempts": 5, "open_for": "60s", "latency": "150ms"},
                         "simulator": {"latency": [harness.QUICK, slow]}})
        (hold,) = run.manifest["holds"]
        self.assertEqual((hold["region"], hold["code"]), (FIRST, "slow"))
        self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})
        before = [row["region"] for row in run.attempts if row["time"] < hold["from"]]
        after = [row["region"] for row in run.attempts if row["time"] > hold["from"]]
        self.assertEqual((set(before), set(after)), ({FIRST}, {SECOND}))
        self.assertGreaterEqual(len(before), 5)

    def test_sessions_are_replaced_before_their_announced_end(self):
        talk = {"load": {"model": "sessions", "stages": [{"duration": "0s", "target": 3},
                                                         {"duration": "9s", "target": 3}]},
                "session": {**TURNS, "interactions": 10000, "think_time": "50ms"}}
        ended = {}
        for margin in ("30s", "0s"):
            self.setUp()
            run = self.play({**talk, "session": {**talk["session"], "before_expiry": margin},
                             "simulator": {"latency": [harness.QUICK], "max_session_age": "4s"}})
            ended[margin] = sum(record["code"] == "session_expired" for record in run.failures)
            self.assertGreater(harness.column(run.intervals, "sessions_started"), 6)
        self.assertEqual(ended["30s"], 0)
        self.assertGreater(ended["0s"], 0)

    def test_what_cannot_work_is_refused(self):
        for sections, said in (
                ({"load": {**even("1/s", "1s"), "routing": "failover"}}, "nothing says when to leave a region"),
                ({"load": {**even("1/s", "1s"), "routing": "hedged"}, "regions": [GA]}, "hedged asks a second region"),
                ({"load": {**even("1/s", "1s"), "routing": "hedged"}, "retry": {"attempts": 1}}, "write 2 or more"),
                ({"retry": {"session": "other_region"}}, "no region takes the load of another"),
                ({"retry": {"session": "same", "probe_poisoned": True}}, "already says where each retry goes"),
                ({"breaker": {"latency": "1s"}}, "there is no breaker without failure_rate"),
                ({"breaker": {"failure_rate": "0%"}}, "never be closed")):
            with self.subTest(said):
                path = self.write_profile(harness.profile(**sections))
                result = self.rushhour("run", path, "--simulate", "-o", "refused", expect=(2,))
                self.assertIn(said, result.stderr)


if __name__ == "__main__":
    unittest.main()
