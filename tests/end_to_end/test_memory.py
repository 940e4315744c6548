"""Whatever allocation fails, in whatever command: an error that says so, or the whole result. A sample of the sweep."""

import random
import unittest

import allocation_sweep
import harness

SEED = 11
SECONDS_EACH = 2


@harness.needs_interposer
class Memory(harness.Case):
    def test_no_failing_allocation_is_silent(self):
        sweep = allocation_sweep.Sweep(self.folder)
        with sweep.service():
            for command in allocation_sweep.COMMANDS:
                with self.subTest(command.name):
                    tried, _, found = sweep.command(command, True, random.Random(SEED), SECONDS_EACH)
                    self.assertGreater(tried, 3)
                    self.assertEqual([(case.at, case.rest, wrong, callers) for case, wrong, _, callers in found], [])


if __name__ == "__main__":
    unittest.main()
