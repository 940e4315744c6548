"""`check` and `run` read the wire once: every fault of the simulator is of the same class to both.

Each fault has a region of its own, where it strikes always. One preflight and one session of a run meet it; what they
call it must be the same, and for the answer to the upgrade and the opening of a session what the failure catalogue
calls it. Which machine this runs on decides nothing: where one side gave up waiting on a busy one, that fault is asked
for again, so many times at most.
"""

import collections
import json
import unittest

import harness
import test_confusion as confusion

TRIES = 4
AT_ONCE = 20  # regions in one go: each is a TLS handshake of both sides on the same machine

# What strikes only after a while, strikes here while the answer is awaited.
LATE = {"session_expired", "session_cap_30", "disguised_expiry", "idle_close", "proxy_idle_close"}
LATE_AFTER, LATE_OUTPUT = "400ms", "1500ms"

# What comes to the same in the preflight, but for another thing than the simulator's: it asks for a plain page first,
# and the layers below HTTP are met there, under names of their own.
BELOW_HTTP = set(confusion.BELOW_HTTP)

TIMEOUTS = {"resolve": "20s", "connect": "20s", "tls": "20s", "upgrade": "3s", "session": "3s", "configure": "3s",
            "first_output": "3s", "stall": "3s", "response": "5s", "close": "1s"}

# One session for each region.
LOAD = {"model": "arrivals", "arrival": "even", "connect_rate": "1000/s",
        "stages": [{"duration": "0s", "target": "60/m"}, {"duration": "1s", "target": "60/m"}]}

NOTHING = None

# A limit that is lower than before needs a session before; a preflight has one in all.
NEEDS_HISTORY = {"lowered_limit_429"}
# An answer that our own limit of tokens leaves no room for: a run tells the end of a life, which is in no rate, and check
# lets the region pass with a note.
OUR_LIMIT = {"reasoning_limit"}


def all_faults():
    schema = json.loads((harness.PROJECT / "profiles/profile.schema.json").read_text())
    faults = schema["properties"]["simulator"]["properties"]["faults"]["items"]["properties"]["fault"]["enum"]
    return [fault for fault in faults if fault not in BELOW_HTTP]


def region(fault, number):
    auth = {"token": "${RUSHHOUR_TEST_TOKEN}"} if fault == "token_expired" else {"api_key": "${RUSHHOUR_TEST_KEY}"}
    made = {"name": fault.replace("_", "-"), "endpoint": f"https://contoso-{number}.openai.azure.com",
            "deployment": "gpt-realtime", "dialect": "ga", "auth": auth}
    if fault == "subprotocol_refused":
        made["headers"] = {"Sec-WebSocket-Protocol": "realtime, openai-insecure-api-key.${RUSHHOUR_TEST_KEY}"}
    return made


def rule(fault):
    late = {"after": LATE_AFTER} if fault in LATE else {}
    return {"fault": fault, "rate": "100%", "regions": [fault.replace("_", "-")], **late}


def profile(faults):
    late = [fault.replace("_", "-") for fault in faults if fault in LATE]
    latency = [{**harness.QUICK, "first_output": LATE_OUTPUT, "regions": late}] if late else []
    return {
        "name": "same-class",
        "regions": [region(fault, number) for number, fault in enumerate(faults)],
        "load": LOAD,
        "session": {"interactions": 1, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]},
        "timeouts": TIMEOUTS, "retry": {"attempts": 1}, "windows": {"interval": "1s"},
        "simulator": {"quota": "none", "latency": [harness.QUICK, *latency], "faults": [rule(fault) for fault in faults]},
    }


def class_by_check(told):
    failed = [step for step in told["steps"] if step["status"] == "failed"]
    return (failed[0]["catalogue"], failed[0]["code"]) if failed else NOTHING


def class_by_run(run, name):
    """Of the first session's attempt; an answer that counts as one is none, whatever is told beside it."""
    rows = sorted((row for row in run.attempts if row["region"] == name), key=lambda row: int(row["session"]))
    if not rows or rows[0]["outcome"] == "ok":
        return NOTHING
    records = [record for record in run.failures
               if record["client_request_id"] == rows[0]["client_request_id"] and record["attempt"]]
    return records[0]["catalogue"], records[0]["code"]


class SameClass(harness.Case):
    maxDiff = None

    def meet(self, faults, number):
        """What both sides call each of the faults."""
        path = self.write_profile(profile(faults), f"{number}.json")
        result = self.rushhour("check", path, "--simulate", "--json", expect=(0, 1))
        check = {told["name"]: class_by_check(told) for told in json.loads(result.stdout)["regions"]}
        self.rushhour("run", path, "--simulate", "--seed", 5, "--workers", 1, "-q", "-o", f"run-{number}",
                      expect=harness.ENDED)
        run = harness.Run(self.folder / f"run-{number}")
        names = {fault: fault.replace("_", "-") for fault in faults}
        return {fault: (check[name], class_by_run(run, name)) for fault, name in names.items()}

    @staticmethod
    def is_right(fault, by_check, by_run):
        if fault in OUR_LIMIT:
            return by_check is NOTHING and by_run == confusion.EXPECTED[fault][:2]
        if by_check != by_run:
            return False
        if fault in confusion.HARMLESS:
            return by_check is NOTHING
        opening = {**confusion.UPGRADE, **confusion.SESSION}
        return fault in LATE | NEEDS_HISTORY or fault not in opening or by_run == opening[fault][:2]

    def test_every_fault_is_the_same_to_both(self):
        left = all_faults()
        met = collections.defaultdict(list)
        number = 0
        for _ in range(TRIES):
            for first in range(0, len(left), AT_ONCE):
                number += 1
                for fault, classes in self.meet(left[first:first + AT_ONCE], number).items():
                    met[fault].append(classes)
            left = [fault for fault in left if not self.is_right(fault, *met[fault][-1])]
            if not left:
                break
        self.assertEqual({fault: met[fault] for fault in left}, {}, "by check, by run")
        unseen = [fault for fault in all_faults() if fault not in confusion.HARMLESS and met[fault][-1][1] is NOTHING]
        self.assertEqual(set(unseen) - NEEDS_HISTORY - {"max_output_tokens"}, set(), "a fault that strikes is seen")


if __name__ == "__main__":
    unittest.main()
