"""How many sessions and responses there were at once, against the simulator's ledger: it has the begin and end of each.

What the client sees comes a little later than what the simulator did. How much later is known of every response, so what the client
can have counted lies between two bounds: with every begin as late and every end as early as can be, and the other way round.
"""

import datetime
import os
import signal
import unittest

import harness

LEVELS = ("sessions_open", "in_flight")


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def spans_of(run, region, level):
    """The time of each session or response that the simulator served, by the run's clock: begin, the earliest end, end.

    Who closes a session first does not wait for the other to see it: it may be over for the client after its last response."""
    kind = "session" if level == "sessions_open" else "response"
    answered = {}
    for line in run.ledger:
        if line["kind"] == "response":
            end = seconds(line["time"]) + line["delay_us"]["ended"] / 1e6
            answered[line["session_id"]] = max(end, answered.get(line["session_id"], 0))
    spans = []
    for line in run.ledger:
        if line["kind"] != kind or line["region"] != region:
            continue
        begin, delays = seconds(line["time"]), line["delay_us"]
        end = begin + delays["ended"] / 1e6
        if kind == "session":
            if "session" not in delays:  # it was refused, or ended before session.created
                continue
            begin += (delays["upgrade"] + delays["session"]) / 1e6
        spans.append((begin, answered.get(line["session_id"], begin) if kind == "session" else end, end))
    return spans


def lateness(run):
    """By how much the two may have seen the same at other times, in seconds: the most that responses show, of which turns that
    wait for no dial show when they were sent, and no less than what the generator says of itself."""
    served = {line["response_id"]: line for line in run.ledger if line["kind"] == "response"}
    most = 2 * run.manifest["generator"]["loop_delay_ms"]["max"] / 1e3 * speed_of(run)
    for row in run.attempts:
        line = served.get(row["response_id"])
        if line is None:
            continue
        begin = seconds(line["time"])
        most = max(most, abs(begin + line["delay_us"]["ended"] / 1e6 - seconds(row["end"])))
        if int(row["turn"]) > 1 and int(row["attempt"]) == 1:
            most = max(most, 2 * (begin - seconds(row["time"])))
    return most + 0.002 * speed_of(run)  # stamps are of whole milliseconds, and nothing takes no time


def speed_of(run):
    return run.manifest["run"]["clock_speed"]


def most_at_once(spans, start, end):
    changes = sorted([(begin, 1) for begin, over in spans if begin < end and over > start] +
                     [(over, -1) for begin, over in spans if begin < end and over > start])
    level = peak = 0
    for _, change in changes:
        level += change
        peak = max(peak, level)
    return peak


def area(spans, start, end):
    return sum(max(0.0, min(over, end) - max(begin, start)) for begin, over in spans)


class Concurrency(harness.Case):
    def profile(self, **sections):
        latency = {"upgrade": "20ms", "session": "20ms", "configure": "10ms", "response_created": "50ms",
                   "first_output": {"median": "400ms", "p99": "1200ms"}, "delta": "30ms"}
        base = {"load": {"model": "arrivals", "arrival": "poisson", "connect_rate": "200/s",
                         "stages": [{"duration": "2s", "target": "10/s"}, {"duration": "3s", "target": "10/s"}]},
                "session": {"interactions": 3, "think_time": "300ms", "modality": "text", "prompts": ["Say OK."]},
                "retry": {"attempts": 3, "backoff": {"initial": "50ms", "max": "200ms"}, "budget": "100%"},
                "simulator": {"latency": [latency],
                              "faults": [{"fault": name, "rate": rate} for name, rate in
                                         (("server_error", "5%"), ("upgrade_503", "5%"), ("connection_reset", "3%"))]}}
        return harness.profile(**{**base, **sections})

    def assert_as_served(self, run):
        late = lateness(run)
        for row in run.intervals:
            start, end = seconds(row["start"]), seconds(row["end"])
            for level in LEVELS:
                spans = spans_of(run, row["region"], level)
                fewest = [(begin + late, early - late) for begin, early, _ in spans if early - late > begin + late]
                most = [(begin - late, over + late) for begin, _, over in spans]
                mean, peak = float(row[level]), int(row[level + "_peak"])
                self.assertLessEqual(mean, peak)
                what = f"{row['region']} {row['start']} {level}, {late:.3f} s"
                length = end - start
                self.assertLessEqual(area(fewest, start, end) - 0.002, mean * length, what)
                self.assertLessEqual(mean * length, area(most, start, end) + 0.002, what)
                self.assertLessEqual(most_at_once(fewest, start, end), peak, what)
                self.assertLessEqual(peak, most_at_once(most, start, end), what)
        spans = [span for region in run.manifest["regions"] for span in spans_of(run, region["name"], "in_flight")]
        served = sum(over - begin for begin, _, over in spans)
        counted = sum(float(row["in_flight"]) * (seconds(row["end"]) - seconds(row["start"])) for row in run.intervals)
        self.assertGreater(len(spans), 20)
        self.assertLessEqual(abs(counted - served), 2 * late * len(spans))
        print(f"{len(spans)} responses of {served:.1f} s, {counted:.1f} s in flight, at most {late:.3f} s apart")
        self.assert_whole_run(run)

    def assert_whole_run(self, run):
        """run.json is of the rows together."""
        means = {level: 0.0 for level in LEVELS}
        for region in run.manifest["regions"]:
            rows = [row for row in run.intervals if row["region"] == region["name"]]
            length = sum(seconds(row["end"]) - seconds(row["start"]) for row in rows)
            for level in LEVELS:
                summed = sum(float(row[level]) * (seconds(row["end"]) - seconds(row["start"])) for row in rows)
                told = region["concurrency"][level]
                self.assertAlmostEqual(told["mean"], summed / length, places=4)
                self.assertEqual(told["peak"], max(int(row[level + "_peak"]) for row in rows))
                means[level] += told["mean"]
        for level in LEVELS:
            self.assertAlmostEqual(run.manifest["totals"]["concurrency"][level]["mean"], means[level], places=4)

    def drive(self, profile, *options):
        self.rushhour("run", self.write_profile(profile), "--simulate", "--seed", 5, "-o", "run", "--workers", 3, *options,
                      expect=harness.ENDED)
        run = harness.Run(self.folder / "run")
        self.assert_consistent(run)
        return run

    def test_real_time(self):
        """Poisson arrivals, faults, and what still runs when the load ends."""
        self.assert_as_served(self.drive(self.profile()))

    def test_replay(self):
        """The rehearsal clock goes ten times as fast; its intervals are minutes of it."""
        load = {"model": "sessions", "connect_rate": "50/s",
                "stages": [{"duration": "20s", "target": 6}, {"duration": "100s", "target": 6}]}
        latency = {"first_output": {"median": "4s", "p99": "9s"}, "delta": "1s"}
        run = self.drive(self.profile(load=load, windows={"interval": "20s"}, timeouts={"first_output": "60s"}, simulator={
            "latency": [latency], "clock": {"speed": 10, "start": "2026-04-14T06:50:00-07:00"}}))
        self.assertEqual(speed_of(run), 10)
        self.assert_as_served(run)

    def test_holds(self):
        """While a region's load is held back nothing is in flight there, and sessions stay open."""
        run = self.drive(self.profile(load={
            "model": "sessions", "connect_rate": "200/s",
            "stages": [{"duration": "0s", "target": 8}, {"duration": "5s", "target": 8}]},
            simulator={"latency": [{"first_output": "300ms"}], "quota": [{"rpm": 300, "tpm": 1000000}]}))
        self.assert_as_served(run)

    def test_a_killed_run_keeps_what_it_has(self):
        load = {"model": "sessions", "stages": [{"duration": "0s", "target": 5}, {"duration": "60s", "target": 5}]}
        session = {"interactions": 1000, "think_time": "0s", "modality": "text", "prompts": ["Say OK."]}
        profile = harness.profile(load=load, session=session,
                                  simulator={"latency": [{**harness.QUICK, "first_output": "2s"}]})
        process = harness.start("run", self.write_profile(profile), "--simulate", "-o", "run", "--workers", 2,
                                cwd=self.folder)
        # five whole intervals of three regions, and the header
        harness.wait_for_lines(self, process, self.folder / "run" / "intervals.csv", 16)
        os.killpg(process.pid, signal.SIGKILL)
        harness.finish(process)
        run = harness.Run(self.folder / "run")
        last = run.intervals[-1]
        self.assertEqual((int(last["sessions_open_peak"]), int(last["in_flight_peak"]) in (4, 5)), (5, True))
        self.assertAlmostEqual(float(last["sessions_open"]), 5, places=4)
        report = self.rushhour("report", "run", "--json", expect=harness.ENDED).stdout
        self.assertIn('"sessions_open":', report)


if __name__ == "__main__":
    unittest.main()
