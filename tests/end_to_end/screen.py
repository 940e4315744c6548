"""A terminal as far as rushhour uses one: a grid of characters, the cursor, and what scrolled off. Whatever it does not know is an
error, so that no sequence goes unnoticed."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

CSI = re.compile(r"\x1b\[([?]?)([0-9;]*)([A-Za-z])")


class Screen:
    def __init__(self, columns, rows):
        self.scrolled = []
        self.coloured = self.wraps = False
        self.resize(columns, rows)
        self.text = ""

    def resize(self, columns, rows):
        old = getattr(self, "cells", [])
        self.columns, self.rows = columns, rows
        self.cells = [(list(line) + [" "] * columns)[:columns] for line in (old + [[]] * rows)[:rows]]
        self.x, self.y = 0, min(getattr(self, "y", 0), rows - 1)
        self.autowrap = True

    @property
    def display(self):
        return ["".join(line) for line in self.cells]

    def feed(self, text):
        self.text += text
        while self.text:
            if self.text[0] == "\x1b":
                match = CSI.match(self.text)
                if not match:
                    if len(self.text) > 16:
                        raise AssertionError(f"unknown escape {self.text[:16]!r}")
                    return  # the rest is yet to come
                self.control(*match.groups())
                self.text = self.text[match.end():]
            else:
                self.put(self.text[0])
                self.text = self.text[1:]

    def put(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            self.down()
        elif character >= " ":
            if self.x == self.columns:
                self.wraps = True
                if self.autowrap:
                    self.x = 0
                    self.down()
                else:
                    self.x -= 1
            self.cells[self.y][self.x] = character
            self.x += 1

    def down(self):
        if self.y + 1 < self.rows:
            self.y += 1
        else:
            self.scrolled.append("".join(self.cells.pop(0)))
            self.cells.append([" "] * self.columns)

    def control(self, private, numbers, kind):
        count = int(numbers.split(";")[0] or 0)
        if private:
            if (count, kind) not in ((25, "l"), (25, "h"), (7, "l"), (7, "h")):
                raise AssertionError(f"unknown mode {count}{kind}")
            if count == 7:
                self.autowrap = kind == "h"
        elif kind == "A":
            if self.y < max(count, 1):
                raise AssertionError("the cursor would leave the screen, so that an old picture stays above")
            self.y -= max(count, 1)
        elif kind == "H" and not numbers:
            self.x = self.y = 0
        elif kind == "K" and count == 0:
            self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif kind == "J" and count in (0, 2):
            self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
            for line in self.cells[0 if count == 2 else self.y + 1:]:
                line[:] = [" "] * self.columns
        elif kind == "m":
            self.coloured = True
        else:
            raise AssertionError(f"unknown sequence {numbers}{kind}")


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, arguments, columns, rows, environment, cwd):
        self.screen = Screen(columns, rows)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                size(0, columns, rows)
                os.chdir(cwd)
                os.execve(arguments[0], [str(argument) for argument in arguments], environment)
            finally:
                os._exit(126)

    def resize(self, columns, rows):
        size(self.fd, columns, rows)
        self.screen.resize(columns, rows)

    def read(self, seconds, until=lambda screen: False):
        """What comes within so many seconds, or until the screen is as wished; False when the program has ended."""
        rest, end = b"", time.monotonic() + seconds
        while time.monotonic() < end and not until(self.screen):
            if not select.select([self.fd], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # EIO: no one has the other end
                return False
            if not data:
                return False
            self.raw += data
            data = rest + data
            cut = len(data)
            while cut and data[cut - 1] & 0xC0 == 0x80:  # a character may be cut in two
                cut -= 1
            if cut and data[cut - 1] >= 0xC0:
                cut -= 1
            try:
                text, rest = data.decode(), b""
            except UnicodeDecodeError:
                text, rest = data[:cut].decode(), data[cut:]
            self.screen.feed(text)
        return True

    def end(self):
        os.close(self.fd)
        self.fd = -1
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
