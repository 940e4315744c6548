"""Lets one allocation after another fail in every command that ends by itself, and judges how the command takes it.

A failed allocation may cost the command its work, never the truth: either everything that it prints and writes is what it
would have been, or it ends with exit status 1 and says on stderr that memory ran out. No signal, no abort, no hang.

tests/preload/failing_allocation.c does the failing. Allocations are told apart by who asks for them (a hash of the stack):
a sample takes a few of each, the whole takes every one.

usage: tools/allocation-sweep [--sample] [--seed N] [--trace] [--at N [--rest]] [COMMAND...]
"""

import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import pathlib
import queue
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

import harness
from test_plan import earlier_run

STACKS = 4_000_000
HEADER = 16
HANGS_AFTER_S = 60
AFTERWARDS = 20  # what libraries may ask for when main has returned
TELLS = re.compile(r"memory|allocate", re.IGNORECASE)
STATUSES = (0, 1, 2, 3, 4, 5, 99)

# What differs between two undisturbed runs of a command, and says nothing.
VARIES = [(re.compile(rb"\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\d(\.\d+)?Z"), b"TIME"),
          (re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"), b"TIME"), (re.compile(rb"\b[0-9a-f]{64}\b"), b"SHA256")]

Command = collections.namedtuple("Command", "name arguments outputs threads", defaults=((), False))
Case = collections.namedtuple("Case", "command at rest")
Ended = collections.namedtuple("Ended", "status stdout stderr files count failed")

LOAD = {"model": "sessions", "stages": [{"duration": "0s", "target": 2}, {"duration": "1s", "target": 2}]}
PROFILE = harness.profile(regions=harness.REGIONS[:1], load=LOAD, seed=7, session={
    "interactions": 3, "think_time": "50ms", "modality": "text", "prompts": ["Say OK."]},
    thresholds=["failure_rate < 60%", "ttft.p50{region=eastus2} < 30s"],
    windows={"interval": "200ms", "report": ["1m", "peak=07:00-09:00@America/Los_Angeles,mon-fri"]},
    retry={"attempts": 2, "backoff": {"initial": "10ms", "max": "10ms"}},
    simulator={"latency": [harness.QUICK], "faults": [
        {"fault": "server_error", "rate": "20%"}, {"fault": "upgrade_429", "rate": "10%"}]})

ARRIVALS = {**PROFILE, "load": {"model": "arrivals", "stages": [{"duration": "0s", "target": "20/s"}, {"duration": "1s", "target": "20/s"}]},
            "session": {**PROFILE["session"], "interactions": 1}}

COMMANDS = [
    Command("overview", ["--help"]),
    Command("version", ["--version"]),
    Command("help", ["help", "run"]),
    Command("help-profile", ["help", "profile"]),
    Command("schema", ["help", "schema"]),
    Command("dry-run", ["run", "profile.json", "--simulate", "--dry-run"]),
    Command("dry-run-json", ["run", "profile.json", "--simulate", "--dry-run", "--json"]),
    Command("plan", ["plan", "profile.json", "--detect", "1% vs 2%"]),
    Command("plan-json", ["plan", "profile.json", "--json"]),
    Command("broken-profile", ["plan", "broken.json"]),
    Command("report", ["report", "a"], ["a/report.md", "a/report.html"]),
    Command("report-json", ["report", "a", "--json"]),
    Command("report-csv", ["report", "a", "--format", "csv"]),
    Command("report-html", ["report", "a", "--format", "html", "-o", "OUT/page.html"], ["OUT/page.html"]),
    Command("report-last", ["report", "a", "--last", "2", "--format", "junit"]),
    Command("report-github", ["report", "a", "--format", "github", "--exit-code"]),
    Command("prune-dry-run", ["prune", "--older", "0s", "--over", "1KiB", "--dry-run"]),
    Command("compare", ["compare", "a", "b"]),
    Command("compare-json", ["compare", "a", "b", "--json"]),
    Command("compare-html", ["compare", "a", "b", "--format", "html", "-o", "OUT/page.html"], ["OUT/page.html"]),
    Command("evidence", ["evidence", "a", "--no-check", "-o", "OUT/package"], ["OUT/package", "OUT/package.tar.gz"]),
    Command("policies", ["compare", "--policies", "c", "d"]),
    Command("recover", ["recover", "earlier", "--since", "2026-10-20T10:00:00Z", "--beside", "beside"]),
    Command("recover-json", ["recover", "earlier", "--since", "2026-10-20T10:00:00Z", "--baseline", "q=08:00-08:40@UTC",
                             "--json"]),
    Command("capacity-dry-run", ["capacity", "profile.json", "--simulate", "--dry-run"]),
    Command("init", ["init", "-"]),
    Command("merge", ["merge", "OUT/merged", "a", "b"], ["OUT/merged"]),
    Command("check", ["check", "check.json"], threads=True),
    Command("simulate", ["simulate", "profile.json", "--ledger", "OUT/ledger.jsonl"], threads=True),
    Command("run", ["run", "profile.json", "--simulate", "--quiet", "--metrics", "127.0.0.1:0", "-o", "OUT/run"], threads=True),
]


class Sweep:
    """A folder with two recorded runs, the interposer, and one working folder for each of two workers."""

    def __init__(self, folder, workers=2):
        self.folder = pathlib.Path(folder)
        self.interposer = harness.interposer("failing_allocation", self.folder)
        recorded = self.folder / "recorded"
        recorded.mkdir()
        (recorded / "profile.json").write_text(json.dumps(PROFILE, indent=1))
        (recorded / "broken.json").write_text(json.dumps({**PROFILE, "load": {**LOAD, "modle": "x"}}, indent=1))
        (recorded / "arrivals.json").write_text(json.dumps(ARRIVALS, indent=1))
        for name, seed in (("earlier", 1), ("beside", 2)):  # an hour, a bad one and half an hour
            earlier_run(recorded / name, 2.5, lambda second: 0.2 if 3600 <= second < 7200 else 0.01, seed=seed)
        for name, seed, profile in (("a", 1, "profile"), ("b", 2, "profile"), ("c", 1, "arrivals"), ("d", 1, "arrivals")):
            result = harness.rushhour("run", f"{profile}.json", "--simulate", "-q", "-o", name, "--seed", seed, cwd=recorded,
                                      env={"RUSHHOUR_TEST_KEY": "key"})
            if result.status not in harness.ENDED:
                raise RuntimeError(f"cannot record a run: {result}")
        for name in ("a", "b"):
            shutil.copytree(recorded / name, recorded / "results" / name)
        self.beside = ()
        self.key = "key"
        self.places = queue.Queue()
        self.workers = workers
        for i in range(workers):
            place = self.folder / f"worker{i}"
            shutil.copytree(recorded, place)
            with open(place / "told", "wb") as file:
                file.truncate(HEADER + 4 * STACKS)
            self.places.put(place)

    @contextlib.contextmanager
    def service(self):
        """A simulator, undisturbed, for `check` to converse with."""
        with harness.simulator("profile.json", cwd=self.folder / "recorded") as ready:
            there = ready["regions"][0]
            asked = {**PROFILE, "regions": [{**PROFILE["regions"][0], "ca_file": ready["ca_file"]}]}
            for i in range(self.workers):
                (self.folder / f"worker{i}" / "check.json").write_text(json.dumps(asked))
            self.beside = ("--connect-to", f"{there['host']}:443={there['address']}")
            self.key = there["api_key"]
            yield

    # ---- one execution ----

    def environment(self, place, case, trace=False):
        extra = {"LD_PRELOAD": self.interposer, "FAIL_FILE": str(place / "told"), "FAIL_AT": str(case.at),
                 "RUSHHOUR_TEST_KEY": self.key}
        if case.rest:
            extra["FAIL_REST"] = "1"
        if trace:
            extra["FAIL_TRACE"] = "1"
        return extra

    def execute(self, place, case, trace=False):
        """(what became of it, the hashes of all stacks if nothing was to fail)"""
        out = place / "OUT"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        with open(place / "told", "r+b") as file:
            file.write(bytes(HEADER))
        process = harness.start(*case.command.arguments, *(self.beside if case.command.name == "check" else ()), cwd=place, env=self.environment(place, case, trace))
        if case.command.name == "simulate":
            self.stop_when_ready(process)
        result = harness.finish(process, timeout=HANGS_AFTER_S)
        with open(place / "told", "rb") as file:
            count, failed = struct.unpack("QQ", file.read(HEADER))
            stacks = () if case.at else struct.unpack(f"{min(count, STACKS)}I", file.read(4 * min(count, STACKS)))
        files = {}
        for name in case.command.outputs:
            files.update(contents(place, place / name))
        return Ended(result.status, result.stdout.encode(), result.stderr, files, count, failed), stacks

    @staticmethod
    def stop_when_ready(process):
        """As an operator would: once it has said where it listens, or if it has ended without."""
        line = process.stdout.readline()
        if line:
            process.send_signal(signal.SIGINT)

    # ---- judging ----

    def verdict(self, case, ended, undisturbed, place):
        """None, or what is wrong."""
        if ended.status not in STATUSES:
            return f"exit status {ended.status}"
        said = TELLS.search(ended.stderr) is not None
        if case.command.threads:
            return self.verdict_of_threads(case, ended, said, place)
        same = ended.status == undisturbed.status and plain(ended.stdout) == plain(undisturbed.stdout) \
            and ended.files == undisturbed.files
        if ended.failed == 0 or same:
            return None if same else "another result, though nothing failed"
        if ended.status == 0 or not said:
            return f"exit status {ended.status}, another output, and no word of memory"
        if ended.status != 1:
            return f"exit status {ended.status}"
        if case.rest and case.command.name == "merge":  # without memory no folder can be removed
            whole = "OUT/merged/run.json" in ended.files
            kept = [name for name in undisturbed.files if name.endswith((".csv", ".hlog", ".jsonl"))]
            return "a run.json of half a run" if whole and any(
                ended.files.get(name) != undisturbed.files[name] for name in kept) else None
        for name, content in ended.files.items():
            if content not in (undisturbed.files.get(name), None):
                return f"{name} was left behind, and is not what it should be"
        return None

    def verdict_of_threads(self, case, ended, said, place):
        """Its output is another each time: it must own up, and what it has recorded must be readable."""
        if ended.failed > AFTERWARDS and not said and ended.status == 0 and case.rest:
            return "nothing could be allocated from there on, and no word of it"
        if ended.failed and ended.status == 1 and not said and "check" not in case.command.name:
            return "exit status 1, and no word of memory"
        folder = place / "OUT" / "run"
        if not (folder / "run.json").exists():
            return None
        try:
            run = json.loads((folder / "run.json").read_text())["run"]
        except (ValueError, KeyError) as error:
            return f"run.json: {error!r}"
        if ended.failed and ended.status == 0 and run["state"] != "complete":
            return f"exit status 0 with a run that is {run['state']}"
        report = harness.rushhour("report", folder, "--json", cwd=place)
        if report.status != 0:
            return f"report of what is left: {report.status} {report.stderr}"
        return None

    def callers(self, place, case):
        """Who asked for the memory, as far as it is our own code: the functions, innermost first."""
        ended, _ = self.execute(place, case, trace=True)
        addresses = re.findall(re.escape(harness.RUSHHOUR) + r"\(\+(0x[0-9a-f]+)\)", ended.stderr)
        if not addresses or shutil.which("addr2line") is None:
            return ""
        named = subprocess.run(["addr2line", "-f", "-e", harness.RUSHHOUR, *addresses], text=True, capture_output=True,
                               check=True)
        return " < ".join(named.stdout.splitlines()[::2][:12])

    # ---- sweeping ----

    def cases(self, command, sample, stacks, dice):
        """Of each stack the first, and one by chance; or all of them. Of each stack once: and none after it."""
        places = collections.defaultdict(list)
        for number, stack in enumerate(stacks, start=1):
            places[stack].append(number)
        first = [numbers[0] for numbers in places.values()]
        later = [dice.choice(numbers[1:]) for numbers in places.values() if len(numbers) > 1]
        single = first + later if sample or command.threads else range(1, len(stacks) + 1)
        made = [Case(command, at, False) for at in single] + [Case(command, at, True) for at in first]
        dice.shuffle(made)
        return made

    def try_case(self, case, undisturbed):
        place = self.places.get()
        try:
            ended, _ = self.execute(place, case)
            wrong = self.verdict(case, ended, undisturbed, place)
            return (case, wrong, ended, self.callers(place, case)) if wrong else None
        except subprocess.TimeoutExpired:
            return case, f"hangs: no end within {HANGS_AFTER_S} s", None, ""
        finally:
            self.places.put(place)

    def command(self, command, sample, dice, seconds=None, report=lambda found: None):
        """Sweeps one command, for so many seconds at most: how many cases were tried, of how many, and what was found."""
        places = [self.places.get() for _ in range(self.workers)]
        for place in places:
            self.execute(place, Case(command, 10**12, False))  # a report renews the pages of its folder
        undisturbed, _ = self.execute(places[0], Case(command, 10**12, False))
        again, stacks = self.execute(places[0], Case(command, 0, False))
        for place in places:
            self.places.put(place)
        if not command.threads and (again.stdout, again.files) != (undisturbed.stdout, undisturbed.files):
            differing = [name for name in again.files if again.files[name] != undisturbed.files.get(name)]
            raise RuntimeError(f"{command.name} gives another result each time: {differing}")
        if not command.threads and undisturbed.status == 1:
            raise RuntimeError(f"{command.name} fails anyway: {undisturbed}")
        cases = self.cases(command, sample, stacks, dice)
        tried, found, end = 0, [], None if seconds is None else time.monotonic() + seconds
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            pending = collections.deque()
            for case in cases:
                if end is not None and time.monotonic() > end and tried > 0:
                    break
                pending.append(pool.submit(self.try_case, case, undisturbed))
                tried += 1
                while len(pending) > 2 * self.workers:
                    found += self.collect(pending.popleft(), report)
            for future in pending:
                found += self.collect(future, report)
        return tried, len(cases), found

    @staticmethod
    def collect(future, report):
        result = future.result()
        if result is None:
            return []
        report(result)
        return [result]

def plain(text):
    for pattern, word in VARIES:
        text = pattern.sub(word, text)
    return text


def contents(place, path):
    if path.is_dir():
        inside = {}
        for file in sorted(path.iterdir()):
            inside.update(contents(place, file))
        return inside
    if not path.exists():
        return {}
    data = path.read_bytes()
    return {str(path.relative_to(place)): None if path.suffix == ".gz" else plain(data)}


def tell(found):
    case, wrong, ended, callers = found
    print(f"{case.command.name} --at {case.at}{' --rest' if case.rest else ''}: {wrong}\n    {callers}", flush=True)
    if ended is not None and ended.stderr:
        print("    " + ended.stderr.strip().replace("\n", "\n    ")[-400:], flush=True)


def one(sweep, command, arguments):
    """Again, to look at it."""
    place = sweep.places.get()
    ended, _ = sweep.execute(place, Case(command, arguments.at, arguments.rest), arguments.trace)
    print(f"exit status {ended.status}, {ended.count} allocations, {ended.failed} failed\n{ended.stderr}")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="tools/allocation-sweep", description=__doc__.split("\n", 1)[0])
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help=", ".join(command.name for command in COMMANDS))
    parser.add_argument("--sample", action="store_true", help="a few allocations of each caller instead of all")
    parser.add_argument("--seconds", type=float, help="end with each command after so long")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--at", type=int, help="only this allocation of one command")
    parser.add_argument("--rest", action="store_true", help="and all after it")
    parser.add_argument("--trace", action="store_true", help="who asked for it")
    arguments = parser.parse_args()
    chosen = [command for command in COMMANDS if not arguments.commands or command.name in arguments.commands]
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    total = 0
    with tempfile.TemporaryDirectory(prefix="rushhour-sweep-") as folder:
        sweep = Sweep(folder)
        with sweep.service():
            if arguments.at is not None:
                return one(sweep, chosen[0], arguments)
            for command in chosen:
                begin = time.monotonic()
                tried, of, found = sweep.command(command, arguments.sample, random.Random(seed), arguments.seconds, tell)
                total += len(found)
                print(f"{command.name}: {tried} of {of} failures in {time.monotonic() - begin:.0f} s, {len(found)} findings",
                      flush=True)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
