#!/usr/bin/env python3
"""Is the generator right about itself? Runs from idle to saturated, beside neighbours that take its core, and with pauses: is
`generator.trustworthy` false when, and only when, the recorded P99 of ttft is off by more than the stated error?

The truth is the log of the server (peer_server.c): its P99 over the same responses. The stated error is that of
src/record/health.h: 5 ms or 5%, whichever is more. Prints both kinds of mistakes; each is named, since a run that is off by just
about the limit may fall on either side.

usage: validity.py BUILD_FOLDER [--rounds N] [--seconds N] [--case NAME]...
"""

import argparse
import contextlib
import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import compare

ERROR_US, ERROR_SHARE = 5000, 0.05
THINK = "200ms"

# name: sessions, deltas a second, bytes, deltas written together, neighbours on the client's core, (pause s, every s)
CASES = {
    "idle": (20, 100, 200, 1, 0, None),
    "busy": (500, 5000, 200, 1, 0, None),
    "busy, large messages": (500, 3000, 16384, 1, 0, None),
    "saturated": (500, 400000, 200, 8, 0, None),
    "saturated, large messages": (500, 60000, 16384, 4, 0, None),
    "a neighbour": (200, 2000, 200, 1, 1, None),
    "three neighbours": (200, 2000, 200, 1, 3, None),
    "eight neighbours": (500, 5000, 200, 1, 8, None),
    "short pauses": (200, 2000, 200, 1, 0, (0.02, 1.0)),
    "pauses": (200, 2000, 200, 1, 0, (0.15, 2.0)),
    "a long pause": (200, 2000, 200, 1, 0, (1.5, 30.0)),
}


@contextlib.contextmanager
def neighbours(count):
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=compare.pinned(compare.CLIENT_CORE))
                for _ in range(count)]
    try:
        yield
    finally:
        for one in spinning:
            one.kill()
            one.wait()


def wait(process, seconds, pause):
    """Lets the run go on, with pauses."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if pause is None:
            time.sleep(max(0.0, end - time.monotonic()))
            return
        length, every = pause
        time.sleep(max(0.0, min(every / 2, end - time.monotonic())))
        process.send_signal(signal.SIGSTOP)
        time.sleep(length)
        process.send_signal(signal.SIGCONT)
        time.sleep(max(0.0, min(every / 2, end - time.monotonic())))


def measure(build, seconds, sessions, rate, size, burst, beside, pause):
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        compare.certificate(folder)
        server = compare.Server(argparse.Namespace(build=build, burst=burst), folder, sessions, rate, size)
        command, _ = compare.rushhour(build, folder, server.port, sessions, THINK)
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, "PEERS_KEY": "none"}, stdin=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, preexec_fn=compare.pinned(compare.CLIENT_CORE))
        compare.wait_for(server, process, sessions, folder)
        with neighbours(beside):
            wait(process, seconds, pause)
        process.send_signal(signal.SIGTERM)
        process.wait()
        truth = server.end()
        generator = json.loads((folder / "run/run.json").read_text())["generator"]
        recorded, real = [], []
        with open(folder / "run/attempts.csv", newline="") as file:
            for row in csv.DictReader(file):
                if row["outcome"] == "ok" and row["ttft_us"] and row["response_id"] in truth:
                    recorded.append(int(row["ttft_us"]))
                    real.append(truth[row["response_id"]])
    return recorded, real, generator


def judge(name, recorded, real, generator):
    """Says what was found; returns which mistake it is, or None."""
    if not recorded:
        print(f"{name:28} no answers")
        return None
    p99, right = compare.quantile(recorded, 0.99), compare.quantile(real, 0.99)
    off_us, allowed_us = abs(p99 - right), max(ERROR_US, ERROR_SHARE * right)
    # of dials, which were late in their own right, the server's log says nothing
    said = [reason for reason in generator["why"].split("; ") if reason and " of dials, " not in reason]
    valid = not said
    mistake = "FALSE VALID" if valid and off_us > allowed_us else "FALSE INVALID" if not valid and off_us <= allowed_us else None
    print(f"{name:28}{len(recorded):8,} answers, P99 {p99 / 1000:8.1f} ms, truly {right / 1000:8.1f}: off by {off_us / 1000:7.2f} "
          f"of {allowed_us / 1000:5.2f} ms allowed; {'valid' if valid else 'invalid'} {mistake or 'rightly'}"
          + ("" if valid else f" ({generator['why']})"))
    sys.stdout.flush()
    return mistake


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", default=1, type=int)
    parser.add_argument("--seconds", default=15, type=float, help="of each run")
    parser.add_argument("--case", action="append", choices=list(CASES))
    options = parser.parse_args()
    mistakes, runs = {"FALSE VALID": 0, "FALSE INVALID": 0}, 0
    for _ in range(options.rounds):
        for name in options.case or CASES:
            mistake = judge(name, *measure(options.build.resolve(), options.seconds, *CASES[name]))
            runs += 1
            if mistake is not None:
                mistakes[mistake] += 1
    print(f"{runs} runs: {mistakes['FALSE VALID']} valid though off, {mistakes['FALSE INVALID']} invalid though right")
    sys.exit(0 if not any(mistakes.values()) else 1)


main()
