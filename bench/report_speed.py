#!/usr/bin/env python3
"""What `rushhour report` costs on the folder of a long run: seconds and peak memory against their limits.

Writes a run folder of 24 h x 6 regions x 10 s intervals with an attempt a second in each region, in Python alone (so the
histograms come from another encoder than ours), and reports it. A week of 20 regions (`report_speed.py 168 20`) has windows
of an hour, 12 million attempts, 14.5 million histograms, and limits of its own.
usage: report_speed.py [HOURS [REGIONS [FOLDER]]]
"""

import base64
import datetime
import json
import os
import pathlib
import random
import struct
import sys
import tempfile
import zlib

import common

# Seconds of a processor, with nothing else running beside it, and MiB: of a day at most, and of more.
LIMITS_DAY = (2, 200)
LIMITS = (60, 300)
START = datetime.datetime(2026, 4, 14, 7, tzinfo=datetime.timezone.utc)
INTERVAL = 10
ATTEMPTS = 10  # per interval and region
TURNS = 5      # attempts of a session
REGIONS = ["eastus2", "swedencentral", "francecentral", "westus3", "japaneast", "australiaeast"]
# metric: median in us, values per attempt
METRICS = {"resolve": (900, 0.2), "tcp": (20000, 0.2), "tls": (45000, 0.2), "upgrade": (60000, 0.2), "dial": (126000, 0.2),
           "session": (30000, 0.2), "first_event": (60000, 1), "ttft": (350000, 1), "gap": (35000, 8),
           "response": (900000, 1), "interaction": (900000, 1), "lag": (80, 1)}
INTERVAL_COLUMNS = ("start,end,region,sessions_started,sessions_opened,sessions_failed,attempts_started,attempts_ok,"
                    "attempts_failed,attempts_cancelled,interactions_ok,interactions_failed,retries,input_tokens,"
                    "cached_tokens,output_tokens,cost_usd,sessions_ended,loops,loops_late,dispatches,dispatches_late,"
                    "wall_ms,cpu,valid")
ATTEMPT_COLUMNS = ("time,region,session_id,turn,attempt,outcome,code,ttft_us,response_us,socket_age_ms,input_tokens,"
                   "cached_tokens,output_tokens,end,session,interaction,response_id,client_request_id")


def place(value):
    """The bucket of a value in a histogram of 1 us to 1 h at 3 digits, and so with 2048 sub-buckets."""
    bucket = max(0, value.bit_length() - 11)
    return bucket * 1024 + (value >> bucket)


def number(value):
    """ZigZag LEB128; far from the nine bytes at which HdrHistogram's differs."""
    value = 2 * value if value >= 0 else -2 * value - 1
    coded = bytearray()
    while value > 0x7F:
        coded.append(value & 0x7F | 0x80)
        value >>= 7
    coded.append(value)
    return bytes(coded)


def payload(values):
    """HdrHistogram's V2 compressed form of some values, as base64."""
    counts = {}
    for value in values:
        counts[place(value)] = counts.get(place(value), 0) + 1
    coded = b""
    at = 0
    for index in sorted(counts):
        if index > at:
            coded += number(-(index - at)) if index > at + 1 else number(0)
        coded += number(counts[index])
        at = index + 1
    plain = struct.pack(">IIIIQQd", 0x1C849313, len(coded), 0, 3, 1, 3600000000, 1.0) + coded
    packed = zlib.compress(plain)
    return base64.b64encode(struct.pack(">II", 0x1C849314, len(packed)) + packed).decode()


def stamp(seconds):
    return (START + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


class Folder:
    """The files of one run, written interval by interval."""

    def __init__(self, path, hours, regions):
        self.path = path
        self.seconds = hours * 3600
        self.regions = [REGIONS[i % len(REGIONS)] + ("" if i < len(REGIONS) else f"-{i}") for i in range(regions)]
        self.chance = random.Random(7)
        self.session = 0
        self.payloads = {}

    def latencies(self, metric, answered):
        """One of 64 histograms of a metric in an interval with so many answers."""
        median, each = METRICS[metric]
        count = max(1, round(answered * each))
        if (metric, count) not in self.payloads:
            self.payloads[metric, count] = [
                payload([max(1, int(median * self.chance.lognormvariate(0, 0.5))) for _ in range(count)]) for _ in range(64)]
        return self.chance.choice(self.payloads[metric, count])

    def manifest(self):
        made = {"format": 1,
                "run": {"id": "report-speed", "profile": "report-speed", "state": "complete", "simulated": True},
                "profile": {"name": "report-speed", "regions": [{"name": name} for name in self.regions],
                            "windows": {"interval": "10s", "report": ["1m"] * (self.seconds <= 86400) + [
                                "1h", "peak=07:00-09:00@America/Los_Angeles"]},
                            "thresholds": ["failure_rate < 1%", "ttft.p99 < 1.5s", "share(ttft > 1s){window=1h} < 5%"]}}
        (self.path / "run.json").write_text(json.dumps(made))

    def attempts(self, at, region, out, evidence):
        """Rows of one interval and region; returns how many failed."""
        failed = 0
        start, end = stamp(at), stamp(at + 1)
        for i in range(ATTEMPTS):
            if i % TURNS == 0:
                self.session += 1
            bad = self.chance.random() < 0.02
            failed += bad
            ttft = "" if bad else int(350000 * self.chance.lognormvariate(0, 0.5))
            response = "" if bad else ttft + 500000
            out.append(f"{start}.{i:03d}Z,{region},sess_{self.session:021d},{i % TURNS + 1},1,{'failed' if bad else 'ok'},"
                       f"{'server_error' if bad else ''},{ttft},{response},{1000 * i},41,0,10,{end}.{i:03d}Z,{self.session},"
                       f"{i % TURNS + 1},resp_{at:015d}{i:06d},0fa0deb5-dae6-4c60-8c85-{at:012d}\n")
            if bad:
                evidence.append(json.dumps({"time": f"{end}.{i:03d}Z", "region": region, "scope": "attempt",
                                            "phase": "response", "domain": "service", "code": "server_error",
                                            "message": "The server had an error while processing your request.",
                                            "events": [[n * 1.5, "response.output_text.delta"] for n in range(12)]}) + "\n")
        return failed

    def write(self):
        self.manifest()
        with open(self.path / "intervals.csv", "w") as intervals, open(self.path / "latency.hlog", "w") as log, \
                open(self.path / "attempts.csv", "w") as attempts, open(self.path / "failures.jsonl", "w") as failures:
            intervals.write(INTERVAL_COLUMNS + "\n")
            attempts.write(ATTEMPT_COLUMNS + "\n")
            log.write("#[BaseTime: 0.000 (seconds since epoch)]\n")
            for at in range(0, self.seconds, INTERVAL):
                rows, evidence, lines = [], [], []
                for region in self.regions:
                    failed = self.attempts(at, region, rows, evidence)
                    sessions = ATTEMPTS // TURNS
                    intervals.write(f"{stamp(at)}.000Z,{stamp(at + INTERVAL)}.000Z,{region},{sessions},{sessions},0,{ATTEMPTS},"
                                    f"{ATTEMPTS - failed},{failed},0,{ATTEMPTS - failed},{failed},0,410,0,100,0.0123,{sessions},"
                                    f"1000,0,{ATTEMPTS},0,10000,0.07,true\n")
                    for metric in METRICS:
                        lines.append(f"Tag={region}.{metric},{START.timestamp() + at:.3f},{INTERVAL}.000,1.234,"
                                     f"{self.latencies(metric, ATTEMPTS - failed)}\n")
                attempts.writelines(rows)
                failures.writelines(evidence)
                log.writelines(lines)


def measure(path):
    """Runs the report; returns seconds of a processor (it has one thread, and other programs do not count) and the peak of
    its resident memory in MiB."""
    process = os.posix_spawn(common.RUSHHOUR, [common.RUSHHOUR, "report", str(path), "--quiet"], os.environ)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"the report ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    hours = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    regions = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else scratch)
        path.mkdir(parents=True, exist_ok=True)
        if not (path / "run.json").exists():
            Folder(path, hours, regions).write()
        size = sum(file.stat().st_size for file in path.iterdir()) / 2**20
        seconds, memory = min(measure(path) for _ in range(3))
        page = (path / "report.html").stat().st_size / 2**10
    print(f"{hours} h, {regions} regions: {size:.0f} MiB read in {seconds:.2f} s, peak {memory:.0f} MiB, page {page:.0f} KiB")
    most_seconds, most_memory = LIMITS_DAY if hours <= 24 else LIMITS
    good = seconds < most_seconds and memory < most_memory
    print("within" if good else "OVER", f"the limits of {most_seconds:g} s and {most_memory} MiB")
    sys.exit(0 if good else 1)


main()
