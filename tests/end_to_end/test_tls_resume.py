"""`session.tls_resume`, as Python's ssl sees it on the other side: off, each session does a full handshake; on, each but the
first of a host name resumes, and no name resumes what was begun under another.
"""

import collections
import contextlib
import socket
import ssl
import subprocess
import threading
import unittest

import harness
import scripted_service

HOSTS = ("localhost", "other.test")


def answer(connection):
    connection.say("response.output_text.delta", response_id="resp_1", item_id="item_1", delta="OK")
    connection.done(output=[{"id": "item_1", "type": "message", "status": "completed", "role": "assistant",
                             "content": [{"type": "output_text", "text": "OK"}]}],
                    usage={"total_tokens": 2, "input_tokens": 1, "output_tokens": 1})


class Server:
    """Speaks TLS, and notes of each handshake for which name it was and whether it resumed."""

    def __init__(self, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.context.sni_callback = self.note_name
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.handshakes = collections.defaultdict(list)  # by name: resumed or not, in order
        threading.Thread(target=self.run, daemon=True).start()

    def note_name(self, channel, name, _context):
        channel.name = name

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, plain):
        with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as channel:
            self.handshakes[channel.name].append(channel.session_reused)
            scripted_service.serve(channel, answer)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Resume(harness.Case):
    def certificate(self):
        path = self.folder / "both.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=both", "-addext", "subjectAltName=" + ",".join(f"DNS:{host}" for host in HOSTS),
                        "-keyout", path, "-out", self.folder / "leaf"], check=True, capture_output=True)
        with path.open("a") as both:
            both.write((self.folder / "leaf").read_text())
        return path

    def handshakes(self, **session):
        """Of a run with one session after another for each name."""
        certificate = self.certificate()
        with contextlib.closing(Server(certificate)) as server:
            regions = [{"name": f"r{number}", "endpoint": f"https://{host}:{server.port}", "deployment": "d",
                        "ca_file": str(certificate), "auth": {"api_key": "${THE_KEY}"}} for number, host in enumerate(HOSTS)]
            profile = harness.profile(
                regions=regions, retry={"attempts": 1},
                load={"model": "sessions", "connect_rate": "100/s",
                      "stages": [{"duration": "0s", "target": 1}, {"duration": "2s", "target": 1}]},
                session={"interactions": 1, "think_time": "50ms", "modality": "text", "prompts": ["Say OK."], **session})
            del profile["simulator"]
            places = [part for host in HOSTS
                      for part in ("--connect-to", f"{host}:{server.port}=127.0.0.1:{server.port}")]
            self.rushhour("run", self.write_profile(profile), *places, "--yes", "--workers", 1, "-q", "-o", "run",
                          env={"THE_KEY": "0123456789abcdef"}, expect=harness.ENDED)
        run = harness.Run(self.folder / "run")
        self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})
        self.assertEqual(set(server.handshakes), set(HOSTS))
        for name, resumed in server.handshakes.items():
            self.assertGreater(len(resumed), 3, name)
        return server.handshakes

    def test_off_by_default(self):
        for name, resumed in self.handshakes().items():
            self.assertFalse(any(resumed), name)

    def test_on_all_but_the_first_of_each_name_resume(self):
        for name, resumed in self.handshakes(tls_resume=True).items():
            self.assertFalse(resumed[0], f"{name}: nothing of another name is resumed")
            self.assertTrue(all(resumed[1:]), f"{name}: {resumed}")


if __name__ == "__main__":
    unittest.main()
