"""Two shards that start together and are merged are the run that one machine would have made."""

import collections
import datetime
import json
import os
import signal
import time
import unittest

import harness

ARRIVALS = harness.profile(load={"model": "arrivals", "connect_rate": "500/s", "stages": [
    {"duration": "2s", "target": "12/s"}, {"duration": "1s", "target": "12/s"}]}, seed=7,
    session={"interactions": 2, "think_time": "0s", "modality": "text",
             "prompts": [{"text": "word " * (10 * i + 1), "weight": i + 1} for i in range(8)]})


def ahead(seconds):
    """A time so many seconds from now, RFC 3339."""
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    moment = moment.replace(microsecond=0)  # intervals lie on whole seconds, so that runs share their bounds
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def arrivals(run):
    """Interval by interval and region, how many were due. Zero seconds of the run's start are the same in both."""
    counted = collections.Counter()
    start = min(row["start"] for row in run.intervals)
    origin = datetime.datetime.fromisoformat(start.replace("Z", "+00:00"))
    for row in run.intervals:
        at = datetime.datetime.fromisoformat(row["start"].replace("Z", "+00:00")) - origin
        counted[row["region"], at.total_seconds()] += int(row["requested_sessions"])
    return +counted


def said(run):
    """What the first turn of each arrival took in: its prompt, by the length."""
    return {(row["region"], row["arrival"]): int(row["input_tokens"]) for row in run.attempts
            if row["outcome"] == "ok" and row["interaction"] == "1" and row["turn"] == "1"}


def by_region(counted):
    sums = collections.Counter()
    for (region, _), count in counted.items():
        sums[region] += count
    return sums


class Shards(harness.Case):
    def start_shards(self, profile, start_at, count=2):
        return [harness.start("run", profile, "--simulate", "--quiet", "--shard", f"{i}/{count}",
                              "--start-at", start_at, "-o", f"shard-{i}", cwd=self.folder)
                for i in range(1, count + 1)]

    def test_shards_make_the_run_of_one_machine(self):
        profile = self.write_profile(ARRIVALS)
        start_at = ahead(8)
        shards = self.start_shards(profile, start_at)
        for process in shards:
            result = harness.finish(process)
            self.assertIn(result.status, harness.ENDED, result.stderr)
        self.rushhour("run", profile, "--simulate", "--quiet", "--start-at", ahead(8), "-o", "whole",
                      expect=harness.ENDED)
        self.rushhour("merge", "merged", "shard-1", "shard-2", expect=harness.ENDED)

        whole, merged = harness.Run(self.folder / "whole"), harness.Run(self.folder / "merged")
        parts = [harness.Run(self.folder / name) for name in ("shard-1", "shard-2")]
        self.assertEqual([part.manifest["run"]["shard"] for part in parts], ["1/2", "2/2"])
        self.assertEqual([part.manifest["run"]["started"] for part in parts], [start_at, start_at])
        self.assertEqual([part.intervals[0]["start"] for part in parts], [start_at, start_at])
        for part in parts:
            self.assert_consistent(part)
        self.assert_consistent(merged)

        self.assertEqual(arrivals(parts[0]) + arrivals(parts[1]), arrivals(merged))
        self.assertEqual(by_region(arrivals(merged)), by_region(arrivals(whole)))
        if all(run.manifest["generator"]["trustworthy"] for run in (whole, *parts)):  # else some were counted late
            self.assertEqual(arrivals(merged), arrivals(whole))
        self.assertGreater(sum(arrivals(whole).values()), 3 * 12)
        self.assertEqual({**said(whole), **said(merged)}, {**said(merged), **said(whole)}, "each arrival has its prompt")
        self.assertGreater(len(set(said(whole).values())), 3)
        self.assertGreater(len(set(said(whole)) & set(said(merged))), 10)
        for region, arrival in said(whole):  # all regions hear the same
            self.assertEqual({tokens for (_, other), tokens in said(whole).items() if other == arrival},
                             {said(whole)[region, arrival]})
        numbers = [{row["session"] for row in part.attempts} for part in parts]
        self.assertTrue(numbers[0] and numbers[1])
        self.assertFalse(numbers[0] & numbers[1], "a session number of both shards")
        if all(run.manifest["generator"]["trustworthy"] for run in (whole, *parts)):  # else some arrivals had to wait
            started = [run.manifest["totals"]["sessions"]["started"] for run in (merged, whole)]
            self.assertEqual(started[0], started[1])

    def test_a_shard_that_was_interrupted_is_named(self):
        """A single run that is interrupted ends with 130: merged with whole shards it makes no run that passes."""
        load = {"model": "arrivals", "stages": [{"duration": "1s", "target": "5/s"}, {"duration": "9s", "target": "5/s"}]}
        profile = self.write_profile(harness.profile(load=load, seed=7, thresholds=["failure_rate{about=run} < 90%"]))
        shards = self.start_shards(profile, ahead(6))
        harness.wait_for_lines(self, shards[1], self.folder / "shard-2" / "intervals.csv", 2)
        os.killpg(shards[1].pid, signal.SIGTERM)
        self.assertEqual(harness.finish(shards[1]).status, 130)
        self.assertIn(harness.finish(shards[0]).status, harness.ENDED)
        result = self.rushhour("merge", "merged", "shard-1", "shard-2", expect=(4,))
        self.assertIn("a part of the load is missing", result.stdout)
        self.assertIn("2/2 was interrupted", " ".join(result.stdout.split()))
        manifest = harness.Run(self.folder / "merged").manifest
        self.assertEqual((manifest["run"]["state"], manifest["verdict"]), ("interrupted", "invalid"))
        self.assertEqual([part["state"] for part in manifest["run"]["merged"]], ["complete", "interrupted"])

    def test_a_level_is_split_to_the_last_session(self):
        """Three shards of five busy sessions: two, two and one, with slots of their own."""
        load = {"model": "sessions", "max_sessions": 5,
                "stages": [{"duration": "0s", "target": 5}, {"duration": "3s", "target": 5}]}
        session = {"interactions": 100000, "think_time": "0s", "prompts": ["Say OK."]}
        profile = self.write_profile(harness.profile(load=load, session=session, seed=3))
        for process in self.start_shards(profile, ahead(8), count=3):
            self.assertIn(harness.finish(process).status, harness.ENDED)
        started = [harness.Run(self.folder / f"shard-{i}").manifest["regions"][0]["sessions"]["started"]
                   for i in (1, 2, 3)]
        self.assertEqual(started, [2, 2, 1])

    def test_ctrl_c_calls_the_wait_off(self):
        profile = self.write_profile(ARRIVALS)
        process = harness.start("run", profile, "--simulate", "-o", "run", "--start-at", ahead(3600), cwd=self.folder)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        line = process.stderr.readline()
        self.assertIn("the load starts at", line)
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(30), 130)
        self.assertFalse((self.folder / "run").exists())

    def test_a_load_begins_when_it_was_asked_to(self):
        """With a clock of its own the run's time begins at clock.start, and its load at --start-at."""
        profile = dict(ARRIVALS, simulator={"latency": [harness.QUICK], "clock": {"start": "2026-03-01T08:00:00Z"}})
        start_at = ahead(8)
        before = time.time()
        self.rushhour("run", self.write_profile(profile), "--simulate", "--quiet", "-o", "run", "--start-at", start_at,
                      expect=harness.ENDED)
        manifest = harness.Run(self.folder / "run").manifest
        self.assertEqual(manifest["run"]["started"], "2026-03-01T08:00:00.000Z")
        self.assertGreaterEqual(time.time() - before, 8 - 1 + 3)  # the wait, and the load's length

    def test_what_cannot_be_a_shard_is_refused(self):
        seeded = self.write_profile(ARRIVALS)
        drawn = self.write_profile({**ARRIVALS, "seed": 0}, "drawn.json")
        capped = self.write_profile({**ARRIVALS, "budget": {"tokens": 2}}, "capped.json")
        for arguments, message in (
                ((seeded, "--shard", "3/2"), "numbered from 1"),
                ((seeded, "--shard", "half"), "write I/N"),
                ((drawn, "--shard", "1/2"), "add --seed N"),
                ((seeded, "--shard", "1/2", "--seed", "0"), "needs a seed"),
                ((capped, "--shard", "1/3"), "budget.tokens"),
                ((seeded, "--start-at", "2020-01-01T00:00:00Z"), "some seconds ahead"),
                ((seeded, "--start-at", ahead(25 * 3600)), "24 hours"),
                ((seeded, "--start-at", "14:00"), "--start-at")):
            result = self.rushhour("run", *arguments, "--simulate", "-o", "run", expect=(2,))
            self.assertIn(message, result.stderr)
            self.assertFalse((self.folder / "run").exists())
        self.rushhour("run", drawn, "--simulate", "--dry-run", "--shard", "1/2", "--seed", "9")
        plan = json.loads(self.rushhour("run", seeded, "--simulate", "--dry-run", "--json", "--shard", "2/2").stdout)
        self.assertEqual(plan["shard"], "2/2")


if __name__ == "__main__":
    unittest.main()
