"""Confusion matrix: every fault that the simulator can inject, against the class that rushhour reports.

What is injected stands in the ledger, what is reported in failures.jsonl; both are joined by id. The table below is
written from the failure catalogue, not from our own. Faults that strike below HTTP have no id: there each fault has
regions of its own, where it strikes always, and every record must be of its class.
"""

import collections
import json
import signal
import unittest

import harness

LEAST = 50  # strikes of each fault, over all regions
ENOUGH = 9 if harness.SLOWED else 90  # strikes that are aimed at: chance leaves the least (4 standard deviations)

Expected = collections.namedtuple("Expected", "number code note", defaults=("",))
F = Expected

EITHER_SIDE = "a middlebox and the service look the same from here"
SILENCE = "nothing comes; whether the question or the answer was lost cannot be seen"

BELOW_HTTP = {
    "resolve_failed": F("F01", "resolve_failed"),
    "connect_refused": F("F04", "connect_refused"),
    "connect_timeout": F("F05", "connect_timeout", "a firewall that drops and a host that is down are both silent"),
    "connect_reset": F("F06", "connect_reset", EITHER_SIDE),
    "tls_untrusted": F("F08", "tls_untrusted"),
    "tls_wrong_name": F("F08", "tls_wrong_name"),
    "tls_failed": F("F09", "tls_failed"),
    "tls_expired": F("F10", "tls_expired", "an expired certificate or a wrong clock here: the other end is not asked"),
    "tls_not_yet_valid": F("F10", "tls_expired"),
    "tls_closed": F("F11", "tls_closed", EITHER_SIDE),
    "proxy_auth": F("F12", "proxy_auth"),
    "proxy_403": F("F13", "proxy_refused"),
    "proxy_502": F("F13", "proxy_refused"),
    "proxy_504": F("F13", "proxy_refused"),
}
UPGRADE = {
    "websocket_blocked": F("F14", "websocket_blocked"),
    "upgrade_426": F("F14", "websocket_blocked"),
    "bad_handshake": F("F39", "bad_handshake"),
    "model_not_realtime": F("F15", "model_not_realtime"),
    "model_not_realtime_v1": F("F16", "model_not_realtime"),
    "api_version_not_allowed": F("F17", "api_version_not_allowed"),
    "api_version_unknown": F("F18", "api_version_unknown"),
    "upgrade_400": F("F19", "upgrade_400"),
    "upgrade_401": F("F20", "upgrade_401"),
    "permission_denied": F("F21", "permission_denied"),
    "subprotocol_refused": F("F22", "subprotocol_auth"),
    "ephemeral_token_required": F("F23", "ephemeral_token_required"),
    "upgrade_403": F("F24", "upgrade_403"),
    "public_access_disabled": F("F25", "public_access_disabled"),
    "resource_blocked": F("F26", "resource_blocked"),
    "deployment_not_found": F("F27", "deployment_not_found", "a retired model (F89) looks the same"),
    "path_not_found": F("F28", "path_not_found"),
    "upgrade_408": F("F29", "upgrade_408"),
    "upgrade_429": F("F30", "upgrade_429"),
    "capacity_429": F("F31", "capacity_429"),
    "lowered_limit_429": F("F32", "lowered_limit_429"),
    "unclear_429": F("F33", "unclear_429", "quota or capacity: said to be unclear"),
    "upgrade_431": F("F34", "upgrade_431"),
    "upgrade_500": F("F35", "upgrade_500"),
    "upgrade_502": F("F36", "upgrade_502"),
    "upgrade_504": F("F36", "upgrade_504"),
    "upgrade_503": F("F37", "upgrade_503"),
    "upgrade_timeout": F("F38", "upgrade_timeout", SILENCE),
    "upgrade_closed": F("F11", "upgrade_closed", EITHER_SIDE),
    "token_expired": F("F88", "token_expired", "where the words say less, only our token's own end can tell"),
    "redirected": F("F91", "redirected"),
    "redirected_slash": F("F91", "redirected"),
    "captive_portal": F("F91", "redirected", "where it leads is told; that it is a portal's login, people see"),
    "gateway_401": F("F92", "gateway_401"),
    "gateway_403": F("F93", "gateway_403", "a missing route and a policy look the same"),
    "cloudflare_403": F("F93", "gateway_403"),
    "gateway_404": F("F94", "gateway_404"),
    "gateway_429": F("F95", "gateway_429"),
    "gateway_quota": F("F96", "gateway_quota"),
    "gateway_503": F("F97", "gateway_500"),
    "bare_403": F("unknown", "unclear_403", "nothing tells who refused: said to be unclear"),
    "upgrade_418": F("unknown", "upgrade_rejected"),
}
SESSION = {
    "no_session_created": F("F41", "no_session_created", SILENCE),
    "closed_before_created": F("F42", "closed_before_created", "a refused setting and a fault of the service close alike"),
    "first_event_error": F("F43", "first_event_error"),
    "invalid_api_key": F("F44", "invalid_api_key"),
    "unknown_parameter": F("F45", "unknown_parameter"),
    "missing_required_parameter": F("F46", "missing_required_parameter"),
    "invalid_value": F("F47", "invalid_value"),
    "cannot_update_voice": F("F49", "cannot_update_voice"),
    "no_session_updated": F("F50", "no_session_updated", SILENCE),
    "disguised_expiry": F("F76", "expiry_suspected", "a server_error that chance puts at the cap looks the same"),
    "proxy_idle_close": F("F87", "idle_cut", "a service that cuts at a round minute would look the same"),
}
RESPONSE = {
    "commit_empty": F("F52", "commit_empty"),
    "duplicate_item": F("F53", "duplicate_item"),
    "active_response": F("F55", "active_response"),
    "response_not_started": F("F57", "response_not_started", SILENCE),
    "rate_limit_event": F("F58", "rate_limit_exceeded"),
    "error_event": F("F59", "server_error"),
    "model_not_served": F("F60", "model_not_served"),
    "connection_reset": F("F61", "connection_reset", EITHER_SIDE),
    "connection_lost": F("F61", "connection_lost", EITHER_SIDE),
    "stall": F("F62", "stall"),
    "slow_output": F("F63", "slow_output"),
    "server_error": F("F64", "server_error"),
    "service_unavailable": F("F65", "service_unavailable"),
    "rate_limit_exceeded": F("F66", "rate_limit_exceeded"),
    "failed_unbilled": F("F64", "server_error", "F67 is told beside it"),
    "failed_billed": F("F64", "server_error", "F68 is told beside it"),
    "content_filter": F("F69", "content_filter"),
    "empty_output": F("F72", "empty_output"),
    "wrong_modality": F("F72", "empty_output"),
    "bad_sampling": F("F73", "bad_sampling"),
    "invalid_json": F("F75", "protocol_violation"),
    "binary_frame": F("F75", "protocol_violation"),
    "invalid_utf8": F("F75", "protocol_violation"),
    "oversized_message": F("F75", "protocol_violation"),
    "close_1000": F("unknown", "close_1000"),
    "close_1001": F("unknown", "close_1001"),
    "close_1002": F("F83", "close_1002"),
    "close_1007": F("F83", "close_1007"),
    "close_1008": F("F81", "close_1008"),
    "close_1009": F("F82", "close_1009"),
    "close_1011": F("F84", "close_1011"),
    "close_1012": F("F85", "close_1012"),
    "close_1013": F("F85", "close_1013"),
    "close_4000": F("F86", "close_other"),
    "unknown_error": F("unknown", "unknown_error"),
}
# Ends of a session's or a response's life: recorded with domain none, counted as no failure.
LIFECYCLE = {
    "max_output_tokens": F("F70", "max_output_tokens"),
    "turn_detected": F("F71", "cancelled"),
    "session_expired": F("F76", "session_expired"),
    "session_cap_30": F("F77", "session_cap"),
    "idle_close": F("F78", "idle_timeout"),
}
# Faults that harm nothing: the response is ok.
HARMLESS = {"cancel_not_active", "transcription_failed", "unknown_event", "event_flood",
            "no_close_answer"}

EXPECTED = {**BELOW_HTTP, **UPGRADE, **SESSION, **RESPONSE, **LIFECYCLE}
ALSO = {"failed_unbilled": "F67", "failed_billed": "F68", "disguised_expiry": "F64|F59"}
SIGNATURES = {"upgrade_418": "http:418/", "bare_403": "http:403", "close_1000": "close:1000", "close_1001": "close:1001",
              "unknown_error": "event:"}

REDIRECTED_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"  # in the query of every Location that the simulator sends

BULKY = ["event_flood", "oversized_message"]
SPECIAL = ("subprotocol_refused", "token_expired")  # strike only requests that carry such a credential
NOTHING = "(nothing)"
QUICK_TIMEOUTS = {"resolve": "5s", "connect": "1s", "tls": "5s", "upgrade": "2s", "session": "2s",
                  "configure": "2s", "first_output": "2s", "stall": "2s", "response": "4s", "close": "1s"}


def regions(prefix="", **more):
    """Three regions of both Azure dialects."""
    made = []
    for letter, dialect in (("a", "ga"), ("b", "preview"), ("c", "ga")):
        made.append({"name": prefix + letter, "endpoint": f"https://contoso-{prefix}{letter}.openai.azure.com",
                     "deployment": "gpt-realtime", "dialect": dialect, "auth": {"api_key": "${RUSHHOUR_TEST_KEY}"},
                     **({"api_version": "2025-04-01-preview"} if dialect == "preview" else {}), **more})
    return made


def named(made):
    return [region["name"] for region in made]


def shared_out(faults, made):
    """Rules that strike with equal chances, and once in so many times not at all: of the rules the first that strikes
    wins, so each later one has a larger share of what the earlier ones leave."""
    return [{"fault": fault, "rate": f"{100 / (len(faults) + 1 - i):.5f}%", "regions": named(made)}
            for i, fault in enumerate(faults)]


def arrivals(count, seconds, stay=0):
    """Load of `count` sessions for each region; then the run stays on for those that pause."""
    rate = f"{60 * count / seconds:.0f}/m"
    return {"model": "arrivals", "arrival": "even", "connect_rate": "1000/s", "max_sessions": 5000,
            "stages": [{"duration": "0s", "target": rate}, {"duration": f"{seconds}s", "target": rate},
                       {"duration": "0s", "target": "0/s"}, {"duration": f"{stay}s", "target": "0/s"}]}


def profile(name, **sections):
    sections["simulator"] = {"latency": [harness.QUICK], **sections["simulator"]}
    sections["session"] = {"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."],
                           **sections.get("session", {})}
    return {"name": name, "timeouts": QUICK_TIMEOUTS, "retry": {"attempts": 1}, "windows": {"interval": "1s"},
            **{"regions": regions(), **sections}}


class Matrix:
    """How often which fault was reported as what, by region."""

    def __init__(self):
        self.cells = collections.Counter()
        self.examples = {}

    def add(self, region, injected, record):
        reported = (record["catalogue"], record["code"]) if record else (NOTHING, NOTHING)
        self.cells[injected, reported, region[-1]] += 1
        self.examples.setdefault((injected, reported), record)

    def struck(self, fault):
        """Strikes by region."""
        return collections.Counter({region: count for (injected, _, region), count in self.cells.items()
                                    if injected == fault})

    def reported(self, fault):
        sums = collections.Counter()
        for (injected, reported, _), count in self.cells.items():
            if injected == fault:
                sums[reported] += count
        return sums

    def lines(self, faults):
        yield f"{'injected':28}{'struck':>7}  {'reported':48}{'right':>6}  cannot be told apart"
        for fault in [*faults, NOTHING]:
            reported = self.reported(fault)
            if fault == NOTHING and not reported:
                continue
            expected = EXPECTED.get(fault)
            right = reported[expected[:2] if expected else (NOTHING, NOTHING)]
            told = ", ".join(f"{number} {code} {count}" for (number, code), count in reported.most_common())
            share = f"{100 * right / max(1, reported.total()):.0f}%"
            yield f"{fault:28}{reported.total():>7}  {told:48}{share:>6}  {expected.note if expected else ''}".rstrip()

    def off_diagonal(self):
        for (injected, reported), record in self.examples.items():
            expected = EXPECTED.get(injected)
            if reported != (expected[:2] if expected else (NOTHING, NOTHING)):
                yield injected, reported, record


def paired(faults, records):
    """Pairs of one session's faults and records: by response_id where both have one, the others as they came."""
    by_response = {record["response_id"]: record for record in records if record["response_id"]}
    rest = list(records)
    late = []
    for fault in faults:
        record = by_response.get(fault["response_id"]) if fault["response_id"] else None
        if record is None:
            late.append(fault)
        else:
            rest.remove(record)
            yield fault, record
    for i in range(max(len(late), len(rest))):
        yield late[i] if i < len(late) else None, rest[i] if i < len(rest) else None


def is_late(injected, reported, record):
    """A deadline of ours that passed where nothing was injected: under a sanitizer this machine may be that slow."""
    deadlines = ("timeout", "stall", "slow_output", "no_session", "not_started")
    return injected == "(nothing)" and any(part in reported[1] for part in deadlines) and record is not None


class Confusion(harness.Case):
    matrix = Matrix()
    faults_in_profiles = set()

    def start_run(self, name, sections):
        """Starts a run; the longest one goes on beside the others."""
        path = self.write_profile(profile(name, **sections), f"{name}.json")
        self.faults_in_profiles |= {rule["fault"] for rule in sections["simulator"]["faults"]}
        process = harness.start("run", path, "--simulate", "--seed", 11, "--workers", 1, "-o", name, cwd=self.folder)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            harness.finish(process, 30)

    def end_run(self, name, process):
        result = harness.finish(process)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        run = harness.Run(self.folder / name)
        self.assertEqual(run.manifest["run"]["state"], "complete", result.stderr)
        self.assert_consistent(run)
        return run

    def do_run(self, name, **sections):
        return self.end_run(name, self.start_run(name, sections))

    def join(self, run):
        """Lines and records of one session carry the same client_request_id."""
        self.check_counts(run)
        attempts = {row["response_id"]: row for row in run.attempts if row["response_id"]}
        failed = {record["response_id"]: record for record in run.failures if record["response_id"]}
        sessions = collections.defaultdict(lambda: ([], []))
        for line in run.ledger:
            record = failed.get(line["response_id"]) if line["kind"] == "response" else None
            if line["fault_name"] in HARMLESS and record is None:
                self.matrix.add(line["region"], line["fault_name"], None)
                if line["kind"] == "response":
                    self.assertEqual(attempts[line["response_id"]]["outcome"], "ok", line)
            elif line["fault_name"]:
                sessions[line["region"], line["client_request_id"]][0].append(line)
        for record in run.failures:
            sessions[record["region"], record["client_request_id"]][1].append(record)
        for (region, _), (faults, records) in sessions.items():
            for fault, record in paired(faults, records):
                self.matrix.add(region, fault["fault_name"] if fault else NOTHING, record)
                self.check_details(fault, record)

    def check_counts(self, run):
        """The end of a life is told, and is in no failure rate."""
        for region in run.manifest["regions"]:
            records = [record for record in run.failures if record["region"] == region["name"]]
            for key, lifecycle in (("failures", False), ("lifecycle", True)):
                told = collections.Counter(record["code"] for record in records
                                           if (record["domain"] == "none") == lifecycle)
                counted = collections.Counter()
                for tally in region[key]:
                    counted[tally["code"]] += tally["count"]
                self.assertEqual(counted, told, region["name"])
            self.assertLessEqual(region["attempts"]["failed"], sum(record["domain"] != "none" for record in records))

    def check_details(self, fault, record):
        if fault is None or record is None or fault["fault_name"] not in EXPECTED:
            return
        name = fault["fault_name"]
        if EXPECTED[name][:2] != (record["catalogue"], record["code"]):
            return  # the matrix tells
        self.assertEqual(record["domain"] == "none", name in LIFECYCLE, record)
        if name in ALSO:
            self.assertTrue(set(record["also"]) & set(ALSO[name].split("|")), record)
        signature = record["signature"] or ""
        self.assertTrue(signature.startswith(SIGNATURES[name]) if name in SIGNATURES else not signature, record)

    # ---- the runs ----

    def below_http(self):
        """Regions of its own for each fault: three, where it strikes always."""
        made, rules = [], []
        for fault in BELOW_HTTP:
            proxy = {"proxy": "http://proxy.contoso.com:3128"} if fault.startswith("proxy_") else {}
            own = regions(fault.replace("_", "-") + "-", **proxy)
            made += own
            rules.append({"fault": fault, "rate": "100%", "regions": named(own)})
        run = self.do_run("below-http", regions=made, load=arrivals(LEAST // 3 + 4, 4),
                          simulator={"faults": rules})
        lines = collections.Counter((line["region"], line["fault_name"]) for line in run.ledger
                                    if line["kind"] == "connection")
        for region in run.manifest["regions"]:
            name = region["name"]
            fault = name[:-2].replace("-", "_")
            records = [record for record in run.failures if record["region"] == name]
            for i in range(region["attempts"]["started"]):
                self.matrix.add(name, fault, records[i] if i < len(records) else None)
            self.assertLessEqual(len(records), region["attempts"]["started"], name)
            if (name, fault) in lines:  # each struck connection is one record
                self.assertEqual(lines[name, fault], len(records), name)

    def upgrades(self):
        key = "openai-insecure-api-key.${RUSHHOUR_TEST_KEY}"
        mixed = regions()
        keyed = regions("subprotocol-", headers={"Sec-WebSocket-Protocol": f"realtime, {key}"})
        entered = regions("token-", auth={"token": "${RUSHHOUR_TEST_TOKEN}"})
        faults = [fault for fault in UPGRADE if fault not in SPECIAL]
        rules = shared_out(faults, mixed)
        rules.append({"fault": "subprotocol_refused", "rate": "10%", "regions": named(keyed)})
        rules.append({"fault": "token_expired", "rate": "10%", "regions": named(entered)})
        self.join(self.do_run("upgrade", regions=mixed + keyed + entered, load=arrivals(ENOUGH * (len(faults) + 1) // 3, 10),
                              simulator={"faults": rules, "quota": [{"rpm": 10 ** 8, "tpm": 10 ** 8}]}))
        self.redirections_keep_their_secret()

    def redirections_keep_their_secret(self):
        """Where it leads is told by host and path; the key in a Location stays out of every file."""
        files = [path for path in (self.folder / "upgrade").rglob("*") if path.is_file()]
        text = "".join(path.read_text(errors="replace") for path in files)
        self.assertIn("redirected to wss://contoso.cognitiveservices.azure.com/v1/realtime", text)
        self.assertNotIn(REDIRECTED_KEY, text)

    def sessions(self):
        faults = [fault for fault in SESSION if fault not in ("disguised_expiry", "proxy_idle_close")]
        self.join(self.do_run("session", load=arrivals(ENOUGH * (len(faults) + 1) // 3, 5),
                              simulator={"faults": shared_out(faults, regions())}))

    def responses(self):
        faults = [fault for fault in (*RESPONSE, "max_output_tokens", "turn_detected", *sorted(HARMLESS))
                  if fault not in BULKY and fault != "no_close_answer"]
        self.join(self.do_run("response", load=arrivals(ENOUGH * (len(faults) + 1) // 3, 15),
                              simulator={"faults": shared_out(faults, regions())}))

    def bulks(self):
        """What takes both sides so long that nothing else should wait for it."""
        self.join(self.do_run("bulk", load=arrivals(ENOUGH * (len(BULKY) + 1) // 3, 10), timeouts={},
                              simulator={"faults": shared_out(BULKY, regions())}))

    def lives(self):
        """Sessions that are still talking when their time is up."""
        faults = ["session_expired", "session_cap_30", "disguised_expiry", "no_close_answer"]
        rules = shared_out(faults, regions())
        for rule in rules[:3]:
            rule["after"] = "6s"
        self.join(self.do_run("life", load=arrivals(ENOUGH * (len(faults) + 1) // 3, 3, 10),
                              session={"interactions": 25, "think_time": "300ms"}, simulator={"faults": rules}))

    def start_idling(self):
        """Sessions between whose turns more than a minute passes."""
        rules = shared_out(["idle_close", "proxy_idle_close"], regions())
        return self.start_run("idle", {"load": arrivals(ENOUGH, 2, 68), "session": {"interactions": 2, "think_time": "64s"},
                                       "simulator": {"faults": rules}})

    def test_every_fault_is_reported_as_what_it_is(self):
        idle = self.start_idling()
        self.below_http()
        self.upgrades()
        self.sessions()
        self.responses()
        self.bulks()
        self.lives()
        self.join(self.end_run("idle", idle))

        names = json.loads((harness.PROJECT / "profiles/profile.schema.json").read_text())
        names = names["properties"]["simulator"]["properties"]["faults"]["items"]["properties"]["fault"]["enum"]
        print("\n".join(self.matrix.lines(names)))
        self.assertEqual(set(names), set(EXPECTED) | HARMLESS, "the table above knows every fault")
        self.assertEqual(set(names) - self.faults_in_profiles, set())
        if not harness.SLOWED:
            rare = {name: self.matrix.struck(name) for name in names}
            rare = {name: struck for name, struck in rare.items() if struck.total() < LEAST or len(struck) < 3}
            self.assertEqual(rare, {}, "each fault strikes often enough, in every region")
        wrong = [cell for cell in self.matrix.off_diagonal() if not (harness.SLOWED and is_late(*cell))]
        self.assertEqual([(injected, reported) for injected, reported, _ in wrong], [],
                         "\n".join(json.dumps(record) for _, _, record in wrong))


if __name__ == "__main__":
    unittest.main()
