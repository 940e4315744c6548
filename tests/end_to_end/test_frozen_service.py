"""A service that freezes for 10 s: what is recorded is what the users felt who were due in that time, not what the service had
left to do when it went on. The ledger was frozen, too, and calls each of those answers quick; but when each began and ended
tells when the next turn of that user was due, and with the plan's arrivals how long each dial took.
"""

import collections
import datetime
import json
import math
import signal
import statistics
import time
import unittest

import harness

RATE = 15  # arrivals a second, evenly spaced
SECONDS = 120  # at most: it is ended when enough was answered, however slow the machine
TURNS = 3
THINK_S = 2
FREEZE_S = 10
FIRST, ALL = 75, 500  # answers before the freeze, and in all: P99 needs so many
NEAR_S = 5 if harness.SLOWED else 2.5  # a busy machine adds to it; who counts from the sending is off by most of the freeze
LONG = dict.fromkeys(("connect", "tls", "upgrade", "session", "configure", "first_output", "stall", "response"), "60s")


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


class FrozenService(harness.Case):
    def test_what_users_felt_who_were_due_meanwhile(self):
        manifest, attempts, ledger, frozen = self.drive()
        self.assertEqual(manifest["totals"]["attempts"]["failed"], 0, "nobody was told of a failure")
        latency = manifest["regions"][0]["latency_ms"]
        self.check_turns(latency, attempts, ledger, frozen)
        self.check_arrivals(latency, seconds(manifest["run"]["started"]), ledger, frozen)

    def drive(self):
        """A simulator that is a process of its own, stopped as a whole in mid-load: a run can tell nothing of it but time."""
        profile = harness.profile(
            regions=harness.REGIONS[:1], timeouts={**LONG, "close": "5s"}, retry={"attempts": 1}, windows={"interval": "1s"},
            load={"model": "arrivals", "arrival": "even", "connect_rate": "1000/s",
                  "stages": [{"duration": "0s", "target": f"{RATE}/s"}, {"duration": f"{SECONDS}s", "target": f"{RATE}/s"}]},
            session={"interactions": TURNS, "think_time": f"{THINK_S}s", "modality": "text", "prompts": ["Say OK."]})
        served = self.write_profile(profile, "served.json")
        ledger = self.folder / "ledger.jsonl"
        process = harness.start("simulate", served, "--ledger", ledger, cwd=self.folder)
        self.addCleanup(process.communicate)
        self.addCleanup(process.send_signal, signal.SIGINT)
        self.addCleanup(process.send_signal, signal.SIGCONT)
        ready = json.loads(process.stdout.readline())
        there = ready["regions"][0]
        profile["regions"] = [{**harness.REGIONS[0], "ca_file": ready["ca_file"]}]
        run = harness.start("run", self.write_profile(profile), "--connect-to", f"{there['host']}:443={there['address']}",
                            "-q", "--yes", "-o", "run", cwd=self.folder, env={"RUSHHOUR_TEST_KEY": there["api_key"]})
        harness.wait_for_lines(self, run, self.folder / "run/attempts.csv", 1 + FIRST)
        begin = time.time()
        process.send_signal(signal.SIGSTOP)
        time.sleep(FREEZE_S)
        process.send_signal(signal.SIGCONT)
        frozen = (begin, time.time())
        harness.wait_for_lines(self, run, self.folder / "run/attempts.csv", 1 + ALL)
        run.send_signal(signal.SIGINT)
        result = harness.finish(run)
        self.assertEqual(result.status, 130, result.stderr)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        lines = [json.loads(line) for line in ledger.read_text().splitlines()]
        done = harness.Run(self.folder / "run")
        self.assert_consistent(done)
        return done.manifest, done.attempts, lines, frozen

    def check_turns(self, latency, attempts, ledger, frozen):
        """A later turn of a user is due its think time after the end of the answer before; the first one, when its session was
        opened."""
        answers = collections.defaultdict(list)
        for line in ledger:
            if line["kind"] == "response" and line["outcome"] == "completed":
                began = seconds(line["time"])
                spoke, ended = (began + line["delay_us"][key] / 1e6 for key in ("first_output", "ended"))
                answers[line["session_id"]].append((began, spoke, ended))
        heard, felt, quick = {}, {}, []
        for session, turns in answers.items():
            due = turns[0][0]
            for number, (began, spoke, ended) in enumerate(turns, start=1):
                heard[session, number], felt[session, number] = spoke - due, ended - due
                if number > 1 and frozen[0] < due < frozen[1] - NEAR_S:
                    quick.append(ended - began)
                due = ended + THINK_S
        self.assertGreater(len(quick), RATE, "users in mid-conversation when it froze")
        self.assertLess(statistics.median(quick), NEAR_S, "the service's own view: it was not there meanwhile")
        answered = {(row["session_id"], int(row["turn"])): row for row in attempts if row["outcome"] == "ok"}
        self.assertLessEqual(set(answered), set(felt))
        for turn, row in answered.items():
            self.assertAlmostEqual(int(row["response_us"]) / 1e6, felt[turn], delta=NEAR_S)
        heard, felt = ([values[turn] for turn in answered] for values in (heard, felt))
        self.assert_quantiles(latency, heard, ("ttft", "first_answer"), (50, 90, 95, 99))
        self.assert_quantiles(latency, felt, ("response", "interaction"), (50, 90, 95, 99))
        self.assertGreater(latency["interaction"]["p99"], 1000 * (FREEZE_S - THINK_S))

    def check_arrivals(self, latency, start, ledger, frozen):
        """Who came in the frozen time waited for a session: the dial counts from the arrival that the plan wanted."""
        answered = sorted(seconds(line["time"]) + line["delay_us"]["upgrade"] / 1e6
                          for line in ledger if line["kind"] == "session")
        due = [start + (number + 0.5) / RATE for number in range(RATE * SECONDS)]
        self.assertGreaterEqual(len(answered), sum(wanted < frozen[1] for wanted in due), "arrivals went on meanwhile")
        waits = [at - wanted for at, wanted in zip(answered, due)]
        self.assert_quantiles(latency, waits, ("dial",), (50, 90, 95))

    def assert_quantiles(self, latency, truth, metrics, percents):
        ordered = sorted(truth)
        for metric in metrics:
            for percent in percents:
                expected = ordered[math.ceil(percent / 100 * len(ordered)) - 1]
                measured = latency[metric][f"p{percent}"] / 1000
                print(f"{metric} p{percent}: {measured:.3f} s, by the ledger {expected:.3f} s")
                self.assertAlmostEqual(measured, expected, delta=NEAR_S, msg=f"{metric} p{percent}")


if __name__ == "__main__":
    unittest.main()
