#!/usr/bin/env python3
"""A soak at 20 attempts/s: whether memory and descriptors of the run and of the simulator beside it stay flat, within 5%.

usage: bench/soak.py [MINUTES]   (default 120; 10 tell the worst)    RUSHHOUR=binary

Looks at /proc every two seconds. What is filled once (buffers, caches, the first sessions of each region) is filled in the first
quarter: the highest of the second quarter is held against the highest of the last one. attempts.csv is rotated about every minute.
"""

import csv
import gzip
import pathlib
import sys
import tempfile
import time

import common

EVERY_S = 2
ALLOWED = 1.05


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def look(pid):
    """Resident memory without mapped files in KiB, and open descriptors."""
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0]), len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def watch(process, seconds):
    """Samples by process: run and simulator."""
    seen = {"run": [], "simulator": []}
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < seconds:
        try:
            pids = {"run": process.pid, "simulator": children(process.pid)[0]}
            for name, pid in pids.items():
                seen[name].append(look(pid))
        except (FileNotFoundError, ProcessLookupError, IndexError, KeyError):
            pass  # it is just starting, or ending
        time.sleep(EVERY_S)
    return seen


def rows(run):
    for path in [*sorted(run.glob("attempts-*.csv*")), run / "attempts.csv"]:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", newline="") as file:
            yield from csv.DictReader(file)


def judge(name, samples):
    """Prints first and last, and says whether they are flat."""
    good = True
    quarter = len(samples) // 4
    for index, (what, unit) in enumerate((("memory", "KiB"), ("descriptors", ""))):
        before = max(sample[index] for sample in samples[quarter:2 * quarter])
        after = max(sample[index] for sample in samples[-quarter:])
        flat = after <= before * ALLOWED
        good = good and flat
        print(f"{name:9} {what:11} {before} {unit} in the second quarter, {after} {unit} in the last: "
              f"{100 * (after / before - 1):+.1f}%{'' if flat else '   NOT FLAT'}")
    return good


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 120
    seconds = round(60 * minutes)
    made = common.profile(
        regions=("eastus2", "swedencentral"),
        load={"model": "arrivals", "stages": [{"duration": "0s", "target": "2/s"}, {"duration": f"{seconds}s", "target": "2/s"}]},
        session={"interactions": 5, "think_time": "2s", "prompts": ["Say OK.", "Say a word.", "Say no more than that."]},
        retry={"attempts": 3, "budget": "100%"}, record={"rotate_at": "256KiB"}, windows={"interval": "10s", "report": ["1m"]})
    made["simulator"]["faults"] = [{"fault": "server_error", "rate": "1%"}, {"fault": "connection_reset", "rate": "0.2%"}]
    with tempfile.TemporaryDirectory() as folder:
        process = common.start(folder, made)
        seen = watch(process, seconds)
        common.finish(process)
        run = pathlib.Path(folder) / "run"
        totals = common.manifest(folder)["totals"]
        recorded = {row["response_id"] for row in rows(run)}
        served = [entry["response_id"] for entry in common.lines(folder, "ledger.jsonl") if entry["kind"] == "response"]
        parts = sorted(path.name for path in run.glob("attempts-*"))
        size = sum(path.stat().st_size for path in run.glob("attempts*.csv*"))
    lost = sum(response not in recorded for response in served)
    print(f"{minutes:g} min: {totals['attempts']}, {sum(totals['attempts'][k] for k in ('ok', 'failed')) / seconds:.1f} attempts/s")
    print(f"answers served {len(served)}, lost {lost}; {len(parts)} parts of attempts.csv, {size / 1024:.0f} KiB with it")
    good = [judge(name, samples) for name, samples in seen.items()]
    print("flat, and nothing lost" if all(good) and lost == 0 else "NOT FLAT, OR SOMETHING WAS LOST")
    sys.exit(0 if all(good) and lost == 0 else 1)


main()
