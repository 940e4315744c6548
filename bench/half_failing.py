#!/usr/bin/env python3
"""A storm: half of all attempts fail, at 500 attempts a second for a minute. No record may be lost, memory may not grow,
and the terminal must stay readable.

usage: half_failing.py [ATTEMPTS_PER_SECOND [SECONDS]]
"""

import collections
import json
import os
import pathlib
import pty
import re
import select
import statistics
import struct
import sys
import tempfile
import fcntl
import termios
import time

import common

COLUMNS, ROWS = 100, 30


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def run_on_a_terminal(folder, made):
    """The run with a terminal of its own: everything it draws, its memory second by second, and its exit status."""
    path = pathlib.Path(folder) / "profile.json"
    path.write_text(json.dumps(made, indent=2))
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ["TERM"] = "xterm-256color"
        os.execv(common.RUSHHOUR, [common.RUSHHOUR, "run", str(path), "--simulate", "--seed", "7", "-o", f"{folder}/run"])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    drawn, memory, marked = bytearray(), [], time.monotonic()
    while True:
        if select.select([terminal], [], [], 0.5)[0]:
            try:
                drawn += os.read(terminal, 65536)
            except OSError:
                break
        if time.monotonic() - marked >= 1:
            marked = time.monotonic()
            memory.append(resident_kib(pid))
    return drawn.decode(errors="replace"), memory, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    rate = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    regions = ("eastus2", "swedencentral")
    sessions = round(0.56 * rate / len(regions))  # each begins about two attempts a second, less its answers
    made = common.profile(regions=regions,
                          load={"model": "sessions", "max_sessions": 2 * sessions, "connect_rate": "1000/s",
                                "stages": [{"duration": "2s", "target": sessions},
                                           {"duration": f"{seconds}s", "target": sessions}]},
                          session={"interactions": 1000, "think_time": "400ms", "prompts": ["Say OK."]})
    made["simulator"]["latency"] = [{"response_created": "20ms", "first_output": "60ms", "delta": "2ms"}]
    made["simulator"]["faults"] = [{"fault": "server_error", "rate": "50%"}]
    with tempfile.TemporaryDirectory() as folder:
        drawn, memory, status = run_on_a_terminal(folder, made)
        totals = common.manifest(folder)["totals"]["attempts"]
        failures = common.lines(folder, "failures.jsonl")
        served = [entry for entry in common.lines(folder, "ledger.jsonl") if entry["kind"] == "response" and entry["fault"]]
        generator = common.manifest(folder)["generator"]
    recorded = {record["response_id"] for record in failures}
    lost = [entry for entry in served if entry["response_id"] not in recorded]
    ended = totals["ok"] + totals["failed"]
    settled = memory[len(memory) // 3:]
    half = len(settled) // 2
    before, after = statistics.median(settled[:half]), statistics.median(settled[half:])
    screens = re.split(r"\x1b\[[0-9]*A|\x1b\[H", drawn)
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for screen in screens for line in screen.splitlines()]
    widest = max(len(line.rstrip("\r")) for line in lines[:-200]) if len(lines) > 200 else 0
    tallest = max(screen.count("\n") for screen in screens[1:-1]) if len(screens) > 2 else 0
    print(f"exit status {status}; {ended} attempts in about {seconds} s ({ended / seconds:.0f}/s), "
          f"{totals['failed']} failed ({100 * totals['failed'] / ended:.1f}%)")
    print(f"faults served {len(served)}, evidence records {len(failures)}, lost {len(lost)}")
    print(f"resident memory, medians of the second and the last third: {before / 1024:.1f} and {after / 1024:.1f} MiB")
    print(f"screen: {len(screens)} drawings, tallest {tallest} lines, widest {widest} columns of {COLUMNS}")
    print(f"codes: {dict(collections.Counter(record['code'] for record in failures))}; generator: {generator}")
    good = not lost and len(failures) == totals["failed"] and after < 1.1 * before + 2048
    readable = tallest <= ROWS and widest <= COLUMNS
    print("no record lost, memory level, terminal readable" if good and readable else "OVER ITS LIMITS")
    sys.exit(0 if good and readable else 1)


main()
