"""Tokens and client secrets that expire while the load goes on."""

import base64
import json
import threading
import time
import unittest

import harness

TOKEN_SCRIPT = """\
import base64, json, pathlib, sys, time
count = pathlib.Path("count")
calls = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(calls))
life, wrong, fail_from = (int(word) for word in sys.argv[1:4])
if fail_from and calls >= fail_from:
    sys.exit("no token today")
key = "nobody's-key" if calls <= wrong else pathlib.Path("key").read_text()
claims = json.dumps({"aud": "https://cognitiveservices.azure.com", "exp": int(time.time()) + life}).encode()
print("e30." + base64.urlsafe_b64encode(claims).decode().rstrip("=") + "." + key)
"""


def token(key, expires):
    claims = json.dumps({"exp": int(expires)}).encode()
    return "e30." + base64.urlsafe_b64encode(claims).decode().rstrip("=") + "." + key


def load(seconds):
    return {"model": "sessions", "stages": [{"duration": "0s", "target": 3}, {"duration": f"{seconds}s", "target": 3}]}


class Credentials(harness.Case):
    def ephemeral_profile(self, seconds, **simulator):
        regions = [{**region, "auth": {**region["auth"], "ephemeral": True}} for region in harness.REGIONS]
        return harness.profile(regions=regions, load=load(seconds), simulator={"latency": [harness.QUICK], **simulator})

    def token_run(self, auth, seconds, env=None, prepare=lambda key: None):
        """One GA region as a real one, entered with a token; returns the run and what was said."""
        region = {key: value for key, value in harness.REGIONS[0].items() if key != "auth"}
        script = self.write_profile(harness.profile(regions=[{**region, "auth": {"api_key": "${UNSET}"}}]))
        (self.folder / "token.py").write_text(TOKEN_SCRIPT)
        with harness.simulator(script, cwd=self.folder) as ready:
            facts = ready["regions"][0]
            (self.folder / "key").write_text(facts["api_key"])
            prepare(facts["api_key"])
            real = self.write_profile(harness.profile(
                regions=[{**region, "ca_file": ready["ca_file"], "auth": auth}], load=load(seconds)), "real.json")
            result = self.rushhour("run", real, "--yes", "-q", "-o", "run", "--connect-to",
                                   f"{facts['host']}:443={facts['address']}", env=env(facts["api_key"]) if env else {},
                                   expect=harness.ENDED)
        return harness.Run(self.folder / "run"), result

    def calls(self):
        return int((self.folder / "count").read_text())

    def test_client_secrets_open_sessions_and_are_renewed(self):
        profile = self.write_profile(self.ephemeral_profile(13, client_secret_life="10s"))
        self.rushhour("run", profile, "--simulate", "-q", "-o", "run", expect=harness.ENDED)
        run = harness.Run(self.folder / "run")
        self.assertEqual(run.failures, [])
        names = {region["name"] for region in harness.REGIONS}
        self.assertEqual({row["region"] for row in run.attempts}, names)
        self.assertEqual({row["region"] for row in run.attempts[-200:]}, names, "to the end")

    def test_expired_client_secrets_are_refused_and_replaced(self):
        """Renewed every five seconds at most, a secret of two seconds is expired most of the time: it is the secret
        that opens the sessions, and a refusal brings the next one."""
        profile = self.write_profile(self.ephemeral_profile(8, client_secret_life="2s"))
        self.rushhour("run", profile, "--simulate", "-q", "-o", "run", expect=harness.ENDED)
        run = harness.Run(self.folder / "run")
        for region in harness.REGIONS:
            records = [record for record in run.failures if record["region"] == region["name"]]
            rows = [row for row in run.attempts if row["region"] == region["name"]]
            self.assertEqual({record["domain"] for record in records}, {"auth"}, region["name"])
            self.assertIn("retry_new_session", {record["decision"] for record in records}, region["name"])
            self.assertIn(("2", "ok"), {(row["attempt"], row["outcome"]) for row in rows}, region["name"])
            if region["dialect"] != "openai":
                self.assertEqual({record["code"] for record in records}, {"token_expired"}, region["name"])

    def test_a_refused_request_for_a_client_secret_ends_the_run(self):
        region = {**harness.REGIONS[0], "auth": {"api_key": "${WRONG}", "ephemeral": True}}
        script = self.write_profile(harness.profile())
        with harness.simulator(script, cwd=self.folder) as ready:
            facts = ready["regions"][0]
            real = self.write_profile(harness.profile(regions=[{**region, "ca_file": ready["ca_file"]}]), "real.json")
            result = self.rushhour("run", real, "--yes", "-o", "run", "--connect-to",
                                   f"{facts['host']}:443={facts['address']}", env={"WRONG": "wrong-key-0123456789"},
                                   expect=(1,))
        self.assertIn("region eastus2", result.stderr)
        self.assertIn("401", result.stderr)
        self.assertNotIn("wrong-key", result.stderr)
        self.assertFalse((self.folder / "run").exists())

    def test_a_command_is_run_again_before_its_token_expires(self):
        run, result = self.token_run({"token_command": "python3 token.py 15 0 0"}, 14)
        self.assertEqual(run.failures, [])
        self.assertGreaterEqual(self.calls(), 2)
        self.assertNotIn("could not be renewed", result.stderr)

    def test_a_refused_token_is_replaced_and_the_attempt_retried_once(self):
        run, _ = self.token_run({"token_command": "python3 token.py 3600 1 0"}, 3)
        self.assertEqual(self.calls(), 2, "three users were refused, and one renewal was enough for all")
        self.assertEqual({record["http_status"] for record in run.failures}, {401})
        self.assertEqual({record["decision"] for record in run.failures}, {"retry_new_session"})
        self.assertEqual({row["outcome"] for row in run.attempts if row["attempt"] == "2"}, {"ok"})
        self.assertEqual(run.manifest["totals"]["interactions"]["failed"], 0)

    def test_what_stays_refused_is_not_asked_for_without_end(self):
        run, _ = self.token_run({"token_command": "python3 token.py 3600 99 0"}, 4)
        self.assertLessEqual(self.calls(), 6)
        self.assertLessEqual(max(int(row["attempt"]) for row in run.attempts), 2)
        self.assertIn("give_up", {record["decision"] for record in run.failures})

    def test_when_the_command_fails_the_old_token_stays(self):
        run, result = self.token_run({"token_command": "python3 token.py 12 0 2"}, 11)
        self.assertIn("region eastus2: the token could not be renewed", result.stderr)
        self.assertIn("the command failed with status 1", result.stderr)
        self.assertLessEqual({record["code"] for record in run.failures}, {"token_expired"}, "it was good until its end")
        self.assertIn("ok", {row["outcome"] for row in run.attempts})

    def test_a_file_is_read_again(self):
        def write(key):
            (self.folder / "token").write_text(token("nobody's-key", time.time() + 3600))
            (self.folder / "next").write_text(token(key, time.time() + 3600) + "\n")

        # whoever keeps tokens fresh replaces the file, here when the first one was refused
        run, _ = self.token_run({"token": "${file:token}"}, 12,
                                prepare=lambda key: (write(key), self.replace_when_refused("next", "token")))
        self.assertEqual({record["http_status"] for record in run.failures}, {401})
        self.assertIn("ok", {row["outcome"] for row in run.attempts})
        self.assertEqual(run.attempts[-1]["outcome"], "ok")

    def replace_when_refused(self, source, target):
        failures = self.folder / "run" / "failures.jsonl"

        def replace():
            for _ in range(1200):
                if failures.exists() and failures.stat().st_size > 0:
                    break
                time.sleep(0.05)
            (self.folder / source).replace(self.folder / target)

        thread = threading.Thread(target=replace)
        thread.start()
        self.addCleanup(thread.join)

    def test_a_token_of_the_environment_is_not_renewed(self):
        run, result = self.token_run({"token": "${TOKEN}"}, 9,
                                     env=lambda key: {"TOKEN": token(key, time.time() + 6)})
        self.assertIn("cannot be read again", result.stderr)
        self.assertEqual({record["code"] for record in run.failures}, {"token_expired"})
        self.assertEqual({record["decision"] for record in run.failures}, {"give_up"})
        self.assertIn("ok", {row["outcome"] for row in run.attempts}, "at first it was good")


if __name__ == "__main__":
    unittest.main()
