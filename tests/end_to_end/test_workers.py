"""As many workers as cores that the process may use, unless told otherwise."""

import os
import unittest

import harness


class Workers(harness.Case):
    def workers(self, cores, *arguments):
        """How many a run makes that may use only these cores."""
        name = f"run-{len(cores)}-{len(arguments)}"
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)  # inherited
        try:
            process = harness.start("run", self.write_profile(harness.profile()), "--simulate", "-q", "-o", name, *arguments,
                                    cwd=self.folder)
        finally:
            os.sched_setaffinity(0, before)
        result = harness.finish(process)
        self.assertIn(result.status, harness.ENDED, result.stderr)
        return harness.Run(self.folder / name).manifest["run"]["workers"]

    def test_one_for_each_core_of_the_cpu_set(self):
        cores = sorted(os.sched_getaffinity(0))
        self.assertEqual(self.workers(cores[:1]), 1)
        self.assertEqual(self.workers(cores[:2]), len(cores[:2]))

    def test_told_otherwise(self):
        cores = sorted(os.sched_getaffinity(0))
        self.assertEqual(self.workers(cores[:1], "--workers", 3), 3)


if __name__ == "__main__":
    unittest.main()
