"""A seeded run repeats itself: with one session at a time, two runs of a seed are alike in all that no clock decides.

Two builds are compared in the same way, RUSHHOUR_BEFORE being the other one's binary:
RUSHHOUR_BEFORE=old/rushhour RUSHHOUR=build/release/rushhour python3 -B tests/end_to_end/test_seeded.py
"""

import collections
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


if __name__ == "__main__":
    unittest.main()
