"""compare --policies on the set of profiles/policies: one incident, the same users, and who was left without an answer."""

import json
import unittest

import harness

SET = harness.PROJECT / "profiles/policies"
STICKS = '"rate": "30%", "regions": ["eastus2"], "during": "09:03-09:07",\n' \
         '        "after_failure": { "same_session": "95%", "new_session": "45%" } }'


class Ranking(harness.Case):
    def drive(self, names, changes=()):
        """The profiles of the set, in five minutes of a faster clock, two at a time."""
        quicker = (('"speed": 10', '"speed": 20'), ('"10m", "target"', '"5m", "target"'),
                   ("09:03-09:07", "09:01-09:04"))
        for two in (names[:2], names[2:]):
            running = []
            for name in two:
                text = (SET / f"{name}.json").read_text()
                for old, new in (*changes, *quicker):
                    if (old, new) in changes:
                        self.assertIn(old, text)
                    text = text.replace(old, new)
                path = self.write_profile(text, f"{name}.json")
                running.append(harness.start("run", path, "--simulate", "-q", "-o", name, cwd=self.folder))
            for process in running:
                result = harness.finish(process)
                self.assertIn(result.status, harness.ENDED, result.stderr)

    def rank(self, *names, expect=(0, 4)):
        result = self.rushhour("compare", "--policies", *names, "--json", expect=expect)
        ranking = json.loads(result.stdout)
        self.assertEqual(result.status == 4, ranking["invalid"] is not None)
        return ranking, {policy["run"]: policy for policy in ranking["policies"]}

    def lost(self, name, arrivals):
        """Who had a turn without an answer, or none at all, from the rows alone."""
        users = {}
        for row in harness.Run(self.folder / name).attempts:
            users.setdefault(int(row["arrival"]), {})[row["interaction"]] = row["outcome"]
        known = {user: turns for user, turns in users.items() if set(turns.values()) != {"cancelled"}}
        bad = sum("failed" in turns.values() for turns in known.values())
        return bad + arrivals - len(users), arrivals - len(users) + len(known)

    def test_a_sticky_incident_ranks_them(self):
        names = ("same-session", "new-session", "failover")
        self.drive(names)
        ranking, policies = self.rank(*names)
        for name in names:
            self.assertEqual((policies[name]["lost"], policies[name]["users"]), self.lost(name, ranking["arrivals"]))
        self.assertGreater(policies["same-session"]["lost"], policies["failover"]["lost"] + 20)
        self.assertEqual(ranking["policies"][-1]["run"], "same-session")
        pair = next(pair for pair in ranking["pairs"] if {pair["a"], pair["b"]} == {"same-session", "failover"})
        self.assertEqual((pair["a"], pair["b"]), ("failover", "same-session"))
        self.assertLessEqual(pair["only_a"] + pair["both"], policies["failover"]["lost"])
        if ranking["invalid"] is None:  # what this machine turned away is nobody's policy
            self.assertEqual(policies["failover"]["rank"], 1)
            self.assertEqual(policies["same-session"]["rank"], 3)
            self.assertEqual(pair["verdict"], "worse")
            self.assertGreater(pair["difference"]["low"], 0)
            self.assertLess(pair["p"], 0.05)
        text = self.rushhour("compare", "--policies", *names, expect=(0, 4)).stdout
        self.assertIn("the first loses fewer", text)
        self.assertIn("each user with himself", " ".join(text.split()))

    def test_independent_failures_rank_nothing(self):
        names = ("same-session", "new-session", "other-region")
        self.drive(names, ((STICKS, '"rate": "30%" }'), ('{ "fault": "server_error", "rate": "0.5%" },', "")))
        ranking, policies = self.rank(*names)
        self.assertGreater(sum(policy["attempts_failed"] for policy in policies.values()), 100)
        if ranking["invalid"] is None:
            self.assertEqual({policy["rank"] for policy in policies.values()}, {1})
            self.assertLessEqual({pair["verdict"] for pair in ranking["pairs"]}, {"equal", "inconclusive"})

    def test_what_is_no_difference_of_policy_is_refused(self):
        load = {"model": "arrivals", "stages": [{"duration": "0s", "target": "10/s"}, {"duration": "1s", "target": "10/s"}]}
        for name, seed, sections in (("a", 1, {}), ("b", 2, {}), ("c", 1, {"retry": {"attempts": 1}}),
                                     ("d", 1, {"session": {"interactions": 2}}), ("closed", 1, {"load": None})):
            made = harness.profile(**{"load": load, **{key: value for key, value in sections.items() if value}})
            if "load" in sections:
                made = harness.profile()
            path = self.write_profile(made, f"{name}.json")
            self.rushhour("run", path, "--simulate", "--seed", seed, "-q", "-o", name, expect=harness.ENDED)
        ranking, _ = self.rank("a", "c")
        self.assertTrue(ranking["ranked"])
        for other, said in (("b", "run.seed"), ("d", "profile.session.interactions")):
            result = self.rushhour("compare", "--policies", "a", other, expect=(3,))
            self.assertIn(said, " ".join(result.stdout.split()))
        self.assertIn("closed load", self.rushhour("compare", "--policies", "a", "closed", expect=(2,)).stderr)
        self.assertIn("2 to 16 runs", self.rushhour("compare", "--policies", "a", expect=(2,)).stderr)


if __name__ == "__main__":
    unittest.main()
