#!/usr/bin/env python3
"""The proof of tests/end_to_end/test_retry_storm.py at 1,000 sessions: build/release/rushhour must be there."""

import os
import pathlib
import subprocess
import sys

TEST = pathlib.Path(__file__).resolve().parents[1] / "tests/end_to_end/test_retry_storm.py"
sys.exit(subprocess.run([sys.executable, "-B", TEST], env={"STORM_SESSIONS": "1000", **os.environ}, check=False).returncode)
