"""A seeded run repeats itself: with one session at a time, two runs of a seed are alike in all that no clock decides; and
however many come at once, by however many workers or shards, each user meets the same faults.

Two builds are compared in the same way, RUSHHOUR_BEFORE being the other one's binary:
RUSHHOUR_BEFORE=old/rushhour RUSHHOUR=build/release/rushhour python3 -B tests/end_to_end/test_seeded.py
"""

import collections
import math
import os
import re
import unittest

import harness

BEFORE = os.environ.get("RUSHHOUR_BEFORE", harness.RUSHHOUR)
SESSIONS = 20  # per region, of those that are compared; a busy machine manages fewer in a time than a quiet one
LONGEST = 4  # how often a run may be made longer until it has so many

FAULTS = {"upgrade_503": "8%", "closed_before_created": "4%", "server_error": "12%", "connection_reset": "6%",
          "close_1011": "4%", "max_output_tokens": "6%", "rate_limit_event": "5%"}
# One fault of a region, always, for what strikes below HTTP or stands in a region's settings.
ALWAYS = {"refused": "connect_refused", "closed": "tls_closed", "missing": "deployment_not_found"}
ROW = ("turn", "attempt", "outcome", "code", "input_tokens", "cached_tokens", "output_tokens")
RECORD = ("scope", "phase", "domain", "code", "catalogue", "http_status", "close_code", "attempt", "turn", "decision",
          "possibly_billed", "message")
# In one run or another, by another number of workers and in parts: the same users.
DRIVEN = {"alone": [["--workers", 1]], "many": [["--workers", 3]], "shards": [["--shard", "1/2"], ["--shard", "2/2"]]}
USER = 18  # how much of a request id names the user
RATES = {"upgrade_503": 0.08, "closed_before_created": 0.05, "server_error": 0.12, "connection_reset": 0.06}
# Made of the time and of chance.
IDS = re.compile(r"\b(sess|resp|event|item)_\w+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{32}\b")


def always(name):
    return {**harness.REGIONS[0], "name": name, "endpoint": f"https://contoso-{name}.openai.azure.com"}


def profile(seconds):
    """One virtual user per region, so that its arrivals, and all that is drawn for them, come in one order."""
    faults = [{"fault": fault, "rate": rate, "regions": [region["name"] for region in harness.REGIONS]}
              for fault, rate in FAULTS.items()]
    faults += [{"fault": fault, "rate": "100%", "regions": [name]} for name, fault in ALWAYS.items()]
    return harness.profile(
        seed=20, regions=harness.REGIONS + [always(name) for name in ALWAYS],
        load={"model": "sessions", "stages": [{"duration": "0s", "target": 1}, {"duration": f"{seconds}s", "target": 1}]},
        session={"interactions": 3, "think_time": "0s", "prompts": ["Say OK.", "Say a word.", "Say no more than that."]},
        retry={"attempts": 2, "backoff": {"initial": "20ms", "max": "20ms", "jitter": "none"}, "budget": "100%",
               "hold": "interaction"},
        simulator={"latency": [harness.QUICK], "faults": faults})


def course(run, name):
    """Session by session of a region: what its attempts came to, and what was recorded of its failures."""
    numbers = {}
    sessions = collections.defaultdict(lambda: ([], []))
    for row in run.attempts:
        if row["region"] == name:
            numbers[row["client_request_id"]] = int(row["session"])
            # numbers are given over all regions, in the order of time; only their order within the region is the plan's
            sessions[int(row["session"])][0].append(tuple(row[key] for key in ROW))
    for record in run.failures:
        if record["region"] == name and record["client_request_id"] in numbers:
            facts = {**record, "message": IDS.sub("ID", record["message"] or "")}
            sessions[numbers[record["client_request_id"]]][1].append(tuple(facts[key] for key in RECORD))
    return [sessions[number] for number in sorted(sessions)]


class Seeded(harness.Case):
    maxDiff = None

    def drive(self, binary, name):
        """The first sessions of each region; of those under way when the load ended, none."""
        for length in range(LONGEST):
            folder = f"{name}-{length}"
            made = self.write_profile(profile(8 * 2 ** length), f"{folder}.json")
            result = harness.rushhour("run", made, "--simulate", "-q", "--workers", 1, "-o", folder, cwd=self.folder,
                                      binary=binary)
            self.assertIn(result.status, harness.ENDED, result.stderr)
            run = harness.Run(self.folder / folder)
            courses = {region["name"]: course(run, region["name"]) for region in run.manifest["regions"]}
            if all(len(sessions) > SESSIONS for sessions in courses.values()):
                return {region: sessions[:SESSIONS] for region, sessions in courses.items()}
        return self.fail(f"{ {region: len(sessions) for region, sessions in courses.items()} }, {SESSIONS} wanted")

    def test_two_runs_of_a_seed_are_alike(self):
        before, after = self.drive(BEFORE, "before"), self.drive(harness.RUSHHOUR, "after")
        for region, sessions in before.items():
            for number, pair in enumerate(zip(sessions, after[region])):
                self.assertEqual(*pair, f"{region}, session {number}")
        told = collections.Counter(record[RECORD.index("code")] for sessions in after.values()
                                   for _, records in sessions for record in records)
        self.assertGreaterEqual(len(told), len(ALWAYS) + 3, "enough kinds of failures to be alike in")
        print(f"{SESSIONS} sessions in each of {len(after)} regions, {sum(told.values())} records: {dict(told)}")


def crowd():
    """Users that arrive as they like, so that no two runs see them in one order."""
    return harness.profile(
        seed=31, load={"model": "arrivals", "arrival": "poisson", "connect_rate": "1000/s", "max_sessions": 1000,
                       "stages": [{"duration": "0s", "target": "15/s"}, {"duration": "6s", "target": "15/s"}]},
        session={"interactions": 3, "think_time": "10ms", "prompts": ["Say OK."]},
        retry={"attempts": 3, "backoff": {"initial": "10ms", "max": "50ms", "jitter": "full"}, "budget": "100%",
               "hold": "interaction"},
        simulator={"latency": [{**harness.QUICK, "first_output": {"median": "20ms", "p99": "90ms"}}],
                   "faults": [{"fault": fault, "rate": f"{100 * rate:g}%"} for fault, rate in RATES.items()]})


def fates(runs):
    """By region, user, interaction and attempt: the fault that the ledger says it met."""
    met = {}
    for run in runs:
        responses = {line["response_id"]: line for line in run.ledger if line["kind"] == "response"}
        sessions = {(line["region"], line["client_request_id"]): line for line in run.ledger if line["kind"] == "session"}
        for row in run.attempts:
            whose = row["region"], row["client_request_id"]
            key = (row["region"], row["client_request_id"][:USER], int(row["interaction"]), int(row["attempt"]))
            line = responses.get(row["response_id"]) or sessions.get(whose)
            if line is not None and row["outcome"] in ("ok", "failed"):
                assert key not in met, f"two attempts are one: {key}"
                met[key] = line["fault_name"]
    return met


class Crowd(harness.Case):
    def drive(self, name):
        """The runs of a way to drive the crowd, all at once."""
        made = self.write_profile(crowd())
        processes = [harness.start("run", made, "--simulate", "-q", *how, "-o", f"{name}-{i}", cwd=self.folder)
                     for i, how in enumerate(DRIVEN[name])]
        for process in processes:
            result = harness.finish(process)
            self.assertIn(result.status, harness.ENDED, result.stderr)
        return [harness.Run(self.folder / f"{name}-{i}") for i in range(len(processes))]

    def test_each_user_meets_the_same_faults_in_whatever_order(self):
        runs = {name: self.drive(name) for name in DRIVEN}
        met = {name: fates(parts) for name, parts in runs.items()}
        for name in ("many", "shards"):
            both = met["alone"].keys() & met[name].keys()
            different = {key: (met["alone"][key], met[name][key]) for key in both if met["alone"][key] != met[name][key]}
            self.assertEqual(different, {}, f"of {len(both)} attempts, by {name}")
            struck = collections.Counter(met[name][key] for key in both)
            # A busy machine drives few of these users, and not the same ones each time.
            self.assertGreater(sum(struck.values()), 10 if harness.SLOWED else 60, name)
            self.assertGreater(len(struck), 2, f"enough kinds of faults to be alike in, by {name}")
            print(f"{sum(struck.values())} attempts of both, by {name}: {dict(struck)}")

    def test_faults_strike_as_often_as_the_profile_says(self):
        run = self.drive("alone")[0]
        sessions = [line for line in run.ledger if line["kind"] == "session"]
        accepted = [line for line in sessions if line["fault_name"] != "upgrade_503"]
        answers = [line for line in run.ledger if line["kind"] == "response"]
        later = [line for line in answers if line["fault_name"] != "server_error"]  # its rule is drawn first
        for fault, lines in (("upgrade_503", sessions), ("closed_before_created", accepted), ("server_error", answers),
                             ("connection_reset", later)):
            rate, count = RATES[fault], len(lines)
            struck = sum(line["fault_name"] == fault for line in lines)
            self.assertLess(abs(struck - count * rate), 4.5 * math.sqrt(count * rate * (1 - rate)),
                            f"{fault}: {struck} of {count}")


if __name__ == "__main__":
    unittest.main()
