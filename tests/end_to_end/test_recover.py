"""`rushhour recover`: has the service recovered since a time? Run folders whose truth is laid out by hand."""

import csv
import datetime
import json
import unittest

import harness
from test_plan import earlier_run

INCIDENT = datetime.datetime(2026, 10, 20, 10, tzinfo=datetime.timezone.utc)
SINCE = "2026-10-20T11:00:00Z"  # three hours after a run began
EXIT = {"recovered": 0, "not_yet": 99, "relapsed": 99, "too_early": 3, "invalid": 4}


def incident(since, bad=0.15):
    """Two quiet hours, one that is bad, and what comes since, by the second after it."""
    return lambda second: 0.005 if second < 7200 else bad if second < 10800 else since(second - 10800)


class Recover(harness.Case):
    def judge(self, *arguments, verdict, since=SINCE):
        result = self.rushhour("recover", *arguments, "--since", since, "--json", expect=(EXIT[verdict],))
        told = json.loads(result.stdout)
        self.assertEqual(told["verdict"], verdict, told["why"])
        return told

    def run_of(self, name, hours, rate_at, per_minute=180, **options):
        return earlier_run(self.folder / name, hours, rate_at, per_minute=per_minute, **options)

    def check_counts(self, run, told):
        """Each part holds what intervals.csv has between its bounds, and all of them hold everything once."""
        with open(run / "intervals.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        seen = 0
        for part in ("baseline", "incident", "since"):
            if told[part]["start"] is None:  # it went on to the end
                self.assertEqual(told[part]["attempts"], 0)
                continue
            inside = [row for row in rows if told[part]["start"] <= row["start"] < told[part]["end"]]
            seen += len(inside)
            self.assertEqual(told[part]["failed"], sum(int(row["attempts_failed"]) for row in inside))
            self.assertEqual(told[part]["attempts"], sum(int(row["attempts_ok"]) + int(row["attempts_failed"])
                                                         for row in inside))
        self.assertEqual(seen, len(rows))
        self.assertLessEqual(abs(datetime.datetime.fromisoformat(told["incident"]["start"].replace("Z", "+00:00"))
                                 - INCIDENT), datetime.timedelta(minutes=1))

    def test_each_verdict_with_its_exit_code(self):
        quiet = incident(lambda second: 0.005)
        cases = [("back", 5, quiet, "recovered"),
                 ("bad", 4, incident(lambda second: 0.15), "not_yet"),
                 ("half", 4, incident(lambda second: 0.075), "not_yet"),
                 ("again", 5, incident(lambda second: 0.15 if second >= 5400 else 0.005), "relapsed"),
                 ("soon", 3.2, quiet, "too_early")]
        for name, hours, rate_at, verdict in cases:
            run = self.run_of(name, hours, rate_at, regions=["eastus2"])
            told = self.judge(run, verdict=verdict)
            self.assertEqual(told["region"], "eastus2")
            self.assertTrue(told["regions"][0]["struck"])
            self.check_counts(run, told)
            self.assertIn(f"Verdict: {verdict} (eastus2)", told["note"])
            text = self.rushhour("recover", run, "--since", SINCE, expect=(EXIT[verdict],)).stdout
            self.assertTrue(text.startswith(f"Verdict: {verdict}\n"), text[:100])
            self.assertIn("Note for the change ticket", text)
            self.assertIn("Change in force since: 2026-10-20T11:00:00Z", " ".join(text.split()))
        self.assertAlmostEqual(told["needed"]["minutes"], 30 - 12, delta=0.5)
        self.rushhour("recover", run, "--since", SINCE, "--inconclusive", "pass", expect=(0,))
        self.rushhour("recover", run, "--since", SINCE, "--inconclusive", "fail", expect=(99,))
        self.rushhour("recover", run, "--since", "2026-10-20T04:00:00-07:00", "-q", expect=(3,))
        markdown = self.rushhour("recover", run, "--since", SINCE, "--format", "markdown", "-o", "note.md", expect=(3,))
        self.assertEqual(markdown.stdout, "")
        self.assertIn("# Recovery: too\\_early", (self.folder / "note.md").read_text().replace("too_early", "too\\_early"))

    def test_regions_that_were_not_struck_do_not_decide(self):
        run = self.run_of("run", 5, incident(lambda second: 0.005), worse={"swedencentral": 0})
        told = self.judge(run, verdict="recovered")
        self.assertEqual({region["region"]: region["struck"] for region in told["regions"]},
                         {"eastus2": True, "swedencentral": False})
        self.judge(run, "--region", "eastus2", verdict="recovered")
        result = self.rushhour("recover", run, "--since", SINCE, "--region", "swedencentral", expect=(2,))
        self.assertIn("no incident before --since is found", result.stderr)
        result = self.rushhour("recover", run, "--since", SINCE, "--region", "westus", expect=(2,))
        self.assertIn("eastus2, swedencentral", result.stderr)

    def test_runs_after_each_other_and_a_baseline(self):
        one = {"regions": ["eastus2"]}
        broken = self.run_of("broken", 1, lambda second: 0.15, begins=10, **one)
        fixed = self.run_of("fixed", 2, lambda second: 0.005, begins=11.25, seed=2, **one)
        before = self.run_of("before", 2, lambda second: 0.005, begins=2, seed=3, **one)
        manifest = json.loads((fixed / "run.json").read_text())
        manifest["tool"] = {"version": "9.9", "commit": "abc"}
        (fixed / "run.json").write_text(json.dumps(manifest))
        # in any order: it is told by their times; without a baseline nothing is known
        told = self.judge(fixed, broken, "--baseline", before, verdict="recovered", since="2026-10-20T11:10:00Z")
        self.assertEqual(told["baseline"]["seconds"], 7200)
        self.assertEqual(told["incident"]["seconds"], 3600)
        self.assertEqual(told["since"]["seconds"], 7200)
        self.assertIn({"path": "tool.version", "a": "(absent)", "b": "9.9"}, told["changes"])
        self.assertTrue(any("tool.version (absent), then 9.9" in line for line in told["note"]), told["note"])
        self.judge(broken, fixed, "--began", "2026-10-20T10:00:00Z", verdict="too_early", since="2026-10-20T11:10:00Z")
        # hours of the runs themselves as the baseline
        whole = self.run_of("whole", 5, incident(lambda second: 0.005), **one)
        told = self.judge(whole, "--baseline", "quiet=08:00-09:00@UTC", verdict="recovered")
        self.assertEqual(told["baseline"]["seconds"], 3600)
        # a baseline that holds nothing is told: what was before the incident must not stand in for it
        asleep = self.run_of("asleep", 2, lambda second: 0.005, begins=2, seed=4, healthy=0, **one)
        unhealthy = self.run_of("unhealthy", 5, incident(lambda second: 0.005), healthy=0, **one)
        even = self.run_of("even", 5, lambda second: 0.15, **one)
        for arguments, wrong in (([whole, "--since", SINCE, "--baseline", "night=03:00-04:00@UTC"], "have no time in it"),
                                 ([whole, "--since", SINCE, "--baseline", "late=11:30-12:30@UTC"], "have no time in it"),
                                 ([whole, "--since", SINCE, "--baseline", asleep], "with time that counts"),
                                 ([unhealthy, "--since", SINCE], "left out: 3h in which the load generator was not"),
                                 ([even, "--since", SINCE, "--began", "2026-10-20T10:00:00Z"], "not sure that more failed"),
                                 ([broken, before, "--since", "2026-10-21T00:00:00Z"], "outside of what was measured"),
                                 ([whole, broken, "--since", SINCE], "overlap in time"),
                                 ([whole], "--since TIME"),
                                 ([whole, "--since", "yesterday"], "--since"),
                                 ([whole, "--since", SINCE, "--began", SINCE], "is not before --since"),
                                 ([whole, "--since", SINCE, "--margin", "0%"], "--margin 0%"),
                                 ([whole, "--since", SINCE, "--confidence", "50%"], "--confidence 50%")):
            self.assertIn(wrong, self.rushhour("recover", *arguments, expect=(2,)).stderr)

    def test_a_path_that_worked_beside_it(self):
        broken = self.run_of("broken", 5, incident(lambda second: 0.005), regions=["eastus2"])
        working = self.run_of("working", 5, lambda second: 0.005, regions=["eastus2"], seed=2)
        elsewhere = self.run_of("elsewhere", 5, lambda second: 0.005, regions=["westus"], seed=3)
        manifest = json.loads((working / "run.json").read_text())
        manifest["tool"] = {"version": "8.0"}
        (working / "run.json").write_text(json.dumps(manifest))
        told = self.judge(broken, "--beside", working, verdict="recovered")
        beside = told["regions"][0]["beside"]
        self.assertGreater(beside["incident"]["difference"]["low"], 0.12)
        self.assertLess(beside["incident"]["other_failure_rate"]["high"], 0.01)
        self.assertLess(abs(beside["since"]["difference"]["value"]), 0.005)
        self.assertEqual(beside["incident"]["attempts"], told["incident"]["attempts"])
        self.assertIn({"path": "tool.version", "a": "8.0", "b": "(absent)"}, told["changes_from_beside"])
        self.assertTrue(any("what both have in common does not explain" in line for line in told["note"]))
        # where one of the two was not driven, neither counts
        rows = (working / "intervals.csv").read_text().splitlines(keepends=True)
        (working / "intervals.csv").write_text("".join(
            row for row in rows if not "2026-10-20T10:20" <= row[:16] < "2026-10-20T10:50"))
        beside = self.judge(broken, "--beside", working, verdict="recovered")["regions"][0]["beside"]["incident"]
        with open(broken / "intervals.csv", newline="") as file:
            both = [row for row in csv.DictReader(file) if "2026-10-20T10:00" <= row["start"] < "2026-10-20T11:00"
                    and not "2026-10-20T10:20" <= row["start"] < "2026-10-20T10:50"]
        self.assertEqual(beside["failed"], sum(int(row["attempts_failed"]) for row in both))
        self.assertEqual(beside["attempts"], beside["other_attempts"])
        told = self.judge(broken, "--beside", elsewhere, verdict="recovered")  # the region is what differs
        self.assertGreater(told["beside"]["incident"]["difference"]["low"], 0.12)
        self.assertTrue(any(change["path"].startswith("profile.regions") for change in told["changes_from_beside"]))

    def test_unhealthy_time_is_no_evidence(self):
        run = self.run_of("run", 5, incident(lambda second: 0.005), regions=["eastus2"], healthy=3.5)
        told = self.judge(run, verdict="invalid")
        self.assertLessEqual(told["since"]["seconds"], 1800)
        self.assertIn("not healthy", told["why"])


if __name__ == "__main__":
    unittest.main()
