"""A flowchart of Mermaid. From: a folded diagram. To: its text, which GitHub draws in Markdown.

Boxes are nodes, open ones subgraphs. Edges go from innermost box to innermost box. GitHub draws
no text of more than 50,000 characters and no more than 500 edges.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from netdsl.draw import cards
from netdsl.draw.diagram import Diagram
from netdsl.draw.flat import Flow, Shown, everyone, flat
from netdsl.draw.layered import Direction
from netdsl.draw.theme import CATEGORIES, colors, known

_RANKS: Mapping[Direction, str] = {"down": "TD", "right": "LR"}
# What Mermaid, its Markdown or HTML take for more than text: signs of ASCII, an underscore at the
# rim of a word, and the dot of a number that begins a list.
_SPECIAL = re.compile(
    r"""[!"#$%&'*+:;<>?@[\\\]^`{|}~-]|(?<![^\W_])_|_(?![^\W_])|(?:(?<=^\d)|(?<=^\d\d))[.)](?=\s)"""
)
_NAMES = {'"': "quot", "&": "amp", "<": "lt", ">": "gt"}
# Frames leave the page as it is, light or dark, with edges and titles in its own colours.
_FRAME = "fill:none,stroke:#7d8a9c"
_TRAINING = "stroke-dasharray:4 3"


def write_mermaid(diagram: Diagram, figures: bool = False, direction: Direction = "down") -> str:
    """The flowchart of a diagram; with `figures` boxes tell their weights and multiply-adds.

    Boxes are called b1, b2, … in order, frames counted.
    """
    shown = flat(diagram)
    lines = [f"flowchart {_RANKS[direction]}"]
    for box in shown.boxes:
        lines += _box(box, figures, "  ")
    lines += [f"  {_edge(flow)}" for flow in shown.flows]
    lines += [f"  {look}" for look in _looks(list(everyone(shown.boxes)))]
    return "\n".join(lines) + "\n"


def _box(shown: Shown, figures: bool, indent: str) -> Iterator[str]:
    """The lines of a box, with those inside where it is open."""
    text = "<br/>".join(map(escaped, _told(shown, figures)))
    if shown.inside:
        yield f'{indent}subgraph {shown.id}["{text}"]'
        for inner in shown.inside:
            yield from _box(inner, figures, indent + "  ")
        yield f"{indent}end"
    elif shown.box.kind in ("input", "output"):
        yield f'{indent}{shown.id}(["{text}"])'
    else:
        yield f'{indent}{shown.id}["{text}"]'


def _told(shown: Shown, figures: bool) -> Iterator[str]:
    """The lines of a box; Mermaid breaks long ones itself, and has room for one over a frame."""
    yield cards.title(shown.box)
    if shown.inside:
        return
    if further := ", ".join(part.call for part in shown.box.parts[1:]):
        yield further
    if figures and (cost := cards.cost(shown.box)):
        yield from cost.split(", ")


def _edge(flow: Flow) -> str:
    arrow = "-.->" if flow.edge.training else "-->"
    text = f'|"{escaped(cards.shape(flow.edge.type))}"|' if flow.labelled else ""
    return f"{flow.source.id} {arrow}{text} {flow.target.id}"


def _looks(boxes: list[Shown]) -> Iterator[str]:
    """Classes of boxes with their colours, and which boxes are of each."""
    palette = colors("light")
    text = palette["text"]
    for category in CATEGORIES:
        alike = [box for box in boxes if not box.inside and known(box.box.category) == category]
        fill, stroke = palette[f"{category}.fill"], palette[f"{category}.stroke"]
        yield from _look(category, f"fill:{fill},stroke:{stroke},color:{text}", alike)
    yield from _look("frame", _FRAME, [box for box in boxes if box.inside])
    yield from _look("training", _TRAINING, [box for box in boxes if box.training])


def _look(name: str, style: str, boxes: list[Shown]) -> Iterator[str]:
    if boxes:
        yield f"classDef {name} {style}"
        yield f"class {','.join(box.id for box in boxes)} {name}"


def escaped(text: str) -> str:
    """A text as it stands between quotes in a flowchart."""
    # Two dollars would begin a formula, however they are written.
    text = re.sub(r"\$(?=\$)", "$\u200b", text)
    return _SPECIAL.sub(lambda found: f"#{_NAMES.get(found[0], ord(found[0]))};", text)
