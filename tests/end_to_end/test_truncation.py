"""Run folders cut at any byte: a report always comes, says what was lost and counts no more than there was."""

import concurrent.futures
import json
import os
import shutil
import unittest

import harness

WORKERS = 2
READ = ("intervals.csv", "attempts.csv", "failures.jsonl", "latency.hlog")  # by `report`, beside run.json


def offsets(data):
    """Every thousandth byte, both ends, and the ends of some lines: a cut there leaves no torn line behind."""
    ends = [at + 1 for at, byte in enumerate(data) if byte == ord("\n")]
    chosen = {0, 1, len(data) - 1, *range(0, len(data), 1000), *ends[:3], *ends[-4:], *ends[::len(ends) // 8 + 1]}
    return sorted(at for at in chosen if 0 <= at < len(data))


def counts(figures):
    """Every count of a region or of the totals, flat."""
    found = {}
    for group in ("sessions", "attempts", "interactions", "tokens"):
        for key, value in figures[group].items():
            found[group, key] = value
    found["retries"] = figures["retries"]
    for failure in figures.get("failures", []) + figures.get("lifecycle", []):
        found["failures", failure["phase"], failure.get("domain"), failure["code"]] = failure["count"]
    for metric, latency in figures.get("latency_ms", {}).items():
        found["latency_ms", metric] = latency["count"]
    return found


class Truncation(harness.Case):
    def make_run(self, name, seed):
        profile = harness.profile(
            load={"model": "sessions", "stages": [{"duration": "0s", "target": 1}, {"duration": "3s", "target": 1}]},
            session={"interactions": 4, "think_time": "10ms", "modality": "text", "prompts": ["Say OK."]},
            retry={"attempts": 2, "backoff": {"initial": "10ms", "max": "20ms"}},
            simulator={"latency": [harness.QUICK],
                       "faults": [{"fault": "server_error", "rate": "5%"}, {"fault": "connect_reset", "rate": "2%"}]})
        self.rushhour("run", self.write_profile(profile), "--simulate", "--quiet", "--seed", seed, "-o", name,
                      expect=harness.ENDED)
        return self.folder / name

    def cut_everywhere(self, folder):
        whole = self.report(folder)
        lost = [note for note in whole["notes"] if "the peaks are sums" not in note]
        self.assertEqual(lost, [], "the whole has lost nothing")
        jobs = []
        for path in sorted(folder.iterdir()):
            data = path.read_bytes()
            jobs += [(path.name, data, at) for at in offsets(data)]
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            wrong = [fault for fault in pool.map(lambda job: self.cut(folder, whole, *job), jobs) if fault]
        self.assertEqual(wrong[:10], [], f"{len(wrong)} of {len(jobs)} cuts of {folder.name}")
        self.assertGreater(len(jobs), 200)

    def report(self, folder):
        return json.loads(self.rushhour("report", folder, "--format", "json").stdout)

    def cut(self, folder, whole, name, data, at):
        """A folder whose one file is cut and whose others are the whole's; what is wrong with its report, or None."""
        copy = self.folder / f"{folder.name}-{name}-{at}"
        copy.mkdir()
        for path in folder.iterdir():
            if path.name != name:
                os.link(path, copy / path.name)
        (copy / name).write_bytes(data[:at])
        result = harness.rushhour("report", copy, "--format", "json", cwd=self.folder)
        shutil.rmtree(copy)
        fault = self.judge(whole, name, data[:at], result)
        return f"{name} cut at {at} of {len(data)}: {fault}" if fault else None

    def judge(self, whole, name, left, result):
        if name == "run.json" and not self.is_json(left):
            if result.status != 1 or "run.json" not in result.stderr or result.stdout:
                return f"status {result.status}, {result.stderr}"
            return None
        if result.status != 0:
            return f"status {result.status}, {result.stderr}"
        report = json.loads(result.stdout)
        if name not in READ:
            return None if report == whole else "differs, though nothing was lost"
        if not any(name.partition(".")[0] in note for note in report["notes"]):
            # A row that counted nothing (the last interval of a region that had ended) leaves all figures as they were.
            pairs = [(whole["totals"], report["totals"]), *zip(whole["regions"], report["regions"])]
            if any(counts(before) != counts(after) for before, after in pairs):
                return f"does not say what was lost: {report['notes']}"
        return self.too_many(whole["totals"], report["totals"]) or next(
            filter(None, map(self.too_many, whole["regions"], report["regions"])), None)

    @staticmethod
    def is_json(data):
        try:
            json.loads(data)
        except ValueError:
            return False
        return True

    @staticmethod
    def too_many(whole, left):
        most = counts(whole)
        for key, value in counts(left).items():
            if value > most.get(key, 0):
                return f"{key}: {value} of {most.get(key, 0)}"
        return None

    def test_run(self):
        self.cut_everywhere(self.make_run("run", 1))

    def test_merged_runs(self):
        first, second = self.make_run("first", 1), self.make_run("second", 2)
        self.rushhour("merge", "merged", first, second, "--quiet")
        self.cut_everywhere(self.folder / "merged")


if __name__ == "__main__":
    unittest.main()
