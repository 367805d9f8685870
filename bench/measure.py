"""What the benchmarks share: commands run in turn as whole processes, and figures in a table."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Usage(NamedTuple):
    """What one process took: seconds of wall time, bytes of memory at the peak."""

    seconds: float
    memory: int


class Figure(NamedTuple):
    """One line of the result: a figure, what it was promised to be at most or at least."""

    name: str
    value: float
    unit: str
    bound: str
    met: bool


def run(command: Sequence[str]) -> Usage:
    """Runs a command to its end, its output thrown away; raises where it fails."""
    environment = {key: value for key, value in os.environ.items() if key != _NO_BYTECODE}
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, cwd=ROOT
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{errors.decode()}")
    return Usage(seconds, usage.ru_maxrss * 1024)


_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


def python(code: str) -> list[str]:
    """The command that runs a piece of Python in a fresh interpreter."""
    return [sys.executable, "-c", code]


def compiled() -> None:
    """Compiles the package to bytecode, as an install by pip does."""
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", os.path.join(ROOT, "netdsl")], check=True
    )


def in_turn(
    first: Sequence[str], second: Sequence[str], rounds: int
) -> tuple[list[Usage], list[Usage]]:
    """Runs two commands A B A B … after one run of each that does not count."""
    run(first), run(second)
    pairs = [(run(first), run(second)) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def median_ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """The median of the ratios pair by pair."""
    return statistics.median(a / b for a, b in zip(first, second, strict=True))


def at_most(name: str, value: float, bound: float, unit: str = "") -> Figure:
    """A figure that should not be above a bound."""
    return Figure(name, value, unit, f"at most {bound:g}{unit}", value <= bound)


def at_least(name: str, value: float, bound: float, unit: str = "") -> Figure:
    """A figure that should not be below a bound."""
    return Figure(name, value, unit, f"at least {bound:g}{unit}", value >= bound)


def show(title: str, figures: Sequence[Figure]) -> int:
    """Prints the figures; 1 where one misses its bound."""
    table = Table("figure", "measured", "promised", "", title=title)
    for figure in figures:
        mark = "met" if figure.met else "[bold red]missed[/]"
        table.add_row(figure.name, f"{figure.value:.3g}{figure.unit}", figure.bound, mark)
    Console().print(table)
    return int(not all(figure.met for figure in figures))
