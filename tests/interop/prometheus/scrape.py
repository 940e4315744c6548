"""Runs a simulated load with --metrics under a real Prometheus and holds what it stored against run.json.

usage: scrape.py RUSHHOUR DASHBOARD
"""

import contextlib
import json
import math
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

SECONDS = 20
PRICES = {"gpt-realtime": {"text_in": 4, "text_cached": 0.4, "text_out": 16}}
PROFILE = {
    "name": "scraped",
    "regions": [
        {"name": name, "endpoint": f"https://contoso-{name}.openai.azure.com", "deployment": "gpt-realtime",
         "dialect": "ga", "auth": {"api_key": "${SCRAPED_KEY}"}} for name in ("eastus2", "swedencentral")],
    "session": {"interactions": 3, "think_time": "50ms", "modality": "text", "prompts": ["Say OK."]},
    "windows": {"interval": "2s"},
    "prices": PRICES,
    "budget": {"usd": 100},
    "simulator": {"quota": "none", "latency": [{"first_output": {"median": "120ms", "p99": "600ms"}}],
                  "faults": [{"regions": ["eastus2"], "fault": "server_error", "rate": "8%"},
                             {"regions": ["eastus2"], "fault": "upgrade_429", "rate": "4%"}]},
}
LOADS = {
    "closed": {"model": "sessions",
               "stages": [{"duration": "0s", "target": 5}, {"duration": f"{SECONDS}s", "target": 5}]},
    "open": {"model": "arrivals",
             "stages": [{"duration": "0s", "target": "3/s"}, {"duration": "4s", "target": "3/s"}]},
}
CONFIG = """
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: rushhour
    static_configs: [{targets: ["%s"]}]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.read().decode()


class Prometheus:
    """A server of our own, with its data in a folder of its own."""

    def __init__(self, folder, target):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = folder / "prometheus.log"
        config = folder / "prometheus.yml"
        config.write_text(CONFIG % target)
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
                 f"--web.listen-address={self.url[len('http://'):]}"], stdout=log, stderr=log)

    def ready(self):
        for _ in range(300):
            with contextlib.suppress(OSError):
                fetch(self.url + "/-/ready")
                return
            time.sleep(0.1)
        raise AssertionError("Prometheus did not get ready:\n" + self.log.read_text())

    def get(self, path, **query):
        answer = json.loads(fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression, **more):
        return self.get("query", query=expression, **more)["result"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def start(rushhour, folder, load):
    """A run under way, the address of its metrics and the run's folder."""
    profile = folder / f"{load}.json"
    profile.write_text(json.dumps({**PROFILE, "load": LOADS[load]}))
    log = folder / f"{load}.log"
    with open(log, "w") as out:
        process = subprocess.Popen([rushhour, "run", profile, "--simulate", "--quiet", "--metrics", "0", "--seed", "7",
                                    "-o", folder / load], stdout=out, stderr=out)
    for _ in range(100):
        found = re.search(r"http://(127\.0\.0\.1:\d+)/metrics", log.read_text())
        if found:
            return process, found.group(1)
        time.sleep(0.1)
    process.kill()
    raise AssertionError("no address: " + log.read_text())


def names(text):
    """Every sample's name in an exposition."""
    return {re.match(r"\w+", line).group() for line in text.splitlines() if not line.startswith("#")}


def check_promtool(text):
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert result.returncode == 0 and not result.stderr and not result.stdout, result


def check_stored(prometheus, manifest):
    """Every counter that Prometheus holds last is that of run.json."""

    def value(name, **labels):
        selector = ",".join(f'{key}="{text}"' for key, text in labels.items())
        found = prometheus.query(f"last_over_time(rushhour_{name}{{{selector}}}[5m])")
        assert len(found) == 1, (name, labels, found)
        return float(found[0]["value"][1])

    checked = 0
    for region in manifest["regions"]:
        def same(expected, name, **labels):
            nonlocal checked
            got = value(name, region=region["name"], **labels)
            close = math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-9)
            assert close, (region["name"], name, labels, got, expected)
            checked += 1

        for outcome in ("ok", "failed", "cancelled"):
            same(region["attempts"][outcome], "attempts_total", outcome=outcome)
        for outcome in ("ok", "failed"):
            same(region["interactions"][outcome], "interactions_total", outcome=outcome)
        same(region["attempts"]["started"], "attempts_started_total")
        same(region["sessions"]["started"], "sessions_total")
        same(region["sessions"]["opened"], "sessions_opened_total")
        same(region["sessions"]["failed"], "sessions_failed_total")
        same(region["retries"], "retries_total")
        for kind in ("input", "output"):
            same(region["tokens"][kind], "tokens_total", kind=kind)
        if region["cost_usd"] is not None:  # without a price there is no such series
            same(region["cost_usd"], "cost_usd_total")
        for failure in region["failures"]:
            same(failure["count"], "failures_total", **{key: failure[key] for key in ("code", "phase", "domain")})
        for metric in ("ttft", "response", "interaction", "dial", "session"):
            same(region["latency_ms"][metric]["count"], f"{metric}_seconds_count")
            same(region["latency_ms"][metric]["count"], f"{metric}_seconds_bucket", le="+Inf")
    assert manifest["regions"][0]["failures"], "the run had failures to tell of"
    print(f"{checked} counters are those of run.json")


def check_quantiles(prometheus, manifest):
    """histogram_quantile lands in the bucket that holds the exact quantile."""
    for region in manifest["regions"]:
        for metric in ("ttft", "response", "interaction"):
            buckets = f'last_over_time(rushhour_{metric}_seconds_bucket{{region="{region["name"]}"}}[5m])'
            bounds = sorted(float(series["metric"]["le"]) for series in prometheus.query(buckets))
            for key, quantile in (("p50", 0.5), ("p99", 0.99)):
                exact_ms = region["latency_ms"][metric].get(key)
                if exact_ms is None:
                    continue  # too few for a P99
                found = prometheus.query(f"histogram_quantile({quantile}, {buckets})")
                estimate = float(found[0]["value"][1])
                high = next(bound for bound in bounds if exact_ms / 1000 <= bound * 1.001)
                low = max([bound for bound in bounds if bound < high], default=0)
                assert low <= estimate <= high, (region["name"], metric, key, exact_ms, estimate, low, high)


def check_scrapes(prometheus):
    """Up from the first scrape to the last, down only when the run was over; nothing was refused."""
    ups = [int(value) for _at, value in prometheus.query('up{job="rushhour"}[5m]')[0]["values"]]
    last = len(ups) - ups[::-1].index(1)
    assert all(ups[:last]) and sum(ups) > SECONDS / 4, ups
    log = prometheus.log.read_text()
    for word in ("level=error", "Error on ingesting", "append failed", "Scrape commit failed"):
        assert word not in log, log
    metadata = prometheus.get("targets/metadata", metric="rushhour_ttft_seconds")
    assert metadata and metadata[0]["type"] == "histogram" and metadata[0]["unit"] == "seconds", metadata
    print(f"{sum(ups)} scrapes, none failed while the run lived")


def check_dashboard(prometheus, dashboard, known):
    """It asks for nothing that is never served, and Prometheus understands each question."""
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    variables = json.dumps(dashboard["templating"])
    wanted = set(re.findall(r"\brushhour_\w+", " ".join(expressions) + variables))
    assert wanted and wanted <= known, f"the dashboard asks for {sorted(wanted - known)}"
    empty = []
    for expression in expressions:
        expression = expression.replace("$__rate_interval", "10s").replace("$region", ".*")
        now = time.time()
        found = prometheus.get("query_range", query=expression, start=now - 120, end=now, step=1)["result"]
        if not found:
            empty.append(expression)
    # the run under Prometheus had a closed load, so that there are no arrivals to show
    assert all("arrivals" in expression for expression in empty), empty
    print(f"the dashboard's {len(expressions)} questions ask for {len(wanted)} metrics, all of them served")


def check_alerts(rules, known):
    wanted = set(re.findall(r"\brushhour_[a-z_]+", rules))
    assert wanted and wanted <= known, f"the alert rules ask for {sorted(wanted - known)}"
    print(f"the alert rules ask for {len(wanted)} metrics, all of them served")


def main():
    rushhour = sys.argv[1]
    dashboard = json.loads(pathlib.Path(sys.argv[2]).read_text())
    os.environ.pop("SCRAPED_KEY", None)
    with tempfile.TemporaryDirectory(prefix="rushhour-prometheus-") as scratch, contextlib.ExitStack() as stack:
        folder = pathlib.Path(scratch)
        process, address = start(rushhour, folder, "closed")
        stack.callback(process.kill)
        prometheus = Prometheus(folder, address)
        stack.callback(prometheus.stop)
        prometheus.ready()
        time.sleep(SECONDS / 2)
        check_promtool(fetch(f"http://{address}/metrics", Accept="text/plain"))
        known = names(fetch(f"http://{address}/metrics"))
        status = process.wait(timeout=SECONDS + 120)
        assert status in (0, 4), (status, (folder / "closed.log").read_text())  # 4: a busy machine
        time.sleep(2)  # for Prometheus to see that it is gone
        manifest = json.loads((folder / "closed/run.json").read_text())
        check_stored(prometheus, manifest)
        check_quantiles(prometheus, manifest)
        check_scrapes(prometheus)
        process, address = start(rushhour, folder, "open")
        stack.callback(process.kill)
        time.sleep(3)
        text = fetch(f"http://{address}/metrics", Accept="text/plain")
        check_promtool(text)
        check_dashboard(prometheus, dashboard, known | names(text))
        check_alerts(pathlib.Path(sys.argv[3]).read_text(), known | names(text))
        process.wait(timeout=120)


main()
