#!/usr/bin/env python3
"""What bash, zsh and fish offer for command lines of rushhour, typed into the shells themselves.

usage: test_shells.py PREFIX   (of an installation)
"""

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

PREFIX = pathlib.Path(sys.argv.pop(1)).resolve()

# what is typed: what must be offered, what must not
CASES = {
    "rushhour ": (["run", "check", "evidence", "simulate"], ["profiles"]),
    "rushhour run --s": (["--simulate", "--seed", "--shard", "--start-at", "--spill", "--share", "--sessions"], ["--json"]),
    "rushhour report --format ": (["text", "markdown", "html", "csv", "json"], ["mine.json"]),
    "rushhour run --inconclusive ": (["pass", "fail"], ["mine.json"]),
    "rushhour run m": (["mine.json"], []),
    "rushhour report r": (["results"], ["run.txt"]),
    "rushhour run mine.json -o r": (["results"], ["run.txt"]),
    "rushhour evidence --check m": (["mine.json"], []),
    "rushhour run --seed ": ([], ["mine.json", "results"]),
}


def folder():
    """A working folder with a profile, a run folder's parent and a file that is neither."""
    path = pathlib.Path(tempfile.mkdtemp())
    (path / "mine.json").write_text("{}")
    (path / "run.txt").write_text("")
    (path / "results").mkdir()
    return path


def environment():
    return {"PATH": f"{PREFIX}/bin:/usr/bin:/bin", "HOME": tempfile.mkdtemp(), "TERM": "xterm", "LC_ALL": "C.UTF-8",
            "XDG_DATA_DIRS": f"{PREFIX}/share"}


def by_fish(line, cwd):
    script = f"source {PREFIX}/share/fish/vendor_completions.d/rushhour.fish; complete -C '{line}'"
    said = subprocess.run(["fish", "--no-config", "-c", script], cwd=cwd, env=environment(), capture_output=True, text=True,
                          timeout=60)
    if said.stderr:
        sys.exit(f"fish: {said.stderr}")
    return [entry.split("\t")[0] for entry in said.stdout.splitlines()]


def read_until(master, pattern, seconds=60):
    text, end = "", time.monotonic() + seconds
    while not re.search(pattern, text):
        if time.monotonic() > end:
            sys.exit(f"no {pattern!r} in {text!r}")
        if select.select([master], [], [], 0.2)[0]:
            text += os.read(master, 65536).decode(errors="replace")
    return text


def typed(argv, setup, line, keys, cwd):
    """Types a line and the keys that list its completions; returns the words of what the shell shows then."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe(argv[0], argv, environment())
    try:
        os.write(master, f"{setup}; echo REA''DY\n".encode())
        read_until(master, "READY")
        os.write(master, line.encode() + keys)
        shown = ""
        quiet = 0
        while quiet < 3:
            if select.select([master], [], [], 0.5)[0]:
                shown += os.read(master, 65536).decode(errors="replace")
                quiet = 0
            else:
                quiet += 1
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(master)
    shown = re.sub(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|[=>]|\][^\x07]*\x07)", " ", shown).replace("\x07", " ")
    return shown.split()


def by_bash(line, cwd):
    setup = (f"PS1='$ '; bind 'set page-completions off'; bind 'set completion-query-items -1'; bind 'set show-all-if-ambiguous on';"
             f" source {PREFIX}/share/bash-completion/completions/rushhour")
    return typed(["bash", "--norc", "--noprofile", "-i"], setup, line, b"\t\t", cwd)


def by_zsh(line, cwd):
    setup = (f"PS1='$ '; unsetopt zle_bracketed_paste; fpath=({PREFIX}/share/zsh/vendor-completions $fpath); autoload -Uz compinit; "
             "compinit -D -u; LISTMAX=1000")
    return typed(["zsh", "-f", "-i"], setup, line, b"\t\t", cwd)


def main():
    cwd = folder()
    failed = False
    for name, offer in (("bash", by_bash), ("zsh", by_zsh), ("fish", by_fish)):
        for line, (wanted, unwanted) in CASES.items():
            words = [word.rstrip("/") for word in offer(line, cwd)]
            missing = [word for word in wanted if word not in words]
            wrong = [word for word in unwanted if word in words]
            if missing or wrong:
                failed = True
                print(f"{name}: {line!r}: offered {words}; missing {missing}, wrong {wrong}")
    if failed:
        sys.exit(1)
    print(f"completions: {len(CASES)} lines typed into bash, zsh and fish")


main()
