"""Kills, pauses, failing disks and limits at random moments, held against the ledger of a simulator that knows nothing of them.

Whatever strikes: what is on disk is true, nothing is missing before its end, and every command reads it.
RUSHHOUR_KILLS=200 makes it that many kills (and prints what was lost); RUSHHOUR_SEED another choice of moments.
"""

import collections
import concurrent.futures
import csv
import datetime
import errno
import gzip
import json
import os
import random
import signal
import subprocess
import time
import unittest

import harness

KILLS = int(os.environ.get("RUSHHOUR_KILLS", "10" if harness.SLOWED else "40"))
SEED = int(os.environ.get("RUSHHOUR_SEED", "11"))
AT_ONCE = 4
INTERVAL_S = 1
SECONDS = 3

# strike(case, process, folder): what happens to the run; under: what it is started by
Row = collections.namedtuple("Row", "name strike under", defaults=((),))
Struck = collections.namedtuple("Struck", "region folder result moment")

# ---- what strikes ----


def kill_after(seconds):
    def strike(_, process, __):
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
    return strike


def pause_after(seconds, length):
    def strike(case, process, folder):
        harness.wait_for_lines(case, process, folder / "intervals.csv", 2)  # attempts.csv is rotated all the time
        time.sleep(seconds)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGSTOP)
            time.sleep(length)
            os.kill(process.pid, signal.SIGCONT)
    return strike


def fail_disk(switch, seconds):
    def strike(case, process, folder):
        harness.wait_for_lines(case, process, folder / "intervals.csv", 2)  # attempts.csv is rotated all the time
        switch.touch()
        if seconds is not None:
            time.sleep(seconds)
            switch.unlink()
    return strike


def nothing(*_):
    pass


# ---- reading what is left, with code of its own ----


def rows_of(path):
    """The whole lines of a CSV file and its rotated parts; a killed writer may have torn the last one."""
    parts = {file.name.split(".")[0]: file for file in path.parent.glob(f"{path.stem}-[0-9]*{path.suffix}.gz")}
    parts |= {file.stem: file for file in path.parent.glob(f"{path.stem}-[0-9]*{path.suffix}")}  # plain: the compressed one is late
    rows = []
    for file in [*(parts[name] for name in sorted(parts)), path]:
        if file.exists():
            text = (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).decode()
            rows += csv.DictReader(text[:text.rfind("\n") + 1].splitlines())
    return rows


def seconds_of(stamp):
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def loaded_in():
    """Bytes of address space in which the program and its libraries can just be loaded."""
    low, high = 1_000_000, 1_000_000_000
    while high - low > 500_000:
        middle = (low + high) // 2
        said = subprocess.run(["prlimit", f"--as={middle}", harness.RUSHHOUR, "--version"], capture_output=True, check=False)
        low, high = (low, middle) if said.returncode == 0 else (middle, high)
    return high


class Survival(harness.Case):
    """One simulator with a region for each run, so that its ledger tells them apart."""

    def setUp(self):
        super().setUp()
        self.dice = random.Random(SEED)

    def profile(self, count, **regions):
        """`count` regions, of which each run takes one."""
        one = harness.REGIONS[0]
        named = [{**one, "name": f"r{i}", "endpoint": f"https://contoso-{i}.openai.azure.com", **regions}
                 for i in range(count)]
        return harness.profile(
            regions=named, seed=SEED, retry={"attempts": 2, "backoff": {"initial": "10ms", "max": "50ms"}},
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 4},
                                                  {"duration": f"{SECONDS}s", "target": 4}]},
            session={"interactions": 5, "think_time": "20ms", "modality": "text", "prompts": ["Say OK."]},
            windows={"interval": f"{INTERVAL_S}s"}, record={"rotate_at": "4KiB"},
            simulator={"latency": [harness.QUICK], "faults": [{"fault": "server_error", "rate": "5%"}]})

    def strike_all(self, rows, env=None):
        """Drives one run for each row, struck by it; returns (Struck, the ledger of its region) of each."""
        served = self.write_profile(self.profile(len(rows)), "served.json")
        ledger = self.folder / "ledger.jsonl"
        with harness.simulator(served, "--ledger", ledger, cwd=self.folder) as ready:
            self.write_profile(self.profile(len(rows), ca_file=ready["ca_file"]), "asked.json")
            with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
                struck = list(pool.map(lambda pair: self.strike(*pair, env), zip(ready["regions"], rows)))
        lines = collections.defaultdict(list)
        for line in ledger.read_text().splitlines():
            entry = json.loads(line)
            lines[entry["region"]].append(entry)
        return [(one, lines[one.region]) for one in struck]

    def strike(self, there, row, env):
        folder = self.folder / row.name
        command = [*row.under, harness.RUSHHOUR, "run", "asked.json", "--region", there["name"], "--connect-to",
                   f"{there['host']}:443={there['address']}", "-q", "--yes", "-o", row.name]
        process = harness.start(*command[1:], cwd=self.folder, binary=command[0],
                                env={"RUSHHOUR_TEST_KEY": there["api_key"], **(env(row) if env else {})})
        try:
            row.strike(self, process, folder)
            moment = time.time()
        finally:
            result = harness.finish(process, timeout=120)
        return Struck(there["name"], folder, result, moment)

    # ---- judging ----

    def check(self, struck, ledger, whole):
        """What is on disk is true; returns how old the oldest loss was when the process died, in seconds."""
        told = f"{struck.folder.name}\n{struck.result.stderr}"
        if not (struck.folder / "run.json").exists():
            self.assertEqual(rows_of(struck.folder / "attempts.csv"), [], told)
            return 0.0
        manifest = json.loads((struck.folder / "run.json").read_text())
        rows = rows_of(struck.folder / "attempts.csv")
        self.check_truth(rows, ledger, told)
        lost = self.lost(rows, ledger)
        if whole:
            self.assertEqual(lost, [], told)
            self.assertEqual(manifest["run"]["state"], "complete", told)
        self.check_counts(struck.folder, rows, told)
        self.check_commands(struck.folder, rows, told)
        return max((struck.moment - seconds_of(line["time"]) for line in lost), default=0.0)

    def check_truth(self, rows, ledger, told):
        """Whatever is told of an answer is what the simulator says that it gave."""
        served = {line["response_id"]: line for line in ledger if line["kind"] == "response"}
        for row in rows:
            if not row["response_id"]:
                continue
            self.assertIn(row["response_id"], served, told)
            line = served[row["response_id"]]
            if row["outcome"] == "ok":
                self.assertEqual((line["outcome"], line["fault"]), ("completed", None), told)
            elif row["outcome"] == "failed":
                self.assertIsNotNone(line["fault"], f"{row}\n{line}\n{told}")
        identities = [row["response_id"] for row in rows if row["response_id"]]
        self.assertEqual(len(identities), len(set(identities)), "twice: " + told)

    def lost(self, rows, ledger):
        """The answers that were given and are not on disk. Of one session, none before one that is."""
        on_disk = {row["response_id"] for row in rows}
        sessions = collections.defaultdict(list)
        for line in ledger:
            if line["kind"] == "response" and line["outcome"] in ("completed", "failed"):
                sessions[line["session_id"]].append(line)
        gone = []
        for lines in sessions.values():
            there = [line["response_id"] in on_disk for line in lines]
            self.assertEqual(there, sorted(there, reverse=True), "a hole in the course of a session")
            gone += [line for line, known in zip(lines, there) if not known]
        return gone

    def check_counts(self, folder, rows, told):
        """intervals.csv closes an interval after its rows are written: it may be behind, never ahead."""
        counted = collections.Counter(row["outcome"] for row in rows)
        intervals = rows_of(folder / "intervals.csv")
        for outcome in ("ok", "failed"):
            self.assertLessEqual(harness.column(intervals, "attempts_" + outcome), counted[outcome], told)

    def check_commands(self, folder, rows, told):
        name = folder.name
        report = json.loads(self.rushhour("report", name, "--json").stdout)
        intervals = rows_of(folder / "intervals.csv")
        for outcome in ("ok", "failed"):
            got = report["totals"]["attempts"][outcome]
            self.assertIn(got, (harness.column(intervals, "attempts_" + outcome),
                                sum(row["outcome"] == outcome for row in rows)), told)
        self.rushhour("report", name, "-q")
        self.rushhour("report", name, "--format", "csv")
        self.rushhour("compare", name, name, "--anyway", expect=(*harness.ENDED, 1, 2))
        made = self.rushhour("evidence", name, "--no-check", "-o", f"{name}-package", expect=(0, 1))
        self.assertTrue(made.status == 0 or made.stderr.startswith("rushhour: "), made.stderr)
        if rows:
            self.rushhour("merge", f"{name}-merged", name, "-q", expect=harness.ENDED)
            merged = rows_of(self.folder / f"{name}-merged" / "attempts.csv")
            self.assertEqual(len(merged), len(rows), told)

    # ---- the matrix ----

    def test_kills_at_random_moments(self):
        losses, left = [], collections.Counter()
        for begin in range(0, KILLS, 50):
            moments = [self.dice.uniform(0, SECONDS) for _ in range(min(50, KILLS - begin))]
            rows = [Row(f"kill{begin + i}", kill_after(moment)) for i, moment in enumerate(moments)]
            for struck, ledger in self.strike_all(rows):
                if struck.result.status == -signal.SIGKILL:
                    losses.append(self.check(struck, ledger, whole=False))
                    left["a run" if (struck.folder / "run.json").exists() else "nothing yet"] += 1
                else:
                    self.assertIn(struck.result.status, harness.ENDED, struck.result.stderr)
                    self.check(struck, ledger, whole=True)
                    left["ended before"] += 1
        self.assertGreater(len(losses), KILLS // 4)
        packed = sum(len(list(self.folder.glob(f"kill*/attempts-*{ending}"))) for ending in (".csv", ".csv.gz"))
        self.assertGreater(packed, KILLS // 2, "attempts.csv was rotated")
        print(f"{KILLS} kills: {dict(left)}; the oldest answer that was lost had come {max(losses):.2f} s before")
        if not harness.SLOWED:  # the interval under way, and what a busy machine needs to write one
            self.assertLess(max(losses), INTERVAL_S + 2)

    def test_pauses_at_random_moments(self):
        rows = [Row(f"pause{i}", pause_after(self.dice.uniform(0, 1.5), 1.5)) for i in range(3)]
        for struck, ledger in self.strike_all(rows):
            self.assertIn(struck.result.status, harness.ENDED, struck.result.stderr)
            self.check(struck, ledger, whole=True)

    @harness.needs_interposer
    def test_a_disk_that_fails(self):
        """For a while: nothing is lost. Until the end: the reason is told, and what was recorded is readable."""
        disk = harness.interposer("failing_disk", self.folder)
        rows, faults = [], {}
        for calls in ("write", "fdatasync", "fsync", "renameat,renameat2", "openat"):
            for number in (errno.ENOSPC, errno.EIO):
                for seconds in (1, None):
                    name = f"{calls.split(',')[0]}-{errno.errorcode[number]}-{'while' if seconds else 'end'}"
                    switch = self.folder / f"{name}.switch"
                    rows.append(Row(name, fail_disk(switch, seconds)))
                    faults[name] = {"LD_PRELOAD": disk, "FAIL_WHEN": str(switch), "FAIL_CALL": calls,
                                    "FAIL_ERRNO": str(number)}
        for struck, ledger in self.strike_all(rows, env=lambda row: faults[row.name]):
            name = struck.folder.name
            self.assertIn(struck.result.status, (1, *harness.ENDED), f"{name}\n{struck.result.stderr}")
            if struck.result.status == 1:
                self.assertIn(os.strerror(int(faults[name]["FAIL_ERRNO"])), struck.result.stderr, name)
            self.check(struck, ledger, whole=struck.result.status != 1)
            if name.startswith("write") and name.endswith("while"):
                self.assertNotEqual(struck.result.status, 1, f"{name}\n{struck.result.stderr}")

    @unittest.skipIf(harness.SLOWED, "a sanitizer needs more address space and files than these leave")
    def test_limits_of_the_process(self):
        """Descriptors, file sizes, address space: an error that names what is short, or a run that is whole."""
        limits = [f"--nofile={n}" for n in (8, 32, 64, 80, 200)] + [f"--fsize={n}" for n in (1000, 8000, 40000)] \
            + [f"--as={loaded_in() + more}" for more in (1_000_000, 5_000_000, 15_000_000, 35_000_000, 180_000_000)]
        rows = [Row(limit.strip("-").replace("=", "-"), nothing, ("prlimit", limit)) for limit in limits]
        for struck, ledger in self.strike_all(rows):
            told = f"{struck.folder.name}\n{struck.result.stderr}"
            self.assertIn(struck.result.status, (1, *harness.ENDED), told)
            if struck.result.status == 1:
                self.assertTrue(struck.result.stderr.strip(), told)
            self.check(struck, ledger, whole=struck.result.status != 1)


if __name__ == "__main__":
    unittest.main()
