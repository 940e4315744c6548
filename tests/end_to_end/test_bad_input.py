"""Whatever is wrong with what the user gave, one clear line says so, the exit status is right, and nothing is left."""

import json
import unittest

import harness


def edited(change):
    """A good profile with one thing made wrong."""
    profile = json.loads(json.dumps(harness.profile()))
    change(profile)
    return profile


def region_with(**keys):
    return edited(lambda profile: profile["regions"][0].update(keys))


def section_with(section, **keys):
    return edited(lambda profile: profile[section].update(keys))


class BadInput(harness.Case):
    def refused(self, *arguments, status, says):
        before = sorted(self.folder.rglob("*"))
        result = harness.rushhour(*arguments, cwd=self.folder, timeout=60)
        said = result.stderr.strip()
        self.assertEqual(result.status, status, result.stdout + said)
        self.assertEqual(len(said.splitlines()), 1, f"one line is wanted:\n{said}")
        self.assertEqual(result.stdout, "")
        for words in says:
            self.assertIn(words, said)
        self.assertEqual(sorted(self.folder.rglob("*")), before, "something was left behind")
        return said

    def refused_profile(self, profile, says):
        path = self.write_profile(profile)
        return self.refused("run", path, "--yes", "-o", "made", status=2, says=["profile.json", *says])

    def test_missing_file(self):
        self.refused("run", "nowhere.json", "--simulate", "-o", "made", status=1, says=["nowhere.json", "No such file"])

    def test_broken_json_names_line_and_column(self):
        self.refused_profile('{\n  "name": "x",\n  "regions": [ { "name" "eastus2" } ]\n}\n', ["profile.json:3:25"])

    def test_truncated_json(self):
        self.refused_profile('{ "name": "x", "regions": [', ["profile.json:1:"])

    def test_unknown_key_suggests_the_nearest(self):
        self.refused_profile(section_with("session", interaction=3), ["interaction", "interactions"])

    def test_unknown_region_key_suggests_the_nearest(self):
        self.refused_profile(region_with(deploiment="x"), ["deploiment", "deployment"])

    def test_budget_that_no_price_can_reach(self):
        self.refused_profile({**harness.profile(), "budget": {"usd": 5}}, ["budget.usd", "prices", "gpt-realtime"])

    def test_duration_without_unit(self):
        self.refused_profile(section_with("session", think_time="5"), ["think_time", "5s"])

    def test_wrong_unit(self):
        self.refused_profile(section_with("windows", interval="10/s"), ["interval", "10/s"])

    def test_literal_secret_is_refused_and_not_repeated(self):
        secret = "0123456789abcdefLITERALSECRET"
        said = self.refused_profile(region_with(auth={"api_key": secret}), ["api_key", "${"])
        self.assertNotIn(secret, said)
        self.assertNotIn(secret[:8], said)

    def test_api_version_with_ga(self):
        self.refused_profile(region_with(api_version="2025-04-01-preview"), ["api_version", "ga"])

    def test_plain_http_to_a_public_host(self):
        self.refused_profile(region_with(endpoint="http://contoso-eastus2.openai.azure.com"), ["endpoint", "https://"])

    def test_unset_variable(self):
        self.refused("run", self.write_profile(harness.profile()), "--yes", "-o", "made", status=2,
                     says=["RUSHHOUR_TEST_KEY", "eastus2"])

    def test_results_folder_below_a_file(self):
        (self.folder / "file").write_text("not a folder")
        self.refused("run", self.write_profile(harness.profile()), "--simulate", "-o", "file/run", status=1,
                     says=["file/run"])

    def test_results_folder_that_cannot_be_made(self):
        self.refused("run", self.write_profile(harness.profile()), "--simulate", "-o", "/proc/rushhour/run", status=1,
                     says=["/proc/rushhour"])

    def test_results_folder_in_use(self):
        used = self.folder / "used"
        used.mkdir()
        (used / "notes.txt").write_text("mine")
        self.refused("run", self.write_profile(harness.profile()), "--simulate", "-o", "used", status=1, says=["used"])
        self.assertEqual((used / "notes.txt").read_text(), "mine")

    def test_unknown_flag_suggests_the_nearest(self):
        self.refused("run", "profile.json", "--simulat", status=2, says=["--simulat", "--simulate"])

    def test_flag_with_a_wrong_value(self):
        self.refused("run", self.write_profile(harness.profile()), "--simulate", "--duration", "fast", status=2,
                     says=["--duration", "fast"])

    def test_unknown_region(self):
        self.refused("run", self.write_profile(harness.profile()), "--simulate", "--region", "eastus", "-o", "made",
                     status=2, says=["eastus", "eastus2"])

    def test_unknown_command_suggests_the_nearest(self):
        self.refused("rum", "profile.json", status=2, says=["rum", "run"])

    def test_report_of_no_run(self):
        self.refused("report", "nowhere", status=1, says=["nowhere"])


if __name__ == "__main__":
    unittest.main()
