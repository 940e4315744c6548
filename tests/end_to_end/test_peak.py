"""The watch of peak hours as a job: short runs one after another, judged together; selectors, build servers, webhooks, and
the removal of what is old."""

import http.server
import json
import os
import pathlib
import threading
import unittest
import xml.etree.ElementTree

import harness

CANARY = "canary-of-the-path-4711"
FAILING = {"latency": [harness.QUICK], "faults": [{"fault": "server_error", "rate": "60%"}]}
ABOUT_RUN = ["failure_rate{about=run} < 20%", "ttft.p50{region=eastus2,about=run} < 30s"]


class Receiver:
    """Takes what is posted; answers with `status`."""

    def __init__(self, status=204):
        taken = self.taken = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((self.path, self.headers["Content-Type"], json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{CANARY}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Peak(harness.Case):
    def profile(self, name="peak", **sections):
        return self.write_profile(harness.profile(name=name, regions=harness.REGIONS[:2],
                                                  **{"thresholds": ABOUT_RUN, **sections}), f"{name}.json")

    def drive(self, path, *arguments, **options):
        """Three sessions for a second; what it finds is its own verdict or that of a busy machine."""
        return self.call("run", path, "--simulate", "--quiet", *arguments, **options)

    def call(self, *arguments, **options):
        return harness.rushhour(*arguments, cwd=self.folder, **options)

    def newest(self):
        runs = [harness.Run(path) for path in (self.folder / "results").iterdir() if not path.is_symlink()]
        return max(runs, key=lambda run: run.manifest["run"]["written"])

    def receiver(self, **options):
        receiver = Receiver(**options)
        self.addCleanup(receiver.close)
        return receiver

    def test_the_last_runs_as_one(self):
        path = self.profile()
        runs = []
        for _ in range(3):
            self.assertIn(self.drive(path).status, harness.ENDED)
            runs.append(self.newest())
        self.drive(self.profile("other"))
        usable = [run for run in runs if run.manifest["verdict"] != "invalid"]
        result = self.call("report", "latest:peak", "--last", "3", "--json")
        if not usable:
            self.assertEqual(result.status, 1, result)
            self.skipTest("this machine was too busy for three runs")
        together = json.loads(result.stdout)
        self.assertEqual(len(together["run"]["merged"]), len(usable))
        for outcome in ("ok", "failed", "cancelled"):
            self.assertEqual(together["totals"]["attempts"][outcome],
                             sum(run.manifest["totals"]["attempts"][outcome] for run in usable), outcome)
        self.assertIn(f"judged together: {len(usable)} run", result.stderr)
        # neither a page nor a folder is left behind, but for -o
        self.assertEqual(len(list((self.folder / "results").iterdir())), 4)
        self.rushhour("report", "latest:peak", "--last", "3", "--format", "html", "-o", "page.html")
        self.assertIn("<!doctype html>", (self.folder / "page.html").read_text()[:100].lower())
        # as run exits, by the verdict of all
        expected = {"pass": 0, "fail": 99, "inconclusive": 3, "invalid": 4}[together["verdict"]]
        self.assertEqual(self.call("report", "latest:peak", "--last", "3", "--exit-code", "-q").status, expected)
        self.assertEqual(self.call("report", "latest:peak", "--last", "3", "-q").status, 0)

    def test_build_servers(self):
        self.drive(self.profile(simulator=FAILING, name="ci"))
        verdicts = {one["expression"]: one["verdict"] for one in self.newest().manifest["thresholds"]}
        suite = xml.etree.ElementTree.fromstring(self.rushhour("report", "latest", "--format", "junit").stdout)[0]
        kinds = {"fail": "failure", "invalid": "error", "inconclusive": "skipped", "pass": "system-out"}
        cases = {case.get("name"): case[0] for case in suite.iter("testcase")}
        self.assertEqual({name: case.tag for name, case in cases.items()},
                         {name: kinds[verdict] for name, verdict in verdicts.items()})
        for attribute, verdict in (("failures", "fail"), ("errors", "invalid"), ("skipped", "inconclusive")):
            self.assertEqual(int(suite.get(attribute)), list(verdicts.values()).count(verdict))
        self.assertEqual(int(suite.get("tests")), 2)
        lines = self.rushhour("report", "latest", "--format", "github").stdout.splitlines()
        told = [line for line in lines if not line.startswith("::notice")]
        self.assertEqual(len(told), sum(verdict != "pass" for verdict in verdicts.values()))
        levels = {"fail": "::error ", "invalid": "::warning ", "inconclusive": "::warning "}
        for expression, verdict in verdicts.items():
            title = expression.replace("%", "%25").replace(",", "%2C").replace(":", "%3A")
            if verdict != "pass":
                self.assertTrue(any(line.startswith(f"{levels[verdict]}title={title}::{verdict}: ") for line in told), lines)
        self.assertEqual(len(lines), len(told) + 1)
        for wrong in ("xml", "JUnit", ""):
            result = self.call("report", "no-such-run", "--format", wrong)
            self.assertEqual(result.status, 2)
            self.assertIn("write text, markdown", result.stderr)

    def test_a_webhook_hears_of_changes(self):
        receiver = self.receiver()
        calm, bad = self.profile(), self.profile(name="bad", simulator=FAILING)
        bad.write_text(bad.read_text().replace('"name": "bad"', '"name": "peak"'))
        told = []
        for path in (calm, calm, bad, bad):
            self.drive(path, "--notify", "${HOOK}", env={"HOOK": receiver.url, "RUSHHOUR_TEST_KEY": "key-canary-0815"})
            told.append(self.newest().manifest["verdict"])
        expected = [(before, now) for before, now in zip([None] + told, told) if before != now]
        self.assertEqual([(body["before"], body["verdict"]) for _, _, body in receiver.taken], expected)
        if not harness.SLOWED:
            self.assertIn("fail", told)
        run = self.newest()
        for path, kind, body in receiver.taken:
            self.assertEqual((path, kind), ("/" + CANARY, "application/json"))
            self.assertEqual((body["event"], body["profile"], body["runs"]), ("verdict", "peak", 1))
            text = json.dumps(body)
            for secret in ("contoso", "openai.azure.com", "key-canary-0815", "Say OK."):
                self.assertNotIn(secret, text)
        for region, seen in zip(run.manifest["regions"], receiver.taken[-1][2]["regions"]):
            if receiver.taken[-1][2]["run"] == run.manifest["run"]["id"]:
                self.assertEqual(seen["attempts_failed"], region["attempts"]["failed"])
        # the path of a webhook is a secret: it is in no file
        for file in (self.folder / "results").rglob("*"):
            if file.is_file():
                self.assertNotIn(CANARY, file.read_text(errors="replace"), file)

    def test_a_dead_receiver_is_told_and_changes_nothing(self):
        path = self.profile()
        refusing = self.receiver(status=500)
        gone = Receiver()
        gone.close()
        for receiver, words in ((refusing, "--notify 127.0.0.1: it answered with status 500"),
                                (gone, "--notify 127.0.0.1: connecting failed")):
            for folder in (self.folder / "results").glob("*"):
                self.rushhour("prune", "--older", "0s", "-q")
                os.rename(folder, self.folder / folder.name)  # as if there had been no run yet
            result = self.drive(path, "--notify", receiver.url)
            verdict = self.newest().manifest["verdict"]
            self.assertEqual(result.status, {"pass": 0, "fail": 99, "invalid": 4, "inconclusive": 3}[verdict])
            self.assertIn(words, result.stderr)
            self.assertNotIn(CANARY, result.stderr)
            again = self.call("report", "latest", "-q", "--notify", receiver.url)
            self.assertEqual(again.status, 0)
            self.assertIn(words, again.stderr)
        for wrong in ("http://hooks.example.com/" + CANARY, "hooks.example.com/" + CANARY, "${NOBODY_SET_IT}"):
            result = self.drive(path, "--notify", wrong)
            self.assertEqual(result.status, 2, wrong)
            self.assertNotIn(CANARY, result.stderr)
        self.assertIn(self.drive(path, "--notify", "${NOBODY}", env={"NOBODY": ""}).status, harness.ENDED)

    def test_old_runs_go_and_nothing_else(self):
        path = self.profile()
        for _ in range(4):
            self.drive(path)
        runs = sorted((self.folder / "results").iterdir())
        self.rushhour("evidence", runs[0], "--no-check", "-q")
        self.rushhour("evidence", runs[1], "--no-check", "-q", "-o", "results/ticket-4711")
        (self.folder / "results/notes.txt").write_text("mine")
        (self.folder / "results/unpacked").mkdir()
        (self.folder / "results/unpacked/run.csv").write_text("mine")
        before = {file: file.read_bytes() for file in self.folder.rglob("*") if file.is_file()}
        dry = json.loads(self.rushhour("prune", "--older", "0s", "--dry-run", "--json").stdout)
        self.assertEqual({file: file.read_bytes() for file in self.folder.rglob("*") if file.is_file()}, before)
        done = json.loads(self.rushhour("prune", "--older", "0s", "--json").stdout)
        self.assertEqual([dry["dry_run"], done["dry_run"]], [True, False])
        self.assertEqual(dry["runs"], done["runs"])
        self.assertEqual({pathlib.Path(run["folder"]).name: run["kept_because"] for run in done["runs"]},
                         {runs[0].name: "evidence", runs[1].name: "evidence", runs[2].name: None, runs[3].name: "newest"})
        gone = {file for file in before if runs[2] in file.parents}
        self.assertEqual({file for file in before if not file.exists()}, gone)
        self.assertEqual(done["removed_bytes"], sum(len(before[file]) for file in gone))
        self.rushhour("prune", expect=(2,))
        self.rushhour("prune", "--older", "soon", expect=(2,))

    def test_one_run_against_another_by_selectors(self):
        path = self.profile()
        for _ in range(2):
            self.drive(path)
        first, second = (run.name for run in sorted((self.folder / "results").iterdir()))
        day = second[:10]
        ways = [["latest", "--with", "previous"], ["previous", "latest"], [f"{day}:peak", "--with", first],
                [second, "--with", first], [second[:13], "--with", f"results/{first}"]]
        for way in ways:
            told = json.loads(self.rushhour("compare", *way, "--json", expect=(0, 3, 4, 99)).stdout)
            self.assertEqual((told["a"], told["b"]), (first, second), way)
        self.rushhour("compare", "latest", "--with", "same-hour-last-week", expect=(1,))
        self.rushhour("compare", "latest", "--with", "previous", "--between", "a", "b", expect=(2,))


if __name__ == "__main__":
    unittest.main()
