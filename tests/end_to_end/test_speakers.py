"""Who refused an upgrade, and what is made of it: every speaker with every status, for check and run alike. The answers
are those of the services and programs themselves (their documented headers and bodies), not of our simulator."""

import contextlib
import http.server
import json
import threading
import unittest

import harness

SECRET = "QueryCanary7f3a9b"
STATUSES = (200, 301, 302, 307, 308, 400, 401, 403, 404, 405, 407, 426, 429, 431, 500, 502, 503, 504, 511)
PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def azure(status):
    return ({"apim-request-id": "9d2c6c1e-0000-0000-0000-000000000000", "x-ms-region": "East US 2"},
            json.dumps({"error": {"code": str(status), "message": f"Azure says {status}."}}))


def openai(status):
    return ({"x-request-id": "req_0123456789abcdef", "openai-processing-ms": "12"},
            json.dumps({"error": {"type": "invalid_request_error", "code": None, "param": None,
                                  "message": f"OpenAI says {status}."}}))


def apim(status):
    return {}, json.dumps({"statusCode": status, "message": f"API Management says {status}."})


def uvicorn(status):
    return {"server": "uvicorn"}, "" if status == 403 else json.dumps({"detail": "Not Found"})


def nginx(status):
    return {"server": "nginx/1.25.3"}, PAGE.format(f"{status} nginx")


def envoy(status):
    return {"server": "envoy", "x-envoy-upstream-service-time": "3"}, "upstream connect error or disconnect/reset"


def cloudflare(status):
    return {"server": "cloudflare", "cf-ray": "8a1b2c3d4e5f6789-IAD"}, PAGE.format("Attention Required! | Cloudflare")


def portal(status):
    return {}, PAGE.format("Sign in to this network")


def bare(status):
    return {}, ""


SERVICES = (azure, openai)
GATEWAYS = (apim, uvicorn, nginx, envoy, cloudflare)
SPEAKERS = (*SERVICES, *GATEWAYS, portal, bare)
OF_GATEWAYS = {401: "gateway_401", 403: "gateway_403", 404: "gateway_404", 405: "gateway_404", 429: "gateway_429",
               500: "gateway_500", 503: "gateway_500", 511: "gateway_500"}
OF_ALL = {400: "upgrade_400", 401: "upgrade_401", 403: "unclear_403", 404: "upgrade_404", 405: "upgrade_rejected",
          429: "unclear_429", 431: "upgrade_431", 500: "upgrade_500", 502: "upgrade_502", 503: "upgrade_503",
          504: "upgrade_504", 511: "upgrade_500"}
OF_AZURE = {403: "upgrade_403", 404: "path_not_found"}  # the error's own code is 404 there


def expected(speaker, status):
    """The code that this answer must get."""
    if 300 <= status < 400:
        return "redirected"
    if status == 407:
        return "proxy_auth"
    if status in (200, 426):
        return "websocket_blocked"
    if status == 431:
        return "upgrade_431"
    if speaker is portal and status < 500 or speaker in (nginx, cloudflare) and status == 400:
        return "websocket_blocked"  # F14: a page that is not the service's
    if speaker in GATEWAYS and status in OF_GATEWAYS:
        return OF_GATEWAYS[status]
    if speaker is azure and status in OF_AZURE:
        return OF_AZURE[status]
    return OF_ALL[status]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name, status = self.path.partition("?")[0].strip("/").split("/")
        headers, body = globals()[name](int(status))
        if self.headers.get("Upgrade", "").lower() != "websocket":
            status, headers, body = "404", {}, ""
        self.send_response_only(int(status))
        if status.startswith("3"):
            headers = {**headers, "location": f"https://elsewhere.example/login/step?back={SECRET}"}
        kind = "text/html" if body.startswith("<!") else "application/json" if body.startswith("{") else "text/plain"
        for key, value in ({**headers, "content-type": kind} if body else headers).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_arguments):
        pass


@contextlib.contextmanager
def speakers():
    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


class Speakers(harness.Case):
    cases = [(speaker, status) for speaker in SPEAKERS for status in STATUSES]

    def profile(self, port):
        regions = [{"name": f"{speaker.__name__}-{status}", "endpoint": f"http://127.0.0.1:{port}", "deployment": "rt",
                    "path": f"/{speaker.__name__}/{status}", "auth": {"api_key": "${RUSHHOUR_TEST_KEY}"}}
                   for speaker, status in self.cases]
        return harness.profile(
            regions=regions, retry={"attempts": 1},
            load={"model": "sessions", "connect_rate": "1000/s",
                  "stages": [{"duration": "0s", "target": 1}, {"duration": "1s", "target": 1}]},
            session={"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]})

    def test_every_speaker_with_every_status(self):
        env = {"RUSHHOUR_TEST_KEY": "k" * 32}
        with speakers() as port:
            profile = self.write_profile(self.profile(port))
            checked = self.rushhour("check", profile, "--json", expect=(1,), env=env)
            ran = self.rushhour("run", profile, "--yes", "-o", "run", "--json", expect=harness.ENDED, env=env)
        run = harness.Run(self.folder / "run")
        told = {entry["name"]: {step["step"]: step for step in entry["steps"]}["upgrade"]
                for entry in json.loads(checked.stdout)["regions"]}
        wrong = []
        for speaker, status in self.cases:
            name = f"{speaker.__name__}-{status}"
            records = {(record["code"], record["domain"], record["http_status"], record["decision"]) for record in run.failures
                       if record["region"] == name}
            step = told[name]
            if step["code"] != expected(speaker, status) or {record[0] for record in records} != {step["code"]} \
                    or {record[2] for record in records} != {status}:
                wrong.append((name, expected(speaker, status), step["code"], records))
            self.assert_truthful(name, speaker, step)
        self.assertEqual(wrong, [])
        for text in (checked.stdout, checked.stderr, ran.stdout, ran.stderr, (self.folder / "run" / "failures.jsonl").read_text()):
            self.assertNotIn(SECRET, text, "the query of a redirection's target")

    def assert_truthful(self, name, speaker, step):
        """Only of Azure is said what Azure does; and where a page, or something in front, spoke, its words are shown as
        that one's."""
        if speaker is not azure:
            for words in ("the resource's network rules", "Cognitive Services", "the resource is"):
                self.assertNotIn(words, step["fix"], name)
        if speaker in GATEWAYS and step["code"].startswith("gateway_"):
            self.assertIn("gateway", step["fix"], name)
            self.assertIn(" from ", step["cause"], f"{name}: who spoke is named")
        if step["code"] == "redirected":
            self.assertIn("elsewhere.example/login/step", step["cause"], name)


if __name__ == "__main__":
    unittest.main()
