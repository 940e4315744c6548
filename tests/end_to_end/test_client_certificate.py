"""Mutual TLS: a gateway of Python's `ssl` stands before the simulator and demands a client certificate. What check and
run make of a certificate that is missing, refused, expired, mistaken, and of one that is right; with TLS 1.2, which
says so in the handshake, and TLS 1.3, which says so after ours is done."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
import unittest

import harness

PASSPHRASE = "passphrase-CANARY-0815"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Pki:
    """Roots, and certificates below them, by the openssl command."""

    def __init__(self, folder):
        self.folder = folder
        for root in ("root", "stranger"):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", f"/CN={root}", "-keyout", folder / f"{root}.key", "-out", folder / f"{root}.pem")
        self.leaf("server", extensions="subjectAltName=IP:127.0.0.1\n")
        self.leaf("client")
        self.leaf("other")
        self.leaf("strange", root="stranger")
        self.leaf("late", days=("20200101000000Z", "20200201000000Z"))
        openssl("ec", "-in", folder / "client.key", "-aes256", "-passout", f"pass:{PASSPHRASE}",
                "-out", folder / "locked.key")
        openssl("pkcs8", "-topk8", "-in", folder / "client.key", "-passout", f"pass:{PASSPHRASE}",
                "-out", folder / "locked8.key")
        (folder / "both.pem").write_text(self.text("client.pem") + self.text("client.key"))
        (folder / "empty.pem").write_text("nothing here\n")

    def text(self, name):
        return (self.folder / name).read_text()

    def leaf(self, name, root="root", days=("20240101000000Z", "20440101000000Z"), extensions="keyUsage=digitalSignature\n"):
        folder = self.folder
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")
        (folder / "index.txt").write_text("")
        (folder / "ext").write_text(extensions)
        (folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index.txt\nrand_serial=yes\ndefault_md=sha256\n"
            f"new_certs_dir={folder}\npolicy=any\n[any]\ncommonName=supplied\n")
        openssl("ca", "-batch", "-notext", "-config", folder / "ca.cnf", "-cert", folder / f"{root}.pem", "-keyfile",
                folder / f"{root}.key", "-in", folder / f"{name}.csr", "-extfile", folder / "ext", "-startdate", days[0],
                "-enddate", days[1], "-out", folder / f"{name}.pem")


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def gateway(pki, target, version, demands=True):
    """Ends TLS and passes the bytes on; yields its port and the names of the clients that it let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.folder / "server.pem", pki.folder / "server.key")
    context.minimum_version = context.maximum_version = VERSIONS[version]
    if demands:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki.folder / "root.pem")
    seen = []

    def serve(connection):
        with contextlib.suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as inside:
            seen.append(dict(part[0] for part in inside.getpeercert()["subject"])["commonName"] if demands else "")
            with socket.create_connection(target) as behind:
                back = threading.Thread(target=pump, args=(behind, inside), daemon=True)
                back.start()
                pump(inside, behind)
                back.join()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], seen
        listener.shutdown(socket.SHUT_RDWR)


class ClientCertificate(harness.Case):
    @classmethod
    def setUpClass(cls):
        import pathlib
        import tempfile
        folder = tempfile.TemporaryDirectory(prefix="rushhour-pki-")
        cls.addClassCleanup(folder.cleanup)
        cls.pki = Pki(pathlib.Path(folder.name))

    runs = 0

    def profile(self, port, **keys):
        region = {"name": "behind", "endpoint": f"https://127.0.0.1:{port}", "deployment": "gpt-realtime",
                  "auth": {"api_key": "${RUSHHOUR_TEST_KEY}"}, "ca_file": str(self.pki.folder / "root.pem"), **keys}
        return harness.profile(regions=[region], retry={"attempts": 3, "budget": "100%"},
                               load={"model": "sessions", "stages": [{"duration": "0s", "target": 2},
                                                                     {"duration": "1s", "target": 2}]},
                               session={"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]})

    @contextlib.contextmanager
    def behind(self, version, **options):
        """A simulator without TLS, and the gateway before it."""
        plain = harness.profile(regions=[{**harness.REGIONS[0], "name": "behind", "endpoint": "http://127.0.0.1:9",
                                          "deployment": "gpt-realtime"}],
                                simulator={"latency": [harness.QUICK]})
        with harness.simulator(self.write_profile(plain, "plain.json"), cwd=self.folder) as ready:
            there = ready["regions"][0]
            host, port = there["address"].rsplit(":", 1)
            self.key = there["api_key"]
            with gateway(self.pki, (host, int(port)), version, **options) as told:
                yield told

    def env(self, **more):
        return {"RUSHHOUR_TEST_KEY": self.key, "TEST_PASSPHRASE": PASSPHRASE,
                "TEST_KEY_TEXT": self.pki.text("client.key"), "TEST_KEY_PATH": str(self.pki.folder / "client.key"), **more}

    def run_it(self, profile, expect=harness.ENDED):
        self.runs += 1
        out = f"run{self.runs}"
        result = self.rushhour("run", self.write_profile(profile), "-o", out, "--yes", "--json", expect=expect,
                               env=self.env())
        self.assert_nothing_leaks(result)
        return harness.Run(self.folder / out)

    def check(self, profile, status):
        result = self.rushhour("check", self.write_profile(profile), "--json", expect=(status,), env=self.env())
        self.assert_nothing_leaks(result)
        return {step["step"]: step for step in json.loads(result.stdout)["regions"][0]["steps"]}

    def assert_nothing_leaks(self, result):
        """Neither the passphrase nor a line of a key, in what was printed or written."""
        secrets = [PASSPHRASE, *self.pki.text("client.key").splitlines()[1:-1],
                   *self.pki.text("locked.key").splitlines()[4:-1]]
        written = [path.read_bytes().decode("latin-1") for path in self.folder.rglob("*")
                   if path.is_file() and path.parent != self.folder]
        for text in (result.stdout, result.stderr, *written):
            for secret in secrets:
                self.assertNotIn(secret, text)

    def given(self, certificate="client.pem", key="client.key", **more):
        return {"client_cert": str(self.pki.folder / certificate),
                **({"client_key": str(self.pki.folder / key)} if key else {}), **more}

    def assert_refused(self, version, code, number, keys):
        """check and run tell the same cause and the alert's number, and nothing is tried again."""
        with self.behind(version) as (port, _):
            steps = self.check(self.profile(port, **keys), 1)
            run = self.run_it(self.profile(port, **keys))
        step = steps["tls" if version == "1.2" else "upgrade"]
        self.assertEqual((step["status"], step["code"]), ("failed", code), steps)
        self.assertIn(f"TLS alert {number} received", step["cause"])
        self.assertIn("client_cert", step["fix"])
        self.assertEqual({(record["code"], record["tls_alert"], record["decision"], record["domain"], record["phase"])
                          for record in run.failures},
                         {(code, number, "give_up", "auth", "tls" if version == "1.2" else "upgrade")})
        self.assertEqual(run.manifest["totals"]["retries"], 0)
        self.assertEqual(run.manifest["totals"]["attempts"]["ok"], 0)
        self.assertGreater(run.manifest["totals"]["attempts"]["failed"], 0, "it counts as a failure, not as our own")

    def test_none_is_given(self):
        for version, number in (("1.2", 40), ("1.3", 116)):
            with self.subTest(version):
                self.assert_refused(version, "client_certificate_required", number, {})

    def test_one_of_a_stranger(self):
        for version in VERSIONS:
            with self.subTest(version):
                self.assert_refused(version, "client_certificate_refused", 48, self.given("strange.pem", "strange.key"))

    def test_one_that_has_expired(self):
        for version in VERSIONS:
            with self.subTest(version):
                self.assert_refused(version, "client_certificate_refused", 45, self.given("late.pem", "late.key"))

    def test_the_right_one(self):
        """As a file, a reference to its text or its path, in one file with the key, and with a locked key."""
        ways = [
            self.given(),
            self.given("both.pem", None),
            self.given(client_key="${TEST_KEY_TEXT}"),
            self.given(client_key="${TEST_KEY_PATH}"),
            self.given(client_key=f"${{file:{self.pki.folder / 'client.key'}}}"),
            self.given(key="locked.key", client_key_passphrase="${TEST_PASSPHRASE}"),
            self.given(key="locked8.key", client_key_passphrase="${TEST_PASSPHRASE}"),
        ]
        for index, keys in enumerate(ways):
            version = ("1.2", "1.3")[index % 2]
            with self.subTest(version=version, keys=keys), self.behind(version) as (port, seen):
                steps = self.check(self.profile(port, **keys), 0)
                self.assertEqual(steps["https"]["status"], "ok")
                self.assertEqual(steps["turn"]["status"], "ok")
                if index in (0, 5):
                    run = self.run_it(self.profile(port, **keys))
                    self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})
                    self.assertIn('"client_cert"', json.dumps(run.manifest))
                self.assertEqual(set(seen), {"client"})

    def test_client_secrets_are_asked_for_with_it(self):
        with self.behind("1.3") as (port, seen):
            profile = self.profile(port, auth={"api_key": "${RUSHHOUR_TEST_KEY}", "ephemeral": True}, **self.given())
            self.assertEqual(self.check(profile, 0)["turn"]["status"], "ok")
            self.assertEqual({row["outcome"] for row in self.run_it(profile).attempts}, {"ok"})
        self.assertEqual(set(seen), {"client"})

    def test_one_that_nobody_asks_for(self):
        with self.behind("1.3", demands=False) as (port, _):
            self.assertEqual(self.check(self.profile(port, **self.given()), 0)["turn"]["status"], "ok")

    def test_mistakes_are_named(self):
        """By file, key and fix, before anything is connected; check and run alike."""
        folder = self.pki.folder
        cases = [
            (self.given("missing.pem"), ["client_cert", str(folder / "missing.pem"), "correct the path"]),
            (self.given("empty.pem"), ["client_cert", "empty.pem", "name the right file"]),
            (self.given(key="missing.key"), ["client_key", str(folder / "missing.key"), "correct the path"]),
            (self.given(key="client.pem"), ["client_key", "client.pem", "PRIVATE KEY", "name the right file"]),
            (self.given("client.pem", None), ["client_cert", "client.pem", "PRIVATE KEY"]),
            (self.given(key="other.key"), ["client_key", "other.key", "does not belong to client_cert", "client.pem"]),
            (self.given(key="locked.key"), ["client_key", "locked.key", "encrypted", "client_key_passphrase"]),
            (self.given(key="locked8.key"), ["client_key", "locked8.key", "encrypted", "client_key_passphrase"]),
            (self.given(key="locked.key", client_key_passphrase="${TEST_KEY_PATH}"),
             ["client_key", "locked.key", "does not open the key"]),
            (self.given(client_key="${TEST_PASSPHRASE}"),
             ["client_key", "TEST_PASSPHRASE", "neither PEM text", "nor the path of a file"]),
            (self.given(client_key="${NO_SUCH_VARIABLE}"), ["client_key", "NO_SUCH_VARIABLE", "is not set"]),
        ]
        self.key = "k" * 32
        for keys, words in cases:
            with self.subTest(keys=keys):
                result = self.rushhour("run", self.write_profile(self.profile(9, **keys)), "-o", "run0", "--yes",
                                       expect=(1, 2), env=self.env())
                self.assert_nothing_leaks(result)
                steps = self.check(self.profile(9, **keys), 1)
                failed = [step for step in steps.values() if step["status"] == "failed"]
                self.assertEqual(len(failed), 1, steps)
                self.assertIn(failed[0]["step"], ("profile", "credentials"))
                self.assertIn("client_cert, client_key or client_key_passphrase", failed[0]["fix"])
                for word in words:
                    self.assertIn(word, result.stderr)
                    self.assertIn(word, failed[0]["cause"])
                self.assertFalse((self.folder / "run0").exists(), "nothing has run")

    def test_what_a_profile_may_not_say(self):
        self.key = "k" * 32
        for keys, words in [
            ({"client_key": "k.pem"}, ["client_key", "no client_cert"]),
            ({"client_key_passphrase": "${P}"}, ["client_key_passphrase", "no client_cert"]),
            (self.given(client_key_passphrase="hunter2"), ["client_key_passphrase", "${NAME}"]),
            (self.given(client_key=self.pki.text("client.key").replace("\n", " ")), ["client_key", "does not belong into a profile"]),
        ]:
            with self.subTest(keys=list(keys)):
                result = self.rushhour("run", self.write_profile(self.profile(9, **keys)), "-o", "run0", expect=(2,),
                                       env=self.env())
                for word in words:
                    self.assertIn(word, result.stderr)
                self.assertNotIn("hunter2", result.stderr)
                self.assert_nothing_leaks(result)


if __name__ == "__main__":
    unittest.main()
