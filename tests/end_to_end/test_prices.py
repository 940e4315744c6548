"""What a run costs: tokens and minutes that add up, and no dollars where there is no price."""

import json
import re
import unittest

import harness

DOLLARS = re.compile(r"\$\d")


class Prices(harness.Case):
    def drive(self, name, **sections):
        path = self.write_profile(harness.profile(**sections))
        result = self.rushhour("run", path, "--simulate", "--full", "-o", name, expect=harness.ENDED)
        run = harness.Run(self.folder / name)
        self.assert_consistent(run)
        return result, run

    def test_without_a_price_there_are_no_dollars(self):
        result, run = self.drive("free")
        self.assertGreater(run.manifest["totals"]["tokens"]["output"], 0)
        said = [result.stdout, result.stderr, (run.folder / "report.md").read_text()]
        said += [self.rushhour("report", "free", "--format", form, expect=harness.ENDED).stdout
                 for form in ("text", "markdown", "csv")]
        page = (run.folder / "report.html").read_text()
        said.append(re.sub(r"<script.*?</script>", "", page, flags=re.S))
        for text in said:
            self.assertIsNone(DOLLARS.search(text), text[:200])
        self.assertIn("no price", said[-1])
        for part in [run.manifest["totals"], *run.manifest["regions"]]:
            self.assertIsNone(part["cost_usd"])
            self.assertIsNone(part["failed_cost_usd"])
        compared = json.loads(self.rushhour("compare", "free", "--regions", "eastus2", "swedencentral", "--json",
                                            expect=harness.ENDED).stdout)
        self.assertEqual({row["needed_usd"] for row in compared["metrics"]}, {None})

    def test_one_region_without_a_price_leaves_the_total_unknown(self):
        prices = {"gpt-realtime": {"text_in": 4, "text_out": 16}}
        _result, run = self.drive("half", prices=prices)
        costs = {region["name"]: region["cost_usd"] for region in run.manifest["regions"]}
        self.assertIsNone(costs["swedencentral"])
        self.assertGreater(costs["eastus2"], 0)
        self.assertIsNone(run.manifest["totals"]["cost_usd"])
        for region in run.manifest["regions"]:
            rows = [row for row in run.intervals if row["region"] == region["name"]]
            unpriced = sum(region["attempts"][key] for key in ("ok", "failed", "cancelled"))
            self.assertEqual(harness.column(rows, "unpriced_attempts"),
                             unpriced if region["name"] == "swedencentral" else 0)

    def test_a_direction_without_a_price_is_no_gift(self):
        """A price that was forgotten is refused by its name; one of 0 is taken, and told in every report."""
        def refused(price, key):
            profile = self.write_profile(harness.profile(prices={"gpt-realtime": price}))
            for command in (("run", profile, "--simulate"), ("plan", profile), ("check", profile, "--simulate")):
                self.assertIn(f"prices.gpt-realtime: has no {key}", self.rushhour(*command, expect=(2,)).stderr)

        refused({"text_in": 4}, "text_out")
        refused({"audio_in": 32, "audio_out": 64}, "text_in")
        _result, run = self.drive("gift", prices={"gpt-realtime": {"text_in": 4, "text_out": 0}},
                                  regions=harness.REGIONS[:1])
        tokens = run.manifest["totals"]["tokens"]
        self.assertGreater(tokens["output"], 0)
        self.assertAlmostEqual(run.manifest["totals"]["cost_usd"], tokens["input"] * 4 / 1e6, places=6)
        for form in ("text", "markdown"):
            said = self.rushhour("report", "gift", "--format", form, expect=harness.ENDED).stdout
            self.assertIn("text output costs nothing in these figures", " ".join(said.split()))

    def test_tokens_and_minutes_add_up(self):
        """Two models by the minute, one of which charges for tokens as well."""
        prices = {"gpt-realtime": {"text_in": 4, "text_cached": 1, "text_out": 16, "per_minute": 3},
                  "rt-preview": {"per_minute": 6}}
        _result, run = self.drive("timed", prices=prices, regions=harness.REGIONS[:2])
        for region in run.manifest["regions"]:
            price = prices["gpt-realtime" if region["name"] == "eastus2" else "rt-preview"]
            rows = [row for row in run.intervals if row["region"] == region["name"]]
            minutes = harness.column(rows, "open_ms") / 60e3
            self.assertEqual(region["sessions"]["open_ms"], harness.column(rows, "open_ms"))
            tokens = region["tokens"]
            expected = minutes * price["per_minute"]
            expected += (tokens["input"] - tokens["cached"]) * price.get("text_in", 0) / 1e6
            expected += tokens["cached"] * price.get("text_cached", 0) / 1e6
            expected += tokens["output"] * price.get("text_out", 0) / 1e6
            self.assertAlmostEqual(region["cost_usd"], expected, places=6)
            self.assertAlmostEqual(sum(float(row["cost_usd"]) for row in rows), expected, places=6)
            # Two sessions at a time, as long as the run: never more than that, closing ones beside.
            self.assertGreater(minutes, 0)
            self.assertLess(minutes, 4 * run.manifest["run"]["elapsed_s"] / 60)
        total = sum(region["cost_usd"] for region in run.manifest["regions"])
        self.assertAlmostEqual(run.manifest["totals"]["cost_usd"], total, places=6)

    def test_minutes_alone_spend_the_budget(self):
        load = {"model": "sessions", "stages": [{"duration": "0s", "target": 2}, {"duration": "10m", "target": 2}]}
        profile = harness.profile(load=load, regions=harness.REGIONS[:1], prices={"gpt-realtime": {"per_minute": 6}},
                                  budget={"usd": 2})
        result = self.rushhour("run", self.write_profile(profile), "--simulate", "--json", "-o", "run", expect=(5,))
        manifest = json.loads(result.stdout)
        self.assertEqual(manifest["run"]["state"], "stopped")
        self.assertLessEqual(manifest["totals"]["cost_usd"], 2)  # ten seconds of open sessions, twice
        self.assertGreaterEqual(manifest["totals"]["cost_usd"], 1)


if __name__ == "__main__":
    unittest.main()
