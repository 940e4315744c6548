"""Keys, prompts and instructions are in no file, output or process title, in no form that could be turned back."""

import base64
import os
import pathlib
import tempfile
import time
import unittest
import urllib.parse
import zlib

import harness

PROMPT = "CanaryPromptQ7zKw93LmTqX"
INSTRUCTIONS = "CanaryInstructionsB5vRt82NcYpD"
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
                   "url safe": base64.urlsafe_b64encode(b"x" + text)}
        with tempfile.TemporaryDirectory() as folder:
            for name, data in planted.items():
                path = pathlib.Path(folder) / "file.txt"
                path.write_bytes(b"before " + data + b" after")
                self.assertTrue(leaks(readable_bytes(path), {"canary": secret}), name)
                path.write_bytes(b"before " + data[:len(data) // 2] + b" after")
                self.assertFalse(leaks(readable_bytes(path), {"canary": secret}), f"{name}, cut short, is another text")

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
            "faults": [{"fault": name, "rate": "5%"} for name in ("server_error", "upgrade_429", "connection_reset")]}))
        with harness.simulator(script, cwd=self.folder) as ready:
            keys = {region["name"]: region["api_key"] for region in ready["regions"]}
            secrets = {"prompt": PROMPT, "instructions": INSTRUCTIONS, "wrong key": WRONG_KEY,
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

            commands = [["report", "run"], ["report", "run", "--json"], ["run", real, "--dry-run", "--json"]]
            for form in ("text", "markdown", "html", "csv", "json"):
                commands.append(["report", "run", "--format", form])
            for command in commands:
                self.scan_result(" ".join(map(str, command)), self.rushhour(*command, env=env), secrets)

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
                     "instructions": f"Always {INSTRUCTIONS}."})


if __name__ == "__main__":
    unittest.main()
