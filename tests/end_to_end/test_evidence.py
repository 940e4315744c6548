"""`rushhour evidence`: what is in the package is what is in the run, it can be checked, and it hands out no secret."""

import collections
import csv
import datetime
import hashlib
import json
import math
import pathlib
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import unittest

import harness
from test_plan import earlier_run

FAULTS = [{"fault": "server_error", "rate": "20%", "regions": ["eastus2"]},
          {"fault": "connection_reset", "rate": "3%", "regions": ["eastus2"]},
          {"fault": "server_error", "rate": "1%", "regions": ["swedencentral"]}]
ALWAYS = {"failures.csv", "windows.csv", "latency.hlog", "manifest.json", "support-request.md", "SHA256SUMS"}

# Each shape of a secret or of content, and the word by which the refusal must name it. None is a real one.
PLANTED = [
    ("wss://x/openai/realtime?api-key=Canary0123456789", "credential"),
    ("Authorization: Canary0123456789", "credential"),
    ("sent with Bearer Canary0123456789", "bearer"),
    ("wrong key sk-Canary0123456789", "OpenAI"),
    ("secret ek_Canary0123456789", "client secret"),
    ("eyJCanary0123456789.eyJzdWIiOiJ4In0.sig", "JSON web token"),
    ("key 0123456789abcdef0123456789abcdef", "32 hexadecimal"),
    ("key " + "Canary12" * 10 + "Cana", "long key"),
    ("UklGRiQAAABXQVZFZm10IBAAAAABAAEAgLsAAAB3AQACABAAZGF0YQAAAACanary0123456789+AAA/BBB=", "base64"),
    ("data:audio/wav;base64,Canary0", "data URI"),
    ('{"instructions":"Canary0123456789"}', "content"),
    ('{"transcript": "Canary0123456789"}', "content"),
    ('{"audio":"Canary0123456789"}', "content"),
    ('{"delta":"Canary0123456789"}', "content"),
]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


class Evidence(harness.Case):
    """All but a few tests look at one run, which is made once."""

    @classmethod
    def setUpClass(cls):
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="rushhour-evidence-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared)
        profile = cls.shared / "profile.json"
        profile.write_text(json.dumps(harness.profile(
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 6}, {"duration": "9s", "target": 6}]},
            simulator={"latency": [harness.QUICK], "faults": FAULTS})))
        result = harness.rushhour("run", profile, "--simulate", "-o", "run", cwd=cls.shared)
        assert result.status in harness.ENDED, result.stderr
        cls.run_folder = cls.shared / "run"

    def copy_run(self, name="run"):
        target = self.folder / name
        shutil.copytree(self.run_folder, target)
        return target

    def pack(self, *arguments, run=None, output="package", **options):
        result = self.rushhour("evidence", run or self.run_folder, "-o", output, *arguments, **options)
        return self.folder / output, result

    def facts(self, *arguments, **options):
        package, result = self.pack("--json", "--no-check", *arguments, **options)
        return package, json.loads(result.stdout)

    # ---- what is in it ----

    def test_figures_are_those_of_the_run(self):
        package, made = self.facts()
        run = harness.Run(self.run_folder)
        whole = {row["region"]: row for row in rows(package / "windows.csv") if row["window"] == "whole run"}
        self.assertEqual(set(whole), {region["name"] for region in run.manifest["regions"]})
        for region in run.manifest["regions"]:
            row = whole[region["name"]]
            self.assertEqual(int(row["attempts"]), region["attempts"]["ok"] + region["attempts"]["failed"])
            self.assertEqual(int(row["attempts_failed"]), region["attempts"]["failed"])
            self.assertEqual(int(row["sessions_with_failed_attempt"]), region["sessions"]["with_failed_attempt"])
            for kind, column in (("attempt", "failure_rate"), ("interaction", "interaction_failure_rate"),
                                 ("session", "session_failure_rate")):
                for key, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
                    self.assertAlmostEqual(float(row[column + suffix]), region["failure_rate"][kind][key], places=8)
            counted = dict(part.rsplit(":", 1) for part in row["codes"].split())
            expected = collections.Counter()
            for failure in region["failures"]:
                expected[failure["code"]] += failure["count"]
            self.assertEqual({code: int(count) for code, count in counted.items()}, expected)
        failures = rows(package / "failures.csv")
        self.assertEqual(len(failures), len(run.failures))
        for row, record in zip(failures, run.failures):
            for key in ("time", "region", "code", "session_id", "response_id", "client_request_id", "message"):
                self.assertEqual(row[key], record[key] or "")
            self.assertEqual(row["apim_request_id"], record["headers"].get("apim-request-id", ""))
            self.assertEqual(row["role"], "subject" if row["region"] == "eastus2" else "control")
        self.assertEqual(harness.histogram_counts(package / "latency.hlog"), run.histogram_counts)
        self.assertEqual(made["package"]["regions"][0]["name"], "eastus2", "the region that failed most")
        letter = (package / "support-request.md").read_text()
        eastus2 = next(region for region in run.manifest["regions"] if region["name"] == "eastus2")
        ended = eastus2["attempts"]["ok"] + eastus2["attempts"]["failed"]
        self.assertIn(f"{eastus2['attempts']['failed']:,} of {ended:,} attempts failed", letter)
        named = re.findall(r"\bsess_[A-Za-z0-9]+", letter)
        self.assertGreater(len(named), 3)
        self.assertLessEqual(set(named), {match for record in run.failures if record["region"] == "eastus2"
                                          for match in re.findall(r"\bsess_[A-Za-z0-9]+", json.dumps(record))})
        for wanted in (run.manifest["tool"]["commit"], run.manifest["tool"]["libraries"]["libwebsockets"],
                       "contoso-eastus2.openai.azure.com", "East US 2", "subscription id", "to fill in"):
            self.assertIn(wanted, letter)

    def test_incidents_are_those_of_the_report(self):
        """Whole in manifest.json, and told in the letter: those that struck a subject, and no others."""
        def failing(second):
            return 0.6 if 1800 <= second < 1920 or 600 <= second < 660 else 0.005

        run = earlier_run(self.folder / "earlier", 1, failing)
        report = json.loads(self.rushhour("report", run, "--format", "json").stdout)
        self.assertEqual(len(report["incidents"]), 2)
        package, made = self.facts("--region", "eastus2", run=run)
        self.assertEqual(made["package"]["incidents"], report["incidents"])
        self.assertEqual(json.loads((package / "manifest.json").read_text())["package"]["incidents"], report["incidents"])
        letter = (package / "support-request.md").read_text()
        for incident in report["incidents"]:
            self.assertIn(f"{incident['start']} to {incident['end']}, for", letter)
        day = earlier_run(self.folder / "calm", 1, lambda second: 0.01)
        self.assertEqual(self.facts("--region", "eastus2", run=day, output="calm-package")[1]["package"]["incidents"], [])
        short = earlier_run(self.folder / "short", 20 / 3600, lambda second: 0.5)
        self.assertIsNone(self.facts("--region", "eastus2", run=short, output="short-package")[1]["package"]["incidents"])

    def test_sums_and_archive(self):
        package, made = self.facts()
        files = {path.name for path in package.iterdir()}
        self.assertEqual(files, ALWAYS)
        self.assertEqual(set(made["files"]), files)
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=package, check=True)
        summed = {line.split("  ")[1] for line in (package / "SHA256SUMS").read_text().splitlines()}
        self.assertEqual(summed, files - {"SHA256SUMS"})
        unpacked = self.folder / "unpacked"
        unpacked.mkdir()
        subprocess.run(["tar", "xzf", self.folder / "package.tar.gz", "-C", unpacked], check=True)
        self.assertEqual({path.name for path in (unpacked / "package").iterdir()}, files)
        for name in files:
            self.assertEqual((unpacked / "package" / name).read_bytes(), (package / name).read_bytes(), name)
        with tarfile.open(self.folder / "package.tar.gz") as archive:
            self.assertEqual({(member.uid, member.gid, member.mode) for member in archive}, {(0, 0, 0o644)})
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"package", "package.tar.gz", "unpacked"})

    def test_every_column_is_documented(self):
        package, _ = self.facts(*self.azure_files())
        words = set(re.findall(r"`([^`\s]+)`", (harness.PROJECT / "results/README.md").read_text()))
        words |= {word + suffix for word in words if word.endswith("_rate") for suffix in ("_low", "_high")}
        for name in ("failures.csv", "windows.csv", "service-health.csv", "azure-metrics.csv"):
            columns = (package / name).read_text().split("\n", 1)[0].split(",")
            self.assertEqual(set(columns) - words, set(), name)
        self.assertEqual({path.name for path in package.iterdir()} - words, set())

    def test_a_simulated_run_says_so_first(self):
        package, _ = self.facts()
        for path in package.iterdir():
            if path.name != "SHA256SUMS":
                self.assertIn("simulated", path.read_text().split("\n", 1)[0].lower(), path.name)
        self.assertEqual({row["simulated"] for name in ("failures.csv", "windows.csv")
                          for row in rows(package / name)}, {"true"})

    def test_region_and_window_limit_it(self):
        start = harness.Run(self.run_folder).intervals[1]["start"]
        at = datetime.datetime.fromisoformat(start.replace("Z", "+00:00"))
        # a window of two minutes that ends in the run cannot be made to a second: all of it is inside, or nothing
        inside = f"now={at:%H:%M}-{at + datetime.timedelta(minutes=2):%H:%M}@UTC"
        outside = f"then={at + datetime.timedelta(hours=5):%H:%M}-{at + datetime.timedelta(hours=6):%H:%M}@UTC"
        run = harness.Run(self.run_folder)
        package, made = self.facts("--region", "swedencentral", "--window", inside)
        failures = [record for record in run.failures if record["region"] == "swedencentral"]
        self.assertEqual([row["time"] for row in rows(package / "failures.csv")], [r["time"] for r in failures])
        tags = harness.histogram_counts(package / "latency.hlog")
        self.assertEqual(tags, {tag: count for tag, count in run.histogram_counts.items()
                                if tag.startswith("swedencentral.")})
        self.assertEqual(made["package"]["window"], inside)
        package, made = self.facts("--window", outside, output="nothing")
        self.assertEqual(rows(package / "failures.csv"), [])
        self.assertEqual(harness.histogram_counts(package / "latency.hlog"), {})
        self.assertEqual(made["package"]["strength"], "weak")

    # ---- what it says ----

    def test_control(self):
        package, made = self.facts()
        regions = {row["region"]: row for row in rows(package / "windows.csv") if row["window"] == "whole run"}
        compared = [c for c in made["package"]["comparisons"] if c["control"] in regions]
        self.assertEqual({c["control"] for c in compared}, {"swedencentral", "openai"})
        for c in compared:
            a, b = c["control_rate"], c["subject_rate"]
            difference = b["value"] - a["value"]  # Newcombe 1998, method 10
            low = difference - math.hypot(b["value"] - b["low"], a["high"] - a["value"])
            high = difference + math.hypot(b["high"] - b["value"], a["value"] - a["low"])
            for key, wanted in (("value", difference), ("low", low), ("high", high)):
                self.assertAlmostEqual(c["observed_difference"][key], wanted, places=7)
            self.assertGreaterEqual(c["p_adjusted"], c["p"])
            if c["difference"] is None:
                self.assertNotEqual(c["why"], "")
                continue
            # of other hours one is never surer than of these
            self.assertAlmostEqual(c["difference"]["value"], difference, places=2)
            self.assertLessEqual(c["difference"]["low"], low + 1e-7)
            self.assertGreaterEqual(c["difference"]["high"], high - 1e-7)
        letter = (package / "support-request.md").read_text()
        best = min(compared, key=lambda c: c["control_rate"]["value"])["control"]
        self.assertIn(f"In the same minutes, from the same host, {best} had", letter)
        # the control's figure is of the whole time: it stands before codes and the worst window
        self.assertLess(letter.index("In the same minutes"), letter.index("Most often it was"))

    def real(self, name="run"):
        """A copy of the run that says of itself that it was against a real service."""
        run = self.copy_run(name)
        manifest = json.loads((run / "run.json").read_text())
        manifest["run"]["simulated"] = False
        (run / "run.json").write_text(json.dumps(manifest))
        return run

    def test_strength(self):
        real = self.real()
        package, made = self.facts(run=real)
        reasons = {reason["what"]: reason for reason in made["package"]["reasons"]}
        self.assertEqual([reasons[what]["state"] for what in ("sample", "control", "ids", "hosts")],
                         ["supports", "limits", "supports", "limits"])
        # Some seconds tell no difference at other hours, an hour does.
        self.assertIn("other hours take 30m", reasons["control"]["how"])
        hour = earlier_run(self.folder / "hour", 1, lambda second: 0.01, worse={"eastus2": 10})
        _, made_of_hour = self.facts(run=hour, output="hour-package")
        self.assertEqual({reason["what"]: reason["state"] for reason in made_of_hour["package"]["reasons"]}["control"],
                         "supports")
        for path in package.iterdir():
            self.assertNotIn("SIMULATED", path.read_text())
        manifest = json.loads((real / "run.json").read_text())
        manifest["profile"]["regions"] = manifest["profile"]["regions"][:1]
        (real / "run.json").write_text(json.dumps(manifest))
        attempts = (real / "attempts.csv").read_text().splitlines(keepends=True)
        package, made = self.facts(run=real, output="alone")
        reasons = {reason["what"]: reason for reason in made["package"]["reasons"]}
        self.assertIn(reasons["control"]["state"], ("weakens", "limits"))
        self.assertIn("no control", (package / "support-request.md").read_text())
        # no id in any record
        lines = []
        for record in harness.Run(real).failures:
            record.update(session_id=None, response_id=None, headers={})
            lines.append(json.dumps(record) + "\n")
        (real / "failures.jsonl").write_text("".join(lines))
        _, made = self.facts(run=real, output="anonymous")
        self.assertEqual(made["package"]["strength"], "weak")
        self.assertEqual({reason["what"]: reason["state"] for reason in made["package"]["reasons"]}["ids"], "weakens")
        self.assertGreater(len(attempts), 10)

    def test_little_evidence_is_called_weak(self):
        profile = self.write_profile(harness.profile(
            regions=harness.REGIONS[:1],
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 1}, {"duration": "1s", "target": 1}]},
            session={"interactions": 1, "think_time": "500ms", "prompts": ["Say OK."]},
            simulator={"latency": [harness.QUICK]}))
        self.rushhour("run", profile, "--simulate", "-o", "few", expect=harness.ENDED)
        package, result = self.pack("--no-check", run="few")
        self.assertIn("strength    weak: no failed attempt: there is nothing to show", result.stdout)
        letter = (package / "support-request.md").read_text()
        self.assertIn("We have no control.", letter)
        self.assertIn("No failure was recorded.", letter)

    def test_quota(self):
        profile = self.write_profile(harness.profile(
            regions=[{**harness.REGIONS[0], "quota": {"rpm": 100000, "tpm": 8000000}}, harness.REGIONS[1]],
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 4}, {"duration": "2s", "target": 4}]},
            retry={"attempts": 1, "hold": "interaction"},
            simulator={"latency": [harness.QUICK], "quota": [{"regions": ["eastus2"], "rpm": 100000, "tpm": 7000000}],
                       "faults": [{"fault": "upgrade_429", "rate": "50%", "regions": ["eastus2"]}]}))
        self.rushhour("run", profile, "--simulate", "-o", "busy", expect=harness.ENDED)
        run = harness.Run(self.folder / "busy")
        refused = [record for record in run.failures if record["domain"] == "quota"]
        self.assertGreater(len(refused), 5)
        package, made = self.facts(run="busy")
        self.assertTrue(made["package"]["quota_request"])
        letter = (package / "quota-request.md").read_text()
        self.assertIn(f"Refused for quota: {len(refused):,} times", letter)
        minutes = collections.Counter()
        for row in run.intervals:
            if row["region"] == "eastus2":
                minutes[row["start"][:16]] += int(row["sessions_started"])
        self.assertEqual(made["package"]["regions"][0]["peak_connects_per_minute"], max(minutes.values()))
        self.assertIn(f"| {max(minutes.values()):,} |", letter)
        for wanted in ("RPM requested", "TPM requested", "x-ratelimit-limit-requests", "capacity", refused[0]["message"][:20]):
            self.assertIn(wanted, letter)
        for wanted in ("| RPM now | 100,000, as the service told and our own profile says |",
                       "| TPM now | 7,000,000, as the service told; 8,000,000 by our own profile |",
                       "Configured TPM: 8,000,000", "| time counted | the whole run, ", "of 71: `upgrade_429`".replace(
                           "71", f"{len(refused):,}")):
            self.assertIn(wanted, letter)
        # as the service itself counted, but for attempts that were under way when a minute ended
        counted = collections.Counter()
        for line in (self.folder / "busy/ledger.jsonl").read_text().splitlines():
            entry = json.loads(line)
            if entry["region"] == "eastus2" and entry["kind"] == "response":
                counted[entry["time"][:16]] += entry["counted_tokens"]
        most = max(counted.values())
        self.assertAlmostEqual(made["package"]["regions"][0]["peak_counted_tokens_per_minute"], most, delta=0.1 * most)
        self.check_limits(run)
        self.assertNotIn("quota-request.md", {path.name for path in self.facts(output="other")[0].iterdir()})
        self.assertIn("so we do not ask for any", (self.folder / "other" / "support-request.md").read_text())

    def check_limits(self, run):
        """7,000,000 tokens a minute are told where 8,000,000 were bought; what was not told is nothing."""
        told = {row["limit_tokens"] for row in run.intervals if row["region"] == "eastus2"}
        self.assertEqual(told - {"0"}, {"7000000"})
        limits = run.manifest["regions"][0]["limits"]
        self.assertEqual(limits["tokens"], {"low": 7000000, "high": 7000000, "quota": 8000000})
        self.assertIsNone(run.manifest["regions"][1]["limits"]["tokens"]["quota"])
        report = (run.folder / "report.md").read_text()
        self.assertIn("## Limits that the service told, against the quota", report)
        row = next(line for line in report.splitlines() if "7,000,000" in line)
        self.assertIn("| 8,000,000 | tokens below the quota for a time |", row)

    def test_escalation_and_exclusions(self):
        _, made = self.facts()
        conditions = {c["what"]: c["state"] for c in made["package"]["escalation"]}
        self.assertEqual(len(conditions), 5)
        self.assertEqual(conditions["failures persist for a minimal clean probe"], "met")
        self.assertEqual(conditions["sustained 429 below the approved quota"], "not met")
        self.assertEqual(conditions["several hosts fail alike on one resource or region"], "not known")
        self.assertEqual(conditions["errors last more than a few minutes"], "not met", "the run took seconds")
        exclusions = {e["what"]: e["state"] for e in made["package"]["exclusions"]}
        for what in ("DNS", "TCP path and firewalls", "credentials", "our configuration", "content filter"):
            self.assertEqual(exclusions[what], "excluded", what)
        self.assertEqual(exclusions["recent changes on our side"], "not checked")

    def test_what_no_record_shows_is_not_known(self):
        """Of a folder that has lost records, nothing is excluded because no record tells of it."""
        def lose(keep):
            folder = self.copy_run(f"lost-{keep}")
            file = folder / "failures.jsonl"
            lines = file.read_text().splitlines(keepends=True)
            attempts = [line for line in lines if '"region":"eastus2"' in line and json.loads(line)["attempt"]]
            lost = attempts[keep:] if keep is not None else []
            file.write_text("".join(line for line in lines if line not in lost))
            return folder, len(lost)

        for keep in (0, 3, None):
            folder, lost = lose(keep)
            if keep == 0:
                (folder / "failures.jsonl").unlink()
            _, made = self.facts("--region", "eastus2", run=folder, output=f"package-{keep}")
            package = made["package"]
            states = {e["what"]: (e["state"], e["how"]) for e in package["exclusions"]}
            for what in ("our quota (RPM, TPM)", "DNS", "credentials", "our configuration", "content filter"):
                state, how = states[what]
                self.assertEqual(state, "not known" if lost else "excluded", what)
                self.assertEqual(f"records of {keep} of" in how, lost > 0, how)
            self.assertEqual(package["records_missing"] is not None, lost > 0)
            self.assertEqual("not known" in package["quota_reason"], lost > 0, package["quota_reason"])
            self.assertEqual("records" in {reason["what"] for reason in package["reasons"]}, lost > 0)
            letter = (self.folder / f"package-{keep}" / "support-request.md").read_text()
            self.assertEqual("The record is not whole" in letter, lost > 0)
            self.assertNotIn("No failure was recorded.", letter)

    def test_a_killed_run(self):
        profile = self.write_profile(harness.profile(
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 3}, {"duration": "60s", "target": 3}]},
            simulator={"latency": [harness.QUICK], "faults": FAULTS}))
        process = harness.start("run", profile, "--simulate", "-o", "killed", cwd=self.folder)
        intervals = self.folder / "killed" / "intervals.csv"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not intervals.exists() or intervals.read_text().count("\n") < 8):
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        harness.finish(process)
        with open(self.folder / "killed" / "failures.jsonl", "a") as file:
            file.write('{"time":"2026-')
        package, made = self.facts(run="killed")
        self.assertIn("completeness", {reason["what"] for reason in made["package"]["reasons"]})
        self.assertIn("the run was killed, or is still running", (package / "support-request.md").read_text())
        subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=package, check=True)

    # ---- the check, and what Azure says ----

    CHECK = {"ok": True, "regions": [{"name": "eastus2", "ok": True, "steps": [
        {"step": "resolve", "status": "ok", "ms": 1.25, "cause": "", "fix": ""},
        {"step": "turn", "status": "failed", "ms": 400, "cause": "server_error", "fix": "retry"}]}]}

    def test_check(self):
        _, result = self.pack()
        self.assertIn("no preflight result is attached", result.stderr)
        self.assertIn("No preflight result is attached", (self.folder / "package/support-request.md").read_text())
        (self.folder / "check.json").write_text(json.dumps(self.CHECK))
        package, result = self.pack("--check", "check.json", output="checked")
        self.assertEqual(result.stderr, "")
        attached = json.loads((package / "check.json").read_text())
        self.assertEqual(attached["regions"], self.CHECK["regions"])
        self.assertIn("| eastus2 | turn | failed | 400.0 |  | server_error | retry |", (package / "check.md").read_text())
        self.assertIn("the minimal turn of this region: failed", (package / "support-request.md").read_text())
        checked = self.rushhour("check", self.shared / "profile.json", "--simulate", "--json", expect=(0, 1)).stdout
        (self.folder / "check.json").write_text(checked)
        package, _ = self.pack("--check", "check.json", output="really-checked")
        self.assertEqual(json.loads((package / "check.json").read_text())["regions"], json.loads(checked)["regions"])
        (self.folder / "check.json").write_text("[]")
        result = self.rushhour("evidence", self.run_folder, "-o", "x", "--check", "check.json", expect=(1,))
        self.assertIn("not the result of a preflight check", result.stderr)
        self.rushhour("evidence", self.run_folder, "-o", "x", "--check", "check.json", "--no-check", expect=(2,))
        self.assertFalse((self.folder / "x").exists())

    def azure_files(self):
        run = harness.Run(self.run_folder)
        start = datetime.datetime.fromisoformat(run.intervals[0]["start"].replace("Z", "+00:00"))
        stamp = lambda seconds: (start + datetime.timedelta(seconds=seconds)).isoformat()
        health = {"value": [
            {"properties": {"title": "Elevated errors", "status": "Active", "eventType": "ServiceIssue",
                            "impactStartTime": stamp(1), "impact": [{"impactedRegions": [
                                {"impactedRegion": "East US 2"}]}]}},
            {"properties": {"title": "Long ago", "status": "Resolved", "eventType": "ServiceIssue",
                            "impactStartTime": stamp(-9000), "impactMitigationTime": stamp(-8000)}}]}
        metrics = {"resourceregion": "eastus2", "interval": "PT1M", "value": [
            {"name": {"value": "ServerErrors"}, "unit": "Count", "timeseries": [{"metadatavalues": [], "data": [
                {"timeStamp": stamp(seconds), "total": 5.0 + seconds} for seconds in (0, 1, 2, -60)]}]}]}
        (self.folder / "health.json").write_text(json.dumps(health))
        (self.folder / "metrics.json").write_text(json.dumps(metrics))
        return ["--service-health", "eastus2=health.json", "--azure-metrics", "eastus2=metrics.json"]

    def test_what_azure_says(self):
        package, made = self.facts(*self.azure_files())
        whole = [row for row in rows(package / "azure-metrics.csv") if row["window"] == "whole run"]
        self.assertEqual([(row["region"], row["points"], row["total"]) for row in whole], [("eastus2", "3", "18")])
        health = [row for row in rows(package / "service-health.csv") if row["window"] == "whole run"]
        self.assertEqual([(row["title"], row["region"]) for row in health if float(row["overlap_s"]) > 0],
                         [("Elevated errors", "eastus2")])
        self.assertEqual([row["region"] for row in health if row["names_region"] == "true"], ["eastus2"])
        conditions = {c["what"]: c["state"] for c in made["package"]["escalation"]}
        self.assertEqual(conditions["Azure's own metrics or advisories align in time"], "met")
        letter = (package / "support-request.md").read_text()
        self.assertIn("1 of 2 advisories overlap with the run", letter)
        self.assertIn("no proof of health", letter)

    def test_what_azure_says_in_the_report(self):
        run = self.copy_run()
        for form in ("text", "markdown", "html"):
            shown = self.rushhour("report", run, "--format", form, *self.azure_files()).stdout
            for wanted in ("Elevated errors", "ServerErrors (total)", "no proof of health", "East US 2"):
                self.assertIn(wanted, " ".join(shown.split()), form)
            self.assertNotIn("Elevated errors", self.rushhour("report", run, "--format", form).stdout)
        self.rushhour("report", run, "--json", *self.azure_files(), expect=(2,))
        (self.folder / "health.json").write_text("Please run 'az login'")
        result = self.rushhour("report", run, "--service-health", "eastus2=health.json", expect=(1,))
        self.assertIn("health.json: is not JSON", result.stderr)

    def test_azures_files_are_laid_beside_their_region_only(self):
        run = self.copy_run()
        self.azure_files()
        given = ["--azure-metrics", "eastus2=metrics.json", "--azure-metrics", "swedencentral=metrics.json"]
        package, _ = self.facts(*given)
        whole = [row for row in rows(package / "azure-metrics.csv") if row["window"] == "whole run"]
        self.assertEqual(sorted(row["region"] for row in whole), ["eastus2", "swedencentral"])
        shown = " ".join(self.rushhour("report", run, *given).stdout.split())
        self.assertIn("eastus2 (1 series of a resource in eastus2, 3 points in the run), swedencentral (1 series", shown)
        for arguments, what in ((["--azure-metrics", "metrics.json"], "it is of one region, and the run has several"),
                                (["--service-health", "mars=health.json"], "the run has no such region")):
            for command in ("report", "evidence"):
                result = self.rushhour(command, run, *arguments, expect=(2,))
                self.assertIn(what, result.stderr)
                self.assertIn("REGION is one of eastus2, swedencentral, openai", result.stderr)

    # ---- what it refuses ----

    def refused(self, run, file, line, word, *arguments):
        result = self.rushhour("evidence", run, "-o", "leak", *arguments, expect=(1,))
        self.assertIn(word, result.stderr)
        self.assertIn(f"line {line} of its {file} ", result.stderr)
        self.assertNotIn("Canary", result.stdout + result.stderr)
        self.assertNotIn("0123456789", result.stdout + result.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.startswith("leak")], [])

    def test_a_copied_record_counts_once(self):
        """In the report, the package and a merged run; without an id in it a line may be another failure."""
        def told(run):
            report = json.loads(self.rushhour("report", run, "--format", "json", expect=harness.ENDED).stdout)
            _, made = self.facts(run=run, output=f"package-of-{run.name}")
            regions = [region for window in report["windows"] for region in window["regions"]]
            return [region["failures"] for region in regions], made["package"]["failures"]

        whole, doubled = self.copy_run("whole"), self.copy_run("doubled")
        lines = (whole / "failures.jsonl").read_text()
        (doubled / "failures.jsonl").write_text(lines + lines)
        of_whole = told(whole)
        self.assertTrue(any(of_whole[0]) and of_whole[1])
        self.assertEqual(told(doubled), of_whole)
        self.assertIn("had come before", self.rushhour("report", doubled, expect=harness.ENDED).stdout)
        other = self.copy_run("other")
        manifest = json.loads((other / "run.json").read_text())
        manifest["run"]["id"] += "-2"
        (other / "run.json").write_text(json.dumps(manifest))
        self.rushhour("merge", "merged", doubled, other, expect=harness.ENDED)
        self.assertEqual(len(harness.Run(self.folder / "merged").failures), 2 * len(lines.splitlines()))

    def test_it_hands_out_no_secret(self):
        run = self.copy_run()
        records = harness.Run(run).failures
        place = next(i for i, record in enumerate(records) if record["region"] == "eastus2" and i > 2)
        for text, word in PLANTED:
            planted = [dict(record) for record in records]
            planted[place]["message"] = "The server said: " + text
            (run / "failures.jsonl").write_text("".join(json.dumps(record) + "\n" for record in planted))
            self.refused(run, "failures.csv", place + 2, word)
        (run / "failures.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        self.pack(run=run)

    def test_it_hands_out_no_secret_of_other_files(self):
        run = self.copy_run()
        whole = (run / "run.json").read_text()
        manifest = json.loads(whole)
        manifest["profile"]["regions"][0]["auth"]["api_key"] = "Canary0123456789"
        (run / "run.json").write_text(json.dumps(manifest))
        self.refused(run, "manifest.json", 1, "credential")
        (run / "run.json").write_text(whole)
        check = json.loads(json.dumps(self.CHECK))
        check["regions"][0]["steps"][1]["cause"] = "Bearer Canary0123456789"
        (self.folder / "check.json").write_text(json.dumps(check))
        self.refused(run, "check.json", 1, "bearer", "--check", "check.json")
        log = (run / "latency.hlog").read_text()
        (run / "latency.hlog").write_text("#[sk-Canary0123456789]\n" + log)
        self.refused(run, "latency.hlog", 2, "OpenAI")  # behind the line that says SIMULATED
        (run / "latency.hlog").write_text(log)
        files = self.azure_files()
        health = json.loads((self.folder / "health.json").read_text())
        health["value"][0]["properties"]["title"] = "ek_Canary0123456789"
        (self.folder / "health.json").write_text(json.dumps(health))
        self.refused(run, "service-health.csv", 2, "client secret", *files)

    def other_host(self, name, kernel):
        """The same run as if it were another one, of another machine."""
        run = self.copy_run(name)
        manifest = json.loads((run / "run.json").read_text())
        manifest["run"]["id"] += "-" + name
        manifest["host"]["kernel"] = kernel
        (run / "run.json").write_text(json.dumps(manifest))
        records = harness.Run(run).failures
        for record in records:  # the same ids would be copies of the same failures
            record["client_request_id"] = f"{name}-{record['client_request_id']}"
        (run / "failures.jsonl").write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records))
        return run

    def test_several_runs_in_one_package(self):
        here, there, alike = (self.other_host(name, kernel) for name, kernel in (("here", "5"), ("there", "6"), ("alike", "6")))
        package, made = self.facts(there, run=here)
        records = harness.Run(here).failures
        self.assertEqual(len(rows(package / "failures.csv")), 2 * len(records))
        self.assertEqual((made["package"]["runs"], made["package"]["hosts_at_least"]), (2, 2))
        one = next(row for row in rows(package / "windows.csv") if row["window"] == "whole run" and row["region"] == "eastus2")
        whole = next(region for region in harness.Run(here).manifest["regions"] if region["name"] == "eastus2")
        self.assertEqual(int(one["attempts_failed"]), 2 * whole["attempts"]["failed"])
        conditions = {condition["what"]: condition for condition in made["package"]["escalation"]}
        several = conditions["several hosts fail alike on one resource or region"]
        self.assertEqual(several["state"], "met", several["how"])
        self.assertIn("2 runs from 2 hosts", several["how"])
        self.assertEqual({path.name for path in self.folder.iterdir()} - {"package", "package.tar.gz"},
                         {"here", "there", "alike"}, "what was merged is gone")
        _, made = self.facts(alike, run=there, output="one-host")
        self.assertEqual((made["package"]["runs"], made["package"]["hosts_at_least"]), (2, 1))
        self.assertIn("number of hosts", made["package"]["blanks"])
        fill = self.folder.parent / f"{self.folder.name}-hosts.txt"
        self.addCleanup(fill.unlink)
        for said in ("0", "-1", "3", "1e9", "two", "2 hosts"):  # two runs of machines that are alike
            fill.write_text(f"number of hosts: {said}\n")
            result = self.rushhour("evidence", there, alike, "-o", "hosts", "--fill", fill, expect=(1,))
            self.assertIn("number of hosts: write a number from 1", result.stderr)
        fill.write_text("number of hosts: 2\n")
        _, made = self.facts(alike, "--fill", fill, run=there, output="two-hosts")
        self.assertIn("2 runs from 2 hosts, as we say ourselves", json.dumps(made))
        result = self.rushhour("evidence", here, here, "-o", "twice", expect=(1,))
        self.assertIn("the same run", result.stderr)
        self.assertFalse((self.folder / "twice").exists())
        # a run that was merged before knows how many hosts it is of
        self.rushhour("merge", "merged", here, there, "-q", expect=harness.ENDED)
        _, made = self.facts(run="merged", output="of-merged")
        self.assertEqual((made["package"]["runs"], made["package"]["hosts_at_least"]), (2, 2))

    def test_blanks_are_filled_in_before_the_archive_is_made(self):
        fill = self.folder / "blanks.txt"
        fill.write_text("# ours\nsubscription id: 11111111-2222-3333-4444-555555555555\nimpact on our users: some | hear nothing\n")
        package, made = self.facts("--fill", fill)
        letter = (package / "support-request.md").read_text()
        self.assertIn("| subscription id | 11111111-2222-3333-4444-555555555555 |", letter)
        self.assertIn("some \\| hear nothing", letter)
        self.assertLess(letter.index("subscription id"), letter.index("Hello,"))
        self.assertNotIn("subscription id", made["package"]["blanks"])
        self.assertIn("resource name", made["package"]["blanks"])
        with tarfile.open(self.folder / "package.tar.gz") as archive:
            packed = archive.extractfile("package/support-request.md").read().decode()
        self.assertEqual(packed, letter)
        summary = self.rushhour("evidence", self.run_folder, "-o", "again", "--no-check", "--fill", fill).stdout
        self.assertIn("resource name", summary)
        self.assertIn("--fill FILE", summary)
        fill.write_text("subscription: 1\n")
        result = self.rushhour("evidence", self.run_folder, "-o", "wrong", "--fill", fill, expect=(1, 2))
        self.assertIn("blanks.txt:1: begins with no blank", result.stderr)
        fill.write_text("impact on our users: key sk-Canary0123456789\n")
        result = self.rushhour("evidence", self.run_folder, "-o", "leak", "--fill", fill, expect=(1,))
        self.assertIn("support-request.md", result.stderr)
        self.assertNotIn("Canary", result.stderr + result.stdout)
        self.assertFalse((self.folder / "leak").exists())

    def test_nothing_is_replaced(self):
        (self.folder / "taken").mkdir()
        (self.folder / "other.tar.gz").write_text("mine")
        for output in ("taken", "other"):
            result = self.rushhour("evidence", self.run_folder, "-o", output, expect=(1,))
            self.assertIn("is there already", result.stderr)
        self.assertEqual((self.folder / "other.tar.gz").read_text(), "mine")
        self.assertEqual({path.name for path in self.folder.iterdir()}, {"taken", "other.tar.gz"})

    def test_where_it_goes_and_what_is_wrong(self):
        run = self.copy_run("results/some-run")
        digest = {path.name: hashlib.sha256(path.read_bytes()).digest() for path in run.iterdir()}
        self.rushhour("evidence", "latest", "-q", "--no-check")
        self.assertTrue((self.folder / "results/some-run-evidence/support-request.md").exists())
        self.assertTrue((self.folder / "results/some-run-evidence.tar.gz").exists())
        self.assertEqual(digest, {path.name: hashlib.sha256(path.read_bytes()).digest() for path in run.iterdir()})
        self.assertIn("report", self.rushhour("report", "latest").stdout, "a package is not taken for a run")
        result = self.rushhour("evidence", "latest", "-o", "x", "--region", "westus", expect=(2,))
        self.assertIn("eastus2, swedencentral, openai", result.stderr)
        self.rushhour("evidence", "latest", "-o", "x", "--window", "sometimes", expect=(2,))
        self.rushhour("evidence", "missing", "-o", "x", expect=(1,))
        self.rushhour("evidence", "latest", "-o", "..", expect=(2,))
        self.assertFalse((self.folder / "x").exists())


if __name__ == "__main__":
    unittest.main()
