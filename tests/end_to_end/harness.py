"""What the end-to-end tests share: running the binary, and reading a run folder with code that is not ours in C.

Each test runs by ctest, or by hand: RUSHHOUR=build/release/rushhour python3 tests/end_to_end/test_ledger.py
"""

import base64
import collections
import contextlib
import csv
import json
import os
import pathlib
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import zlib

PROJECT = pathlib.Path(__file__).resolve().parents[2]
RUSHHOUR = str(pathlib.Path(os.environ.get("RUSHHOUR", PROJECT / "build/release/rushhour")).resolve())

# A run that reached its end, whatever it found: passed, inconclusive, invalid (a busy machine), threshold failed.
ENDED = (0, 3, 4, 99)

# Set under sanitizers: the machine cannot keep up with the load that is asked for, so how much was done means nothing.
SLOWED = bool(os.environ.get("RUSHHOUR_SLOWED"))

Result = collections.namedtuple("Result", "status stdout stderr")


def environment(extra=None):
    """Ours without colour and without variables that a profile could find by chance."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    return {**kept, "NO_COLOR": "1", **(extra or {})}


def start(*arguments, cwd, env=None, binary=RUSHHOUR):
    """Starts rushhour in a process group of its own, so that a signal can reach it as Ctrl-C would."""
    return subprocess.Popen([binary, *map(str, arguments)], cwd=cwd, env=environment(env), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            start_new_session=True)


def finish(process, timeout=240):
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Result(process.returncode, stdout, stderr)


def rushhour(*arguments, cwd, timeout=240, **options):
    return finish(start(*arguments, cwd=cwd, **options), timeout)


def wait_for_lines(case, process, path, count, counts=lambda line, header: True):
    """Waits, as long as even a busy machine may need, until a file of a run under way has so many lines (of those that
    count; the first line may be a header)."""
    for _ in range(2400):
        case.assertIsNone(process.poll(), "it ended by itself")
        lines = path.read_text().splitlines() if path.exists() else []
        if sum(counts(line, lines[0]) for line in lines) >= count:
            return
        time.sleep(0.05)
    case.fail(f"{path.name} did not get {count} lines in two minutes")


class Case(unittest.TestCase):
    """A test with a folder of its own, which is the working directory of every command."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rushhour-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def rushhour(self, *arguments, expect=(0,), **options):
        """Runs a command to its end and checks its exit status."""
        result = rushhour(*arguments, cwd=self.folder, **options)
        self.assertIn(result.status, expect, f"{arguments}\n{result.stdout}\n{result.stderr}")
        return result

    def write_profile(self, profile, name="profile.json"):
        path = self.folder / name
        path.write_text(profile if isinstance(profile, str) else json.dumps(profile, indent=2))
        return path

    def assert_consistent(self, run):
        """Every file of a finished run tells of the same attempts and sessions."""
        manifest = run.manifest
        names = [region["name"] for region in manifest["regions"]]
        for region in manifest["regions"]:
            name = region["name"]
            rows = [row for row in run.attempts if row["region"] == name]
            outcomes = collections.Counter(row["outcome"] for row in rows)
            intervals = [row for row in run.intervals if row["region"] == name]
            # a dial that failed while an attempt waited for it is of scope session, and a failed attempt all the same
            # and what is of domain none is no failure
            failed_records = [record for record in run.failures
                              if record["region"] == name and record["attempt"] and record["domain"] != "none"]
            for outcome in ("ok", "failed", "cancelled"):
                expected = region["attempts"][outcome]
                self.assertEqual(outcomes[outcome], expected, f"attempts.csv: {name} {outcome}")
                self.assertEqual(column(intervals, "attempts_" + outcome), expected,
                                 f"intervals.csv: {name} {outcome}")
            self.assertEqual(region["attempts"]["started"], len(rows), f"{name}: each started attempt has one row")
            self.assertEqual(column(intervals, "attempts_started"), len(rows), name)
            # what our own side failed has a record too, but the attempt is a cancelled one
            ours = [record for record in failed_records if record["domain"] == "client" and record["code"] != "unknown"]
            self.assertEqual(len(ours), column(intervals, "own_failures"), f"failures.jsonl: {name}, our own")
            self.assertEqual(len(failed_records) - len(ours), region["attempts"]["failed"], f"failures.jsonl: {name}")
            timed = sum(row["response_us"] != "" for row in rows)
            self.assertEqual(run.histogram_counts.get(f"{name}.response", 0), timed, f"latency.hlog: {name}.response")
            if manifest["generator"]["paused_ms"] < 2000:  # what was answered across a pause has no latency
                self.assertEqual(timed, region["attempts"]["ok"], f"attempts.csv: {name} response_us")
            for key in ("started", "opened", "failed"):
                self.assertEqual(column(intervals, "sessions_" + key), region["sessions"][key],
                                 f"{name} sessions {key}")
            for key in ("ok", "failed"):
                self.assertEqual(column(intervals, "interactions_" + key), region["interactions"][key], name)
            for key in ("input_tokens", "cached_tokens", "output_tokens"):
                self.assertEqual(column(intervals, key), column(rows, key), f"{name}: {key}")
            counted = sum(failure["count"] for failure in region["failures"])
            self.assertGreaterEqual(counted, region["attempts"]["failed"], name)
        self.assertEqual({row["region"] for row in run.attempts} - set(names), set())
        totals = manifest["totals"]
        for group in ("sessions", "attempts", "interactions"):
            for key, value in totals[group].items():
                parts = sum(region[group][key] for region in manifest["regions"])
                self.assertEqual(value, parts, f"totals.{group}.{key}")


# A sanitizer's library wants to be the first that is loaded.
needs_interposer = unittest.skipIf(SLOWED or shutil.which("cc") is None, "nothing can be put before the program")


def interposer(name, folder):
    """Builds tests/preload/<name>.c in the folder; what it gives is for LD_PRELOAD."""
    library = str(pathlib.Path(folder, name + ".so"))
    source = PROJECT / "tests/preload" / (name + ".c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def column(rows, name):
    return sum(int(row[name]) for row in rows)


class Run:
    """A run folder as anyone can read it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.manifest = json.loads((self.folder / "run.json").read_text())
        self.attempts = self._csv("attempts.csv")
        self.intervals = self._csv("intervals.csv")
        self.failures = self._json_lines("failures.jsonl")
        ledger = self.folder / "ledger.jsonl"
        self.ledger = self._json_lines("ledger.jsonl") if ledger.exists() else []
        self.histogram_counts = histogram_counts(self.folder / "latency.hlog")

    def _csv(self, name):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def _json_lines(self, name):
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


def histogram_counts(path):
    """How many values an HdrHistogram log holds under each tag."""
    counts = collections.Counter()
    for line in path.read_text().splitlines():
        if line.startswith("Tag="):
            tag, _start, _length, _max, payload = line.split(",")
            counts[tag[len("Tag="):]] += histogram_total(payload)
    return counts


def histogram_total(payload):
    """Sum of counts of one V2 compressed histogram (HdrHistogram, EncodableHistogram and ZigZagEncoding)."""
    data = base64.b64decode(payload, validate=True)
    cookie, length = struct.unpack(">ii", data[:8])
    assert cookie == 0x1C849314, hex(cookie)
    data = zlib.decompress(data[8:8 + length])
    cookie, length = struct.unpack(">ii", data[:8])
    assert cookie == 0x1C849313, hex(cookie)
    counts = data[40:40 + length]
    total = position = 0
    while position < len(counts):
        value = shift = 0
        for number in range(9):  # 7 bits a byte, the ninth byte holds 8
            byte = counts[position]
            position += 1
            if number == 8:
                value |= byte << shift
                break
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        signed = (value >> 1) ^ -(value & 1)
        total += max(signed, 0)  # a negative number is a run of empty buckets
    return total


# Azure hosts of no one; the simulator stands behind them.
REGIONS = [
    {"name": "eastus2", "endpoint": "https://contoso-eastus2.openai.azure.com", "deployment": "gpt-realtime",
     "dialect": "ga", "auth": {"api_key": "${RUSHHOUR_TEST_KEY}"}},
    {"name": "swedencentral", "endpoint": "https://contoso-sc.openai.azure.com", "deployment": "rt-preview",
     "dialect": "preview", "api_version": "2025-04-01-preview", "auth": {"api_key": "${RUSHHOUR_TEST_KEY}"}},
    {"name": "openai", "endpoint": "https://api.openai.com", "model": "gpt-realtime",
     "dialect": "openai", "auth": {"api_key": "${RUSHHOUR_TEST_KEY}"}},
]
QUICK = {"upgrade": "1ms", "session": "1ms", "configure": "1ms", "response_created": "1ms", "first_output": "5ms",
         "delta": "1ms"}


def profile(**sections):
    """A profile with three quick regions and a second of load; `sections` replace whole sections.

    Nothing is limited unless a section says so: these loads are far above what a model's tier gives."""
    base = {
        "name": "end-to-end",
        "regions": REGIONS,
        "load": {"model": "sessions", "stages": [{"duration": "0s", "target": 2}, {"duration": "1s", "target": 2}]},
        "session": {"interactions": 3, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]},
        "windows": {"interval": "1s"},
        "simulator": {"latency": [QUICK]},
    }
    made = {**base, **sections}
    return {**made, "simulator": {"quota": "none", **made["simulator"]}}


@contextlib.contextmanager
def simulator(profile_path, *arguments, cwd):
    """`rushhour simulate`, ready; yields its ready line as a dict and stops it afterwards as an operator would."""
    process = start("simulate", profile_path, *arguments, cwd=cwd)
    try:
        readable, _, _ = select.select([process.stdout], [], [], 30)
        line = process.stdout.readline() if readable else ""
        if not line:
            raise AssertionError(f"the simulator did not get ready: {process.poll()}")
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGINT)
        finish(process, timeout=30)
