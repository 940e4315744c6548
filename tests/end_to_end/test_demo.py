"""The first thing that a newcomer sees: the demo ends in a screenful, and says whether to believe it."""

import subprocess
import unittest

import harness

DEMO = harness.PROJECT / "profiles" / "demo.json"


class Demo(harness.Case):
    def test_the_demo_ends_in_a_screenful(self):
        result = self.rushhour("run", DEMO, "--simulate", "--duration", "22m", "-o", "demo", expect=harness.ENDED)
        lines = result.stdout.splitlines()
        run = harness.Run(self.folder / "demo")
        self.assertLessEqual(len(lines), 36, result.stdout)
        self.assertLessEqual(max(len(line) for line in lines if not line.startswith(("page", "all tables"))), 100)
        for words in ("Verdict: ", "eastus2", "swedencentral", "francecentral", "ncident", "demo/report.html",
                      f"{harness.RUSHHOUR} report demo"):
            self.assertIn(words, result.stdout)
        trusted = run.manifest["generator"]["trustworthy"]
        warnings = [number for number, line in enumerate(lines) if line.startswith("This machine was busy")]
        self.assertEqual(len(warnings), 0 if trusted else 1, result.stdout)
        if warnings:
            self.assertGreater(len(lines), 10)
            self.assertNotIn("", lines[warnings[0]:], "it is the last that is said")

    def test_all_tables_are_there_on_demand(self):
        path = self.write_profile(harness.profile())
        brief = self.rushhour("run", path, "--simulate", "-o", "brief", expect=harness.ENDED).stdout
        full = self.rushhour("run", path, "--simulate", "--full", "-o", "full", expect=harness.ENDED).stdout
        report = self.rushhour("report", "brief", expect=harness.ENDED).stdout
        for words in ("What the words mean", "Load generator"):
            self.assertNotIn(words, brief)
            self.assertIn(words, full)
            self.assertIn(words, report)

    def test_what_a_newcomer_gets_wrong_is_told_with_a_way_on(self):
        (self.folder / "profile.yaml").write_text("# mine\nname: x\nregions:\n  - name: a\n")
        (self.folder / "key.json").write_text('{ "name": "x", "regons": [] }')
        rows = [((), 2, ("no command given", "usage: rushhour COMMAND", "profiles/demo.json --simulate", "init my.json")),
                (("rum",), 2, ("did you mean `rushhour run`?",)),
                (("run",), 2, ("PROFILE is missing", "usage: rushhour run PROFILE")),
                (("run", "key.json", "--simulat"), 2, ("did you mean --simulate?",)),
                (("run", "nosuch.json"), 1, ("No such file", "rushhour init")),
                (("run", "profile.yaml"), 2, ("YAML", "rushhour init")),
                (("run", "key.json"), 2, ('did you mean "regions"?', "key.json:1:16"))]
        for arguments, status, words in rows:
            result = self.rushhour(*arguments, expect=(status,))
            self.assertEqual(result.stdout, "")
            for word in words:
                self.assertIn(word, result.stderr)
        self.assertEqual(self.rushhour("version").stdout, self.rushhour("--version").stdout)

    def test_progress_hides_what_succeeds_and_shows_what_fails(self):
        progress = harness.PROJECT / "tools" / "progress"
        good = subprocess.run([progress, "working", "sh", "-c", "echo chatter; sleep 1.5"], capture_output=True, text=True,
                              check=False)
        self.assertEqual((good.returncode, good.stdout), (0, ""))
        self.assertNotIn("chatter", good.stderr)
        bad = subprocess.run([progress, "working", "sh", "-c", "echo the reason; exit 7"], capture_output=True, text=True,
                             check=False)
        self.assertEqual(bad.returncode, 7)
        self.assertIn("working failed", bad.stderr)
        self.assertIn("the reason", bad.stderr)


if __name__ == "__main__":
    unittest.main()
