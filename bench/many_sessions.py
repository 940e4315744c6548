#!/usr/bin/env python3
"""2,000 concurrent TLS sessions from one process, held for a minute with traffic: nothing lost, memory per session.

Prints the resident memory before the first session and while all are open, and checks every attempt against the ledger.
"""

import pathlib
import sys
import tempfile
import time

import common


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def main():
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    ramp = max(10, sessions // 150)
    made = common.profile(regions=("eastus2",),
                          load={"model": "sessions", "max_sessions": sessions, "connect_rate": "250/s",
                                "stages": [{"duration": f"{ramp}s", "target": sessions},
                                           {"duration": f"{seconds}s", "target": sessions}]},
                          session={"interactions": 1000, "think_time": "8s", "prompts": ["Say OK."]})
    with tempfile.TemporaryDirectory() as folder:
        process = common.start(folder, made)
        time.sleep(1.0)
        before = resident_kib(process.pid)
        time.sleep(ramp + seconds * 0.6)
        during = resident_kib(process.pid)
        common.finish(process)
        totals = common.manifest(folder)["totals"]
        generator = common.manifest(folder)["generator"]
        rows = common.attempts(folder)
        served = [entry for entry in common.lines(folder, "ledger.jsonl") if entry["kind"] == "response"]
    recorded = {row["response_id"] for row in rows}
    lost = [entry for entry in served if entry["response_id"] not in recorded]
    print(f"sessions {totals['sessions']}, attempts {totals['attempts']}")
    print(f"responses served {len(served)}, attempts recorded {len(rows)}, lost {len(lost)}")
    print(f"resident: {before / 1024:.1f} MiB at the start, {during / 1024:.1f} MiB with {sessions} sessions: "
          f"{(during - before) / sessions:.1f} KiB a session (recording buffers included)")
    print(f"generator: {generator}")
    good = not lost and totals["attempts"]["failed"] == 0 and totals["sessions"]["failed"] == 0
    print("nothing lost" if good else "SOMETHING WAS LOST")
    sys.exit(0 if good else 1)


main()
