"""How fast and how small `netdsl check` is, beside its own libraries and beside torchinfo.

Processes are run in turn and compared pair by pair, so that a slow machine slows both. What is
compared within one process is computed again and again there.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

from measure import (
    ROOT,
    Figure,
    at_least,
    at_most,
    compiled,
    in_turn,
    median_ratio,
    python,
    run,
    show,
)

NETDSL = os.path.join(os.path.dirname(sys.executable), "netdsl")
CHECK = [NETDSL, "check", "vgg16", "--json"]
TORCHINFO = python(
    "from tests.peers import import_torchvision; v = import_torchvision(); import torchinfo;"
    " torchinfo.summary(v.models.vgg16(), (1, 3, 224, 224), verbose=0)"
)
LOOP = "net A {{ input x: 64 x 64 x 8\\n for i in range({}) {{ conv(8 + i, 3, pad=same) }} }}"
REPEATED = (
    "block unit(width) {{ conv(width, 3, pad=same) -> batchnorm -> relu }}\\n"
    "net A {{ input x: 64 x 64 x 8\\n repeat {} {{ unit(8) }} }}"
)


def checked(text: str) -> list[str]:
    """The command that loads a spec given as text and computes all that `check` shows."""
    return python(
        "import netdsl; from netdsl.analyze.analysis import analyze;"
        f" analyze(netdsl.load('a.net', text='{text}').elaborated)"
    )


def start_up() -> list[Figure]:
    """`check` against the import of its libraries, and against torchinfo."""
    ours, libraries = in_turn(CHECK, python("import lark, rich.console"), 15)
    again, peer = in_turn(CHECK, TORCHINFO, 3)
    seconds = [usage.seconds for usage in ours], [usage.seconds for usage in libraries]
    return [
        at_most(
            "check vgg16 --json / import lark, rich.console, time", median_ratio(*seconds), 1.6
        ),
        at_least(
            "torchinfo / check vgg16 --json, time",
            median_ratio([usage.seconds for usage in peer], [usage.seconds for usage in again]),
            30,
        ),
        at_least(
            "torchinfo / check vgg16 --json, memory",
            median_ratio([usage.memory for usage in peer], [usage.memory for usage in again]),
            12,
        ),
    ]


def growth() -> list[Figure]:
    """How cost grows with the number of layers."""
    many, few = in_turn(checked(LOOP.format(100_000)), checked(LOOP.format(10_000)), 3)
    repeated, once = in_turn(checked(REPEATED.format(100_000)), checked(REPEATED.format(1)), 5)
    return [
        at_most(
            "100,000 different layers / 10,000, time",
            median_ratio([usage.seconds for usage in many], [usage.seconds for usage in few]),
            11,
        ),
        at_most(
            "100,000 different layers / 10,000, memory",
            median_ratio([usage.memory for usage in many], [usage.memory for usage in few]),
            11,
        ),
        at_most(
            "a block repeated 100,000 times / once, time",
            median_ratio([usage.seconds for usage in repeated], [usage.seconds for usage in once]),
            1.2,
        ),
    ]


def written() -> Figure:
    """A spec of 10,000 written lines, through the command."""
    path = os.path.join(ROOT, "build", "written.net")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("net Written {\n  input x: 64 x 64 x 8\n")
        file.writelines(f"  conv({8 + line % 50}, 3, pad=same) -> relu\n" for line in range(9_997))
        file.write("}\n")
    usage = [run([NETDSL, "check", path]).seconds for _ in range(3)]
    return at_most("check of 10,000 written lines", statistics.median(usage), 5, " s")


def within() -> Figure:
    """Load and check of ResNet-152, once everything is imported."""
    import netdsl
    from netdsl.analyze.analysis import analyze
    from netdsl.analyze.as_json import report

    times = []
    for _ in range(15):
        started = time.perf_counter()
        net = netdsl.load("resnet152")
        report(analyze(net.elaborated), net.diagnostics)
        times.append(time.perf_counter() - started)
    return at_most("load and check of ResNet-152", 1000 * statistics.median(times[1:]), 30, " ms")


if __name__ == "__main__":
    compiled()
    sys.exit(show("netdsl check", [*start_up(), within(), *growth(), written()]))
