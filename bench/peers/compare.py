#!/usr/bin/env python3
"""rushhour beside a raw client and other load generators, each against the same server (peer_server.c) in turns: CPU for each
received message, error of the recorded ttft against the server's own log, memory for each session.

Server and client keep to one core each. Every client is used as for real: verified TLS, every message told apart, every ttft
written to a file; rushhour with all that a run records. raw only decrypts. Figures are medians over the rounds.

usage: compare.py BUILD_FOLDER [--clients LIST] [--sizes LIST] [--rates LIST] [--sessions LIST] [--seconds N] [--rounds N]
                  [--burst N] [--svg FILE]
"""

import argparse
import csv
import json
import os
import pathlib
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import plot

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE, CLIENT_CORE = 1, 0
RESPONSE_S = 4  # as long as a response streams, but for at least so many deltas
DELTAS_LEAST = 10
SETTLE_S = 2.0
BUSY = 0.95  # of a core: no more can be had
# There is also rushhour-2: two workers on two cores, one of them the server's. A message must cost it as much as one worker.
CLIENTS = ("raw", "rushhour", "ws", "artillery", "websockets")


def pinned(core):
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[core % len(cores)]})


def tree_of(pid):
    """A process and all below it."""
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += tree_of(int(child))
        except OSError:
            pass
    return found


def cpu_s(pid):
    ticks = 0
    for one in tree_of(pid):
        try:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_kib(pid):
    total = 0
    for one in tree_of(pid):
        try:
            for line in pathlib.Path(f"/proc/{one}/status").read_text().splitlines():
                total += int(line.split()[1]) if line.startswith("VmRSS:") else 0
        except OSError:
            pass
    return total


def quantile(values, share):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


class Server:
    def __init__(self, options, folder, sessions, rate, size):
        self.log = folder / "truth.csv"
        deltas = max(DELTAS_LEAST, round(RESPONSE_S * rate / sessions))
        command = [options.build / "bench/peer_server", folder / "cert.pem", folder / "key.pem", self.log, sessions, rate, deltas,
                   size, options.burst]
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=pinned(SERVER_CORE))
        self.port = int(self.process.stdout.readline())

    def counts(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        """What it knows of each response: how long it took to the first delta, us."""
        self.process.stdin.close()
        self.process.wait()
        with open(self.log, newline="") as file:
            return {row["response_id"]: (int(row["first_ns"]) - int(row["asked_ns"])) / 1000 for row in csv.DictReader(file)}


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem",
                    "-out", "cert.pem"], cwd=folder, check=True, stderr=subprocess.DEVNULL)


# ---- how each client is started, and where it leaves its rows

def rushhour(build, folder, port, sessions, think_time="0s", workers=1):
    profile = {
        "name": "peers",
        "regions": [{"name": "peer", "endpoint": f"https://localhost:{port}", "deployment": "gpt-realtime", "dialect": "ga",
                     "ca_file": str(folder / "cert.pem"), "auth": {"api_key": "${PEERS_KEY}"}}],
        "load": {"model": "sessions", "max_sessions": sessions, "connect_rate": "250/s",
                 "stages": [{"duration": "0s", "target": sessions}, {"duration": "1h", "target": sessions}]},
        "session": {"interactions": 100000, "think_time": think_time, "prompts": ["Say OK."], "modality": "audio"},
        "timeouts": {"first_output": "60s", "response": "10m", "stall": "5m"},
        "windows": {"interval": "10s", "report": []},
        "retry": {"attempts": 1},
    }
    (folder / "profile.json").write_text(json.dumps(profile))
    return [str(build / "rushhour"), "run", str(folder / "profile.json"), "--connect-to", f"localhost:{port}=127.0.0.1:{port}",
            "--workers", str(workers), "--quiet", "--yes", "-o", str(folder / "run")], folder / "run/attempts.csv"


def rushhour_2(build, folder, port, sessions):
    return rushhour(build, folder, port, sessions, workers=2)


def raw(build, folder, port, sessions):
    return [str(build / "bench/peer_raw"), str(port), str(folder / "cert.pem"), str(sessions), str(folder / "rows.csv")], \
        folder / "rows.csv"


def ws(build, folder, port, sessions):
    return ["node", str(HERE / "ws.mjs"), str(port), str(folder / "cert.pem"), str(sessions), str(folder / "rows.csv")], \
        folder / "rows.csv"


def websockets(build, folder, port, sessions):
    return ["/usr/bin/python3", str(HERE / "websockets_client.py"), str(port), str(folder / "cert.pem"), str(sessions),
            str(folder / "rows.csv")], folder / "rows.csv"


def artillery(build, folder, port, sessions):
    seconds = max(1, sessions // 250)
    script = {"config": {"target": f"wss://localhost:{port}/", "processor": str(HERE / "artillery.cjs"),
                         "phases": [{"duration": seconds, "arrivalCount": sessions}],
                         "tls": {"ca": (folder / "cert.pem").read_text(), "servername": "localhost"},
                         "ws": {"perMessageDeflate": False}},
              "scenarios": [{"engine": "ws", "flow": [{"function": "converse"}]}]}
    (folder / "artillery.json").write_text(json.dumps(script))
    return [str(HERE / "node_modules/.bin/artillery"), "run", "--quiet", str(folder / "artillery.json")], folder / "rows.csv"


STARTS = {"raw": raw, "rushhour": rushhour, "rushhour-2": rushhour_2, "ws": ws, "artillery": artillery, "websockets": websockets}


# ---- one turn of one client

def start_client(name, build, folder, port, sessions):
    command, rows = STARTS[name](build, folder, port, sessions)
    said = open(folder / "client.log", "w")
    environment = {**os.environ, "PEERS_KEY": "none", "PEERS_CSV": str(rows), "ARTILLERY_DISABLE_TELEMETRY": "true",
                   "WORKERS": "1"}
    # of its own group: artillery is more than one process
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                               preexec_fn=None if name == "rushhour-2" else pinned(CLIENT_CORE), start_new_session=True)
    return process, rows


def wait_for(server, process, sessions, folder):
    """Until all sessions are open; the memory before is that with the first."""
    before, limit = None, time.monotonic() + 30 + sessions / 50
    while True:
        open_now = server.counts()["opened"]
        if before is None and open_now > 0:
            before = (resident_kib(process.pid), open_now)
        if open_now >= sessions:
            return before
        if process.poll() is not None or time.monotonic() > limit:
            sys.exit(f"{open_now} of {sessions} sessions opened:\n" + (folder / "client.log").read_text()[-2000:])
        time.sleep(0.005 if before is None else 0.05)


def end_client(process):
    for number, seconds in ((signal.SIGINT, 0), (signal.SIGTERM, 30), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(seconds or 30)
            break
        except subprocess.TimeoutExpired:
            pass


def turn(name, options, sessions, rate, size):
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        certificate(folder)
        server = Server(options, folder, sessions, rate, size)
        process, rows = start_client(name, options.build, folder, server.port, sessions)
        memory = wait_for(server, process, sessions, folder)
        time.sleep(SETTLE_S)
        since, cpu = server.counts(), cpu_s(process.pid)
        time.sleep(options.seconds)
        until, cpu = server.counts(), cpu_s(process.pid) - cpu
        resident = resident_kib(process.pid)
        lost = process.poll() is not None or until["open"] < sessions
        end_client(process)
        truth = server.end()
        if lost:
            sys.exit(f"{name} lost sessions:\n" + (folder / "client.log").read_text()[-2000:])
        errors = errors_of(rows, truth)
    span = (until["at_ns"] - since["at_ns"]) / 1e9
    messages = until["messages"] - since["messages"]
    return {"us": cpu * 1e6 / messages, "rate": messages / span, "busy": cpu / span,
            "server": (until["cpu_s"] - since["cpu_s"]) / span, "late": (until["late"] - since["late"]) / messages,
            "kib": (resident - memory[0]) / max(1, sessions - memory[1]), "errors": errors}


def errors_of(path, truth):
    """Recorded ttft less what the server knows, us; a last row that was cut off does not count."""
    errors = []
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            try:
                errors.append(int(row["ttft_us"]) - truth[row["response_id"]])
            except (KeyError, TypeError, ValueError):
                pass
    return errors


# ---- tables

def remarks(turns):
    said = []
    server = statistics.median(one["server"] for one in turns)
    if statistics.median(one["busy"] for one in turns) >= BUSY:
        said.append("the client's core was full")
    elif server >= BUSY or statistics.median(one["late"] for one in turns) > 0.01:
        said.append(f"THE SERVER WAS THE BOTTLENECK ({server:.0%} of its core)")
    return "; ".join(said)


def table(results, clients, sessions, rate, size):
    print(f"\n{size:,} bytes, {rate:,} deltas/s, {sessions:,} sessions, all messages counted")
    print(f"{'client':12}{'us/message':>12}{'to raw':>8}{'core':>7}{'messages/s':>12}{'KiB/session':>13}"
          f"{'ttft error P50':>16}{'P99':>10}{'responses':>11}")
    limit = statistics.median(one["us"] for one in results["raw"]) if "raw" in results else None
    for name in clients:
        turns = results[name]
        us = statistics.median(one["us"] for one in turns)
        ratio = "" if limit is None else f"{us / limit:.2f}x"
        half = statistics.median(quantile(one["errors"], 0.5) for one in turns)
        tail = statistics.median(quantile(one["errors"], 0.99) for one in turns)
        print(f"{name:12}{us:12.1f}{ratio:>8}{statistics.median(one['busy'] for one in turns):7.0%}"
              f"{statistics.median(one['rate'] for one in turns):12,.0f}{statistics.median(one['kib'] for one in turns):13.1f}"
              f"{half:13,.0f} us{tail:7,.0f} us{sum(len(one['errors']) for one in turns):11,}  {remarks(turns)}")
    sys.stdout.flush()


def numbers(text):
    return [int(part) for part in text.split(",")]


def asked():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--clients", default=",".join(CLIENTS), type=lambda text: text.split(","))
    parser.add_argument("--sizes", default="200,4096,16384", type=numbers, help="bytes of a delta's message")
    parser.add_argument("--rates", default="10000,10000,4000", type=numbers, help="deltas a second for each size")
    parser.add_argument("--sessions", default="1000", type=numbers)
    parser.add_argument("--seconds", default=10, type=float, help="of each turn")
    parser.add_argument("--rounds", default=3, type=int)
    parser.add_argument("--burst", default=1, type=int,
                        help="deltas of a session written together: more load from the server's core")
    parser.add_argument("--svg", type=pathlib.Path, help="where to draw cost against sessions")
    options = parser.parse_args()
    options.build = options.build.resolve()
    options.rates += options.rates[-1:] * (len(options.sizes) - len(options.rates))
    return options


def main():
    options = asked()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if len(os.sched_getaffinity(0)) < 2:
        print("one core only: server and client take each other's time, and no figure here is one of the client alone")
    print(f"medians of {options.rounds}, {options.seconds:g} s each; TLS 1.3; load average {os.getloadavg()[0]:.1f} at the start")
    costs = {size: {name: {} for name in options.clients} for size in options.sizes}
    for sessions in options.sessions:
        for size, rate in zip(options.sizes, options.rates):
            results = {name: [] for name in options.clients}
            for _ in range(options.rounds):
                for name in options.clients:
                    results[name].append(turn(name, options, sessions, rate, size))
            table(results, options.clients, sessions, rate, size)
            for name, turns in results.items():
                costs[size][name][sessions] = statistics.median(one["us"] for one in turns)
    if options.svg:
        options.svg.write_text(plot.svg(costs))


if __name__ == "__main__":
    main()
