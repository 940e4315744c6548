"""`rushhour check` names the cause of each configuration fault, against the simulator and against small servers with
certificates and clocks of their own."""

import base64
import contextlib
import datetime
import email.utils
import http.server
import json
import signal
import socket
import socketserver
import ssl
import subprocess
import threading
import time
import unittest

import harness

STEPS = ["profile", "resolve", "tcp", "tls", "https", "credentials", "upgrade", "session", "configure", "turn"]
HOST = "contoso-eastus2.openai.azure.com"
KEY = "wrong-key-CANARY-4711"
BRIEF = {"connect": "5s", "upgrade": "2s", "session": "1s", "configure": "1s", "first_output": "1s", "stall": "1s",
         "response": "3s", "close": "200ms"}


def region(**changes):
    return {**harness.REGIONS[0], **changes}


def one(**changes):
    """A profile of one region."""
    return harness.profile(regions=[region(**changes)], timeouts=BRIEF)


def faulty(fault):
    return harness.profile(regions=[region()], timeouts=BRIEF,
                           simulator={"latency": [harness.QUICK], "faults": [{"fault": fault, "rate": "100%"}]})


class Authority:
    """A root of our own, and leaves of any name and age, made by the openssl command."""

    def __init__(self, folder, organization):
        self.folder = folder
        self.root = folder / "root.pem"
        self.key = folder / "root.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", f"/O={organization}/CN={organization} Root CA", "-keyout", self.key, "-out", self.root)

    def leaf(self, name, days=(-1, 30)):
        """The certificate of a name, valid from so many days ago to so many ahead; a file with its key."""
        key, request, out = (self.folder / f"leaf.{kind}" for kind in ("key", "csr", "pem"))
        extensions = self.folder / "leaf.ext"
        extensions.write_text(f"subjectAltName=DNS:{name}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        # `openssl x509` of 3.0 has no start date; `openssl ca` has, with a small database
        (self.folder / "index.txt").write_text("")
        (self.folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={self.folder}/index.txt\nrand_serial=yes\ndefault_md=sha256\n"
            f"new_certs_dir={self.folder}\npolicy=any\n[any]\ncommonName=supplied\n")
        start, end = (moment(day) for day in days)
        openssl("ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-cert", self.root, "-keyfile", self.key,
                "-in", request, "-extfile", extensions, "-startdate", start, "-enddate", end, "-out", out)
        out.write_text(out.read_text() + key.read_text())
        return out


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def moment(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


@contextlib.contextmanager
def https_server(certificate, clock_ahead_s=0):
    """Answers each request 404 as Azure does, with a clock of its own; yields its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response_only(404)
            self.send_header("Date", email.utils.formatdate(time.time() + clock_ahead_s, usegmt=True))
            self.send_header("apim-request-id", "5f0c4c0e-0000-0000-0000-000000000000")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Server(http.server.ThreadingHTTPServer):
        def finish_request(self, request, client_address):
            with contextlib.suppress(OSError), context.wrap_socket(request, server_side=True) as wrapped:
                self.RequestHandlerClass(wrapped, client_address, self)

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def proxy_server(status, target=None):
    """An HTTP proxy that answers each CONNECT with this status; 200 leads to `target`, wherever one wanted to go."""

    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            request = self.rfile.readline().decode()
            while self.rfile.readline().strip():
                pass
            self.server.asked.append(request.split()[1])
            self.request.sendall(f"HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\n\r\n".encode()
                                 if status != 200 else b"HTTP/1.1 200 OK\r\n\r\n")
            if status == 200:
                with socket.create_connection(target) as there:
                    threading.Thread(target=pump, args=(there, self.request), daemon=True).start()
                    pump(self.request, there)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def jwt(**claims):
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


class Check(harness.Case):
    def check(self, profile, *arguments, status=1, key=KEY, name="profile.json"):
        """Runs the preflight; returns its JSON, whose shape it has looked at."""
        result = self.rushhour("check", self.write_profile(profile, name), "--json", *arguments, expect=(status,),
                               env={"RUSHHOUR_TEST_KEY": key})
        self.assertNotIn(key, result.stdout + result.stderr)
        told = json.loads(result.stdout)
        self.assertEqual(told["ok"], status == 0)
        for entry in told["regions"]:
            self.assertEqual([step["step"] for step in entry["steps"]], STEPS)
            self.assertEqual(entry["ok"], all(step["status"] != "failed" for step in entry["steps"]))
            for step in entry["steps"]:
                self.assertIn(step["status"], ("ok", "failed", "skipped"))
                if step["status"] == "failed":
                    self.assertTrue(step["cause"] and step["fix"] and step["code"], step)
                if step["status"] == "skipped":
                    self.assertTrue(step["cause"], step)
        return told

    def assert_fails(self, told, step, *codes, catalogue=None, says=()):
        """The first region fails at a step and nowhere before; what follows the failure is skipped."""
        steps = {entry["step"]: entry for entry in told["regions"][0]["steps"]}
        failed = steps[step]
        self.assertEqual(failed["status"], "failed", steps)
        self.assertIn(failed["code"], codes)
        if catalogue is not None:
            self.assertEqual(failed["catalogue"], catalogue)
        for words in says:
            self.assertIn(words, failed["cause"])
        network = ["resolve", "tcp", "tls", "https"]
        session = ["upgrade", "session", "configure", "turn"]
        order = network if step in network else session if step in session else [step]
        for before in order[:order.index(step)]:
            self.assertNotEqual(steps[before]["status"], "failed", before)
        after = order[order.index(step) + 1:] + (session if step not in session and step != "https" else [])
        for name in after:
            self.assertEqual(steps[name]["status"], "skipped", name)
        return failed

    def check_beside(self, served, asked, *arguments, key=None, **options):
        """Checks the profile `asked` against a simulator of the profile `served`, by default with its key."""
        with harness.simulator(self.write_profile(served, "served.json"), cwd=self.folder) as ready:
            there = ready["regions"][0]
            for entry in asked["regions"]:
                entry["ca_file"] = ready["ca_file"]
            return self.check(asked, "--connect-to", f"{there['host']}:443={there['address']}", *arguments,
                              key=key or there["api_key"], **options)

    def check_server(self, organization, name=HOST, days=(-1, 30), trusted=False, ahead_s=0):
        authority = Authority(self.folder, organization)
        changes = {"ca_file": str(authority.root)} if trusted else {}
        with https_server(authority.leaf(name, days), ahead_s) as port:
            return self.check(one(**changes), "--connect-to", f"{HOST}:443=127.0.0.1:{port}")

    # ---- all is well ----

    def test_every_dialect_passes(self):
        told = self.check(harness.profile(), "--simulate", status=0)
        self.assertEqual([entry["name"] for entry in told["regions"]], ["eastus2", "swedencentral", "openai"])
        for entry in told["regions"]:
            done = {step["step"]: step for step in entry["steps"]}
            self.assertEqual(done["resolve"]["status"], "skipped")
            for name in STEPS[2:]:
                self.assertEqual(done[name]["status"], "ok", done[name])
            for name in ("tcp", "tls", "https", "upgrade", "session", "configure", "turn"):
                self.assertGreater(done[name]["ms"], 0, name)
            self.assertTrue(entry["ids"]["session_id"].startswith("sess_"))
            self.assertGreater(entry["tokens"]["output"], 0)
            self.assertEqual(entry["tls_version"], "TLSv1.3")

    def test_the_simulator_s_key_in_hand(self):
        told = self.check_beside(one(), one(), status=0)
        self.assertEqual(told["regions"][0]["service_region"], "East US 2")

    def test_only_the_named_region(self):
        told = self.check(harness.profile(), "--simulate", "--region", "openai", status=0)
        self.assertEqual([entry["name"] for entry in told["regions"]], ["openai"])

    def test_what_differs_is_told(self):
        slow = {"regions": ["swedencentral"], "first_output": "400ms"}
        told = self.check(harness.profile(simulator={"latency": [harness.QUICK, slow]}), "--simulate", status=0)
        lines = told["differences"]
        self.assertTrue([line for line in lines if line.startswith("dialect: ") and "2025-04-01-preview" in line])
        self.assertTrue([line for line in lines if line.startswith("turn: ") and "in swedencentral" in line], lines)
        self.assertFalse([line for line in lines if line.startswith("TLS")], lines)

    # ---- the network ----

    def test_unknown_name(self):
        told = self.check(one(endpoint="https://nobody.invalid"))
        # a machine without any name server cannot know that the name does not exist
        self.assert_fails(told, "resolve", "resolve_failed", "resolve_temporary", says=["nobody.invalid"])

    def test_refused_port(self):
        told = self.check(one(), "--connect-to", f"{HOST}:443=127.0.0.1:{closed_port()}")
        self.assert_fails(told, "tcp", "connect_refused", catalogue="F04", says=["127.0.0.1", "refused"])

    def test_no_network(self):
        command = ["unshare", "-rn", harness.RUSHHOUR, "check", str(self.write_profile(one())), "--json",
                   "--connect-to", f"{HOST}:443=127.0.0.1:9"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                                env=harness.environment({"RUSHHOUR_TEST_KEY": KEY}))
        if result.returncode != 1 or not result.stdout:
            self.skipTest("no network namespaces here: " + result.stderr.strip())
        self.assert_fails(json.loads(result.stdout), "tcp", "connect_unreachable", catalogue="F05",
                          says=["Network is unreachable"])

    def test_proxy_that_refuses(self):
        for status, code, number in ((407, "proxy_auth", "F12"), (403, "proxy_refused", "F13")):
            with self.subTest(status=status), proxy_server(status) as server:
                told = self.check(one(proxy=f"http://127.0.0.1:{server.server_address[1]}"))
                self.assert_fails(told, "tcp", code, catalogue=number, says=[f"CONNECT {HOST}:443 with {status}"])

    def test_proxy_that_lets_through(self):
        with harness.simulator(self.write_profile(one(), "served.json"), cwd=self.folder) as ready:
            there = ready["regions"][0]
            address, port = there["address"].rsplit(":", 1)
            with proxy_server(200, (address, int(port))) as server:
                asked = one(ca_file=ready["ca_file"], proxy=f"http://127.0.0.1:{server.server_address[1]}")
                told = self.check(asked, status=0, key=there["api_key"])
                self.assertEqual(set(server.asked), {f"{HOST}:443"})
        self.assertTrue(told["regions"][0]["proxy"])

    # ---- certificates and clocks ----

    def test_private_root(self):
        told = self.check_server("Contoso IT")
        self.assert_fails(told, "tls", "tls_untrusted", catalogue="F08", says=["private root", "Contoso IT"])

    def test_inspecting_proxy(self):
        told = self.check_server("Zscaler Inc.")
        failed = self.assert_fails(told, "tls", "tls_untrusted", catalogue="F08", says=["Zscaler", "inspecting proxy"])
        self.assertIn("ca_file", failed["fix"])

    def test_inspecting_proxy_that_is_trusted(self):
        told = self.check_server("Fortinet", trusted=True)
        notes = [note["text"] for note in told["regions"][0]["notes"] if note["step"] == "tls"]
        self.assertTrue([note for note in notes if "Fortinet" in note and "inspected" in note], notes)

    def test_expired_certificate(self):
        told = self.check_server("Contoso IT", days=(-30, -2), trusted=True)
        self.assert_fails(told, "tls", "tls_expired", catalogue="F10", says=["expired", moment(-2)[:4]])

    def test_certificate_of_the_future(self):
        told = self.check_server("Contoso IT", days=(2, 30), trusted=True)
        self.assert_fails(told, "tls", "tls_not_yet_valid", catalogue="F10", says=["not yet valid"])

    def test_wrong_name(self):
        told = self.check_server("Contoso IT", name="other.openai.azure.com", trusted=True)
        self.assert_fails(told, "tls", "tls_wrong_name", catalogue="F08", says=["other.openai.azure.com"])

    def test_clock_far_off(self):
        told = self.check_server("Contoso IT", trusted=True, ahead_s=3600)
        self.assert_fails(told, "https", "clock_skew", catalogue="F10", says=["behind"])
        self.assertAlmostEqual(told["regions"][0]["skew_ms"], 3600_000, delta=5000)

    def test_clock_a_little_off(self):
        told = self.check_server("Contoso IT", trusted=True, ahead_s=-90)
        notes = [note["text"] for note in told["regions"][0]["notes"] if note["step"] == "https"]
        self.assertTrue([note for note in notes if "ahead of" in note], notes)
        # the server knows no WebSocket
        self.assert_fails(told, "upgrade", "upgrade_404")

    # ---- configuration ----

    def test_wrong_key(self):
        told = self.check_beside(one(), one(), key=KEY)
        self.assert_fails(told, "upgrade", "upgrade_401", catalogue="F20", says=["HTTP 401"])

    def test_wrong_deployment(self):
        told = self.check_beside(one(), one(deployment="gpt-realtme"))
        self.assert_fails(told, "upgrade", "deployment_not_found", catalogue="F27", says=["DeploymentNotFound"])

    def test_wrong_api_version(self):
        told = self.check_beside(one(), one(dialect="preview", api_version="2024-10-01-preview"))
        self.assert_fails(told, "upgrade", "path_not_found", "api_version_unknown", says=["404"])
        notes = [note["text"] for note in told["regions"][0]["notes"]]
        self.assertTrue([note for note in notes if "2024-10-01-preview" in note], notes)

    def test_mixed_forms(self):
        told = self.check(one(path="/openai/realtime"), "--simulate")
        self.assert_fails(told, "profile", "mixed_forms", catalogue="F28", says=["preview route"])
        told = self.check(one(path="/openai/v1/realtime", dialect="preview", api_version="2025-04-01-preview"),
                          "--simulate")
        self.assert_fails(told, "profile", "mixed_forms", catalogue="F17")

    def test_wrong_hosts(self):
        for host in ("oai.azure.com", "contoso.privatelink.openai.azure.com", "eastus2.api.cognitive.microsoft.com"):
            self.assert_fails(self.check(one(endpoint=f"https://{host}"), "--simulate"), "profile", "wrong_host")

    def test_token_command_without_scope(self):
        told = self.check(one(auth={"token_command": "az account get-access-token --query accessToken -o tsv"}),
                          "--simulate")
        self.assert_fails(told, "profile", "wrong_scope", catalogue="F21", says=["--scope"])

    def check_token(self, **claims):
        token = jwt(**claims)
        told = self.check(one(auth={"token": "${RUSHHOUR_TEST_KEY}"}), "--connect-to",
                          f"{HOST}:443=127.0.0.1:{closed_port()}", key=token)
        steps = {step["step"]: step for step in told["regions"][0]["steps"]}
        return steps["credentials"], told["regions"][0]

    def test_tokens(self):
        now = int(time.time())
        audience = "https://cognitiveservices.azure.com"
        step, _ = self.check_token(aud=audience, exp=now - 600)
        self.assertEqual((step["status"], step["code"], step["catalogue"]), ("failed", "token_expired", "F88"))
        self.assertIn("10m", step["cause"])
        step, _ = self.check_token(aud="https://management.azure.com/", exp=now + 3600)
        self.assertEqual((step["status"], step["code"]), ("failed", "wrong_audience"))
        step, entry = self.check_token(aud=audience, exp=1900000000)
        self.assertEqual(step["status"], "ok")
        self.assertEqual(entry["token_expires"], "2030-03-17T17:46:40Z")

    def test_client_secrets(self):
        auth = {"api_key": "${RUSHHOUR_TEST_KEY}", "ephemeral": True}
        regions = [{**entry, "auth": auth} for entry in harness.REGIONS]
        told = self.check(harness.profile(regions=regions, timeouts=BRIEF), "--simulate", status=0)
        for entry in told["regions"]:
            steps = {step["step"]: step for step in entry["steps"]}
            self.assertIn("client secret", steps["credentials"]["seen"])
            self.assertGreater(steps["credentials"]["ms"], 0)
        told = self.check_beside(one(), one(auth=auth), key=KEY)
        self.assert_fails(told, "credentials", "upgrade_401", says=["no client secret: HTTP 401"])

    def test_missing_key(self):
        result = self.rushhour("check", self.write_profile(one()), "--json", "--connect-to",
                               f"{HOST}:443=127.0.0.1:{closed_port()}", expect=(1,))
        steps = {step["step"]: step for step in json.loads(result.stdout)["regions"][0]["steps"]}
        self.assertEqual(steps["credentials"]["status"], "failed")
        self.assertIn("RUSHHOUR_TEST_KEY", steps["credentials"]["cause"])

    def test_ca_file_that_holds_nothing(self):
        empty = self.folder / "empty.pem"
        empty.write_text("nothing\n")
        told = self.check(one(ca_file=str(empty)), "--connect-to", f"{HOST}:443=127.0.0.1:{closed_port()}")
        self.assert_fails(told, "profile", "bad_ca_file", says=["empty.pem"])

    # ---- the service ----

    def test_faults_below_http(self):
        for fault, step, code, number in (("resolve_failed", "resolve", "resolve_failed", "F01"),
                                          ("connect_refused", "tcp", "connect_refused", "F04"),
                                          ("connect_reset", "tls", "connect_reset", "F06"),
                                          ("tls_untrusted", "tls", "tls_untrusted", "F08"),
                                          ("tls_failed", "tls", "tls_failed", "F09"),
                                          ("tls_expired", "tls", "tls_expired", "F10"),
                                          ("tls_not_yet_valid", "tls", "tls_not_yet_valid", "F10"),
                                          ("tls_closed", "tls", "tls_closed", "F11")):
            with self.subTest(fault=fault):
                self.assert_fails(self.check(faulty(fault), "--simulate"), step, code, catalogue=number)

    def test_faults_of_the_session(self):
        for fault, step, code, number in (("no_session_created", "session", "no_session_created", "F41"),
                                          ("closed_before_created", "session", "closed_before_created", "F42"),
                                          ("invalid_api_key", "session", "invalid_api_key", "F44"),
                                          ("unknown_parameter", "configure", "unknown_parameter", "F45"),
                                          ("no_session_updated", "configure", "no_session_updated", "F50")):
            with self.subTest(fault=fault):
                self.assert_fails(self.check(faulty(fault), "--simulate"), step, code, catalogue=number)

    def test_faults_of_the_upgrade(self):
        for fault, code, number in (("upgrade_429", "upgrade_429", "F30"), ("upgrade_503", "upgrade_503", "F37"),
                                    ("model_not_realtime", "model_not_realtime", "F15"),
                                    ("websocket_blocked", "websocket_blocked", "F14"),
                                    ("public_access_disabled", "public_access_disabled", "F25"),
                                    ("permission_denied", "permission_denied", "F21")):
            with self.subTest(fault=fault):
                self.assert_fails(self.check(faulty(fault), "--simulate"), "upgrade", code, catalogue=number)

    def test_faults_of_the_turn(self):
        for fault, code, number in (("server_error", "server_error", "F64"), ("stall", "stall", "F62"),
                                    ("rate_limit_exceeded", "rate_limit_exceeded", "F66"),
                                    ("empty_output", "empty_output", "F72"),
                                    ("connection_reset", "connection_reset", "F61")):
            with self.subTest(fault=fault):
                told = self.check(faulty(fault), "--simulate")
                self.assert_fails(told, "turn", code, catalogue=number)
                self.assertTrue(told["regions"][0]["ids"]["session_id"].startswith("sess_"))

    # ---- the command ----

    def test_interrupt(self):
        slow = harness.profile(simulator={"latency": [{**harness.QUICK, "session": "9s"}]})
        process = harness.start("check", self.write_profile(slow), "--simulate", cwd=self.folder)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        result = harness.finish(process, timeout=30)
        self.assertEqual(result.status, 130, result.stdout + result.stderr)
        self.assertIn("Verdict: interrupted", result.stdout)
        self.assertEqual(list(self.folder.iterdir()), [self.folder / "profile.json"])

    def test_the_page(self):
        result = self.rushhour("check", self.write_profile(faulty("upgrade_429")), "--simulate", expect=(1,))
        for words in ("Verdict: failed, 0 of 1 regions ok", "eastus2, upgrade: upgrade_429 (F30)", "cause", "fix"):
            self.assertIn(words, result.stdout)
        self.assertNotIn("\x1b", result.stdout)
        quiet = self.rushhour("check", self.write_profile(harness.profile()), "--simulate", "-q")
        self.assertEqual(quiet.stdout + quiet.stderr, "")

    def test_wrong_use(self):
        self.rushhour("check", "nowhere.json", expect=(1, 2))
        self.rushhour("check", self.write_profile(one()), "--region", "westus", expect=(2,))
        self.rushhour("check", self.write_profile(one()), "--connect-to", "nonsense", expect=(2,))
        self.rushhour("check", self.write_profile(one(api_version="2025-04-01-preview")), expect=(2,))


if __name__ == "__main__":
    unittest.main()
