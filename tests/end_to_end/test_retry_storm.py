"""Every response fails: no interaction has more attempts than its cap, and no ten seconds more retries than their budget,
by the ledger of the service that was asked. bench/retry_storm.py is the same at 1,000 sessions."""

import collections
import datetime
import os
import unittest

import harness

SESSIONS = int(os.environ.get("STORM_SESSIONS", "150"))
ATTEMPTS, SHARE, WINDOW, WORKERS = 4, 0.1, 10, 1
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
        dials = {line["client_request_id"]: seconds(line["time"]) for line in run.ledger if line["kind"] == "session"}
        self.assertEqual(len(dials), len(run.attempts))
        asked = collections.defaultdict(list)
        for row in run.attempts:
            asked[row["chain"], row["interaction"]].append(row)
        spans = []  # begun after the one before had ended, and before the service saw its dial
        for rows in asked.values():
            rows.sort(key=lambda row: int(row["attempt"]))
            ends = [None, *(seconds(row["end"]) for row in rows)]
            spans.append([(dials[row["client_request_id"]], end) for row, end in zip(rows, ends)])
        counts = collections.Counter(len(rows) for rows in asked.values())
        self.assertLessEqual(max(counts), ATTEMPTS)
        firsts = [(span[0][0], span[0][0] - EARLIEST) for span in spans]
        retries = [one for span in spans for one in span[1:]]
        self.assertGreater(len(firsts), 200)
        self.assertGreater(len(retries), 3)
        for seen, due in retries:
            # those that were surely in its ten seconds, against all that may have been
            lately = 1 + sum(due_too > seen - WINDOW and seen_too < due for seen_too, due_too in retries)
            known = sum(seen_too >= due - WINDOW and due_too <= seen for seen_too, due_too in firsts)
            self.assertLessEqual(lately, max(3, SHARE * known) + 1e-9, f"until {due}: {known} first attempts")
        print(f"{SESSIONS} sessions: {len(firsts)} first attempts, {len(retries)} retries, at most {max(counts)} attempts")


if __name__ == "__main__":
    unittest.main()
