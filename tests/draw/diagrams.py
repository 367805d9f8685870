"""Diagrams for tests: bundled nets, one with everything odd, names that formats take for orders."""

from __future__ import annotations

import os
import subprocess
import sys

import netdsl
from netdsl.draw.diagram import Diagram
from netdsl.draw.fold import folded
from netdsl.draw.outline import outline

# An auxiliary output, tensors that leave blocks by name, a block that hands its input on, a loop.
ODD = """\
block half(channels) { conv(channels, 3, pad=same) -> relu as inner -> maxpool(2) }
block outer(channels) { half(channels) as part -> conv(channels, 1) }
net Odd {
  input image: 32 x 32 x 3
  outer(8) as deep
  auxiliary global_avgpool -> dense(4) -> softmax as side
  concat(it, deep.part.inner -> maxpool(2))
  repeat 3 { conv(16, 3, pad=same) -> relu -> add(it, conv(16, 1)) }
  global_avgpool -> dense(3) -> softmax
}
"""


def diagram_of(name: str, depth: int | None) -> Diagram:
    """A bundled net, or the odd one, with so many levels open."""
    net = netdsl.load("odd.net", text=ODD) if name == "odd" else netdsl.load(name)
    return folded(outline(net.elaborated), depth)


def named(*names: str) -> Diagram:
    """A diagram with boxes of these names, one in another's place after the last."""
    diagram = diagram_of("lenet", 0)
    level = diagram.level
    boxes = [
        box.replace(name=f"{name} {at}", title=name, parts=())
        for at, (box, name) in enumerate(zip(level.boxes, names, strict=False))
    ]
    edges = tuple(edge for edge in level.edges if edge.target < len(boxes))
    return diagram.replace(level=level.replace(boxes=tuple(boxes), edges=edges))


def elsewhere(expression: str) -> str:
    """What an expression of `diagram` gives, U-Net's, in an interpreter with other hashes."""
    module, _, _ = expression.partition(".")
    code = (
        f"from netdsl.draw import {module}\n"
        "from tests.draw.diagrams import diagram_of\n"
        "diagram = diagram_of('unet', None)\n"
        f"print({expression}, end='')\n"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout
