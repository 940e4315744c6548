"""A run folder whose disk fails: what was measured is not lost, and run.json says what became of it."""

import csv
import errno
import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import time
import unittest

import harness


def busy_profile(seconds=8):
    """Some kilobytes a second."""
    return harness.profile(load={"model": "sessions", "stages": [{"duration": "0s", "target": 10},
                                                                 {"duration": f"{seconds}s", "target": 10}]})


def read_run(folder):
    """Without the simulator's ledger, which is written by another process, and waits for nothing."""
    if (folder / "ledger.jsonl").exists():
        (folder / "ledger.jsonl").write_text("")
    return harness.Run(folder)


class Disks(harness.Case):
    """Small disks of our own; only root may mount them."""

    def mount(self, name, size):
        place = self.folder / name
        place.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True,
                          check=False).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        return place

    def start(self, disk, *more, seconds=8):
        process = harness.start("run", self.write_profile(busy_profile(seconds)), "--simulate", "-o", disk / "run", *more,
                                cwd=self.folder)
        self.addCleanup(self.make_sure_it_ended, process)
        harness.wait_for_lines(self, process, disk / "run" / "intervals.csv", 4)
        return process

    def make_sure_it_ended(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def fill(self, disk):
        """Leaves not one block; what is in the way is the file that this returns."""
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096) == 4096:
                    pass
            except OSError:
                pass
        return ballast

    def test_a_disk_that_is_full_for_a_while(self):
        disk = self.mount("disk", "8m")
        process = self.start(disk)
        ballast = self.fill(disk)
        time.sleep(3)
        held = (disk / "run" / "intervals.csv").stat().st_size
        time.sleep(1.2)
        self.assertEqual((disk / "run" / "intervals.csv").stat().st_size, held, "the disk is full")
        ballast.unlink()
        result = harness.finish(process, timeout=120)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        run = harness.Run(disk / "run")
        self.assertEqual(run.manifest["run"]["state"], "complete")
        self.assert_consistent(run)
        served = {line["response_id"] for line in run.ledger if line["kind"] == "response"}
        self.assertEqual({row["response_id"] for row in run.attempts if row["response_id"]} - served, set(),
                         "the simulator's ledger holds its lines, too")
        told = [line for line in result.stderr.splitlines() if "No space left" in line]
        self.assertEqual(len([line for line in told if "held in memory" in line]), 1, "once a minute")
        self.assertIn("all that was held is written", result.stderr)

    def test_a_disk_that_stays_full(self):
        """What was set aside takes the last lines and run.json; only the pages find no room."""
        disk = self.mount("disk", "8m")
        process = self.start(disk, seconds=5)
        self.fill(disk)
        result = harness.finish(process, timeout=120)
        self.assertEqual(result.status, 1)
        self.assertIn("eastus2", result.stdout, "what was recorded is reported")
        self.assertEqual(json.loads((disk / "run" / "run.json").read_text())["run"]["state"], "complete")
        report = json.loads(self.rushhour("report", disk / "run", "--json").stdout)
        with open(disk / "run" / "attempts.csv", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["outcome"] == "ok"]
        self.assertEqual(report["totals"]["attempts"]["ok"], len(rows))
        self.assertGreater(len(rows), 0)

    def test_memory_is_bounded(self):
        """A load that cannot be recorded is not driven for ever."""
        disk = self.mount("disk", "8m")
        process = self.start(disk, "--hold", "16KiB", seconds=600)
        self.fill(disk)
        result = harness.finish(process, timeout=120)
        self.assertEqual(result.status, 1)
        self.assertIn("more than 16384 bytes", result.stderr)
        state = json.loads((disk / "run" / "run.json").read_text())["run"]
        self.assertEqual(state["state"], "stopped")
        self.assertIn("No space left on device", state["reason"])
        self.assertIn("No space left on device", self.rushhour("report", disk / "run", expect=harness.ENDED).stdout)

    def test_the_run_goes_on_elsewhere(self):
        disk, other = self.mount("disk", "8m"), self.folder / "other"
        process = self.start(disk, "--spill", other)
        self.fill(disk)
        result = harness.finish(process, timeout=120)
        run = harness.Run(other / "run")
        self.assertEqual(run.manifest["run"]["state"], "complete")
        self.assert_consistent(run)
        self.assertIn(f"the run goes on in {other}/run", result.stderr)
        self.assertIn(f"{other}/run/report.html", result.stdout)
        left = json.loads((disk / "run" / "run.json").read_text())["run"]
        self.assertEqual(left["state"], "stopped")
        self.assertIn("the run goes on in", left["reason"])
        self.assertTrue((other / "run" / "report.html").exists())


class Folders(harness.Case):
    def start(self, *more, seconds=6):
        process = harness.start("run", self.write_profile(busy_profile(seconds)), "--simulate", "-q", *more,
                                cwd=self.folder)
        self.addCleanup(self.make_sure_it_ended, process)
        return process

    def make_sure_it_ended(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def test_a_folder_that_is_removed(self):
        process = self.start("-o", "run")
        harness.wait_for_lines(self, process, self.folder / "run" / "intervals.csv", 4)
        shutil.rmtree(self.folder / "run")
        result = harness.finish(process, timeout=120)
        self.assertIn("was removed, and was made again", result.stderr)
        for name in ("run.json", "intervals.csv", "attempts.csv", "latency.hlog", "failures.jsonl"):
            self.assertTrue((self.folder / "run" / name).exists(), name)
        run = read_run(self.folder / "run")
        self.assertEqual(run.manifest["run"]["state"], "complete")
        self.assert_consistent(run)

    def test_a_folder_that_is_renamed(self):
        process = self.start("-o", "run", seconds=4)
        harness.wait_for_lines(self, process, self.folder / "run" / "intervals.csv", 4)
        (self.folder / "run").rename(self.folder / "moved")
        result = harness.finish(process, timeout=120)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        run = harness.Run(self.folder / "moved")
        self.assertEqual(run.manifest["run"]["state"], "complete")
        self.assert_consistent(run)
        self.assertFalse((self.folder / "run").exists())

    def test_a_kill_at_any_moment_leaves_a_run(self):
        """From when there is a folder with anything in it, it can be read."""
        for i in range(12):
            process = self.start("-o", f"run{i}")
            folder = self.folder / f"run{i}"
            deadline = time.monotonic() + 60
            while not (folder.exists() and os.listdir(folder)) and time.monotonic() < deadline:
                pass
            time.sleep(0.004 * i)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            names = [name for name in os.listdir(folder) if not name.endswith(".tmp")]
            if not names:
                continue  # run.json was not whole yet: its temporary name is all there is
            self.assertIn("run.json", names)
            self.assertEqual(json.loads((folder / "run.json").read_text())["run"]["state"], "running")
            result = harness.rushhour("report", folder, cwd=self.folder)
            self.assertEqual(result.status, 0, f"{names}\n{result.stderr}")

    def test_runs_that_start_in_the_same_second(self):
        profile = self.write_profile(busy_profile(1))
        processes = [harness.start("run", profile, "--simulate", "-q", cwd=self.folder) for _ in range(6)]
        for process in processes:
            self.assertIn(harness.finish(process, timeout=120).status, harness.ENDED)
        folders = list((self.folder / "results").iterdir())
        self.assertEqual(len(folders), 6)
        ids = {harness.Run(folder).manifest["run"]["id"] for folder in folders}
        self.assertEqual(ids, {folder.name for folder in folders})

    def test_who_may_read_it(self):
        """Whatever the umask takes away, or leaves."""
        self.addCleanup(os.umask, os.umask(0o022))
        cases = (("own", (), 0o600, 0o022), ("own-open", (), 0o600, 0o000), ("shared", ("--share",), 0o644, 0o022),
                 ("shared-closed", ("--share",), 0o644, 0o077), ("shared-open", ("--share",), 0o644, 0o000))
        for name, more, mode, umask in cases:
            with self.subTest(name):
                os.umask(umask)
                process = harness.start("run", self.write_profile(harness.profile()), "--simulate", "-q", "-o", name, *more,
                                        cwd=self.folder)
                self.assertIn(harness.finish(process).status, harness.ENDED)
                folder = self.folder / name
                self.assertEqual(stat.S_IMODE(folder.stat().st_mode), mode | (mode & 0o444) >> 2)
                for file in folder.iterdir():
                    self.assertEqual(stat.S_IMODE(file.stat().st_mode), mode, file.name)
                (folder / "report.md").unlink()
                self.rushhour("report", name)
                self.assertEqual(stat.S_IMODE((folder / "report.md").stat().st_mode), mode)


@harness.needs_interposer
class FailingDisk(harness.Case):
    def setUp(self):
        super().setUp()
        self.disk = harness.interposer("failing_disk", self.folder)
        self.failing = self.folder / "failing"

    def start(self, name, call, number, *more, seconds=3):
        env = {"LD_PRELOAD": self.disk, "FAIL_WHEN": str(self.failing), "FAIL_CALL": call,
               "FAIL_ERRNO": str(number)}
        process = harness.start("run", self.write_profile(busy_profile(seconds)), "--simulate", "-o", name, *more,
                                cwd=self.folder, env=env)
        harness.wait_for_lines(self, process, self.folder / name / "intervals.csv", 4)
        return process

    def test_a_disk_that_fails_for_a_while(self):
        """It became read-only, it answers with errors, its quota is used up: what is held is written afterwards."""
        for number in (errno.EROFS, errno.EIO, errno.EDQUOT):
            with self.subTest(os.strerror(number)):
                name = errno.errorcode[number]
                process = self.start(name, "write", number, seconds=4)
                self.failing.touch()
                time.sleep(2)
                self.failing.unlink()
                result = harness.finish(process, timeout=120)
                self.assertIn(os.strerror(number), result.stderr)
                run = read_run(self.folder / name)
                self.assertIn(run.manifest["run"]["state"], ("complete", "stopped"))  # stopped: for its ledger
                self.assertNotIn("missing", run.manifest["run"]["reason"] or "")
                self.assert_consistent(run)

    def test_a_disk_that_does_not_take_it(self):
        """A failed sync is final: the pages that it lost look clean afterwards."""
        for spill in ((), ("--spill", "other")):
            with self.subTest(spill=spill):
                self.failing.unlink(missing_ok=True)
                name = "with" if spill else "without"
                process = self.start(name, "fdatasync", errno.EIO, *spill)
                self.failing.touch()
                result = harness.finish(process, timeout=120)
                self.assertEqual(result.status, 1, result.stderr)
                self.assertIn("Input/output error", result.stderr)
                self.assertIn("eastus2", result.stdout, "what was recorded is reported")
                run = harness.Run(pathlib.Path(self.folder, *(["other"] if spill else []), name))
                self.assertEqual(run.manifest["run"]["state"], "stopped")
                self.assertIn("the disk did not take it", run.manifest["run"]["reason"])
                self.assert_consistent(run)


if __name__ == "__main__":
    unittest.main()
