"""Every response fails: no interaction has more attempts than its cap, and no ten seconds more retries than their budget,
over all workers, neither dialled nor sent, by the ledger of the service that was asked. bench/retry_storm.py is the same at 1,000 sessions."""

import collections
import datetime
import os
import unittest

import harness

SESSIONS = int(os.environ.get("STORM_SESSIONS", "150"))
ATTEMPTS, SHARE, WINDOW, WORKERS = 4, 0.1, 10, 2
SPEED = 4
EARLIEST = 4  # s of the run's clock, before which the service has surely seen a dial that was begun


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class RetryStorm(harness.Case):
    def ask(self):
        level = {"target": SESSIONS}
        made = harness.profile(
            regions=harness.REGIONS[:1],
            load={"model": "sessions", "connect_rate": "5000/s", "max_sessions": SESSIONS,
                  "stages": [{"duration": "0s", **level}, {"duration": "60s", **level}]},
            session={"interactions": 1, "think_time": "2s", "modality": "text", "prompts": ["Say OK."]},
            retry={"attempts": ATTEMPTS, "budget": "10%", "budget_window": f"{WINDOW}s", "deadline": "30s",
                   "backoff": {"initial": "200ms", "max": "1s", "jitter": "equal"}},
            simulator={"latency": [harness.QUICK], "clock": {"speed": SPEED},
                       "faults": [{"fault": "server_error", "rate": "100%"}]})
        path = self.write_profile(made)
        self.rushhour("run", path, "--simulate", "--workers", WORKERS, "--seed", 5, "-o", "run", expect=harness.ENDED)
        return harness.Run(self.folder / "run")

    def test_no_storm(self):
        run = self.ask()
        self.assert_consistent(run)
        self.assertEqual(harness.column(run.intervals, "attempts_ok"), 0)
        # Every failure wants a new session, so that each attempt begins with a dial of its own.
        seen = {kind: {} for kind in ("session", "response")}
        for line in run.ledger:
            seen[line["kind"]][line["client_request_id"]] = seconds(line["time"])
        dials, sends = seen["session"], seen["response"]
        self.assertEqual(len(sends), len(run.attempts))
        asked = collections.defaultdict(list)
        for row in run.attempts:
            asked[row["chain"], row["interaction"]].append(row)
        # A first attempt counts once it is sent: after its dial was begun, and before it ended. A retry goes out after the
        # attempt before had ended, and before the service saw it.
        firsts, dialled, sent = [], [], []
        for rows in asked.values():
            rows.sort(key=lambda row: int(row["attempt"]))
            firsts.append((dials[rows[0]["client_request_id"]] - EARLIEST, seconds(rows[0]["end"])))
            for before, row in zip(rows, rows[1:]):
                dialled.append((dials[row["client_request_id"]], seconds(before["end"])))
                sent.append((sends[row["client_request_id"]], dials[row["client_request_id"]] - EARLIEST))
        # a retry that was dialled, and then found no room to be sent
        unsent = dials.keys() - {row["client_request_id"] for row in run.attempts}
        dialled += [(dials[name], dials[name] - EARLIEST) for name in unsent]
        counts = collections.Counter(len(rows) for rows in asked.values())
        self.assertLessEqual(max(counts), ATTEMPTS)
        self.assertGreater(len(firsts), 200)
        self.assertGreater(len(dialled), 3)
        for retries in (dialled, sent):
            for seen, due in retries:
                # those that were surely in its ten seconds, against all that may have been
                lately = 1 + sum(due_too > seen - WINDOW and seen_too < due for seen_too, due_too in retries)
                known = sum(latest >= due - WINDOW and earliest <= seen for earliest, latest in firsts)
                self.assertLessEqual(lately, max(3, SHARE * known) + 1e-9, f"until {due}: {known} first attempts")
        print(f"{SESSIONS} sessions: {len(firsts)} first attempts, {len(sent)} retries, {len(unsent)} dialled and not sent, at most {max(counts)} attempts")


if __name__ == "__main__":
    unittest.main()
