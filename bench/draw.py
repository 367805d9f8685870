"""How fast `netdsl draw` is: every bundled net in every format, and the slowest as whole processes.

Where Keras, pydot and Graphviz are installed, ResNet-50 as SVG is set beside Keras' `plot_model` of
Keras' own model of the same net: the drawing alone, both models in memory.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from importlib.util import find_spec
from typing import Any, NamedTuple

from measure import ROOT, Figure, at_most, compiled, median_ratio, run, show

import netdsl
from netdsl.draw.draw import KINDS, PLAIN, draw, shown, whole
from netdsl.draw.fit import MOST
from netdsl.draw.fold import size
from netdsl.graph import ElaboratedNet
from netdsl.zoo import bundled_nets

NETDSL = (sys.executable, "-m", "netdsl")
FORMATS = [(kind, ending) for kind, writers in KINDS.items() for ending in writers]
SECONDS = 5
# A net that is proved to be the one of Keras Applications.
SAME = "keras/ResNet50"


class Drawing(NamedTuple):
    """One file: what it took to load its net and draw it, and how large it is."""

    seconds: float
    bytes: int
    net: str
    kind: str
    ending: str

    @property
    def name(self) -> str:
        """What is drawn, for a line of the result."""
        return f"{self.net} as {self.kind}, {self.ending}"


def drawings() -> tuple[list[Drawing], list[tuple[int, str]]]:
    """Every net in every format, and how many boxes its graph has."""
    found: list[Drawing] = []
    boxes = []
    for name in {entry.net: name for name, entry in bundled_nets().items()}.values():
        started = time.perf_counter()
        net = netdsl.load(name).elaborated
        loading = time.perf_counter() - started
        for kind, ending in FORMATS:
            seconds, length = drawn(net, kind, ending)
            found.append(Drawing(loading + seconds, length, name, kind, ending))
        boxes.append((size(shown(whole(net), PLAIN)[0].level), name))
    return found, boxes


def drawn(net: ElaboratedNet, kind: str, ending: str) -> tuple[float, int]:
    """Seconds of one drawing and the bytes of its file."""
    started = time.perf_counter()
    picture = draw([net], kind, ending)
    return time.perf_counter() - started, len(picture)


def cold(drawing: Drawing) -> Figure:
    """The same drawing as a whole process."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, f"net.{drawing.ending}")
        seconds = run([*NETDSL, "draw", drawing.net, "--as", drawing.kind, "-o", out]).seconds
    return at_most(f"{drawing.name}, cold", seconds, SECONDS, " s")


def figures() -> list[Figure]:
    """The slowest by kind and format, the largest file, the most boxes."""
    started = time.perf_counter()
    found, boxes = drawings()
    together = time.perf_counter() - started
    slowest = [
        max(drawing for drawing in found if (drawing.kind, drawing.ending) == form)
        for form in FORMATS
    ]
    largest = max(found, key=lambda drawing: drawing.bytes)
    most, name = max(boxes)
    return [
        *(at_most(each.name, each.seconds, SECONDS, " s") for each in slowest),
        *map(cold, sorted(found, reverse=True)[:3]),
        Figure(f"largest file: {largest.name}", largest.bytes / 1e6, " MB", "", True),
        at_most(f"boxes of {name}", most, MOST),
        Figure(f"all {len(found)} drawings", together, " s", "", True),
    ]


def beside_keras() -> list[Figure]:
    """The median ratio of drawing ResNet-50 to Keras' drawing, in turn; none without Keras."""
    missing = [name for name in ("keras", "pydot") if find_spec(name) is None]
    missing += [] if shutil.which("dot") else ["Graphviz' dot"]
    if missing:
        print(f"no peer: {', '.join(missing)} not installed")
        return []
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    net, model = netdsl.load(SAME).elaborated, keras.applications.ResNet50(weights=None)
    ours, theirs = [], []
    for _ in range(6):
        ours.append(drawn(net, "graph", "svg")[0])
        theirs.append(plotted(keras, model))
    ratio = median_ratio(ours[1:], theirs[1:])  # the first run of each does not count
    return [Figure("ResNet-50 as SVG / Keras' plot_model", ratio, "", "", True)]


def plotted(keras: Any, model: Any) -> float:
    """Seconds of Keras' picture with shapes, as SVG too."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        keras.utils.plot_model(model, os.path.join(folder, "net.svg"), show_shapes=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    # Not the folder of this file, where keras.py would hide the library.
    sys.path[0] = ROOT
    compiled()
    sys.exit(show("netdsl draw on every bundled net", [*figures(), *beside_keras()]))
