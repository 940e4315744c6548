"""The forecast of requests and tokens is what the service counts: the simulator's ledger is held against it, and a quota
with a tenth more than the forecast refuses nothing, one of 30% less does. (The whole grid of loads is asked of the
simulator's quota in tests/unit/test_run_forecast_quota.c, without a clock.)"""

import collections
import datetime
import json
import unittest

import harness

START = "2026-04-14T09:00:00Z"  # slices of the quota begin with the run
SLICE_S = 10
SPEED = 5  # a late timer of this machine moves little of ten seconds
TRIES = 3  # of a run that a stall of this machine spoilt
# As the forecast assumes: half a second a dial, a second an attempt, answers of 50 tokens (in speech 11.25 s).
LATENCY = {"upgrade": "300ms", "session": "100ms", "configure": "100ms", "response_created": "100ms",
           "first_output": "400ms", "delta": "10ms"}
ANSWERS = {"output_deltas": 50, "audio_delta_bytes": 10800}


def arrivals(rate, seconds):
    return {"model": "arrivals", "arrival": "even", "connect_rate": "5000/s", "max_sessions": 2000,
            "stages": [{"duration": "0s", "target": rate}, {"duration": f"{seconds}s", "target": rate}]}


def busy(sessions, seconds):
    return {"model": "sessions", "connect_rate": "5000/s", "max_sessions": 2000,
            "stages": [{"duration": "0s", "target": sessions}, {"duration": f"{seconds}s", "target": sessions}]}


def session(turns, **more):
    return {"interactions": turns, "think_time": "1s", "modality": "text", "prompts": ["Say OK."], **more}


GRID = {
    "many turns": (arrivals("2/s", 60), session(8, max_output_tokens=100)),
    "closed": (busy(10, 60), session(3, max_output_tokens=100)),
    "speech": (arrivals("2/s", 40), session(3, modality="audio", max_output_tokens=400)),
}


def seconds_of(line):
    return datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()


def busiest(events):
    """Of (time, amount): the most in any slice as the simulator counts, by the minute."""
    slices = collections.Counter()
    for time, amount in events:
        slices[time // SLICE_S] += amount
    return max(slices.values()) * 60 / SLICE_S


class Forecast(harness.Case):
    def profile_of(self, name, dialect, quota=None):
        load, turns = GRID[name]
        region = {"name": "here", "endpoint": "https://contoso-eastus2.openai.azure.com", "deployment": "gpt-realtime",
                  "dialect": "ga"}
        if dialect == "openai":
            region = {"name": "here", "endpoint": "https://api.openai.com", "model": "gpt-realtime", "dialect": "openai"}
        simulator = {"latency": [LATENCY], "clock": {"start": START, "speed": SPEED}, **ANSWERS}
        if quota is not None:
            region["quota"] = quota
            simulator["quota"] = []
        made = harness.profile(regions=[region], load=load, session=turns, simulator=simulator, seed=11,
                               retry={"attempts": 1, "hold": "interaction"})
        return self.write_profile(made, "profile.json")

    def planned(self, name, dialect, quota=None):
        path = self.profile_of(name, dialect, quota)
        return json.loads(self.rushhour("plan", path, "--json").stdout)["regions"][0]

    def played(self, name, dialect, quota=None):
        path = self.profile_of(name, dialect, quota)
        for number in range(TRIES):
            folder = self.folder / f"{name}-{dialect}-{len(list(self.folder.iterdir()))}-{number}".replace(" ", "-")
            self.rushhour("run", path, "--simulate", "--workers", 1, "-o", folder, expect=harness.ENDED)
            run = harness.Run(folder)
            if not any(int(row["loops_late"]) for row in run.intervals):  # by over 20 ms, ours or the simulator's
                return run
        self.skipTest("this machine is too busy for a forecast to be held against its clock")

    def refused(self, run):
        return [line for line in run.ledger if line.get("fault_name") in ("quota_requests", "quota_tokens")]

    def check(self, name, dialect="ga"):
        plan = self.planned(name, dialect)
        self.assertEqual(plan["requests"], "responses" if dialect == "openai" else "connections")
        run = self.played(name, dialect)
        responses = [(seconds_of(line), line["counted_tokens"]) for line in run.ledger if line["kind"] == "response"]
        sessions = [(seconds_of(line), 1) for line in run.ledger if line["kind"] == "session"]
        requests = [(time, 1) for time, _ in responses] if dialect == "openai" else sessions
        for what, told, counted in (("RPM", plan["rpm"], busiest(requests)), ("TPM", plan["tpm"], busiest(responses)),
                                    ("attempts", plan["attempts"], len(responses)),
                                    ("sessions", plan["sessions"], len(sessions))):
            self.assertLessEqual(abs(told / counted - 1), 0.05, (name, dialect, what, told, counted))
        return plan

    def check_quota(self, name, plan, dialect="ga"):
        enough = {key: -int(-1.1 * plan[key] // 1) for key in ("rpm", "tpm")}
        self.assertEqual(self.refused(self.played(name, dialect, enough)), [], name)
        for key in ("rpm", "tpm"):
            less = {key: int(0.7 * plan[key])}
            told = self.planned(name, dialect, less)
            self.assertEqual(told["breaks_first"], key)
            self.assertIsNotNone(told["breaks_at_s"], name)
            self.assertAlmostEqual(told["quota_share"][key], plan[key] / less[key], places=6)
            self.assertTrue(self.refused(self.played(name, dialect, less)), (name, key))

    def test_what_each_session_takes(self):
        """Whatever the pace: one user whose turns fall into ten seconds is a sixth of the peak."""
        for modality, interactions in (("text", 4), ("audio", 3)):
            turns = session(interactions, modality=modality, max_output_tokens=400, think_time="50ms",
                            instructions="Be brief. " * 40)
            one = [{"duration": "0s", "target": "1/m"}, {"duration": "60s", "target": "1/m"}]
            region = {"name": "here", "endpoint": "https://contoso-eastus2.openai.azure.com", "deployment": "rt"}
            made = harness.profile(regions=[region], load={"model": "arrivals", "arrival": "even", "stages": one},
                                   session=turns, simulator={"latency": [harness.QUICK], **ANSWERS},
                                   retry={"attempts": 1})
            path = self.write_profile(made)
            plan = json.loads(self.rushhour("plan", path, "--json").stdout)["regions"][0]
            self.assertEqual((plan["sessions"], plan["rpm"]), (1, 6))
            self.rushhour("run", path, "--simulate", "--rate", "5/s", "--duration", "3s", "-o", modality,
                          expect=harness.ENDED)
            run = harness.Run(self.folder / modality)
            whole = {line["session_id"] for line in run.ledger
                     if line["kind"] == "session" and line["responses"] == interactions}
            taken = dict.fromkeys(whole, 0)
            for line in run.ledger:
                if line["kind"] == "response" and line["session_id"] in whole:
                    taken[line["session_id"]] += line["counted_tokens"]
            self.assertTrue(whole)
            self.assertEqual(set(taken.values()), {plan["tpm"] / 6}, modality)

    def test_a_closed_load(self):
        """As many at once as were asked for, and one after the other."""
        plan = self.check("closed")
        self.assertEqual(plan["peak_sessions"], 10)

    def test_connections_and_tokens(self):
        for name in ("many turns", "speech"):
            with self.subTest(name):
                self.check_quota(name, self.check(name))

    def test_openai_counts_responses(self):
        self.check_quota("many turns", self.check("many turns", "openai"), "openai")


if __name__ == "__main__":
    unittest.main()
