"""Confusion matrix: every fault that the simulator can inject, against the class that rushhour reports.

What is injected stands in the ledger, what is reported in failures.jsonl; both are joined by id. The table below is
written from the failure catalogue, not from our own. Faults that strike below HTTP have no id: there each fault has
regions of its own, where it strikes always, and every record must be of its class.

Faults are drawn by chance, and how many sessions a machine manages in a time is chance too. So a load is driven again,
aimed at those faults alone that have not struck often enough yet, until all have.
"""

import collections
import itertools
import json
import math
import signal
import unittest

import harness

LEAST = 6 if harness.SLOWED else 50  # strikes of each fault, over all regions
ROUNDS = 12  # of a load, at most
PER_SECOND = 40 if harness.SLOWED else 180  # sessions, all regions together

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
    "tls_not_yet_valid": F("F10", "tls_not_yet_valid"),
    "client_certificate_required": F("F98", "client_certificate_required"),
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
    "head_too_long": F("F103", "head_too_long", "what stands in it is not read: said to be a limit of ours"),
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
    "daily_limit": F("F104", "daily_limit"),
    "failed_unbilled": F("F64", "server_error", "F67 is told beside it"),
    "failed_billed": F("F64", "server_error", "F68 is told beside it"),
    "content_filter": F("F69", "content_filter"),
    "empty_output": F("F72", "empty_output"),
    "wrong_modality": F("F72", "empty_output"),
    "bad_sampling": F("F73", "bad_sampling"),
    "invalid_json": F("F75", "protocol_violation"),
    "binary_frame": F("F75", "protocol_violation"),
    "invalid_utf8": F("F75", "protocol_violation"),
    "oversized_message": F("F105", "message_limit", "what is too long for us is said to be a limit of ours"),
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
    "reasoning_limit": F("F70", "max_output_tokens"),
    "turn_detected": F("F71", "cancelled"),
    "session_expired": F("F76", "session_expired"),
    "session_cap_30": F("F77", "session_cap"),
    "idle_close": F("F78", "idle_timeout"),
}
# Faults that harm nothing: the response is ok.
HARMLESS = {"cancel_not_active", "transcription_failed", "unknown_event", "event_flood",
            "no_close_answer", "max_output_tokens"}

EXPECTED = {**BELOW_HTTP, **UPGRADE, **SESSION, **RESPONSE, **LIFECYCLE}
ALSO = {"failed_unbilled": "F67", "failed_billed": "F68", "disguised_expiry": "F64|F59"}
SIGNATURES = {"upgrade_418": "http:418/", "bare_403": "http:403", "close_1000": "close:1000", "close_1001": "close:1001",
              "unknown_error": "event:"}

REDIRECTED_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"  # in the query of every Location that the simulator sends

# Faults with rounds of their own: slow on both sides, in need of special credentials, depending on a session's age or
# idle time, or seen when a deadline of ours passes. All others have a minute for each step, which no machine needs,
# however busy.
BULKY = ["event_flood", "oversized_message"]
CREDENTIALS = ["subprotocol_refused", "token_expired"]  # strike only requests that carry such a credential
LIVES = ["session_expired", "session_cap_30", "disguised_expiry", "no_close_answer"]
IDLE = ["idle_close", "proxy_idle_close"]
SILENT = ["upgrade_timeout", "no_session_created", "no_session_updated", "response_not_started", "stall", "slow_output"]
NOTHING = "(nothing)"
STEPS = ("resolve", "connect", "tls", "upgrade", "session", "configure", "first_output", "stall", "response")
PATIENT = {**dict.fromkeys(STEPS, "60s"), "close": "1s"}
DEADLINE = 10 if harness.SLOWED else 3  # seconds
IMPATIENT = {**dict.fromkeys(STEPS, f"{DEADLINE}s"), "response": f"{DEADLINE + 2}s", "close": "1s"}


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
    """Rules that strike with equal chances, the same as that of no fault. The first rule that strikes wins, so each
    later one needs a larger share of what the earlier ones leave. Faults early in a session's life come first."""
    return [{"fault": fault, "rate": f"{100 / (len(faults) + 1 - i):.5f}%", "regions": named(made)}
            for i, fault in enumerate(faults)]


def arrivals(count, region_count, stay=0):
    """Load of `count` sessions for each region; then the run stays on for those that pause."""
    seconds = max(1, math.ceil(count * region_count / PER_SECOND))
    rate = f"{math.ceil(60 * count / seconds)}/m"
    return {"model": "arrivals", "arrival": "even", "connect_rate": "1000/s", "max_sessions": 5000,
            "stages": [{"duration": "0s", "target": rate}, {"duration": f"{seconds}s", "target": rate},
                       {"duration": "0s", "target": "0/s"}, {"duration": f"{stay}s", "target": "0/s"}]}


def profile(name, **sections):
    sections["simulator"] = {"quota": "none", "latency": [harness.QUICK], **sections["simulator"]}
    sections["session"] = {"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."],
                           **sections.get("session", {})}
    return {"name": name, "timeouts": PATIENT, "retry": {"attempts": 1, "hold": "interaction"}, "windows": {"interval": "1s"},
            **{"regions": regions(), **sections}}


class Matrix:
    """How often each fault was reported as which class, by region."""

    def __init__(self):
        self.cells = collections.Counter()
        self.examples = {}

    def add(self, region, injected, record, line=None):
        reported = (record["catalogue"], record["code"]) if record else (NOTHING, NOTHING)
        self.cells[injected, reported, region[-1]] += 1
        self.examples.setdefault((injected, reported), record or line)

    def struck(self, fault):
        """Number of strikes per region."""
        counts = collections.Counter()
        for (injected, _, region), count in self.cells.items():
            if injected == fault:
                counts[region] += count
        return counts

    def lack(self, fault):
        """How many strikes are still missing for each fault to strike often enough, and in every region."""
        struck = self.struck(fault)
        return max(LEAST - struck.total(), 3 - len(struck), 0)

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


class Confusion(harness.Case):
    matrix = Matrix()
    faults_in_profiles = set()
    seeds = itertools.count(11)

    def start_run(self, name, sections):
        path = self.write_profile(profile(name, **sections), f"{name}.json")
        self.faults_in_profiles |= {rule["fault"] for rule in sections["simulator"]["faults"]}
        process = harness.start("run", path, "--simulate", "--seed", next(self.seeds), "--workers", 1, "-o", name,
                                cwd=self.folder)
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

    def do_run(self, name, sections):
        return self.end_run(name, self.start_run(name, sections))

    def rounds(self, name, faults):
        """While faults have struck too rarely: the name of the next run, these faults, and how often each should strike
        in it, with a margin for chance and a busy machine."""
        for number in range(1, ROUNDS + 1):
            lacking = [fault for fault in faults if self.matrix.lack(fault) > 0]
            if not lacking:
                return
            most = max(map(self.matrix.lack, lacking))
            yield f"{name}-{number}", lacking, most + math.ceil(2 * math.sqrt(most))

    def join(self, run):
        """Lines and records of one session carry the same client_request_id."""
        self.check_counts(run)
        known = self.first_limits(run)
        attempts = {row["response_id"]: row for row in run.attempts if row["response_id"]}
        failed = {record["response_id"]: record for record in run.failures if record["response_id"]}
        sessions = collections.defaultdict(lambda: ([], []))
        unknowable = set()
        for line in run.ledger:
            record = failed.get(line["response_id"]) if line["kind"] == "response" else None
            if line["fault_name"] in HARMLESS and record is None:
                self.matrix.add(line["region"], line["fault_name"], None)
                if line["kind"] == "response":
                    self.assertEqual(attempts[line["response_id"]]["outcome"], "ok", line)
            elif line["fault_name"] == "lowered_limit_429" and line["time"] <= known[line["region"]]:
                unknowable.add((line["region"], line["client_request_id"]))
            elif line["fault_name"]:
                sessions[line["region"], line["client_request_id"]][0].append(line)
        for record in run.failures:
            if (record["region"], record["client_request_id"]) not in unknowable:
                sessions[record["region"], record["client_request_id"]][1].append(record)
        gone = self.left_by_their_users(run)
        for (region, request_id), (faults, records) in sessions.items():
            if (region, request_id) in gone and not records and all(fault["outcome"] == "expired" for fault in faults):
                continue  # the end of its life met a client that had said its last and was closing
            for fault, record in paired(faults, records):
                if self.read_late(fault, record):
                    continue
                self.matrix.add(region, fault["fault_name"] if fault else NOTHING, record, fault)
                self.check_details(fault, record)

    @staticmethod
    def read_late(fault, record):
        """Whether a busy machine read the last event before a silence so late that the silence was no whole minute to the
        client: beyond the two seconds that the class allows, such a cut is one without a known cause."""
        if not fault or not record or fault["fault_name"] != "proxy_idle_close" or not record["events"]:
            return False
        silence_s = (record["socket_age_ms"] - record["events"][-1][0]) / 1000
        return record["code"] == "connection_lost" and abs(silence_s - 60) > 2

    @staticmethod
    def left_by_their_users(run):
        """The sessions in which a user's last interaction went well, after which the client closes."""
        last = str(run.manifest["profile"]["session"]["interactions"])
        return {(row["region"], row["client_request_id"]) for row in run.attempts
                if row["interaction"] == last and row["outcome"] == "ok"}

    @staticmethod
    def first_limits(run):
        """By region, when an admitted session had shown the usual limit: before that, no limit can be seen to be lowered."""
        known = collections.defaultdict(lambda: "9")
        for line in run.ledger:
            if line["kind"] == "response":  # sent in a session, so some time after its 101
                known[line["region"]] = min(known[line["region"]], line["time"])
        return known

    def check_counts(self, run):
        """The end of a life is reported, and enters no failure rate."""
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
            return  # the matrix reports it
        self.assertEqual(record["domain"] == "none", name in LIFECYCLE, record)
        if name in ALSO:
            self.assertTrue(set(record["also"]) & set(ALSO[name].split("|")), record)
        signature = record["signature"] or ""
        self.assertTrue(signature.startswith(SIGNATURES[name]) if name in SIGNATURES else not signature, record)

    # ---- the runs ----

    def below_http(self, name, faults, timeouts):
        """Regions of its own for each fault: three, where it strikes always."""
        for run_name, lacking, count in self.rounds(name, faults):
            made, rules = [], []
            for fault in lacking:
                proxy = {"proxy": "http://proxy.contoso.com:3128"} if fault.startswith("proxy_") else {}
                own = regions(fault.replace("_", "-") + "-", **proxy)
                made += own
                rules.append({"fault": fault, "rate": "100%", "regions": named(own)})
            self.join_by_region(self.do_run(run_name, {
                "regions": made, "load": arrivals(math.ceil(count / 3), len(made)), "timeouts": timeouts,
                "simulator": {"faults": rules}}))

    def join_by_region(self, run):
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

    def above_http(self, name, faults, stay=0, after=None, **sections):
        """Three regions, where each session meets one of the faults, or none."""
        for run_name, lacking, count in self.rounds(name, faults):
            self.join(self.do_run(run_name, self.mixed(lacking, count, stay, after, **sections)))

    @staticmethod
    def mixed(faults, count, stay=0, after=None, **sections):
        rules = shared_out(faults, regions())
        for rule in rules:
            if after and rule["fault"] != "no_close_answer":
                rule["after"] = after
        return {"load": arrivals(math.ceil(count * (len(faults) + 1) / 3), 3, stay),
                "simulator": {"faults": rules}, **sections}

    def credentials(self):
        key = "openai-insecure-api-key.${RUSHHOUR_TEST_KEY}"
        made = {"subprotocol_refused": regions("subprotocol-", headers={"Sec-WebSocket-Protocol": f"realtime, {key}"}),
                "token_expired": regions("token-", auth={"token": "${RUSHHOUR_TEST_TOKEN}"})}
        for name, lacking, count in self.rounds("credentials", CREDENTIALS):
            own = [region for fault in lacking for region in made[fault]]
            rules = [{"fault": fault, "rate": "50%", "regions": named(made[fault])} for fault in lacking]
            self.join(self.do_run(name, {"regions": own, "load": arrivals(math.ceil(count * 2 / 3), len(own)),
                                         "simulator": {"faults": rules}}))

    def started(self, name, faults, count, stay, **more):
        """A first round that takes its time and little of the machine: it goes on beside the others."""
        return name, self.start_run(name, self.mixed(faults, count, stay, **more))

    def test_every_fault_is_reported_as_what_it_is(self):
        # Sessions that are still talking when their time is up, and sessions with more than a minute between two turns.
        # The run stays on for longer than they need: at its end those that began late would leave before they are struck.
        talking = {"stay": 60, "after": "6s", "session": {"interactions": 30, "think_time": "600ms", "before_expiry": "0s"}}
        idling = {"stay": 78, "session": {"interactions": 2, "think_time": "64s", "before_expiry": "0s"}}
        beside = [self.started("idle-0", IDLE, 2 * LEAST, **idling)]  # so many that hardly another minute is needed
        self.above_http("silent", SILENT, timeouts=IMPATIENT)
        self.below_http("unreachable", ["connect_timeout"], IMPATIENT)
        beside.append(self.started("life-0", LIVES, 2 * LEAST, **talking))
        self.below_http("below-http", [fault for fault in BELOW_HTTP if fault != "connect_timeout"], PATIENT)
        self.credentials()
        self.above_http("bulk", BULKY)
        alone = {*CREDENTIALS, *BULKY, *LIVES, *IDLE, *SILENT}
        self.above_http("mixed", [fault for fault in (*UPGRADE, *SESSION, *RESPONSE, *LIFECYCLE, *sorted(HARMLESS))
                                  if fault not in alone])
        for name, process in reversed(beside):
            self.join(self.end_run(name, process))
        self.above_http("life", LIVES, **talking)
        self.above_http("idle", IDLE, **idling)

        names = json.loads((harness.PROJECT / "profiles/profile.schema.json").read_text())
        names = names["properties"]["simulator"]["properties"]["faults"]["items"]["properties"]["fault"]["enum"]
        print("\n".join(self.matrix.lines(names)))
        self.assertEqual(set(names), set(EXPECTED) | HARMLESS, "the table above knows every fault")
        self.assertEqual(set(names) - self.faults_in_profiles, set())
        rare = {name: self.matrix.struck(name) for name in names if self.matrix.lack(name) > 0}
        self.assertEqual(rare, {}, f"each fault strikes often enough within {ROUNDS} rounds, in every region")
        wrong = list(self.matrix.off_diagonal())
        self.assertEqual([(injected, reported) for injected, reported, _ in wrong], [],
                         "\n".join(json.dumps(record) for _, _, record in wrong))


if __name__ == "__main__":
    unittest.main()
