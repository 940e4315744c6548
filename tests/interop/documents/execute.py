"""Executes every command of every document, in a folder of the document's own, and compares what the document shows.

usage: execute.py RUSHHOUR [DOCUMENT...]

```console   a session: `$ command` (goes on behind a \\) and what it prints. Compared word by word: numbers, times and the
             width of columns may differ, a line `...` stands for any lines, and ... at the end of a line for its rest.
             A command without lines below it may print what it likes.
```sh        commands alone: each has to end well (0, or what a run that came to its end gives: 3, 4, 99)
```python    executed

In comments of the source, unseen by readers, stand before a block:
<!-- file: NAME -->       the next block is that file
<!-- before: COMMAND -->  what it takes for granted
<!-- apart: WHY -->       it is not executed here

Documents speak of real services: `run` and `check` get --simulate where a document does not give it, a run of my.json a length
of two seconds, and --start-at a moment to come. A search for a capacity, of many minutes, is planned and not carried out. Whatever else stands in a document runs as it stands.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[3]
DOCUMENTS = ["README.md", "results/README.md", "SECURITY.md",
             *sorted(str(path.relative_to(PROJECT)) for path in (PROJECT / "docs").glob("*.md"))]
# Of the machine, or of an account, and not of rushhour: read, not executed.
OF_OTHERS = {"make", "sudo", "az", "systemctl", "journalctl", "docker", "apt-get", "cd", "git", "export"}
FINE = (0, 3, 4, 99)
SECONDS = 120
TRIES = 3  # a busy machine may spoil a run, which then says so instead of what the document shows

SHIM = r"""#!/usr/bin/env bash
real=@REAL@
case ${1:-} in
run | check)
    given=" $* "
    if [[ $given != *" --simulate "* && $given != *" --dry-run "* && $given != *" --connect-to "* && $given != *" --help "* ]]; then
        set -- "$@" --simulate
    fi
    if [[ $given == *" my.json "* && $1 == run && $given != *" --dry-run "* ]]; then set -- "$@" --duration 2s; fi
    for argument; do # a moment of yesterday is none to begin at
        shift
        [[ $argument =~ ^20..-..-..T ]] && argument=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)
        set -- "$@" "$argument"
    done ;;
esac
if [[ ${1:-} == capacity && $* != *" --dry-run"* ]]; then set -- "$@" --simulate --dry-run; fi
exec "$real" "$@"
"""


class Block:
    def __init__(self, language, line):
        self.language, self.line, self.lines = language, line, []
        self.file, self.before, self.apart = None, [], None


def blocks(text):
    """The fenced blocks of a document, each with the comments that stand before it."""
    found, block, notes = [], None, []
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"\s*```(\w*)\s*$", line)
        note = re.match(r"\s*<!-- (file|before|apart): (.*?) -->\s*$", line)
        if fence and block is None:
            block = Block(fence.group(1), number)
            for kind, value in notes:
                if kind == "before":
                    block.before.append(value)
                else:
                    setattr(block, kind, value)
            notes = []
        elif fence:
            found.append(block)
            block = None
        elif block is not None:
            block.lines.append(line)
        elif note:
            notes.append((note.group(1), note.group(2)))
    assert block is None, "a block has no end"
    return found


def sessions(lines):
    """(command, what it prints) of a console block."""
    command, printed = None, []
    for line in lines:
        goes_on = command is not None and command.endswith("\\") and not printed
        if goes_on:
            command = command[:-1] + line.strip()
        elif line.startswith("$ "):
            if command is not None:
                yield command, printed
            command, printed = line[2:], []
        else:
            assert command is not None, "a console block begins with `$ `"
            printed.append(line)
    if command is not None:
        yield command, printed


def plain(line):
    """A line without what differs from run to run: numbers, their units, and blanks."""
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?(-\d+)?", "TIME", line)
    line = re.sub(r"(?<![A-Za-z_])[<>]?=? ?\$?\d[\d,.]*(?:-\d[\d,.]*)?(?:%25|%|/m|/s)?", "#", line)
    line = re.sub(r"#(?: (?:ms|s|min|m|h|us|KiB|MiB|B)\b|(?:ms|s|m|h|d)\b)(?: #(?:s|m|h|ms)\b)*", "#", line)
    line = re.sub(r"# to #", "#", line)
    return re.sub(r"[\s-]+", " ", line).strip()


def same(wanted, got):
    """Whether the lines are those that the document shows."""
    if not wanted:
        return not got
    if wanted[0].strip() == "...":
        return any(same(wanted[1:], got[skipped:]) for skipped in range(len(got) + 1))
    if not got:
        return False
    shown = plain(wanted[0])
    seen = plain(got[0])
    fits = seen.startswith(shown[:-3].rstrip()) if shown.endswith("...") else shown == seen
    return fits and same(wanted[1:], got[1:])


class Document:
    def __init__(self, name, rushhour, folder):
        self.name, self.folder, self.rushhour = name, pathlib.Path(folder), rushhour
        (self.folder / "build/release").mkdir(parents=True)
        shim = self.folder / "build/release/rushhour"
        shim.write_text(SHIM.replace("@REAL@", str(rushhour)))
        shim.chmod(0o755)
        shutil.copytree(PROJECT / "profiles", self.folder / "profiles")
        shutil.copytree(PROJECT / "docs", self.folder / "docs")
        (self.folder / "tmp").mkdir()
        self.environment = {**os.environ, "PATH": f"{shim.parent}:{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "120",
                            "TMPDIR": str(self.folder / "tmp"), "EASTUS2_KEY": "k", "SWEDEN_KEY": "k", "OTHER_KEY": "k",
                            "AZURE_OPENAI_API_KEY": "k", "RUSHHOUR_NOTIFY": ""}
        self.executed = 0

    def call(self, command, where):
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
        self.executed += 1
        assert done.returncode in FINE, f"{where}: {command}\nended with {done.returncode}:\n{done.stdout[-1500:]}"
        return done.stdout.splitlines()

    def session(self, block):
        for command, wanted in sessions(block.lines):
            where = f"{self.name}:{block.line}"
            got = self.call(command, where)
            while wanted and not wanted[-1].strip():
                wanted.pop()
            if wanted and not same(wanted, got):
                raise AssertionError("\n".join([f"{where}: {command}", "the document shows", *wanted, "and what came is", *got]))

    def script(self, block):
        for line in block.lines:
            words = line.split()
            if words and not words[0].startswith("#") and words[0] not in OF_OTHERS:
                self.call(line, f"{self.name}:{block.line}")

    def program(self, block):
        path = self.folder / f"block-{block.line}.py"
        path.write_text("\n".join(block.lines))
        self.call(f"{sys.executable} {path}", f"{self.name}:{block.line}")

    def execute(self):
        for block in blocks((PROJECT / self.name).read_text()):
            for command in block.before:
                self.call(command, f"{self.name}:{block.line}, before")
            if block.apart:
                continue
            if block.file:
                (self.folder / block.file).write_text("\n".join(block.lines) + "\n")
            elif block.language == "console":
                self.session(block)
            elif block.language in ("sh", "bash"):
                self.script(block)
            elif block.language == "python":
                self.program(block)
        return self.executed


def execute(name, rushhour):
    for left in reversed(range(TRIES)):
        with tempfile.TemporaryDirectory(prefix="rushhour-documents-", ignore_cleanup_errors=True) as folder:
            try:
                return name, Document(name, rushhour, folder).execute(), None
            except (AssertionError, subprocess.TimeoutExpired) as error:
                if left == 0:
                    return name, 0, str(error)
    return name, 0, None


def main(rushhour, *names):
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, executed, error in pool.map(lambda name: execute(name, rushhour), names or DOCUMENTS):
            if error:
                wrong.append(error)
            elif executed:
                print(f"{name}: {executed} commands")
    for error in wrong:
        print(error, file=sys.stderr)
    sys.exit(len(wrong) > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
