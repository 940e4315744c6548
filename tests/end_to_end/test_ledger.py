"""The simulator's ledger is the truth: every fault that it injected is recorded with the right class, and nothing else.

RUSHHOUR_LEDGER_ATTEMPTS=20000 makes it a run of a minute instead of a few seconds.
"""

import collections
import math
import os
import unittest

import harness

ATTEMPTS = int(os.environ.get("RUSHHOUR_LEDGER_ATTEMPTS", "2000"))
ROUNDS = 10  # at most
SESSIONS_PER_SECOND = 25  # per region
INTERACTIONS = 4
FAULTS = {"server_error": ("F64", "3%"), "upgrade_429": ("F30", "4%"), "upgrade_503": ("F37", "3%"),
          "connection_reset": ("F61", "2%"), "stall": ("F62", "2%")}


def faulty_profile():
    per_second = len(harness.REGIONS) * SESSIONS_PER_SECOND * INTERACTIONS
    seconds = math.ceil(ATTEMPTS / per_second) + 3
    rate = f"{SESSIONS_PER_SECOND}/s"
    return harness.profile(
        load={"model": "arrivals", "arrival": "poisson", "connect_rate": "1000/s",
              "stages": [{"duration": "0s", "target": rate}, {"duration": f"{seconds}s", "target": rate}]},
        session={"interactions": INTERACTIONS, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]},
        # On a busy machine even a sound response may take long.
        timeouts={"stall": "8s"},
        retry={"attempts": 3, "backoff": {"initial": "20ms", "max": "100ms"}, "deadline": "20s", "budget": "100%"},
        simulator={"latency": [harness.QUICK],
                   "faults": [{"fault": name, "rate": rate} for name, (_, rate) in FAULTS.items()]})


def identity(line):
    """By what a ledger line and an evidence record are known to be about the same thing."""
    for key in ("response_id", "session_id", "client_request_id"):
        if line.get(key):
            return (line["region"], key, line[key])
    raise AssertionError(f"nothing to join on: {line}")


class Ledger(harness.Case):
    def test_every_fault_is_recorded_and_none_is_invented(self):
        attempts, struck = 0, set()
        for number in range(ROUNDS):  # a busy machine needs more than one
            run, faults = self.drive(f"run-{number}", 7 + number)
            attempts += len(run.attempts)
            struck |= faults
            if attempts >= (ATTEMPTS // 10 if harness.SLOWED else ATTEMPTS) and len(struck) == len(FAULTS):
                break
        self.assertGreaterEqual(attempts, ATTEMPTS // 10 if harness.SLOWED else ATTEMPTS)
        self.assertEqual(struck, {code for code, _ in FAULTS.values()}, "every fault struck")

    def drive(self, name, seed):
        """One run and what its ledger and its records say of each other; returns the faults that struck."""
        result = self.rushhour("run", self.write_profile(faulty_profile()), "--simulate", "--seed", seed, "-o", name,
                               "--json", expect=harness.ENDED)
        run = harness.Run(self.folder / name)
        self.assertEqual(run.manifest["run"]["state"], "complete", result.stderr)
        self.assert_consistent(run)

        injected = {}
        for line in run.ledger:
            if line["fault"]:
                self.assertNotIn(identity(line), injected, "one fault, one line")
                injected[identity(line)] = line["fault"]
        recorded = {}
        for record in run.failures:
            self.assertNotIn(identity(record), recorded, f"recorded twice: {record}")
            recorded[identity(record)] = record["catalogue"]

        missing = {key: fault for key, fault in injected.items() if key not in recorded}
        invented = {key: code for key, code in recorded.items() if key not in injected}
        confused = {key: (fault, recorded[key]) for key, fault in injected.items()
                    if key in recorded and recorded[key] != fault}
        self.assertEqual((first(missing), first(invented), first(confused)), ({}, {}, {}),
                         f"{len(missing)} missing, {len(invented)} invented, {len(confused)} confused "
                         f"of {len(injected)} injected")

        by_region = collections.Counter((key[0], fault) for key, fault in injected.items())
        recorded_by_region = collections.Counter((record["region"], record["catalogue"]) for record in run.failures)
        self.assertEqual(recorded_by_region, by_region)
        for region in run.manifest["regions"]:
            self.assertEqual(sum(failure["count"] for failure in region["failures"]),
                             sum(count for (name, _), count in by_region.items() if name == region["name"]))
        self.assert_same_responses(run)
        print(f"{len(run.attempts)} attempts, {len(injected)} faults: {dict(sorted(by_region.items()))}")
        return run, set(injected.values())

    def assert_same_responses(self, run):
        """Every response that the simulator served is one attempt, and every attempt that got a response was served."""
        served = collections.Counter((line["region"], line["response_id"]) for line in run.ledger
                                     if line["kind"] == "response")
        tried = collections.Counter((row["region"], row["response_id"]) for row in run.attempts if row["response_id"])
        self.assertEqual(set(served) ^ set(tried), set())
        self.assertTrue(all(count == 1 for count in served.values()) and all(count == 1 for count in tried.values()))

    def test_without_faults_there_are_no_failures(self):
        self.rushhour("run", self.write_profile(harness.profile()), "--simulate", "-o", "run", expect=harness.ENDED)
        run = harness.Run(self.folder / "run")
        self.assertGreater(len(run.attempts), 10)
        self.assertEqual(run.failures, [])
        self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})
        self.assert_consistent(run)


def first(entries, limit=5):
    return dict(list(entries.items())[:limit])


if __name__ == "__main__":
    unittest.main()
