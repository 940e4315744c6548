"""A delta costs no allocation: two runs that differ in the number of deltas alone take about as many, counted over all threads and
libraries of the program (tests/preload/failing_allocation.c, of which none fails here).
"""

import struct
import unittest

import harness

FEW, MANY, PARTS = 10, 400, 20
TOLD_BYTES = 16 + 4 * 4000000  # struct told


class Allocations(harness.Case):
    def count(self, deltas):
        """(allocations, deltas served) of a run whose responses have so many deltas."""
        name = f"run-{deltas}"
        told = self.folder / f"told-{deltas}"
        with open(told, "wb") as file:
            file.truncate(TOLD_BYTES)
        profile = harness.profile(
            regions=harness.REGIONS[:1],
            load={"model": "arrivals", "arrival": "even", "max_sessions": PARTS,
                  "stages": [{"duration": "0s", "target": "10/s"}, {"duration": f"{PARTS / 10}s", "target": "10/s"}]},
            session={"interactions": 1, "think_time": "0s", "modality": "audio", "prompts": ["Say OK."]},
            retry={"attempts": 1},
            simulator={"output_deltas": deltas, "latency": [{"first_output": "20ms", "delta": "2ms"}]})
        environment = {"LD_PRELOAD": harness.interposer("failing_allocation", self.folder), "FAIL_FILE": str(told),
                       "FAIL_AT": str(2**63)}
        process = harness.start("run", self.write_profile(profile), "--simulate", "--seed", 7, "--workers", 1, "-q", "-o", name,
                                cwd=self.folder, env=environment)
        result = harness.finish(process)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        with open(told, "rb") as file:
            counted, failed = struct.unpack("QQ", file.read(16))
        self.assertEqual(failed, 0)
        answered = sum(row["outcome"] == "ok" for row in harness.Run(self.folder / name).attempts)
        return counted, answered * deltas, answered

    @harness.needs_interposer
    def test_a_delta_costs_no_allocation(self):
        few, few_deltas, few_answers = self.count(FEW)
        many, many_deltas, many_answers = self.count(MANY)
        self.assertEqual(few_answers, many_answers)
        self.assertGreater(few_answers, 0)
        each = (many - few) / (many_deltas - few_deltas)
        print(f"{many_deltas - few_deltas} more deltas, {many - few} more allocations: {each:.3f} each")
        # some for each second that the longer run lasts (its ticks, its rows); one for a delta would be 1
        self.assertLess(each, 0.25)


if __name__ == "__main__":
    unittest.main()
