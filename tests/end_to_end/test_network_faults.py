"""Faults below HTTP: with each at 100 %, every attempt of a region ends with the code that belongs to it.

Behind a proxy the faults of the region look the same, but for those that the proxy itself answers.
"""

import collections
import unittest

import harness

# fault: the code that a client must report, its number in the failure catalogue, and the line of the ledger
FAULTS = {
    "resolve_failed": ("resolve_failed", "F01", "region"),
    "connect_refused": ("connect_refused", "F04", "region"),
    "connect_timeout": ("connect_timeout", "F05", "region"),
    "connect_reset": ("connect_reset", "F06", "connection"),
    "tls_untrusted": ("tls_untrusted", "F08", "connection"),
    "tls_wrong_name": ("tls_wrong_name", "F08", "connection"),
    "tls_failed": ("tls_failed", "F09", "connection"),
    "tls_expired": ("tls_expired", "F10", "connection"),
    "tls_not_yet_valid": ("tls_not_yet_valid", "F10", "connection"),
    "client_certificate_required": ("client_certificate_required", "F98", "connection"),
    "tls_closed": ("tls_closed", "F11", "connection"),
    "proxy_auth": ("proxy_auth", "F12", "connection"),
    "proxy_403": ("proxy_refused", "F13", "connection"),
    "proxy_502": ("proxy_refused", "F13", "connection"),
    "proxy_504": ("proxy_refused", "F13", "connection"),
}
OURS = ("tls_not_yet_valid", "local_limit")
PROXY_STATUS = {"proxy_auth": 407, "proxy_403": 403, "proxy_502": 502, "proxy_504": 504}
# What a proxy in between makes of a region that cannot be reached.
BEHIND_A_PROXY = {"resolve_failed": "proxy_refused", "connect_refused": "proxy_refused"}
PROXY = "http://user:${RUSHHOUR_TEST_PROXY}@proxy.contoso.example:3128"


def region(name, **keys):
    return {**harness.REGIONS[0], "name": name, "endpoint": f"https://contoso-{name.replace('_', '-')}.openai.azure.com",
            **keys}


def profile(regions, faults, **sections):
    """Few attempts and no retries, so that each attempt is one connection of its own."""
    defaults = {
        "load": {"model": "sessions", "stages": [{"duration": "0s", "target": 2}, {"duration": "1s", "target": 2}]},
        "session": {"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]},
        "timeouts": {"connect": "3s"},
        "retry": {"attempts": 1},
    }
    return harness.profile(regions=regions, simulator={"latency": [harness.QUICK], "faults": faults},
                           **{**defaults, **sections})


class NetworkFaults(harness.Case):
    def run_profile(self, contents):
        result = self.rushhour("run", self.write_profile(contents), "--simulate", "--seed", 7, "-o", "run", "--json",
                               expect=harness.ENDED)
        run = harness.Run(self.folder / "run")
        self.assertIn(run.manifest["run"]["state"], ("complete", "stopped"), result.stderr)
        self.assert_consistent(run)
        return run

    def assert_codes(self, run, expected):
        """Every attempt of a region failed with its code; expected: region -> code, number. What our own side failed
        is in no rate: its attempts are cancelled ones."""
        for name, (code, number) in expected.items():
            attempts = [row for row in run.attempts if row["region"] == name]
            self.assertGreater(len(attempts), 0, name)
            self.assertEqual({(row["outcome"], row["code"]) for row in attempts}, {("cancelled" if code in OURS else "failed", code)}, name)
            records = [record for record in run.failures if record["region"] == name]
            self.assertEqual({(record["code"], record["catalogue"]) for record in records}, {(code, number)}, name)

    def assert_ledger(self, run, faults):
        """One line per connection that was struck, or one for the region; a client may be cut off at the end."""
        lines = collections.Counter((line["region"], line["kind"], line["fault_name"], line["fault"])
                                    for line in run.ledger)
        for name in faults:
            _, number, kind = FAULTS[name]
            struck = lines.pop((name, kind, name, number), 0)
            attempts = sum(row["region"] == name for row in run.attempts)
            if kind == "region":
                self.assertEqual(struck, 1, name)
            else:
                self.assertGreaterEqual(struck, attempts, name)
                self.assertLessEqual(struck, attempts + 2, name)
        self.assertEqual(lines, {}, "nothing else happened")

    def test_every_fault_is_reported_as_what_it_is(self):
        faults = list(FAULTS)
        regions = [region(name, **({"proxy": PROXY} if name in PROXY_STATUS else {})) for name in faults]
        run = self.run_profile(profile(regions, [{"fault": name, "rate": "100%", "regions": [name]}
                                                 for name in faults]))
        self.assert_codes(run, {name: FAULTS[name][:2] for name in faults})
        self.assert_ledger(run, faults)
        for record in run.failures:
            status = PROXY_STATUS.get(record["region"])
            if status is not None:
                self.assertIn(str(status), record["message"] or record["tls_error"] or "", record)

    def test_behind_a_proxy(self):
        faults = [name for name in FAULTS if name not in PROXY_STATUS and name != "connect_timeout"]
        regions = [region(name, proxy=PROXY) for name in faults]
        run = self.run_profile(profile(regions, [{"fault": name, "rate": "100%", "regions": [name]}
                                                 for name in faults]))
        expected = {name: (BEHIND_A_PROXY[name], "F13") if name in BEHIND_A_PROXY else FAULTS[name][:2]
                    for name in faults}
        self.assert_codes(run, expected)

    def test_a_proxy_without_faults_lets_everything_through(self):
        """Two regions of one host, too: each keeps its own listener."""
        host = harness.REGIONS[0]["endpoint"]
        regions = [region("one", endpoint=host, proxy=PROXY), region("two", endpoint=host, proxy=PROXY), region("past")]
        run = self.run_profile(profile(regions, [{"fault": "server_error", "rate": "100%", "regions": ["two"]}]))
        outcomes = {name: {row["outcome"] for row in run.attempts if row["region"] == name}
                    for name in ("one", "two", "past")}
        self.assertEqual(outcomes, {"one": {"ok"}, "two": {"failed"}, "past": {"ok"}})

    def test_a_plain_endpoint_is_plain(self):
        run = self.run_profile(profile([region("gateway", endpoint="http://127.0.0.1:9")], []))
        self.assertEqual({row["outcome"] for row in run.attempts}, {"ok"})

    def test_a_region_that_goes_and_comes(self):
        """`during` on a clock that goes 300 times as fast: half an hour out of reach in the midst of the run. What begins
        within five minutes of a change (a second, for a busy machine) may see either side of it."""
        contents = profile(
            [region("here"), region("silent")],
            [{"fault": "connect_refused", "rate": "100%", "regions": ["here"], "during": "10:10-10:50@UTC"},
             {"fault": "connect_timeout", "rate": "100%", "regions": ["silent"], "during": "10:10-10:50@UTC"}],
            load={"model": "arrivals", "stages": [{"duration": "0s", "target": "2/m"},
                                                  {"duration": "70m", "target": "2/m"}]},
            timeouts={"connect": "1200s"})
        contents["simulator"]["clock"] = {"start": "2026-04-14T10:00:00Z", "speed": 300}
        run = self.run_profile(contents)
        for name, code in (("here", "connect_refused"), ("silent", "connect_timeout")):
            for row in run.attempts:
                if row["region"] != name:
                    continue
                minute = row["time"][11:16]
                if "10:15" <= minute < "10:25":  # given up before 10:45; a SYN that is sent again at 10:50 gets through
                    self.assertEqual((row["outcome"], row["code"]), ("failed", code), row)
                elif minute < "10:05" or minute >= "10:55":
                    self.assertEqual(row["outcome"], "ok", row)
            self.assertEqual([line["fault_name"] for line in run.ledger
                              if line["region"] == name and line["kind"] == "region"], [code])

    def test_connections_are_drawn_one_by_one(self):
        run = self.run_profile(profile(
            [region("eastus2")], [{"fault": "connect_reset", "rate": "50%"}],
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 10}, {"duration": "2s", "target": 10}]}))
        struck = sum(line["kind"] == "connection" for line in run.ledger)
        failed = [row["code"] for row in run.attempts if row["outcome"] == "failed"]
        self.assertEqual(set(failed), {"connect_reset"})
        self.assertLessEqual(abs(struck - len(failed)), 10, "but for those under way at the end")
        served = sum(row["outcome"] == "ok" for row in run.attempts)
        drawn = len(failed) + served
        self.assertGreater(drawn, 0)
        five_deviations = 2.5 * drawn ** 0.5
        self.assertLessEqual(abs(len(failed) - drawn / 2), five_deviations, f"{len(failed)} of {drawn}")


if __name__ == "__main__":
    unittest.main()
