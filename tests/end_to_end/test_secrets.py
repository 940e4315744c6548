"""Keys, prompts and instructions are in no file, output or process title, in no form that could be turned back."""

import base64
import contextlib
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
import urllib.parse
import zlib

import harness

PROMPT = "CanaryPromptQ7zKw93LmTqX"
INSTRUCTIONS = "CanaryInstructionsB5vRt82NcYpD"
TOOL = "CanaryToolDescriptionN3hQs75ZdGw"
SETTINGS = {"tools": [{"type": "function", "name": "f", "description": TOOL}]}
WRONG_KEY = "CanaryWrongKeyM4jHs61GfWuE"


def forms(secret):
    """Every spelling of a secret that a careless program could leave behind, by its name."""
    raw = secret.encode()
    found = {
        "plain": raw,
        "reversed": raw[::-1],
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "percent": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "url": urllib.parse.quote(secret, safe="").encode(),
        "json": "".join(f"\\u{byte:04x}" for byte in raw).encode(),
        "json in json": "".join(f"\\\\u{byte:04x}" for byte in raw).encode(),
    }
    for offset in range(3):  # base64 of a longer text holds the secret at one of three alignments
        whole = base64.b64encode(b"\0" * offset + raw).rstrip(b"=")
        inner = whole[(offset * 8 + 5) // 6:(offset + len(raw)) * 8 // 6]
        found[f"base64+{offset}"] = inner
        found[f"base64url+{offset}"] = inner.replace(b"+", b"-").replace(b"/", b"_")
    return found


def leaks(data, secrets):
    """Which secrets stand in some bytes, and in which form."""
    lower = data.lower()
    return [f"{name} ({form})" for name, secret in secrets.items() for form, needle in forms(secret).items()
            if needle in data or needle.lower() in lower and not form.startswith("base64")]


def readable_bytes(path):
    """A file's bytes, and what is packed inside the histogram log."""
    data = path.read_bytes()
    unpacked = [data]
    if path.name.endswith(".tar.gz"):
        with tarfile.open(path) as packed:
            unpacked += [member.name.encode() for member in packed.getmembers()]
            unpacked += [packed.extractfile(member).read() for member in packed.getmembers() if member.isfile()]
    if path.suffix == ".hlog":
        for line in data.decode().splitlines():
            if line.startswith("Tag="):
                unpacked.append(zlib.decompress(base64.b64decode(line.split(",")[4])[8:]))
    return b"\n".join(unpacked)


def titles(pid):
    """What `ps` shows of a process and its descendants."""
    shown, queue = b"", [pid]
    while queue:
        pid = queue.pop()
        try:
            shown += pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() + pathlib.Path(f"/proc/{pid}/comm").read_bytes()
            for thread in os.listdir(f"/proc/{pid}/task"):
                shown += pathlib.Path(f"/proc/{pid}/task/{thread}/comm").read_bytes()
                queue += pathlib.Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            pass  # it ended meanwhile
    return shown


class TheScannerItself(unittest.TestCase):
    def test_it_finds_what_was_planted(self):
        secret = "PlantedCanaryX9wQ2"
        text = secret.encode()
        planted = {"plain": text, "reversed": text[::-1],
                   "hex": text.hex().encode(), "HEX": text.hex().upper().encode(),
                   "percent": b"".join(b"%%%02x" % byte for byte in text), "json": b'{"key":"%s"}' % text,
                   "header": base64.b64encode(b"user:" + text), "shifted": base64.b64encode(b"ab" + text + b"cd"),
                   "url safe": base64.urlsafe_b64encode(b"x" + text), "unicode": json.dumps(
                       "".join(f"\\u{byte:04x}" for byte in text)).encode()}
        with tempfile.TemporaryDirectory() as folder:
            for name, data in planted.items():
                path = pathlib.Path(folder) / "file.txt"
                path.write_bytes(b"before " + data + b" after")
                self.assertTrue(leaks(readable_bytes(path), {"canary": secret}), name)
                path.write_bytes(b"before " + data[:len(data) // 2] + b" after")
                self.assertFalse(leaks(readable_bytes(path), {"canary": secret}), f"{name}, cut short, is another text")

    def test_it_looks_into_packed_files(self):
        secret = "PlantedCanaryX9wQ2"
        with tempfile.TemporaryDirectory() as folder:
            inner = pathlib.Path(folder) / "failures.csv"
            inner.write_text("a," + base64.b64encode(b"z" + secret.encode()).decode())
            with tarfile.open(pathlib.Path(folder) / "package.tar.gz", "w:gz") as packed:
                packed.add(inner, "package/failures.csv")
            found = leaks(readable_bytes(pathlib.Path(folder) / "package.tar.gz"), {"canary": secret})
            self.assertEqual(found, ["canary (base64+1)", "canary (base64url+1)"])

    def test_it_sees_command_lines(self):
        self.assertIn(os.path.basename(__file__).encode(), titles(os.getpid()))


class Secrets(harness.Case):
    def scan(self, what, data, secrets):
        self.assertEqual(leaks(data, secrets), [], f"leaked in {what}")

    def scan_result(self, what, result, secrets):
        self.scan(what + " stdout", result.stdout.encode(), secrets)
        self.scan(what + " stderr", result.stderr.encode(), secrets)

    def scan_folder(self, folder, secrets):
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        self.assertGreaterEqual({path.name for path in files}, {"run.json", "attempts.csv", "intervals.csv",
                                                                "failures.jsonl", "latency.hlog"})
        for path in files:
            self.scan(path.name, readable_bytes(path), secrets)

    def watched_run(self, arguments, env, secrets):
        """A run whose process titles are looked at all the while."""
        process = harness.start(*arguments, cwd=self.folder, env=env)
        looked = 0
        while process.poll() is None and looked < 40:
            self.scan("process titles", titles(process.pid), secrets)
            looked += 1
            time.sleep(0.05)
        result = harness.finish(process)
        self.assertGreater(looked, 2)
        self.scan_result(" ".join(map(str, arguments)), result, secrets)
        return result

    def test_no_output_holds_a_secret(self):
        script = self.write_profile(harness.profile(simulator={
            "latency": [harness.QUICK],
            "faults": [{"fault": name, "rate": "20%"} for name in ("server_error", "upgrade_429", "connection_reset")]}))
        with harness.simulator(script, cwd=self.folder) as ready:
            keys = {region["name"]: region["api_key"] for region in ready["regions"]}
            secrets = {"prompt": PROMPT, "instructions": INSTRUCTIONS, "tool": TOOL,
                       "wrong key": WRONG_KEY,
                       **{"key of " + name: key for name, key in keys.items()}}
            turned = [part for region in ready["regions"]
                      for part in ("--connect-to", f"{region['host']}:443={region['address']}")]
            real = self.write_profile(self.real_profile(ready), "real.json")
            env = {f"KEY_OF_{name.upper()}": key for name, key in keys.items()}

            result = self.watched_run(["run", real, "--yes", *turned, "-o", "run"], env, secrets)
            self.assertIn(result.status, harness.ENDED, result.stderr)
            run = harness.Run(self.folder / "run")
            self.assertGreater(len(run.failures), 0, "failures must be among what is scanned")
            self.assertIn("ok", {row["outcome"] for row in run.attempts}, "the key was the right one")
            self.scan_folder(self.folder / "run", secrets)

            result = self.watched_run(["run", real, "--yes", *turned, "-o", "run-json", "--json"], env, secrets)
            self.assertIn(result.status, harness.ENDED, result.stderr)
            self.scan_folder(self.folder / "run-json", secrets)

            refused = {name: WRONG_KEY for name in env}
            self.watched_run(["run", real, "--yes", *turned, "-o", "refused"], refused, secrets)
            run = harness.Run(self.folder / "refused")
            self.assertEqual({record["domain"] for record in run.failures}, {"auth"})
            self.scan_folder(self.folder / "refused", secrets)

            commands = [["report", "run"], ["report", "run", "--json"], ["run", real, "--dry-run", "--json"],
                        ["capacity", real, "--dry-run"], ["capacity", real, "--dry-run", "--json"]]
            for form in ("text", "markdown", "html", "csv", "json"):
                commands.append(["report", "run", "--format", form])
            for command in commands:
                self.scan_result(" ".join(map(str, command)), self.rushhour(*command, env=env), secrets)
            starts = sorted({row["start"] for row in harness.Run(self.folder / "run-json").intervals})
            for form in ("text", "markdown", "json"):  # as few attempts may tell no incident from the time before it
                result = self.rushhour("recover", "run-json", "--since", starts[-1], "--began", starts[0], "--baseline",
                                       "run", "--beside", "refused", "--format", form, expect=(*harness.ENDED, 2))
                self.scan_result("recover", result, secrets)

    def real_profile(self, ready):
        """The same regions, entered as real ones: the simulator's own keys through the environment."""
        regions = []
        for region, facts in zip(harness.REGIONS, ready["regions"]):
            self.assertEqual(region["name"], facts["name"])
            auth = {"api_key": f"${{KEY_OF_{region['name'].upper()}}}"}
            if region["dialect"] == "preview":
                auth["in"] = "query"  # the place from which a key leaks most easily
            regions.append({**region, "ca_file": ready["ca_file"], "auth": auth})
        return harness.profile(
            regions=regions,
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 4}, {"duration": "2s", "target": 4}]},
            session={"interactions": 3, "think_time": "0s", "modality": "text", "prompts": [f"Say {PROMPT}."],
                     "instructions": f"Always {INSTRUCTIONS}.", "settings": SETTINGS})


KEY = "CanaryApiKeyF3kWz71PbNcR"
QUERY_KEY = "CanaryQueryKeyV8hSd45MgTyL"
TOKEN = "CanaryOpaqueTokenC6rJm92XqKfB"  # without the shape of a token: nothing but its value gives it away
OWN = "CanaryHeaderValueZ4wPt68NvHsD"
PROXY_PASSWORD = "CanaryProxyPasswordG7yLc31RxJm"
QUOTED = {"key": KEY, "query key": QUERY_KEY, "token": TOKEN, "header": OWN, "proxy password": PROXY_PASSWORD,
          "prompt": PROMPT, "instructions": INSTRUCTIONS, "tool": TOOL, "client secret": "CanaryEphemeralT6bVx83KqZnY",
          "passphrase": "CanaryPassphraseK5sTf29XwBnV", "transcript": "CanaryTranscriptH2nLd57SrWoC",
          "audio": "CanaryAudioBytesJ9pXe46QuBtM"}
PROXY_LOGIN = f"someone:{PROXY_PASSWORD}"


@contextlib.contextmanager
def quoting_service(folder):
    """The service that repeats what it was told; yields its port and the certificate to trust."""
    certificate, key = folder / "service.pem", folder / "service.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=quoting", "-addext", "subjectAltName=DNS:*.openai.azure.com,DNS:api.openai.com",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    script = pathlib.Path(__file__).with_name("quoting_service.py")
    process = subprocess.Popen([sys.executable, script, certificate, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline()), certificate
    finally:
        process.communicate()


@contextlib.contextmanager
def quoting_proxy():
    """A proxy that refuses everybody, and repeats their login in its answer; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        login = client.recv(65536).decode().partition("Basic ")[2].partition("\r")[0]
                        client.sendall(f"HTTP/1.1 407 {PROXY_LOGIN} {login}\r\nProxy-Authenticate: Basic realm=\"{login}\"\r\n"
                                       f"Content-Length: {len(login)}\r\n\r\n{login}".encode())

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


class Mistakes(harness.Case):
    """What was pasted into the wrong place of a profile is in no complaint about it."""

    KEY = "CanaryPasted0K9xQ2vLm4"

    def test_no_complaint_repeats_a_key(self):
        pasted = (f"/x?api-key={self.KEY}", f"https://u:{self.KEY}@host.example/p", self.KEY, f"Bearer {self.KEY}",
                  f"api-key: {self.KEY}")
        keys = ("path", "deployment", "model", "dialect", "api_version", "deployment_type", "endpoint", "proxy", "quota", "auth",
                "ca_file", "headers", "weight")
        for key in keys:
            for value in (*pasted, *({text: "x"} for text in pasted), *([text] for text in pasted)):
                region = {"name": "r", "endpoint": "https://r.openai.azure.com", "deployment": "d",
                          "auth": {"api_key": "${K}"}, key: value}
                self.complain({"name": "p", "regions": [region]})
        for section in ("load", "session", "timeouts", "retry", "budget", "windows", "thresholds", "prices", "simulator"):
            for text in pasted:
                for value in (text, {text: 1}, [text], {"interval": text}, {"report": [text]}, {"model": text}):
                    self.complain({"name": "p", "regions": harness.REGIONS, section: value})

    def complain(self, profile):
        result = self.rushhour("run", self.write_profile(profile), "--simulate", "--dry-run", expect=(0, 2))
        self.assertNotIn(self.KEY, result.stderr, profile)
        if result.status == 2:
            self.assertIn("profile.json:", result.stderr)

    def test_a_rehearsal_keeps_the_keys_to_itself(self):
        profile = self.write_profile(harness.profile(
            regions=[{**harness.REGIONS[0], "auth": {"api_key": "${REAL_KEY}"}}],
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 1}, {"duration": "3s", "target": 1}]},
            simulator={"latency": [harness.QUICK]}))
        process = harness.start("run", profile, "--simulate", "-q", "-o", "run", cwd=self.folder, env={"REAL_KEY": self.KEY})
        harness.wait_for_lines(self, process, self.folder / "run/attempts.csv", 2)
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        self.assertEqual(len(children), 1)
        for pid in (process.pid, *children):
            environ = pathlib.Path(f"/proc/{pid}/environ")
            if os.geteuid() != 0:
                with self.assertRaises(PermissionError):
                    environ.read_bytes()
            elif pid != process.pid:
                self.assertNotIn(self.KEY.encode(), environ.read_bytes())
                self.assertNotIn(b"HOME=", environ.read_bytes())
        self.assertIn(harness.finish(process).status, harness.ENDED)


class QuotingService(Secrets):
    """Nothing of it gets out even when the service itself repeats it."""

    test_no_output_holds_a_secret = None  # that one is for the parent

    def client_key(self):
        """A locked key for the certificate that the service asks for, and a line of it unlocked for the list."""
        subprocess.run(["openssl", "ec", "-in", self.folder / "service.key", "-aes256", "-passout",
                        f"pass:{QUOTED['passphrase']}", "-out", self.folder / "client.key"], check=True, capture_output=True)
        lines = (self.folder / "service.key").read_text().splitlines()
        return {**QUOTED, "client key": lines[1], "locked key": (self.folder / "client.key").read_text().splitlines()[4]}

    def regions(self, certificate, proxy):
        common = {"deployment": "rt", "ca_file": str(certificate), "headers": {"X-Own": "${OWN}"}}

        def region(name, auth, **more):
            return {"name": name, "endpoint": f"https://{name}.openai.azure.com", "auth": auth, **common, **more}

        return [region("by-key", {"api_key": "${KEY}"}),
                region("in-query", {"api_key": "${QUERY_KEY}", "in": "query"}, dialect="preview",
                       api_version="2025-04-01-preview"),
                region("by-token", {"token_command": "cat token"}),
                region("ephemeral", {"api_key": "${KEY}", "ephemeral": True}),
                region("by-certificate", {"api_key": "${KEY}"}, client_cert=str(certificate), client_key="client.key",
                       client_key_passphrase="${PASSPHRASE}"),
                region("by-proxy", {"api_key": "${KEY}"}, proxy=f"http://someone:${{PROXY_PASSWORD}}@127.0.0.1:{proxy}")]

    def setUp(self):
        super().setUp()
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        port, certificate = stack.enter_context(quoting_service(self.folder))
        proxy = stack.enter_context(quoting_proxy())
        (self.folder / "token").write_text(TOKEN)
        # so many that they are found by an index, and each in its own way
        (self.folder / "prompts.jsonl").write_text("".join(
            json.dumps({"text": f"{verb} {PROMPT}{end}", "weight": 1 + i}) + "\n"
            for i, (verb, end) in enumerate((verb, f"{end}{j}") for verb in ("Say", "Sing", "\"Quote\"", "50% \\of")
                                            for end in (".", "!", "?\n") for j in range(5))))
        self.hidden = self.client_key()
        regions = self.regions(certificate, proxy)
        self.profile = self.write_profile(harness.profile(
            regions=regions,
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 3}, {"duration": "4s", "target": 3}]},
            session={"interactions": 4, "think_time": "0s", "modality": "text", "prompts_file": "prompts.jsonl",
                     "instructions": f"Always {INSTRUCTIONS}.", "settings": SETTINGS},
            retry={"backoff": {"initial": "10ms", "max": "20ms"}}, thresholds=["failure_rate < 1%"]))
        self.turned = [part for region in regions
                       for part in ("--connect-to", f"{region['endpoint'][8:]}:443=127.0.0.1:{port}")]
        self.env = {"KEY": KEY, "QUERY_KEY": QUERY_KEY, "OWN": OWN, "PROXY_PASSWORD": PROXY_PASSWORD,
                    "PASSPHRASE": QUOTED["passphrase"]}

    def test_no_output_repeats_what_the_service_quotes(self):
        result = self.watched_run(["run", self.profile, "--yes", *self.turned, "-o", "run"], self.env, self.hidden)
        self.assertEqual(result.stderr.count("its API key goes into the query"), 1, "a warning, once for its region")
        run = harness.Run(self.folder / "run")
        quoting = {record["region"] for record in run.failures if "[redacted]" in json.dumps(record)}
        self.assertGreaterEqual(quoting, {"by-key", "in-query", "by-token", "ephemeral", "by-certificate"}, "the service quoted, and was scrubbed")
        self.assertIn("ok", {row["outcome"] for row in run.attempts})
        self.watched_run(["run", self.profile, "--yes", *self.turned, "-o", "run-json", "--json"], self.env, self.hidden)

        commands = [["--version"], ["help", "profile"], ["run", self.profile, "--dry-run"],
                    ["run", self.profile, "--dry-run", "--json"], ["plan", self.profile], ["compare", "run", "run-json"],
                    ["compare", "run", "run-json", "--json"], ["compare", "run", "run-json", "--format", "markdown"],
                    ["compare", "run", "run-json", "--format", "html"], ["compare", "run", "--regions", "by-key", "by-token"],
                    ["merge", "merged", "run", "run-json"],
                    ["check", self.profile, *self.turned], ["check", self.profile, *self.turned, "--json"],
                    ["report", "run"], ["report", "run", "--json"],
                    ["evidence", "run", "-o", "package"], ["evidence", "run-json", "--json", "-o", "package-json"]]
        commands += [["report", "run", "--format", form] for form in ("text", "markdown", "html", "csv", "json")]
        for command in commands:
            result = harness.rushhour(*command, cwd=self.folder, env=self.env)
            self.assertNotIn(result.status, (2, -signal.SIGSEGV, -signal.SIGABRT), f"{command}\n{result.stderr}")
            self.assertNotEqual(result.stdout + result.stderr, "", command)
            self.scan_result(" ".join(map(str, command)), result, self.hidden)
        mine = {"token", "prompts.jsonl", self.profile.name, "client.key", "service.key"}
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.name not in mine]
        self.assertGreaterEqual({path.name for path in files}, {"package.tar.gz", "support-request.md", "failures.jsonl"})
        for path in files:
            self.scan(str(path), readable_bytes(path), self.hidden)

    @unittest.skipIf(harness.SLOWED, "sanitizers look into the process from outside")
    def test_a_crash_leaves_no_core(self):
        def unlimited():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        def crash(arguments, ready):
            process = subprocess.Popen(list(map(str, arguments)), cwd=self.folder, env=harness.environment(self.env), preexec_fn=unlimited,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            deadline = time.monotonic() + 60
            while not ready() and time.monotonic() < deadline:
                time.sleep(0.05)
            limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
            os.kill(process.pid, signal.SIGABRT)
            _, status = os.waitpid(process.pid, 0)
            process.returncode = -signal.SIGABRT
            said = process.stderr.read()
            process.stderr.close()
            self.assertEqual(os.WTERMSIG(status), signal.SIGABRT)
            return os.WCOREDUMP(status), next(line for line in limits.splitlines() if line.startswith("Max core")), said

        begun = time.monotonic()
        dumped, limit, _ = crash([sys.executable, "-c", "import time; time.sleep(60)"], lambda: time.monotonic() - begun > 1)
        self.assertIn("unlimited", limit)
        if not dumped:
            self.skipTest("this machine writes no cores at all")
        for core in self.folder.glob("*core*"):
            core.unlink()
        rows = self.folder / "crashed" / "attempts.csv"
        dumped, limit, said = crash([harness.RUSHHOUR, "run", self.profile, "--yes", *self.turned, "-o", "crashed"],
                                    lambda: rows.exists() and rows.stat().st_size > 500)
        self.assertFalse(dumped)
        self.assertEqual(limit.split()[4:6], ["0", "0"])
        self.assertEqual(list(self.folder.glob("*core*")), [])
        self.scan("last words", said, QUOTED)
        for path in (self.folder / "crashed").rglob("*"):
            self.scan(path.name, path.read_bytes(), QUOTED)


if __name__ == "__main__":
    unittest.main()
