"""Works the figures of a run out again from attempts.csv alone, with scipy and the formulas of docs/statistics.md.

usage: recompute.py RUN_FOLDER

Rates have to agree in nine digits, quantiles within the width of a bucket of the histograms (docs/statistics.md).
"""

import collections
import csv
import json
import math
import pathlib
import sys

from scipy import stats

CONFIDENCE = 0.95
UPPER = 1 - (1 - CONFIDENCE) / 2
BUCKET = 0.002


def wilson(x, n, z):
    middle, half = x + z * z / 2, z * math.sqrt(x * (n - x) / n + z * z / 4)
    return (0 if x <= 0 else (middle - half) / (n + z * z)), (1 if x >= n else (middle + half) / (n + z * z))


class Chains:
    """The chains of one region: m attempts each, x of them failed, the first failure at number f."""

    def __init__(self, rows):
        chains = collections.defaultdict(list)
        for row in sorted(rows, key=lambda row: row["end"]):
            chains[row["chain"]].append(row["outcome"] == "failed")
        self.m = [len(chain) for chain in chains.values()]
        self.x = [sum(chain) for chain in chains.values()]
        self.first = [chain.index(True) + 1 for chain in chains.values() if True in chain]
        self.n, self.failed, self.count = sum(self.m), sum(self.x), len(chains)
        self.with_failure = len(self.first)

    def comparable(self):
        return self.count > 1 and self.with_failure > 1 and 0 < self.failed < self.n

    def design_effect(self):
        if not self.comparable():
            return 1
        p = self.failed / self.n
        clustered = sum((x - m * p) ** 2 for m, x in zip(self.m, self.x)) / self.n ** 2 * self.count / (self.count - 1)
        return max(1, clustered / (p * (1 - p) / (self.n - 1)))

    def interval(self, x, n):
        """Of x of n that depend on each other as the attempts of chains do."""
        effect = self.design_effect()
        if effect <= 1 + 1e-9:
            return wilson(x, n, stats.norm.ppf(UPPER))
        return wilson(x / effect, n / effect, stats.t.ppf(UPPER, min(self.count - 1, 2 * self.with_failure)))

    def failure_rate(self):
        if self.comparable():
            return self.failed / self.n, *self.interval(self.failed, self.n)
        tail, x, s = 1 - UPPER, self.with_failure, self.count  # too few to compare: Clopper and Pearson, by chains
        low = 0 if x == 0 else stats.beta.ppf(tail, x, s - x + 1)
        high = 1 if x == s else stats.beta.ppf(1 - tail, x + 1, s - x)
        rate = self.failed / self.n
        return rate, min(low, rate), max(high, rate)


def session_rate(rows, chains):
    sessions = collections.defaultdict(bool)
    for row in rows:
        sessions[row["session"]] |= row["outcome"] == "failed"
    n, x = len(sessions), sum(sessions.values())
    draws = min(n, chains.count)
    return x / n, *wilson(x / n * draws, draws, stats.norm.ppf(UPPER))


def quantile(values, q):
    """The value at rank ceil(q n), and the ranks that hold the true one in 95 of 100 samples."""
    values, n = sorted(values), len(values)
    low, high = int(stats.binom.ppf(1 - UPPER, n, q)), int(stats.binom.ppf(UPPER, n, q)) + 1
    at = values[math.ceil(q * n - 1e-9) - 1]
    return at, values[low - 1] if low >= 1 else None, values[high - 1] if high <= n else None


class Checks:
    def __init__(self):
        self.count, self.wrong = 0, []

    def digits(self, what, ours, theirs):
        self.count += 1
        if ours is None or not math.isclose(ours, theirs, rel_tol=1e-8, abs_tol=1e-12):
            self.wrong.append(f"{what}: {ours} in run.json, {theirs} by attempts.csv")

    def bucket(self, what, ours_ms, theirs_us):
        self.count += 1
        if theirs_us is not None and (ours_ms is None or not math.isclose(1000 * ours_ms, theirs_us, rel_tol=BUCKET, abs_tol=2)):
            self.wrong.append(f"{what}: {ours_ms} ms in run.json, {theirs_us / 1000} ms by attempts.csv")


def check_region(region, rows, checks):
    name = region["name"]
    judged = [row for row in rows if row["outcome"] in ("ok", "failed")]
    chains = Chains(judged)
    found = {"attempt": chains.failure_rate(), "session": session_rate(judged, chains)}
    ended = region["interactions"]["ok"] + region["interactions"]["failed"]
    failed = region["interactions"]["failed"]
    found["interaction"] = (failed / ended, *chains.interval(failed, ended))
    for kind, figures in found.items():
        for key, value in zip(("value", "low", "high"), figures):
            checks.digits(f"{name}, failure_rate.{kind}.{key}", region["failure_rate"][kind][key], value)
    for metric in ("ttft", "response"):
        values = [int(row[metric + "_us"]) for row in judged if row["outcome"] == "ok" and row[metric + "_us"]]
        told = region["latency_ms"][metric]
        checks.digits(f"{name}, {metric}.count", told["count"], len(values))
        for label, q in (("p50", 0.5), ("p99", 0.99)):
            if label == "p99" and len(values) < 368:
                continue
            at, _, _ = quantile(values, q)
            checks.bucket(f"{name}, {metric}.{label}", told[label], at)


def main(folder):
    folder = pathlib.Path(folder)
    manifest = json.loads((folder / "run.json").read_text())
    with open(folder / "attempts.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    checks = Checks()
    for region in manifest["regions"]:
        own = [row for row in rows if row["region"] == region["name"]]
        checks.digits(f"{region['name']}, attempts", region["attempts"]["started"], len(own))
        check_region(region, own, checks)
    for sentence in checks.wrong:
        print(sentence, file=sys.stderr)
    print(f"{folder.name}: {checks.count} figures of {len(manifest['regions'])} regions worked out again, {len(checks.wrong)} differ")
    sys.exit(len(checks.wrong) > 0)


main(sys.argv[1])
