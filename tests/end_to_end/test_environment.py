"""The host's environment: proxies that only the environment names, a proxy by reference, roots by SSL_CERT_FILE, and
gateways that answer nothing but upgrades."""

import base64
import contextlib
import json
import socket
import threading
import unittest

import harness

LOGIN = "us@er:p:w/%d Canary"
ENCODED = "us%40er:p%3Aw%2F%25d%20Canary"


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def server(serve):
    """Each connection in a thread of its own; yields the port."""
    def one(connection):
        with contextlib.suppress(OSError), connection:
            serve(connection)

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(65536)
        if not data:
            break
        head += data
    return head


def pass_on(connection, target, begun=b""):
    with socket.create_connection(target) as behind:
        behind.sendall(begun)
        back = threading.Thread(target=pump, args=(behind, connection), daemon=True)
        back.start()
        pump(connection, behind)
        back.join()


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Environment(harness.Case):
    runs = 0

    def environment(self, **more):
        """Without what the machine itself may have set."""
        proxies = {name: "" for lower in ("https_proxy", "all_proxy", "no_proxy") for name in (lower, lower.upper())}
        return {**proxies, "RUSHHOUR_TEST_KEY": "k" * 32, **more}

    def profile(self, endpoint, **keys):
        return harness.profile(
            regions=[{"name": "there", "endpoint": endpoint, "deployment": "gpt-realtime",
                      "auth": {"api_key": "${RUSHHOUR_TEST_KEY}"}, **keys}],
            retry={"attempts": 1}, timeouts={"resolve": "10s", "connect": "5s", "upgrade": "2s"},
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 2}, {"duration": "1s", "target": 2}]},
            session={"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]})

    def check(self, profile, status, **env):
        result = self.rushhour("check", self.write_profile(profile), "--json", expect=(status,), env=self.environment(**env))
        self.assertNotIn("Canary", result.stdout + result.stderr)
        region = json.loads(result.stdout)["regions"][0]
        return {step["step"]: step for step in region["steps"]}, [note["text"] for note in region["notes"]]

    def run_it(self, profile, **env):
        self.runs += 1
        out = f"run{self.runs}"
        result = self.rushhour("run", self.write_profile(profile), "--yes", "-o", out, expect=harness.ENDED,
                               env=self.environment(**env))
        self.assertNotIn("Canary", result.stdout + result.stderr)
        return result, harness.Run(self.folder / out)

    @contextlib.contextmanager
    def simulator(self, **keys):
        """Yields what it says of its one region, with `ca_file` and `target`."""
        contents = harness.profile(regions=[{**harness.REGIONS[0], "name": "there", "deployment": "gpt-realtime", **keys}],
                                   simulator={"latency": [harness.QUICK]})
        with harness.simulator(self.write_profile(contents, "served.json"), cwd=self.folder) as ready:
            told = ready["regions"][0]
            host, port = told["address"].rsplit(":", 1)
            yield {**told, "ca_file": ready["ca_file"], "target": (host, int(port))}

    # ---- a proxy that only the environment names ----

    def test_an_unused_proxy_is_named_where_nothing_is_reached(self):
        for endpoint, step in ((f"https://127.0.0.1:{closed_port()}", "tcp"), ("https://rushhour.invalid", "resolve")):
            for name in ("HTTPS_PROXY", "all_proxy"):
                with self.subTest(endpoint=endpoint, name=name):
                    env = {name: "http://me:Canary@127.0.0.1:9"}
                    steps, notes = self.check(self.profile(endpoint), 1, **env)
                    self.assertEqual(steps[step]["status"], "failed", steps)
                    for text in (steps[step]["fix"], " ".join(notes)):
                        self.assertIn(f"{name} is set and not used", text)
                        self.assertIn(f"${{{name}}}", text)
                    result, run = self.run_it(self.profile(endpoint), **env)
                    self.assertEqual({record["phase"] for record in run.failures}, {"resolve" if step == "resolve" else "connect"})
                    said = [line for line in result.stderr.splitlines() if f"{name} is set and not used" in line]
                    self.assertTrue([line for line in said if "none of" in line], f"with the error itself: {result.stderr}")

    def test_what_no_proxy_leaves_out_is_not_named(self):
        endpoint = f"https://127.0.0.1:{closed_port()}"
        env = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "example.org,127.0.0.1"}
        steps, notes = self.check(self.profile(endpoint), 1, **env)
        result, _ = self.run_it(self.profile(endpoint), **env)
        for text in (steps["tcp"]["fix"], " ".join(notes), result.stderr):
            self.assertNotIn("HTTPS_PROXY", text)

    def test_a_refusal_is_no_matter_of_proxies(self):
        def refuse(connection):
            read_head(connection)
            connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")

        with server(refuse) as port:
            steps, _ = self.check(self.profile(f"http://127.0.0.1:{port}"), 1, HTTPS_PROXY="http://127.0.0.1:9")
        self.assertEqual(steps["upgrade"]["status"], "failed")
        self.assertNotIn("PROXY", steps["upgrade"]["fix"])

    # ---- a proxy by reference ----

    def test_a_whole_proxy_by_reference_with_an_encoded_login(self):
        asked = []

        def proxy(connection):
            head = read_head(connection).decode()
            asked.append((head.split()[1], base64.b64decode(head.partition("Basic ")[2].partition("\r")[0]).decode()))
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            pass_on(connection, there["target"])

        with self.simulator() as there, server(proxy) as port:
            url = f"http://{ENCODED}@127.0.0.1:{port}"
            for reference, env in (("${HTTPS_PROXY}", {"HTTPS_PROXY": url}), ("http://${LOGIN}@127.0.0.1:%d" % port, {"LOGIN": ENCODED})):
                with self.subTest(reference=reference):
                    profile = self.profile(f"https://{there['host']}", proxy=reference, ca_file=there["ca_file"])
                    env["RUSHHOUR_TEST_KEY"] = there["api_key"]
                    steps, notes = self.check(profile, 0, **env)
                    self.assertEqual(steps["turn"]["status"], "ok")
                    self.assertNotIn("not used", " ".join(notes))
                    _, run = self.run_it(profile, **env)
                    self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})
        self.assertEqual(set(asked), {(f"{there['host']}:443", LOGIN)})

    # ---- roots of the environment ----

    def test_roots_of_the_environment(self):
        """As OpenSSL's own programs take them; without them the same certificate is not trusted."""
        with self.simulator(endpoint="https://localhost") as there:
            profile = self.profile(f"https://localhost:{there['target'][1]}")
            key = {"RUSHHOUR_TEST_KEY": there["api_key"]}
            steps, _ = self.check(profile, 0, SSL_CERT_FILE=there["ca_file"], **key)
            self.assertEqual(steps["turn"]["status"], "ok")
            _, run = self.run_it(profile, SSL_CERT_FILE=there["ca_file"], **key)
            self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})
            steps, _ = self.check(profile, 1, **key)
            self.assertEqual(steps["tls"]["code"], "tls_untrusted")
            self.assertIn("ca_file", steps["tls"]["fix"])
            _, run = self.run_it(profile, **key)
            self.assertEqual({(record["code"], record["domain"]) for record in run.failures}, {("tls_untrusted", "config")})

    # ---- gateways that answer nothing but upgrades ----

    def test_only_the_plain_request_is_odd(self):
        """The upgrade is tried whatever becomes of the plain request, and where it works the region is well."""
        def swallow(connection):
            connection.recv(1)

        oddities = {
            "silence": swallow,
            "an end": lambda connection: None,
            "no HTTP": lambda connection: connection.sendall(b"220 smtp.example ESMTP\r\n\r\n"),
            "half an answer": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"),
            "405": lambda connection: connection.sendall(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n"),
        }
        with self.simulator(endpoint="http://127.0.0.1:9") as there:
            for name, odd in oddities.items():
                def gateway(connection, odd=odd):
                    head = read_head(connection)
                    if b"upgrade: websocket" in head.lower():
                        pass_on(connection, there["target"], head)
                    else:
                        odd(connection)

                with self.subTest(name), server(gateway) as port:
                    steps, notes = self.check(self.profile(f"http://127.0.0.1:{port}"), 0, RUSHHOUR_TEST_KEY=there["api_key"])
                    self.assertEqual({step["status"] for step in steps.values()} - {"skipped"}, {"ok"}, steps)
                    self.assertEqual(steps["turn"]["status"], "ok")
                    if name != "405":
                        self.assertTrue([note for note in notes if "no answer to a plain GET" in note], notes)


if __name__ == "__main__":
    unittest.main()
