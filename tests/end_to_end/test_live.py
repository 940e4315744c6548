"""The live view on a terminal: in its place at every size, with what there is room for, and nothing of the last picture left.

With pyte installed (python3-pyte), a terminal that we did not write must show the same.
"""

import os
import signal
import unittest

import harness
from screen import Terminal

try:
    import pyte
except ImportError:
    pyte = None

REGIONS = ["eastus2", "swedencentral", "openai"]
PROFILE = harness.profile(
    load={"model": "arrivals", "stages": [{"duration": "0s", "target": "10/s"}, {"duration": "60s", "target": "10/s"}]},
    windows={"interval": "1s", "report": ["peak=07:00-09:00@America/Los_Angeles"]},
    simulator={"latency": [harness.QUICK], "faults": [{"fault": "server_error", "rate": "20%", "regions": ["eastus2"]}]})


class Live(harness.Case):
    def terminal(self, columns, rows, profile=None, **environment):
        path = self.write_profile(profile or PROFILE, f"{columns}x{rows}.json")
        kept = {**harness.environment(), "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}
        if "NO_COLOR" not in environment:
            del kept["NO_COLOR"]
        terminal = Terminal([harness.RUSHHOUR, "run", path, "--simulate", "-o", f"run-{columns}x{rows}"], columns, rows, kept,
                            self.folder)
        self.addCleanup(self.stop, terminal)
        return terminal

    @staticmethod
    def stop(terminal):
        if terminal.fd < 0:
            return
        os.kill(terminal.pid, signal.SIGINT)
        os.kill(terminal.pid, signal.SIGINT)
        terminal.read(60)
        terminal.end()

    def shown(self, terminal, *words):
        """The screen, once it shows all of this."""
        terminal.read(60, lambda screen: all(word in "\n".join(screen.display) for word in words))
        terminal.read(1)
        lines = [line.rstrip() for line in terminal.screen.display]
        for word in words:
            self.assertIn(word, "\n".join(lines))
        return lines

    def assert_one_picture(self, lines):
        self.assertEqual(sum(" running " in line for line in lines), 1, "\n".join(lines))
        self.assertEqual(sum(line.startswith("region ") for line in lines), 1, "\n".join(lines))

    def test_every_size_has_one_picture(self):
        sizes = {(120, 40): ("in flight", "last failure", "failed attempts", "median ttft", "failures so far"),
                 (80, 24): ("failed attempts", "last failure", "last 1m", "median ttft"),
                 (60, 16): ("last failure", "failed attempts"),
                 (60, 7): ("last failure",), (30, 5): ("eastus2",)}
        for (columns, rows), words in sizes.items():
            terminal = self.terminal(columns, rows)  # one by one: who is not read, waits
            with self.subTest(f"{columns} x {rows}"):
                lines = self.shown(terminal, "running", *words)
                self.assert_one_picture(lines)
                self.assertEqual(lines[-1], "", "the cursor's line is free")
                self.assertTrue(all(len(line) < columns for line in lines), "\n".join(lines))
                self.assertTrue(terminal.screen.coloured)
                self.assertFalse(terminal.screen.wraps)
                self.assertEqual([line for line in terminal.screen.scrolled if " running " in line], [])
                if pyte is not None:
                    other = pyte.Screen(columns, rows)
                    pyte.ByteStream(other).feed(terminal.raw)
                    self.assertEqual([line.rstrip() for line in other.display], lines)
            self.stop(terminal)

    def test_a_resize_leaves_nothing_behind(self):
        terminal = self.terminal(120, 40)
        self.shown(terminal, "failures so far")
        for columns, rows in ((60, 12), (100, 30), (80, 8)):
            terminal.resize(columns, rows)
            terminal.read(1.5)
            lines = self.shown(terminal, "running", "eastus2")
            self.assert_one_picture(lines)
            self.assertTrue(all(len(line) < columns for line in lines), "\n".join(lines))

    def test_the_clock_of_a_replay(self):
        profile = {**PROFILE, "simulator": {**PROFILE["simulator"], "clock": {"speed": 4, "start": "2026-04-14T07:00:00-07:00"}}}
        lines = self.shown(self.terminal(100, 30, profile), "(clock x4)")
        self.assertRegex("\n".join(lines), r"07:0\d:\d\d PDT \(clock x4\)")

    def test_no_color_and_plain_letters(self):
        terminal = self.terminal(100, 30, NO_COLOR="1", LC_ALL="C")
        self.shown(terminal, "median ttft", "failures so far")
        self.assertFalse(terminal.screen.coloured)
        self.assertTrue(terminal.raw.isascii())

    def test_a_dumb_terminal_gets_lines_wrapped_at_words(self):
        terminal = self.terminal(60, 24, TERM="dumb")
        lines = self.shown(terminal, "running", "eastus2", "ttft")
        self.assertNotIn(b"\x1b", terminal.raw)
        self.assertTrue(all(len(line) < 60 for line in lines + terminal.screen.scrolled))
        words = set(" ".join(lines).split())
        self.assertTrue({"running;", "attempts", "failed,"} & words)


if __name__ == "__main__":
    unittest.main()
