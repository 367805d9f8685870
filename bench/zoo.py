"""How fast `netdsl check` is on every bundled spec: cold for each, and all in one process.

A cold check is a whole process, of a file with every net in it or of one net by its name. It is set
beside a process that only imports the libraries that `check` stands on, which is run in turn with
it.
"""

from __future__ import annotations

import os
import sys
from glob import glob

from measure import ROOT, Figure, at_most, compiled, python, run, show

from netdsl.zoo import bundled_nets

NETDSL = os.path.join(os.path.dirname(sys.executable), "netdsl")
LIBRARIES = python("import lark, rich.console")
WHOLE = python(
    "import netdsl; from netdsl.analyze.analysis import analyze;"
    " from netdsl.analyze.as_json import report; from netdsl.zoo import bundled_nets\n"
    "for name in bundled_nets():\n"
    "    net = netdsl.load(name)\n"
    "    report(analyze(net.elaborated), net.diagnostics)\n"
)


def cold() -> list[Figure]:
    """The slowest, each by one process; the two runs that warm the disk do not count."""
    run(LIBRARIES), run([NETDSL, "check", "vgg16"])
    names = {entry.net: name for name, entry in bundled_nets().items()}.values()
    files = sorted(glob(os.path.join(ROOT, "specs", "*.net")))
    found = []
    for name in [*(os.path.relpath(file, ROOT) for file in files), *names]:
        libraries = run(LIBRARIES).seconds
        seconds = run([NETDSL, "check", name]).seconds
        found.append((seconds, seconds / libraries, name))
    slowest = sorted(found, reverse=True)[:5]
    figures = [at_most(f"check {name}, cold", took, 0.5, " s") for took, _, name in slowest]
    _, ratio, name = slowest[0]
    figures.append(Figure(f"check {name} / import of its libraries", ratio, "", "", True))
    return figures


def together() -> Figure:
    """Every bundled net, loaded and analysed one after another in one process."""
    return at_most(f"all {len(bundled_nets())} names in one process", run(WHOLE).seconds, 20, " s")


if __name__ == "__main__":
    compiled()
    sys.exit(show("netdsl check on every bundled net", [*cold(), together()]))
