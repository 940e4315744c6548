"""What our own side failed (domain client) enters no rate, verdict, comparison or incident, whatever it was and wherever: a
run with a trace of it says the same of the service as without, and a run with more of it is invalid.
"""

import csv
import json
import random
import shutil
import unittest

import harness

CODES = {"local_limit": "connect", "paused": "response", "resolve_timeout": "resolve", "message_limit": "stream",
         "close_1002": "close", "head_too_long": "upgrade"}
# What is counted of our own failures, or tells of our own side: all else must stay. Incidents and patterns are searched
# without the stretches in which our own side was not healthy, of which they say how long they were.
OWN = {"cancelled", "started", "generator", "notes", "own_failures", "run", "definitions", "incident_search", "patterns"}
THRESHOLDS = ["failure_rate < 50%", "failure_rate{about=run} < 1%", "interaction_failure_rate < 20%",
              "session_failure_rate < 20%", "share(ttft > 1s) < 10%", "ttft.p99 < 5s", "interaction.p50 < 5s"]


def of_the_service(value, window=False):
    """A report without what is our own side's: in windows neither whether the generator was healthy, since the minute in which
    a run begins or ends may hold so few attempts that one failure of ours is more than a trace of them."""
    if isinstance(value, dict):
        return {key: of_the_service(inner, window or key == "windows") for key, inner in value.items()
                if key not in OWN and not (window and key in ("valid", "why"))}
    if isinstance(value, list):
        return [of_the_service(inner, window) for inner in value
                if not (isinstance(inner, dict) and inner.get("domain") == "client")]
    return value


def rewrite(path, change):
    """Changes the rows of a CSV file."""
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        names, rows = reader.fieldnames, list(reader)
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


def spoil(folder, rng, count):
    """Adds failures of our own to each region: a row, a record and the counts of each."""
    struck = {}

    def attempts(rows):
        for region in sorted({row["region"] for row in rows}):
            for row in rng.sample([row for row in rows if row["region"] == region], count):
                code = rng.choice(sorted(CODES))
                struck.setdefault(region, []).append((row["end"], code))
                rows.append({**row, "outcome": "cancelled", "code": code, "ttft_us": "", "response_us": "",
                             "first_answer_us": "", "input_tokens": "0", "cached_tokens": "0", "output_tokens": "0",
                             "response_id": "", "attempt": "1"})
        return rows

    def intervals(rows):
        for row in rows:
            hits = [code for end, code in struck[row["region"]] if row["start"] <= end < row["end"]]
            for name in ("own_failures", "attempts_cancelled", "attempts_started"):
                row[name] = str(int(row[name]) + len(hits))
        return rows

    rewrite(folder / "attempts.csv", attempts)
    rewrite(folder / "intervals.csv", intervals)
    like = json.loads((folder / "failures.jsonl").read_text().splitlines()[0])
    with open(folder / "failures.jsonl", "a") as file:
        for region, hits in struck.items():
            for end, code in hits:
                file.write(json.dumps({**like, "time": end, "region": region, "phase": CODES[code], "domain": "client",
                                       "code": code, "decision": "give_up"}) + "\n")


class OwnFailures(harness.Case):
    def setUp(self):
        super().setUp()
        profile = harness.profile(
            regions=harness.REGIONS[:2], thresholds=THRESHOLDS, retry={"attempts": 2},
            load={"model": "sessions", "connect_rate": "500/s",
                  "stages": [{"duration": "0s", "target": 4}, {"duration": "12s", "target": 4}]},
            session={"interactions": 3, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]},
            simulator={"latency": [harness.QUICK], "faults": [{"fault": "server_error", "rate": "3%"}]})
        self.rushhour("run", self.write_profile(profile), "--simulate", "--seed", 3, "-q", "-o", "clean",
                      expect=harness.ENDED)
        self.clean = self.told("clean")

    def told(self, name):
        return json.loads(self.rushhour("report", name, "--json", expect=harness.ENDED).stdout)

    def spoilt(self, name, seed, count):
        shutil.copytree(self.folder / "clean", self.folder / name)
        spoil(self.folder / name, random.Random(seed), count)
        return self.told(name)

    def test_a_trace_of_them_changes_nothing_that_is_said_of_the_service(self):
        least = min(region["attempts"]["ok"] + region["attempts"]["failed"] for region in self.clean["regions"])
        count = least // 1100  # under the trace of 0.1% that a run may have
        if count == 0:
            self.skipTest(f"this machine made {least} attempts only")
        clean = of_the_service(self.clean)
        self.assertGreater(clean["regions"][0]["attempts"]["failed"], 10)
        for seed in range(4):
            spoilt = self.spoilt(f"spoilt-{seed}", seed, count)
            self.assertEqual(spoilt["totals"]["attempts"]["cancelled"],
                             self.clean["totals"]["attempts"]["cancelled"] + 2 * count)
            self.assertEqual(of_the_service(spoilt), clean, f"seed {seed}")
            searched, before = spoilt["incident_search"]["all"], self.clean["incident_search"]["all"]
            self.assertLessEqual(searched["failed"], before["failed"])
            self.assertGreaterEqual(searched["unhealthy_hours"], before["unhealthy_hours"])
            compared = json.loads(self.rushhour("compare", "clean", f"spoilt-{seed}", "--json",
                                                expect=harness.ENDED).stdout)
            for row in compared["metrics"]:
                self.assertEqual(row["a"], row["b"], row)

    def test_more_than_a_trace_makes_the_verdict_invalid(self):
        count = max(region["attempts"]["ok"] for region in self.clean["regions"]) // 100
        spoilt = self.spoilt("spoilt", 9, count)
        self.assertEqual(spoilt["verdict"], "invalid")
        self.assertEqual(spoilt["incidents"], self.clean["incidents"])
        self.assertFalse(spoilt["generator"]["trustworthy"])
        self.assertIn("failed by our own side", spoilt["generator"]["why"])
        for region, other in zip(spoilt["regions"], self.clean["regions"]):
            self.assertEqual(region["failure_rate"]["attempt"]["value"], other["failure_rate"]["attempt"]["value"])


if __name__ == "__main__":
    unittest.main()
