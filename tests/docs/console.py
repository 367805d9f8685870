"""Commands run as a reader of a page would run them, and what they print held against it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY

# How long something took is not what a page promises, nor how the last digits are rounded.
_TIME = re.compile(r"\b\d+(\.\d+)? m?s\b")
_ROUNDING = re.compile(r"\b\d\.\de-\d\d\b")
_FIGURE = re.compile(r"\d+(\.\d+)?")
_RULE = re.compile("─+")
_SHELL = re.compile(r"[<>|&;$]")

# Where a page's `pip install .` puts what it has written, without a network.
INSTALLED = Path("installed")
_OFFLINE = f"--quiet --no-deps --no-build-isolation --no-index --target {INSTALLED}"
_PROGRAMS = f"""
netdsl() {{ {sys.executable} -m netdsl "$@"; }}
pip() {{ {sys.executable} -m pip "$@" {_OFFLINE}; }}
"""

# A training ends after these steps. Of what trainings reached figures are not compared.
SHORT = ("--set", "train.steps=2")
_TRAINS = ("train", "sweep")
_REACHED = (*_TRAINS, "runs")


def commands(text: str, prompted: bool) -> Iterator[tuple[str, str]]:
    """The commands of a fence, each with the output that the fence shows.

    Where they stand behind a prompt (`$ `), all other lines are output; else each line is a
    command, and nothing is shown. A command goes on behind a backslash.
    """
    lines = text.replace("\\\n", " ").splitlines()
    if not prompted:
        yield from ((line, "") for line in lines if line.strip())
        return
    starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
    assert starts and starts[0] == 0, "a console begins with a command"
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        output = "".join(f"{line}\n" for line in lines[at + 1 : end])
        yield lines[at].removeprefix("$ "), output


def run(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The status of a command and all that it prints; a training is cut short.

    `pip install .` goes into a folder beside, where commands that come after it look, each in a
    process of its own.
    """
    words = shlex.split(command, comments=True)
    if words[0] == "netdsl" and not _SHELL.search(command) and not INSTALLED.exists():
        short = SHORT if words[1] in _TRAINS else ()
        status = main([*words[1:], *short])
        printed = capsys.readouterr()
        return status, printed.out + printed.err
    known = os.pathsep.join(map(str, (INSTALLED.resolve(), REPOSITORY)))
    done = subprocess.run(
        ["bash", "-c", f"{_PROGRAMS}\n{command}"],
        env={**os.environ, "PYTHONPATH": known, "HOME": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def agree(command: str, shown: str, printed: str) -> bool:
    """Whether a command printed what a page shows of it.

    A line `…` stands for any lines, a time for any time, a rounding error for any other. Where
    trainings were cut short figures are left out, and lines that are then alike are one.
    """
    if shlex.split(command, comments=True)[1] in _REACHED:
        shown, printed = _without_figures(shown), _without_figures(printed)
    shown, printed = (_TIME.sub("0 s", _ROUNDING.sub("0", text)) for text in (shown, printed))
    pattern = "".join(
        "(?:.*\n)*" if line == "…" else re.escape(f"{line}\n") for line in shown.splitlines()
    )
    return re.fullmatch(pattern, printed) is not None


def _without_figures(text: str) -> str:
    lines: list[str] = []
    for line in text.splitlines():
        plain = _RULE.sub("─", " ".join(_FIGURE.sub("#", line).split()))
        if lines[-2:] == [plain, "…"]:
            lines.pop()
        elif lines[-1:] != [plain]:
            lines.append(plain)
    return "".join(f"{line}\n" for line in lines)
