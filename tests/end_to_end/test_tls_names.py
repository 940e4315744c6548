"""What a certificate must say of a host: made with openssl, and served by Python's ssl."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
import unittest

import harness

ANSWER = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Server(threading.Thread):
    """Does the handshake and refuses every request."""

    def __init__(self, certificate):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.names = []
        self.context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as channel:
                if channel.recv(65536):
                    channel.sendall(ANSWER)


class Names(harness.Case):
    def certificate(self, name, *extension):
        path = self.folder / name
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-keyout", path, "-out", self.folder / "leaf",
                        *extension], check=True, capture_output=True)
        with path.open("a") as both:
            both.write((self.folder / "leaf").read_text())
        return path

    def check(self, certificate, host="localhost"):
        server = Server(certificate)
        server.start()
        with contextlib.closing(server.listener):
            profile = self.write_profile({"name": "names", "regions": [{
                "name": "r", "endpoint": f"https://{host}:{server.port}", "deployment": "d",
                "ca_file": str(certificate), "auth": {"api_key": "${THE_KEY}"}}]})
            result = self.rushhour("check", profile, "--json", env={"THE_KEY": "0123456789abcdef"}, expect=(0, 1, 99))
            server.listener.shutdown(socket.SHUT_RDWR)
        steps = {step["step"]: step for step in json.loads(result.stdout)["regions"][0]["steps"]}
        return steps, server.names

    def test_a_common_name_is_no_name(self):
        steps, _ = self.check(self.certificate("bare.pem"))
        self.assertEqual((steps["tls"]["status"], steps["tls"]["code"]), ("failed", "tls_wrong_name"))

    def test_an_alternative_name_is(self):
        steps, names = self.check(self.certificate("named.pem", "-addext", "subjectAltName=DNS:localhost"))
        self.assertEqual(steps["tls"]["status"], "ok", steps)
        self.assertEqual(set(names), {"localhost"})

    def test_a_name_may_end_in_a_dot(self):
        steps, names = self.check(self.certificate("named.pem", "-addext", "subjectAltName=DNS:localhost"), "localhost.")
        self.assertEqual(steps["tls"]["status"], "ok", steps)
        self.assertEqual(set(names), {"localhost"}, "RFC 6066, 3: without the dot")


if __name__ == "__main__":
    unittest.main()
