"""Each exit code of the contract, and what a run leaves behind when its surroundings fail it."""

import json
import os
import resource
import signal
import subprocess
import time
import unittest

import harness

LONG = {"model": "sessions", "stages": [{"duration": "0s", "target": 3}, {"duration": "10m", "target": 3}]}
HALF_FAILS = {"latency": [harness.QUICK], "faults": [{"fault": "server_error", "rate": "50%"}]}


class ExitCodes(harness.Case):
    def drive(self, profile, *arguments, name="run"):
        """Runs a profile against the simulator; returns the exit status and run.json as it was printed."""
        result = harness.rushhour("run", self.write_profile(profile), "--simulate", "--json", "-o", name, *arguments,
                                  cwd=self.folder)
        return result.status, json.loads(result.stdout)

    def assert_verdict(self, expected, profile, *arguments, name="run"):
        status, manifest = self.drive(profile, *arguments, name=name)
        if not manifest["generator"]["trustworthy"]:
            expected = 4  # a busy machine: the run says so itself
        self.assertEqual(status, expected, manifest["thresholds"])
        return manifest

    def test_verdicts(self):
        passes = harness.profile(thresholds=["failure_rate{about=run} < 60%"])
        self.assert_verdict(0, passes, name="pass")
        fails = harness.profile(thresholds=["failure_rate{about=run} < 1%"], simulator=HALF_FAILS)
        self.assert_verdict(99, fails, name="fail")
        unclear = harness.profile(thresholds=["failure_rate < 0.01%"])
        self.assert_verdict(3, unclear, name="unclear")
        self.assert_verdict(0, unclear, "--inconclusive", "pass", name="unclear-pass")
        self.assert_verdict(99, unclear, "--inconclusive", "fail", name="unclear-fail")

    def test_a_second_says_nothing_of_other_hours(self):
        """What a run is too short for it says, and how to ask about the run alone; 20 minutes of its clock bear a gate."""
        manifest = self.assert_verdict(3, harness.profile(thresholds=["failure_rate < 60%"]), name="second")
        if manifest["generator"]["trustworthy"]:
            threshold = manifest["thresholds"][0]
            self.assertIn("may lie within one incident, or between two: other hours take 20m", threshold["why"])
            self.assertEqual((threshold["about"], threshold["service"]["high"]), ("service", None))
            report = self.rushhour("report", "second", expect=harness.ENDED).stdout
            self.assertIn("about=run would ask about this run alone", " ".join(report.split()))
        load = {"model": "sessions", "stages": [{"duration": "0s", "target": 2}, {"duration": "20m", "target": 2}]}
        session = {"interactions": 3, "think_time": "10s", "prompts": ["Say OK."]}
        thresholds = ["failure_rate < 60%", "share(ttft > 2m) < 50%", "ttft.p50 < 2m"]
        manifest = self.assert_verdict(0, harness.profile(
            load=load, session=session, thresholds=thresholds, windows={"interval": "1m", "report": ["10m"]},
            simulator={"latency": [harness.QUICK], "clock": {"speed": 120}}), name="gate")
        if manifest["generator"]["trustworthy"]:
            for threshold in manifest["thresholds"]:
                self.assertEqual(threshold["verdict"], "pass")
                self.assertGreater(threshold["service"]["high_with_room"], threshold["service"]["high"])
            report = self.rushhour("report", "gate", expect=harness.ENDED).stdout
            self.assertIn("with room for an incident that a run of", " ".join(report.split()))

    def test_a_load_that_is_not_reached_is_invalid(self):
        load = {"model": "arrivals", "connect_rate": "2/s", "stages": [{"duration": "0s", "target": "20/s"},
                                                                      {"duration": "2s", "target": "20/s"}]}
        for name, thresholds in (("judged", ["failure_rate < 50%"]), ("not-judged", [])):
            status, manifest = self.drive(harness.profile(load=load, thresholds=thresholds), name=name)
            self.assertEqual(status, 4, name)
            generator = manifest["generator"]
            self.assertFalse(generator["trustworthy"], name)
            self.assertEqual(generator["achieved"], manifest["totals"]["sessions"]["started"], "each dial counts once")
            self.assertLess(generator["achieved"], generator["requested"] / 2, name)
            self.assertGreater(generator["achieved_late"], 0, name)

    def test_a_closed_load_that_waits_for_dials_is_told(self):
        stages = [{"duration": "0s", "target": 20}, {"duration": "6s", "target": 20}]
        for rate, told in (("5/s", True), ("500/s", False)):
            load = {"model": "sessions", "connect_rate": rate, "stages": stages}
            name = f"closed-{told}"
            session = {"interactions": 5, "think_time": "200ms"}  # 20 of a second at least dial at most 20 times a second
            self.drive(harness.profile(load=load, regions=harness.REGIONS[:1], session=session), name=name)
            report = " ".join(self.rushhour("report", name, expect=harness.ENDED).stdout.split())
            self.assertEqual("who waited for a dial is missing" in report, told, rate)

    def test_an_outage_is_told_though_its_retries_take_the_places_of_arrivals(self):
        """Every answer is reset and tried again in a new session: 80 dials a second are asked for, and 50 allowed."""
        load = {"model": "arrivals", "arrival": "even", "connect_rate": "50/s", "stages": [
            {"duration": "0s", "target": "40/s"}, {"duration": "6s", "target": "40/s"}]}
        simulator = {"latency": [harness.QUICK], "faults": [{"fault": "connection_reset", "rate": "100%"}]}
        status, manifest = self.drive(harness.profile(
            load=load, regions=harness.REGIONS[:1], simulator=simulator, thresholds=["failure_rate{about=run} < 50%"],
            retry={"attempts": 3, "budget": "100%", "backoff": {"initial": "10ms", "max": "20ms"}}))
        generator = manifest["generator"]
        self.assertGreater(generator["displaced"], 20)
        self.assertLess(generator["achieved"] - generator["achieved_late"], 0.9 * generator["requested"])
        if "loop turns" not in (generator["why"] or ""):  # a stall of this machine delays planned dials, too
            self.assertNotIn("requested load", generator["why"] or "")
        if generator["trustworthy"]:  # a busy machine may still have been late itself
            self.assertEqual(status, 99)
            # Whoever waits is counted before the dial, so that a window within the outage is judged as the run is: at no
            # time do more seem to be missing than the arrivals of 250 ms, of which none is late yet.
            missing = 0
            for row in harness.Run(self.folder / "run").intervals:
                in_time = int(row["achieved"]) - int(row["achieved_late"])
                missing += int(row["requested"]) - int(row["displaced"]) - in_time
                self.assertLessEqual(missing, 0.25 * 40 + 5, row)
        words = " ".join(self.rushhour("report", "run", expect=harness.ENDED).stdout.split())
        self.assertIn(f"{generator['displaced']} of them came late or never only because retries", words)

    def test_a_spent_budget(self):
        status, manifest = self.drive(harness.profile(load=LONG, budget={"tokens": 3000}))
        self.assertEqual(status, 5)
        self.assertEqual(manifest["run"]["state"], "stopped")
        tokens = manifest["totals"]["tokens"]
        self.assertLessEqual(tokens["input"] + tokens["output"], 3000)  # turns reserve before they are sent
        self.assertGreater(tokens["input"] + tokens["output"], 0)
        self.assert_consistent(harness.Run(self.folder / "run"))

    def test_a_simulator_that_dies(self):
        process = harness.start("run", self.write_profile(harness.profile(load=LONG)), "--simulate", "-q", "-o", "run",
                                cwd=self.folder)
        harness.wait_for_lines(self, process, self.folder / "run" / "attempts.csv", 3)
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
        os.kill(int(children.split()[0]), signal.SIGKILL)
        result = harness.finish(process, timeout=30)
        self.assertEqual(result.status, 1)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        run = harness.Run(self.folder / "run")
        self.assertEqual(run.manifest["run"]["state"], "stopped")
        self.assert_consistent(run)

    def test_closed_standard_streams(self):
        """As daemons and CI runners start programs: no abort, and no file of the run in place of a stream."""
        profile = self.write_profile(harness.profile())
        closed = {"stdout": (1,), "all": (0, 1, 2)}
        for name, streams in closed.items():
            with self.subTest(name):
                close = lambda: [os.close(fd) for fd in streams]  # noqa: E731, B023
                status = subprocess.run([harness.RUSHHOUR, "run", profile, "--simulate", "-q", "-o", name],
                                        cwd=self.folder, env=harness.environment(), preexec_fn=close, timeout=120,
                                        check=False).returncode
                self.assertIn(status, harness.ENDED)
                self.assertEqual(harness.Run(self.folder / name).manifest["run"]["state"], "complete")
        close = lambda: os.close(1)  # noqa: E731
        result = subprocess.run([harness.RUSHHOUR, "report", "all"], cwd=self.folder, env=harness.environment(),
                                preexec_fn=close, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""), "a closed stream is /dev/null")

    def test_a_reader_that_has_seen_enough(self):
        """`| head`: the end of the reader is neither reported nor a failure, and a run keeps its verdict."""
        self.drive(harness.profile())
        profile = self.write_profile(harness.profile(thresholds=["share(ttft > 1ms){about=run} < 5%"]))
        for arguments, status in ((("report", "run"), 0), (("help", "profile"), 0),
                                  (("run", profile, "--simulate", "--json", "-o", "judged"), 99)):
            with self.subTest(arguments[0]):
                process = harness.start(*arguments, cwd=self.folder)
                process.stdout.close()
                said = process.stderr.read()
                got = process.wait(timeout=120)
                if got == 4 and arguments[0] == "run":  # a busy machine: the run says so itself
                    self.assertFalse(harness.Run(self.folder / "judged").manifest["generator"]["trustworthy"], said)
                else:
                    self.assertEqual(got, status, said)
                self.assertNotIn("pipe", said.lower())
                process.stderr.close()

    def test_a_disk_that_fails_during_the_run(self):
        profile = self.write_profile(harness.profile(load=LONG))
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000))  # noqa: E731
        result = subprocess.run([harness.RUSHHOUR, "run", profile, "--simulate", "-q", "-o", "run", "--hold", "64KiB"],
                                cwd=self.folder, env=harness.environment(), preexec_fn=limit, capture_output=True, text=True,
                                timeout=120, check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"run/\w+\.\w+: cannot write: File too large|ledger")
        report = json.loads(self.rushhour("report", "run", "--json", expect=harness.ENDED).stdout)
        self.assertGreater(report["totals"]["attempts"]["ok"], 0)

    def test_a_result_that_cannot_be_printed(self):
        self.drive(harness.profile())
        with open("/dev/full", "w") as full:
            result = subprocess.run([harness.RUSHHOUR, "report", "run"], cwd=self.folder, stdout=full,
                                    stderr=subprocess.PIPE, env=harness.environment(), text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "rushhour: cannot write to standard output: No space left on device\n")

    def test_an_interrupt_before_the_load(self):
        """At whatever moment it comes: 130, and either a run that is whole or no folder."""
        profile = self.write_profile(harness.profile(load=LONG))
        for i, pause in enumerate((0.02, 0.05, 0.1, 0.2, 0.4)):
            process = harness.start("run", profile, "--simulate", "-q", "-o", f"run{i}", cwd=self.folder)
            time.sleep(pause)
            os.killpg(process.pid, signal.SIGINT)
            result = harness.finish(process, timeout=30)
            folder = self.folder / f"run{i}"
            if not folder.exists():
                self.assertIn(result.status, (130, -signal.SIGINT), result.stderr)
                continue
            self.assertEqual(result.status, 130, result.stderr)
            self.assert_consistent(harness.Run(folder))
            elapsed = harness.Run(folder).manifest["run"].get("elapsed_s", 0)
            self.assertLess(elapsed, 60)


class Plans(harness.Case):
    def test_two_regions_of_one_host_reach_their_own_deployments(self):
        first = harness.REGIONS[0]
        regions = [first, {**first, "name": "second", "deployment": "another"}]
        self.rushhour("run", self.write_profile(harness.profile(regions=regions)), "--simulate", "-q", "-o", "run",
                      expect=harness.ENDED)
        for region in harness.Run(self.folder / "run").manifest["regions"]:
            self.assertGreater(region["attempts"]["ok"], 0, region["name"])
            self.assertEqual(region["failures"], [], region["name"])

    def test_a_seed_repeats_arrivals_and_faults(self):
        load = {"model": "arrivals", "stages": [{"duration": "0s", "target": "30/s"},
                                                {"duration": "2s", "target": "30/s"}]}
        path = self.write_profile(harness.profile(
            load=load, seed=11, session={"interactions": 1, "prompts": ["Say OK.", "Say no."]},
            retry={"attempts": 1}, simulator=HALF_FAILS))
        facts, trustworthy = [], True
        for workers in (1, 1, 4):
            name = f"run-{len(facts)}"
            self.rushhour("run", path, "--simulate", "-q", "-o", name, "--workers", workers, expect=harness.ENDED)
            run = harness.Run(self.folder / name)
            facts.append(sorted((region["name"], region["attempts"]["started"], region["attempts"]["failed"])
                                for region in run.manifest["regions"]))
            trustworthy = trustworthy and run.manifest["generator"]["trustworthy"]
        if harness.SLOWED or not trustworthy:
            self.skipTest("arrivals that the generator had no time for differ from run to run")
        self.assertEqual(facts[0], facts[1])
        self.assertEqual([row[:2] for row in facts[0]], [row[:2] for row in facts[2]])

    def test_what_began_may_be_billed(self):
        """A response that fell silent never tells its usage; a refused upgrade made none."""
        for fault, billed in (("stall", True), ("upgrade_429", False)):
            path = self.write_profile(harness.profile(
                simulator={"latency": [harness.QUICK], "faults": [{"fault": fault, "rate": "100%"}]},
                timeouts={"stall": "200ms", "first_output": "2s"}))
            self.rushhour("run", path, "--simulate", "-q", "-o", fault, expect=harness.ENDED)
            failures = [record for record in harness.Run(self.folder / fault).failures if record["code"] == fault]
            self.assertEqual({record["possibly_billed"] for record in failures}, {billed}, fault)

    def test_dry_run(self):
        price = {"text_in": 4, "text_cached": 0.4, "text_out": 16, "audio_in": 32, "audio_cached": 0.4, "audio_out": 64}
        path = self.write_profile(harness.profile(prices={"gpt-realtime": price, "rt-preview": price}))
        plan = json.loads(self.rushhour("run", path, "--dry-run", "--json").stdout)
        keys = {"sessions", "peak_sessions", "attempts", "attempts_per_minute", "tokens", "cost_usd", "rpm", "tpm"}
        self.assertEqual([set(region) for region in plan["regions"]],
                         [keys | {"name", "requests", "price", "quota", "quota_share", "breaks_first", "breaks_at_s",
                                  "turn_reserves"}] * 3)
        self.assertEqual(set(plan["totals"]), keys | {"budget"})
        self.assertEqual(set(plan["totals"]["cost_usd"]), {"low", "likely", "high"})
        self.assertEqual(list(self.folder.iterdir()), [path], "nothing was made")

    def test_names_of_run_folders(self):
        """A run that finds the folder of its second taken gets a folder, and an id, of its own."""
        path = self.write_profile(harness.profile())
        now = time.time()
        for second in range(120):
            stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime(now + second))
            (self.folder / "results" / f"{stamp}-end-to-end").mkdir(parents=True)
        self.rushhour("run", path, "--simulate", "-q", "--duration", "200ms", expect=harness.ENDED)
        (folder,) = (path.parent for path in (self.folder / "results").glob("*/run.json"))
        self.assertRegex(folder.name, r"^\d{4}-\d\d-\d\dT\d{6}Z-end-to-end-2$")
        self.assertEqual(json.loads((folder / "run.json").read_text())["run"]["id"], folder.name)


if __name__ == "__main__":
    unittest.main()
