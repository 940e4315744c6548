"""A conversation that grows is kept, cut by the service, or ended with its session, and the plan counts its tokens alike."""

import collections
import json
import unittest

import harness

LIMIT = 300
SAID = "Tell me of the tides, of the moon, and of nothing else today."
USERS = 8
TURNS = 25


class History(harness.Case):
    def drive(self, name, **session):
        """The attempts of a run of eight users with 25 turns each, by session; the plan foretold their tokens."""
        profile = self.write_profile(harness.profile(
            seed=5, regions=harness.REGIONS[:1],
            load={"model": "arrivals", "arrival": "even", "stages": [
                {"duration": "0s", "target": "8/m"}, {"duration": "1m", "target": "8/m"},
                {"duration": "0s", "target": "0/m"}, {"duration": "1m", "target": "0/m"}]},  # time for the last one
            session={"interactions": TURNS, "think_time": "0s", "modality": "text", "prompts": [SAID], "instructions": "Be brief.",
                     **session},
            simulator={"latency": [harness.QUICK], "quota": "none", "output_deltas": 50, "clock": {"speed": 20}}), f"{name}.json")
        self.rushhour("run", profile, "--simulate", "-q", "-o", name, expect=harness.ENDED)
        run = harness.Run(self.folder / name)
        sessions = collections.defaultdict(list)
        for row in run.attempts:
            self.assertEqual(row["outcome"], "ok")
            sessions[row["session"]].append({key: int(row[key]) for key in ("turn", "input_tokens", "output_tokens", "context_tokens")})
        for turns in sessions.values():
            turns.sort(key=lambda turn: turn["turn"])
            told = [turn["input_tokens"] + turn["output_tokens"] for turn in turns]
            self.assertEqual([turn["context_tokens"] for turn in turns], [0, *told[:-1]])
        # the simulator's answers are as long as the plan assumes: 50 tokens
        plan = json.loads(self.rushhour("plan", profile, "--json").stdout)["totals"]
        self.assertEqual(plan["attempts"], USERS * TURNS)
        used = sum(turn["input_tokens"] + turn["output_tokens"] for turns in sessions.values() for turn in turns)
        self.assertAlmostEqual(used / plan["tokens"], 1, delta=0.05)
        return list(sessions.values())

    def test_kept(self):
        sessions = self.drive("kept")
        self.assertEqual(len(sessions), USERS)
        for turns in sessions:
            read = [turn["input_tokens"] for turn in turns]
            steps = {after - before for before, after in zip(read, read[1:])}
            self.assertEqual(len(steps), 1, "each turn adds as much")
            self.assertGreater(read[-1], 4 * LIMIT)
        report = json.loads(self.rushhour("report", "kept", "--json").stdout)
        buckets = report["ages"][0]["by_context"]
        rows = [turn for turns in sessions for turn in turns]
        for bucket in buckets:
            inside = [turn for turn in rows if bucket["from"] <= turn["context_tokens"] < (bucket["to"] or 1e9)]
            self.assertEqual(bucket["attempts"], len(inside))
            if inside:
                self.assertAlmostEqual(bucket["input_tokens"], sum(turn["input_tokens"] for turn in inside) / len(inside), 0)
        self.assertIn("By the size of the conversation", self.rushhour("report", "kept").stdout)

    def test_truncated(self):
        sessions = self.drive("truncated", history="truncate", history_tokens=LIMIT, history_retain="50%")
        self.assertEqual(len(sessions), USERS)
        first = sessions[0][0]["input_tokens"]  # instructions and one prompt
        for turns in sessions:
            read = [turn["input_tokens"] for turn in turns]
            self.assertEqual(len(read), TURNS)
            self.assertLessEqual(max(read), LIMIT + first)
            cuts = [after for before, after in zip(read, read[1:]) if after < before]
            self.assertGreater(len(cuts), 3)
            for cut in cuts:
                self.assertLessEqual(cut, LIMIT // 2 + first)

    def test_rotated(self):
        sessions = self.drive("rotated", history="rotate", history_tokens=LIMIT)
        self.assertGreater(len(sessions), 4 * USERS)
        self.assertEqual(sum(map(len, sessions)), USERS * TURNS)
        for turns in sessions:
            told = [turn["input_tokens"] + turn["output_tokens"] for turn in turns]
            self.assertTrue(all(tokens < LIMIT for tokens in told[:-1]), "it would have been replaced before")
            self.assertEqual(turns[0]["turn"], 1)


if __name__ == "__main__":
    unittest.main()
