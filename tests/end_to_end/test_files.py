"""Files that are none: pipes, devices, links, in place of what is read and of what is written."""

import json
import os
import signal
import stat
import subprocess
import threading
import time
import unittest

import harness

# Nobody listens there, and nobody is asked.
ANYWHERE = {"name": "a", "endpoint": "https://localhost:1", "deployment": "gpt-realtime", "dialect": "ga"}

# Longer than any wait of ours, so that only an endless one exceeds it.
ENDLESS = 60


class Inputs(harness.Case):
    """None of them hangs, and each says what it met."""

    def place(self, path, kind):
        if os.path.lexists(path):
            os.unlink(path)
        if kind == "fifo":
            os.mkfifo(path)
        else:
            os.symlink("/dev/zero", path)

    def refused(self, arguments, name, kind):
        result = self.rushhour(*arguments, expect=(1, 2), timeout=ENDLESS)
        self.assertIn(name, result.stderr)
        self.assertRegex(result.stderr, "is a pipe" if kind == "fifo" else "is a device")

    def test_a_profile(self):
        for kind in ("fifo", "zero"):
            for command in ("run", "check", "simulate", "plan"):
                with self.subTest(f"{command} {kind}"):
                    self.place(self.folder / "profile.json", kind)
                    self.refused((command, "profile.json"), "profile.json", kind)

    def test_what_a_profile_refers_to(self):
        region = {**ANYWHERE, "auth": {"api_key": "${file:secret}"}}
        more = {"secret": {}, "roots.pem": {"ca_file": "roots.pem"},
                "client.pem": {"client_cert": "client.pem", "client_key": "client.pem"}}
        for name, keys in more.items():
            for kind in ("fifo", "zero"):
                with self.subTest(f"{name} {kind}"):
                    (self.folder / "secret").unlink(missing_ok=True)
                    (self.folder / "secret").write_text("an-api-key")
                    self.place(self.folder / name, kind)
                    profile = self.write_profile(harness.profile(regions=[{**region, **keys}]))
                    self.refused(("run", profile, "--yes", "-o", "none"), name, kind)
                    self.assertFalse((self.folder / "none").exists())

    def test_the_systems_roots(self):
        self.place(self.folder / "roots.pem", "fifo")
        profile = self.write_profile(harness.profile(regions=[{**ANYWHERE, "auth": {"api_key": "${A_SECRET}"}}]))
        result = self.rushhour("run", profile, "--yes", "-o", "none", expect=(1,), timeout=ENDLESS,
                               env={"A_SECRET": "an-api-key", "SSL_CERT_FILE": str(self.folder / "roots.pem")})
        self.assertIn("SSL_CERT_FILE", result.stderr)

    def test_each_file_of_a_run(self):
        self.rushhour("run", self.write_profile(harness.profile()), "--simulate", "-q", "-o", "run", expect=harness.ENDED)
        commands = (("report", "run"), ("report", "run", "--json"), ("compare", "run", "run"), ("evidence", "run"),
                    ("merge", "merged", "run"))
        for name in ("run.json", "intervals.csv", "latency.hlog", "attempts.csv", "failures.jsonl"):
            kept = (self.folder / "run" / name).read_bytes()
            for kind in ("fifo", "zero"):
                self.place(self.folder / "run" / name, kind)
                for command in commands:
                    with self.subTest(f"{name} {kind} {command}"):
                        try:
                            result = harness.rushhour(*command, cwd=self.folder, timeout=ENDLESS)
                        except subprocess.TimeoutExpired:
                            self.fail("it hangs")
                        if result.status != 0:  # some have no use for this file
                            self.assertIn(name, result.stderr)
                        else:
                            self.assertNotEqual(name, "run.json")
            (self.folder / "run" / name).unlink()
            (self.folder / "run" / name).write_bytes(kept)

    def test_a_large_file_is_refused_by_its_size(self):
        """A sparse one of a terabyte: nothing of it is read."""
        with open(self.folder / "profile.json", "w") as file:
            file.truncate(1 << 40)
        result = self.rushhour("run", "profile.json", "--simulate", expect=(1, 2), timeout=ENDLESS)
        self.assertRegex(result.stderr, r"profile\.json: larger than \d+ bytes")


class GivenByPipe(harness.Case):
    """A profile may come from wherever a shell gets it, and what is simulated is what was read."""

    def check_run(self, folder):
        run = harness.Run(self.folder / folder)
        self.assertEqual(run.manifest["run"]["profile"], "end-to-end")
        self.assertGreater(len(run.ledger), 0)
        self.assert_consistent(run)

    def test_standard_input(self):
        process = subprocess.run([harness.RUSHHOUR, "run", "/dev/stdin", "--simulate", "-q", "-o", "run"],
                                 input=json.dumps(harness.profile()), cwd=self.folder, env=harness.environment(),
                                 text=True, capture_output=True, timeout=120, check=False)
        self.assertIn(process.returncode, harness.ENDED, process.stderr)
        self.check_run("run")

    def test_a_process_substitution(self):
        self.write_profile(harness.profile())
        process = subprocess.run(["bash", "-c", '"$0" run <(sleep 0.3; cat profile.json) --simulate -q -o run',
                                  harness.RUSHHOUR], cwd=self.folder, env=harness.environment(), text=True,
                                 stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        self.assertIn(process.returncode, harness.ENDED, process.stderr)
        self.check_run("run")

    def test_a_profile_that_changes_meanwhile(self):
        """The simulator gets what the run has read, not what the file holds a moment later."""
        os.mkfifo(self.folder / "profile.json")
        process = harness.start("run", "profile.json", "--simulate", "-q", "-o", "run", cwd=self.folder)
        with open(self.folder / "profile.json", "w") as file:
            file.write(json.dumps(harness.profile()))
        result = harness.finish(process, timeout=120)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        self.check_run("run")


class Outputs(harness.Case):
    def setUp(self):
        super().setUp()
        self.rushhour("run", self.write_profile(harness.profile()), "--simulate", "-q", "-o", "run", expect=harness.ENDED)
        self.csv = self.rushhour("report", "run", "--format", "csv").stdout

    def commands(self, path):
        yield ("report", "run", "--format", "csv", "-o", path), self.csv
        yield ("compare", "run", "run", "--format", "markdown", "-o", path), None

    def test_a_pipe(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        for command, expected in self.commands(fifo):
            with self.subTest(command[0]):
                found = []
                reader = threading.Thread(target=lambda: found.append(fifo.read_text()))  # noqa: B023
                reader.start()
                self.rushhour(*command, expect=harness.ENDED, timeout=ENDLESS)
                reader.join(ENDLESS)
                self.assertTrue(stat.S_ISFIFO(fifo.lstat().st_mode))
                self.assertTrue(found and found[0])
                if expected is not None:
                    self.assertEqual(found[0], expected)

    def test_a_link_and_its_mode(self):
        target, link = self.folder / "target", self.folder / "link"
        target.write_text("kept")
        target.chmod(0o640)
        link.symlink_to("target")
        for command, expected in self.commands(link):
            with self.subTest(command[0]):
                self.rushhour(*command, expect=harness.ENDED)
                self.assertTrue(link.is_symlink())
                self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o640)
                self.assertNotEqual(target.read_text(), "kept")
                if expected is not None:
                    self.assertEqual(target.read_text(), expected)

    def test_a_device(self):
        """A node of our own: as root, as in containers, a mistake would cost the real one."""
        node = self.folder / "node"
        try:
            os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            node.open("w").close()
        except OSError:
            self.skipTest("device nodes cannot be made here")
        for command, _expected in self.commands(node):
            with self.subTest(command[0]):
                self.rushhour(*command, expect=harness.ENDED)
                self.assertTrue(stat.S_ISCHR(node.lstat().st_mode))

    def test_standard_output_that_is_appended_to(self):
        """`-o /dev/stdout >> log` adds to the log."""
        log = self.folder / "log"
        log.write_text("before\n")
        with open(log, "a") as out:
            subprocess.run([harness.RUSHHOUR, "report", "run", "--format", "csv", "-o", "/dev/stdout"], cwd=self.folder,
                           stdout=out, env=harness.environment(), timeout=ENDLESS, check=True)
        self.assertEqual(log.read_text(), "before\n" + self.csv)

    def test_pages_of_a_folder_from_elsewhere(self):
        """A run folder that someone sent may hold a link in place of a page."""
        precious = self.folder / "precious"
        precious.write_text("kept")
        (self.folder / "run" / "report.md").unlink()
        (self.folder / "run" / "report.md").symlink_to(precious)
        result = self.rushhour("report", "run")
        self.assertIn("report.md: is a symbolic link", result.stderr)
        self.assertEqual(precious.read_text(), "kept")
        self.assertIn("eastus2", result.stdout)

    def test_a_folder_that_cannot_be_written(self):
        """An archive, a ConfigMap: it can be read, and that is what was asked for."""
        mount = self.folder / "mount"
        mount.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", mount], capture_output=True,
                                 check=False).returncode == 0
        if not mounted:
            self.skipTest("nothing can be mounted here")
        try:
            subprocess.run(["cp", "-r", self.folder / "run", mount / "run"], check=True)
            subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
            result = self.rushhour("report", "mount/run")
            self.assertIn("eastus2", result.stdout)
            self.assertEqual(result.stderr.count("\n"), 1)
            self.assertIn("Read-only file system", result.stderr)
            self.rushhour("report", "mount/run", "-q", expect=(1,))  # the pages alone were asked for
            self.rushhour("report", "mount/run", "--json")
        finally:
            subprocess.run(["umount", mount], check=True)


class Leftovers(harness.Case):
    def test_certificates_of_killed_simulators(self):
        """The next simulator removes them, and never that of one that is running."""
        env = {"TMPDIR": str(self.folder)}
        profile = self.write_profile(harness.profile())
        processes = [harness.start("simulate", profile, cwd=self.folder, env=env) for _ in range(2)]
        files = [json.loads(process.stdout.readline())["ca_file"] for process in processes]
        try:
            processes[0].send_signal(signal.SIGKILL)
            processes[0].communicate()
            for file in files:
                os.utime(file, (time.time() - 3600, time.time() - 3600))
            third = harness.start("simulate", profile, cwd=self.folder, env=env)
            own = json.loads(third.stdout.readline())["ca_file"]
            self.assertEqual(sorted(self.folder.glob("rushhour-ca-*")),
                             sorted(self.folder / os.path.basename(file) for file in (files[1], own)))
            self.assertEqual(stat.S_IMODE(os.stat(own).st_mode), 0o600)
            third.send_signal(signal.SIGTERM)
            harness.finish(third, timeout=30)
        finally:
            processes[1].send_signal(signal.SIGTERM)
            harness.finish(processes[1], timeout=30)
        self.assertEqual(list(self.folder.glob("rushhour-ca-*")), [])


if __name__ == "__main__":
    unittest.main()
