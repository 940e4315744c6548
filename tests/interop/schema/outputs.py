"""Holds what rushhour prints and writes as JSON against docs/schemas, which refuse unknown keys, by an independent validator.

usage: outputs.py SCHEMAS RUSHHOUR

The outputs are real ones, of runs that differ: everything fails, nothing does, nothing was judged, none had a price; a shard is
missing, a run was killed, one was merged. A key without a word in a schema fails here, and so does a schema without an output.
"""

import http.server
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time

import jsonschema

PROFILES = pathlib.Path(__file__).resolve().parents[3] / "profiles"
REGIONS = [
    {"name": "eastus2", "endpoint": "https://contoso-eastus2.openai.azure.com", "deployment": "gpt-realtime",
     "auth": {"api_key": "${SCHEMA_KEY}"}},
    {"name": "swedencentral", "endpoint": "https://contoso-sc.openai.azure.com", "deployment": "rt-preview",
     "dialect": "preview", "api_version": "2025-04-01-preview", "auth": {"api_key": "${SCHEMA_KEY}"}},
]
QUICK = {"upgrade": "1ms", "session": "1ms", "configure": "1ms", "response_created": "1ms", "first_output": "5ms", "delta": "1ms"}
PRICES = {"as_of": "2026-10-01", "gpt-realtime": {"text_in": 4.0, "text_cached": 0.4, "text_out": 16.0},
          "rt-preview": {"text_in": 5.0, "text_out": 20.0}}
EVERYTHING_FAILS = [{"fault": name, "rate": "8%"} for name in
                    ("server_error", "upgrade_429", "upgrade_503", "stall", "connection_reset", "content_filter")]


def profile(name, **sections):
    base = {"name": name, "regions": REGIONS,
            "load": {"model": "sessions", "stages": [{"duration": "0s", "target": 4}, {"duration": "1500ms", "target": 4}]},
            "session": {"interactions": 3, "think_time": "0s", "prompts": ["Say OK."]},
            "windows": {"interval": "500ms", "report": ["1s", "peak=07:00-09:00@America/Los_Angeles,mon-fri"]},
            "simulator": {"latency": [QUICK]}}
    made = {**base, **sections}
    return {**made, "simulator": {"quota": "none", **made["simulator"]}}


def arrivals(rate, duration):
    return {"model": "arrivals", "stages": [{"duration": "0s", "target": rate}, {"duration": duration, "target": rate}]}

POLICY = {"session": {"interactions": 1, "think_time": "0s", "prompts": ["Say OK."]},
          "simulator": {"latency": [QUICK], "faults": [{"fault": "server_error", "rate": "50%", "regions": ["eastus2"]}]}}


# A profile, and the options of its run. What differs between them is what keys come from.
RUNS = {
    "quiet": (profile("quiet"), []),
    "again": (profile("quiet"), []),
    "failing": (profile("failing", thresholds=["failure_rate{about=run} < 1%", "ttft.p50{region=eastus2} < 1ms",
                                               "share(ttft > 1s) < 5%", "failure_rate < 50%", "ttft.p99{window=peak} < 1s"],
                        prices=PRICES, budget={"usd": 5, "tokens": 2000000}, timeouts={"stall": "200ms", "first_output": "500ms"},
                        retry={"attempts": 3, "backoff": {"initial": "1ms", "max": "5ms"}, "budget": "50%"},
                        simulator={"latency": [QUICK], "faults": EVERYTHING_FAILS}), []),
    "stopped": (profile("stopped", abort_on_fail={"acceptable": "1%", "too_high": "20%"}, thresholds=["failure_rate < 5%"],
                        simulator={"latency": [QUICK], "faults": [{"fault": "server_error", "rate": "60%"}]}), []),
    "held": (profile("held", load=arrivals("20/s", "1500ms"), thresholds=["interaction_failure_rate < 1%"],
                     simulator={"latency": [QUICK], "quota": [{"rpm": 60, "tpm": 100000}]}), []),
    "long": (profile("long", load={**arrivals("1/m", "26h")}, windows={"interval": "10m", "report": ["1h"]},
                     thresholds=["failure_rate < 5%"], session={"interactions": 1, "prompts": ["Say OK."]},
                     simulator={"clock": {"speed": 10000, "start": "2026-04-13T20:00:00-07:00"},
                                "faults": [{"fault": "server_error", "rate": "0.5%"},
                                           {"fault": "server_error", "rate": "60%", "during": "07:00-07:40"}]}), []),
    "spoken": (profile("spoken", regions=REGIONS[:1], session={
        "interactions": 2, "think_time": "0s", "modality": "audio",
        "audio": {"voice": "synthetic", "length": "300ms", "turn_detection": {"type": "server_vad", "silence_duration": "200ms"}}}), []),
    "answered": (profile("answered", session={"interactions": 1, "think_time": "0s", "modality": "audio", "prompts": ["Say OK."]},
                         regions=REGIONS[:1]), []),
    "elsewhere": (profile("elsewhere", load={**arrivals("10/s", "1500ms"), "routing": "failover"}, **POLICY,
                          breaker={"failure_rate": "30%", "window": "1s", "attempts": 3, "open_for": "1s", "probes": 2},
                          retry={"attempts": 3, "session": "other_region", "backoff": {"initial": "1ms", "max": "5ms"}}), ["--seed", "7"]),
    "stays": (profile("stays", load={**arrivals("10/s", "1500ms"), "routing": "failover"}, **POLICY,
                      breaker={"failure_rate": "99%", "window": "1s", "attempts": 100},
                      retry={"attempts": 2, "session": "same", "backoff": {"initial": "1ms", "max": "5ms"}}), ["--seed", "7"]),
    "ages": (profile("ages", load={"model": "sessions", "stages": [{"duration": "0s", "target": 4}, {"duration": "4s", "target": 4}]},
                     session={"interactions": 50, "think_time": "50ms", "before_expiry": "0s", "prompts": ["Say OK."]},
                     simulator={"latency": [QUICK], "faults": [{"fault": "session_expired", "rate": "100%", "after": "1s"}]}), []),
    "part-1": (profile("parts"), ["--seed", "9", "--shard", "1/3"]),
    "part-2": (profile("parts"), ["--seed", "9", "--shard", "2/3"]),
}


class Outputs:
    """Yields (schema, what it is, document)."""

    def __init__(self, rushhour, folder):
        self.rushhour, self.folder = str(pathlib.Path(rushhour).resolve()), folder
        self.environment = {**os.environ, "SCHEMA_KEY": "a-key-of-the-schema-test", "NO_COLOR": "1"}

    def call(self, *arguments, fine=(0, 1, 3, 4, 5, 99)):
        done = subprocess.run([self.rushhour, *map(str, arguments)], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, timeout=240)
        assert done.returncode in fine, (arguments, done.returncode, done.stderr)
        self.said = done.stderr
        return done.stdout

    def json(self, *arguments, **options):
        printed = self.call(*arguments, **options)
        try:
            return json.loads(printed)
        except json.JSONDecodeError as error:
            raise AssertionError(f"{arguments} printed no JSON: {printed[:300]}{self.said}") from error

    def lines(self, path):
        return [json.loads(line) for line in (self.folder / path).read_text().splitlines()]

    def start(self, *arguments):
        return subprocess.Popen([self.rushhour, *map(str, arguments)], cwd=self.folder, env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    # ---- runs ----

    def runs(self):
        running = {}
        for name, (made, options) in RUNS.items():
            (self.folder / f"{name}.json").write_text(json.dumps(made))
            running[name] = self.start("run", f"{name}.json", "--simulate", "--json", "-o", f"results/{name}", *options)
            if len(running) % 2 == 0:  # two at a time
                yield from self.ended(running)
        yield from self.ended(running)
        killed = self.start("run", "quiet.json", "--simulate", "-q", "--duration", "1m", "-o", "results/killed")
        stopped = self.start("run", "quiet.json", "--simulate", "--json", "--duration", "1m", "-o", "results/interrupted")
        for run, name in ((killed, "killed"), (stopped, "interrupted")):
            for _ in range(600):
                intervals = self.folder / "results" / name / "intervals.csv"
                if intervals.exists() and intervals.read_text().count("\n") > 3:
                    break
                time.sleep(0.05)
        killed.kill()
        stopped.send_signal(signal.SIGINT)
        yield "run", "an interrupted run", json.loads(stopped.communicate(timeout=60)[0])
        killed.wait(timeout=60)
        yield "run", "run.json of a killed run", json.loads((self.folder / "results/killed/run.json").read_text())
        yield "run", "a merged run", self.json("merge", "results/merged", "part-1", "part-2", "--json")
        yield "run", "a run merged of repetitions", self.json("merge", "results/twice", "quiet", "again", "--json")

    def ended(self, running):
        for name, process in running.items():
            printed = process.communicate(timeout=240)[0]
            assert process.returncode in (0, 3, 4, 99), (name, process.returncode)
            yield "run", name, json.loads(printed)
            for number, record in enumerate(self.lines(f"results/{name}/failures.jsonl")):
                yield "failure", f"failures.jsonl of {name}, line {number + 1}", record
            for number, record in enumerate(self.lines(f"results/{name}/ledger.jsonl")):
                yield "ledger", f"ledger.jsonl of {name}, line {number + 1}", record
        running.clear()

    # ---- what is made of them ----

    def reports(self):
        yield "run", "the demo", json.loads(self.demo.communicate(timeout=240)[0])
        for record in self.lines("results/demo/failures.jsonl"):
            yield "failure", "failures.jsonl of the demo", record
        for name in ["demo", *RUNS, "killed", "interrupted", "merged", "twice"]:
            yield "report", name, self.json("report", name, "--json")
        yield "report", "by other windows", self.json("report", "long", "--json", "--window", "6h", "--window",
                                                      "night=22:00-02:00@UTC")
        yield "report", "the last ones", self.json("report", "quiet", "--json", "--last", "5")

    def comparisons(self):
        for way in (["quiet", "failing"], ["quiet", "failing", "--anyway"], ["failing", "quiet", "--anyway"],
                    ["quiet", "quiet"], ["quiet", "long", "--anyway"], ["failing", "--regions", "eastus2", "swedencentral"],
                    ["long", "--between", "a=07:00-09:00@America/Los_Angeles", "rest"],
                    ["demo", "--between", "a=07:00-07:15@America/Los_Angeles", "rest"], ["demo", "long", "--anyway"],
                    ["demo", "--regions", "eastus2", "swedencentral"],
                    ["failing", "merged", "--anyway", "--metric", "ttft.p99", "--metric", "share(ttft > 1s)"]):
            yield "compare", " ".join(way), self.json("compare", *way, "--json")
        yield "policies", "of two runs", self.json("compare", "--policies", "stays", "elsewhere", "--json")
        yield "policies", "of runs that are not comparable", self.json("compare", "--policies", "stays", "held", "--json")

    def recoveries(self):
        for way in (["demo", "--since", "2026-04-14T07:16:00-07:00"], ["demo", "--since", "2026-04-14T07:26:00-07:00", "--region", "eastus2"],
                    ["demo", "--since", "2026-04-14T07:16:00-07:00", "--beside", "long"]):
            yield "recover", " ".join(way), self.json("recover", *way, "--json")

    def plans(self):
        for way in (["quiet"], ["failing"], ["held"], ["elsewhere"], ["long", "--detect", "1% vs 2%"],
                    ["long", "--detect", "1% vs 2%", "--like", "demo", "--daily", "1h"], ["quiet", "--detect", "1% vs 2%", "--like", "failing"],
                    ["stopped", "--detect", "1% vs 3%", "--bursts", "0.2/h:2m:60%"], ["quiet", "--detect", "1% vs 2%", "--design-effect", "2"]):
            printed = self.call("plan", f"{way[0]}.json", "--json", *way[1:])
            if printed:  # a run that a busy machine has spoilt says nothing of what comes
                yield "plan", " ".join(way), json.loads(printed)
        yield "plan", "a dry run", self.json("run", "failing.json", "--dry-run", "--json", "--region", "eastus2")

    def preflights(self):
        yield "check", "a rehearsal", self.json("check", "quiet.json", "--simulate", "--json")
        yield "check", "a rehearsal where all fails", self.json("check", "failing.json", "--simulate", "--json")
        (self.folder / "nowhere.json").write_text(json.dumps(profile("nowhere", regions=[
            {**REGIONS[0], "endpoint": "https://localhost:1"}, {**REGIONS[1], "name": "other", "endpoint": "https://x.invalid"}])))
        yield "check", "nobody there", self.json("check", "nowhere.json", "--json")

    def begin_long_ones(self):
        """They take half a minute and more, and run beside all others: the demo, and a search whose one session keeps failing."""
        self.demo = self.start("run", PROFILES / "demo.json", "--simulate", "--json", "-q", "-o", "results/demo")
        (self.folder / "search.json").write_text(json.dumps(profile(
            "search", regions=REGIONS[:1], session={"interactions": 1, "think_time": "0s", "prompts": ["Say OK."]},
            simulator={"clock": {"speed": 20}, "faults": [{"fault": "server_error", "rate": "60%"}]})))
        self.search = self.start("capacity", "search.json", "--simulate", "--json", "--from", "1", "--up-to", "1", "--target", "4",
                                 "--settle", "1s", "--sustain", "4s", "-o", "results/search", "-q")

    def searches(self):
        yield "capacity", "printed", json.loads(self.search.communicate(timeout=240)[0])
        yield "capacity", "planned", self.json("capacity", "search.json", "--simulate", "--dry-run", "--json", "--target", "60/m")
        yield "capacity", "capacity.json", json.loads((self.folder / "results/search/capacity.json").read_text())

    def packages(self):
        for name in ("failing", "held", "demo", "quiet"):
            yield "evidence", name, self.json("evidence", name, "--no-check", "--json")
            yield "package", f"manifest.json of {name}", json.loads(
                (self.folder / f"results/{name}-evidence/manifest.json").read_text())

    def others(self):
        yield "prune", "a dry run", self.json("prune", "--older", "0s", "--dry-run", "--json")
        server = self.start("simulate", "quiet.json")
        try:
            assert select.select([server.stdout], [], [], 30)[0]
            yield "simulate", "ready", json.loads(server.stdout.readline())
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=30)
        yield from self.notices()

    def notices(self):
        taken = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Handler) as receiver:
            threading.Thread(target=receiver.serve_forever, daemon=True).start()
            for name in ("failing", "stopped"):
                self.call("report", name, "-q", "--notify", f"http://127.0.0.1:{receiver.server_port}/")
            receiver.shutdown()
        assert len(taken) == 2, taken
        for notice in taken:
            yield "notice", f"of {notice['profile']}", notice

    def all(self):
        self.begin_long_ones()
        for part in (self.runs, self.reports, self.comparisons, self.recoveries, self.plans, self.preflights, self.packages, self.others, self.searches):
            yield from part()


def main(folder, rushhour):
    schemas = {path.name[:-len(".schema.json")]: json.loads(path.read_text()) for path in sorted(pathlib.Path(folder).glob("*.schema.json"))}
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    validators = {name: jsonschema.Draft202012Validator(schema) for name, schema in schemas.items()}
    seen, wrong = {}, []
    with tempfile.TemporaryDirectory(prefix="rushhour-schemas-") as scratch:
        for name, what, document in Outputs(rushhour, pathlib.Path(scratch)).all():
            seen[name] = seen.get(name, 0) + 1
            for error in validators[name].iter_errors(document):
                wrong.append(f"{name}, {what}: at {error.json_path}: {error.message[:300]}")
    for sentence in sorted(set(wrong))[:40]:
        print(sentence, file=sys.stderr)
    unused = set(schemas) - set(seen)
    assert not unused, f"no output for {sorted(unused)}"
    assert not wrong, f"{len(wrong)} departures from the schemas"
    print(f"{len(seen)} schemas, {sum(seen.values())} outputs: {', '.join(f'{count} {name}' for name, count in sorted(seen.items()))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
