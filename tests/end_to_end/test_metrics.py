"""The endpoint of run --metrics: its final figures equal those of run.json, and it refuses requests as HTTP does."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import threading
import time
import unittest

import harness

SAMPLE = re.compile(r'^([a-z0-9_]+?)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """{(name, ((label, value)...)): number}"""
    samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        key = (name, tuple(sorted(LABEL.findall(labels or ""))))
        assert key not in samples, f"twice: {line}"
        samples[key] = float(value)
    return samples


def get(port, path="/metrics", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type"), answer.read().decode()


class Scraper(threading.Thread):
    """Asks twice a second until nobody answers; keeps each answer."""

    def __init__(self, port):
        super().__init__()
        self.port, self.answers = port, []

    def run(self):
        while True:
            try:
                self.answers.append(get(self.port))
            except OSError:
                return
            time.sleep(0.5)


class Metrics(harness.Case):
    def start(self, *arguments):
        """Starts a run and returns it with the port of its endpoint."""
        process = harness.start("run", self.write_profile(self.profile()), "--simulate", "--metrics", "0", *arguments,
                                cwd=self.folder)
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/metrics", line)
        if not found:
            self.fail(f"no address: {line} {harness.finish(process)}")
        return process, int(found.group(1))

    def profile(self):
        return harness.profile(
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 2}, {"duration": "4s", "target": 2}]},
            prices={"gpt-realtime": {"text_in": 4, "text_cached": 0.4, "text_out": 16}},
            simulator={"latency": [harness.QUICK],
                       "faults": [{"regions": ["eastus2"], "fault": "server_error", "rate": "10%"}]})

    def test_last_scrape_equals_the_manifest(self):
        process, port = self.start("--quiet", "-o", "run")
        scraper = Scraper(port)
        scraper.start()
        result = harness.finish(process)
        scraper.join()
        self.assertIn(result.status, harness.ENDED, result.stderr)
        self.assertGreater(len(scraper.answers), 3)
        for status, kind, text in scraper.answers:
            self.assertEqual((status, kind), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
            self.assertTrue(text.endswith("# EOF\n"))
        pages = [parse(text) for _status, _kind, text in scraper.answers]
        self.assert_never_falls(pages)
        final = pages[-1]
        self.assertEqual(final[("rushhour_run_state", (("rushhour_run_state", "finished"),))], 1)
        self.assert_equals_manifest(final, json.loads((self.folder / "run/run.json").read_text()))

    def assert_never_falls(self, pages):
        for before, after in zip(pages, pages[1:]):
            for key, value in before.items():
                if key[0].endswith(("_total", "_bucket", "_count", "_sum")):
                    self.assertGreaterEqual(after[key], value, key)

    def assert_equals_manifest(self, final, manifest):
        for region in manifest["regions"]:
            def value(name, *, of=region["name"], **labels):
                return final[("rushhour_" + name, tuple(sorted({**labels, "region": of}.items())))]

            self.assertEqual(value("sessions_total"), region["sessions"]["started"])
            self.assertEqual(value("sessions_opened_total"), region["sessions"]["opened"])
            self.assertEqual(value("sessions_failed_total"), region["sessions"]["failed"])
            self.assertEqual(value("attempts_started_total"), region["attempts"]["started"])
            for outcome in ("ok", "failed", "cancelled"):
                self.assertEqual(value("attempts_total", outcome=outcome), region["attempts"][outcome])
            for outcome in ("ok", "failed"):
                self.assertEqual(value("interactions_total", outcome=outcome), region["interactions"][outcome])
            self.assertEqual(value("retries_total"), region["retries"])
            for kind in ("input", "output"):
                self.assertEqual(value("tokens_total", kind=kind), region["tokens"][kind])
            if region["cost_usd"] is None:
                self.assertNotIn(("rushhour_cost_usd_total", (("region", region["name"]),)), final)
            else:
                self.assertAlmostEqual(value("cost_usd_total"), region["cost_usd"], places=6)
            for failure in region["failures"]:
                labels = {key: failure[key] for key in ("code", "phase", "domain")}
                self.assertEqual(value("failures_total", **labels), failure["count"])
            for metric in ("ttft", "response", "interaction", "dial", "session"):
                counted = region["latency_ms"].get(metric, {}).get("count", 0)
                self.assertEqual(value(f"{metric}_seconds_count"), counted, metric)
                self.assertEqual(value(f"{metric}_seconds_bucket", le="+Inf"), counted, metric)
            self.assertEqual(value("sessions_open"), 0)
            self.assertEqual(value("attempts_in_flight"), 0)

    def test_answers_as_http_does(self):
        process, port = self.start("-o", "run")
        status, kind, text = get(port, Accept="text/plain")
        self.assertEqual((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertNotIn("# EOF", text)
        self.assertEqual(get(port, "/metrics?name=x")[0], 200)
        status, kind, text = get(port, "/")
        self.assertEqual((status, kind), (200, "text/html; charset=utf-8"))
        self.assertIn('href="/metrics"', text)
        status, kind, text = get(port, method="HEAD")
        self.assertEqual((status, kind.partition(";")[0], text), (200, "application/openmetrics-text", ""))
        self.assertEqual(get(port, "/other")[0], 404)
        self.assertEqual(get(port, method="POST")[0], 405)
        process.send_signal(harness.signal.SIGINT)
        self.assertEqual(harness.finish(process).status, 130)

    def test_answers_as_itself_only(self):
        """A page in a browser on this machine, whose name was made to resolve to loopback, reads nothing."""
        process, port = self.start("-o", "run")
        for host in ("localhost", f"LOCALHOST:{port}", "127.0.0.1", "127.1.2.3:1", f"[::1]:{port}"):
            self.assertEqual(get(port, Host=host)[0], 200, host)
        for host in ("attacker.example", f"attacker.example:{port}", "127.0.0.1.attacker.example", "10.0.0.1", "[fe80::1]", ""):
            status, _kind, text = get(port, Host=host)
            self.assertEqual(status, 421, host)
            self.assertNotIn("rushhour_", text)
        process.send_signal(harness.signal.SIGINT)
        self.assertEqual(harness.finish(process).status, 130)

    def test_idle_connections_take_nothing_from_the_load(self):
        """More connections than the endpoint has room for: attempts go on, and a scraper is served."""
        process, port = self.start("--quiet", "-o", "run")
        with contextlib.ExitStack() as idle:
            for _ in range(200):
                idle.enter_context(socket.create_connection(("127.0.0.1", port)))
            self.assertEqual(get(port)[0], 200)
            held = []
            for descriptor in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                    held.append(os.readlink(descriptor))
            self.assertLess(sum(name.startswith("socket:") for name in held), 40)
            result = harness.finish(process)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        for failure in harness.Run(self.folder / "run").failures:
            self.assertNotEqual(failure["domain"], "client", failure)

    def test_refuses_a_busy_port(self):
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            port = busy.getsockname()[1]
            result = self.rushhour("run", self.write_profile(self.profile()), "--simulate", "-o", "run", "--metrics",
                                   f":{port}", expect=(1,))
        self.assertIn(f"--metrics: cannot listen on 127.0.0.1 port {port}", result.stderr)
        self.assertIn("take another port", result.stderr)
        self.assertFalse((self.folder / "run").exists())

    def test_refuses_what_is_no_address(self):
        profile = self.write_profile(self.profile())
        for wrong in ("", ":", "host:9464", "1.2.3:9464", "::1:9464", "[127.0.0.1]:9464", "70000", "-1", "9464x"):
            result = self.rushhour("run", profile, "--simulate", "--dry-run", f"--metrics={wrong}", expect=(2,))
            self.assertIn("ADDR:PORT", result.stderr, wrong)
        for right in ("9464", ":9464", "0.0.0.0:9464", "[::1]:9464", "localhost:0"):
            self.rushhour("run", profile, "--simulate", "--dry-run", f"--metrics={right}")


if __name__ == "__main__":
    unittest.main()
