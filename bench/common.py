"""What the whole-program benchmarks share: a profile, a run, and its files read without our code."""

import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[1]
RUSHHOUR = str(pathlib.Path(os.environ.get("RUSHHOUR", PROJECT / "build/release/rushhour")).resolve())


def profile(regions=("eastus2", "swedencentral", "francecentral"), **keys):
    """Three GA regions with short answers; keys replace whole blocks."""
    made = {
        "name": "bench",
        "regions": [{"name": name, "endpoint": f"https://bench-{name}.openai.azure.com", "deployment": "gpt-realtime",
                     "dialect": "ga"} for name in regions],
        "windows": {"interval": "5s", "report": []},
        "retry": {"attempts": 1},
        "simulator": {"quota": "none",
                      "output_deltas": 10,
                      "latency": [{"upgrade": "5ms", "session": "2ms", "configure": "2ms",
                                   "response_created": {"median": "20ms", "p99": "80ms"},
                                   "first_output": {"median": "150ms", "p99": "600ms"}, "delta": "10ms"}]},
    }
    made.update(keys)
    return made


def start(folder, made, *arguments):
    """Starts a simulated run of a profile in a folder; the run folder is folder/run."""
    path = pathlib.Path(folder) / "profile.json"
    path.write_text(json.dumps(made, indent=2))
    return subprocess.Popen([RUSHHOUR, "run", str(path), "--simulate", "--seed", "7", "--quiet", "-o",
                             str(pathlib.Path(folder) / "run"), *arguments], cwd=folder)


def finish(process):
    """Waits for a run; anything but an ended run (passed, inconclusive, invalid, failed gate) ends the benchmark."""
    status = process.wait()
    if status not in (0, 3, 4, 99):
        sys.exit(f"the run ended with {status}")


def attempts(folder):
    with open(pathlib.Path(folder) / "run/attempts.csv", newline="") as file:
        return list(csv.DictReader(file))


def lines(folder, name):
    with open(pathlib.Path(folder) / "run" / name) as file:
        return [json.loads(line) for line in file]


def manifest(folder):
    return json.loads((pathlib.Path(folder) / "run/run.json").read_text())


def quantile(values, share):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def spread(values):
    return {"median": statistics.median(values), "p99": quantile(values, 0.99), "max": max(values)}
