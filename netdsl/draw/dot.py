"""DOT, the language of Graphviz. From: a folded diagram. To: its text, which `dot` lays out.

Boxes are nodes, open ones clusters. Edges go from innermost box to innermost box.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol
from xml.sax.saxutils import escape

import graphviz

from netdsl.draw import cards
from netdsl.draw.diagram import Diagram
from netdsl.draw.flat import Flat, Flow, Shown, flat
from netdsl.draw.layered import Direction
from netdsl.draw.paint import told
from netdsl.draw.theme import Theme, colors, known

RANKS: Mapping[Direction, str] = {"down": "TB", "right": "LR"}
# How strongly the ends of an edge are drawn to one line. Graphviz itself keeps an edge over many
# ranks eight times as straight as others, so that a skip connection would push the chain aside,
# and a cluster 128 times as narrow, so that a label would bend it.
_CHAIN, _SKIP = "256", "1"
_FONT = "Helvetica,Arial,sans-serif"
_LINE = "0.75"


class Attributes(Protocol):
    """The attributes of what stands in a graph."""

    def box(self, shown: Shown) -> dict[str, str]:
        """Those of a folded box."""

    def frame(self, shown: Shown) -> dict[str, str]:
        """Those of an open box."""

    def edge(self, flow: Flow) -> dict[str, str]:
        """Those of an edge, besides its weight."""


def write_dot(
    diagram: Diagram, figures: bool = False, direction: Direction = "down", theme: Theme = "light"
) -> str:
    """The DOT of a diagram; with `figures` boxes tell their weights and multiply-adds.

    Boxes are called b1, b2, … in order, frames counted.
    """
    palette = colors(theme)
    graph = _paper(diagram.name, direction, palette)
    put(graph, flat(diagram), _Painted(figures, palette))
    return str(graph.source)


def put(graph: graphviz.Digraph, shown: Flat, attributes: Attributes) -> None:
    """Adds boxes and edges to a graph."""
    # Skip connections come first, which puts them to the left. To the right of a cluster within a
    # cluster they lead Graphviz (seen with 2.43) to put the labels inside on the wrong side.
    for flow in shown.flows:
        if flow.skip:
            graph.edge(flow.source.id, flow.target.id, weight=_SKIP, **attributes.edge(flow))
    for box in shown.boxes:
        _put(graph, box, attributes)
    for flow in shown.flows:
        if not flow.skip:
            graph.edge(flow.source.id, flow.target.id, weight=_CHAIN, **attributes.edge(flow))


def plain(text: str) -> str:
    """A text in which Graphviz replaces nothing."""
    kept = _apart(text).replace("&", "&amp;").replace("\\", "\\\\").replace("\n", "\\n")
    # Not HTML either, though it may stand between < and >.
    quoted: str = graphviz.nohtml(kept)
    return quoted


def _apart(text: str) -> str:
    r"""A text whose backslashes, as in `\G`, ask for nothing.

    Graphviz (seen with 2.43) fills in the name of the graph there even where they are doubled.
    """
    return re.sub(r"\\(?=[EGHLNT\\])", "\\\\\u200b", text)


def _put(graph: graphviz.Digraph, shown: Shown, attributes: Attributes) -> None:
    """Adds a box, with those inside where it is open."""
    if not shown.inside:
        graph.node(shown.id, **attributes.box(shown))
        return
    with graph.subgraph(name=f"cluster_{shown.id}") as frame:
        frame.attr("graph", **attributes.frame(shown))
        for inner in shown.inside:
            _put(frame, inner, attributes)


def _paper(name: str, direction: Direction, palette: Mapping[str, str]) -> graphviz.Digraph:
    """A graph without boxes, with what holds for all that come."""
    font = {"fontname": _FONT, "fontcolor": palette["text"], "fontsize": f"{cards.TITLE:g}"}
    small = {"fontname": _FONT, "fontcolor": palette["faint"], "fontsize": f"{cards.SMALL:g}"}
    return graphviz.Digraph(
        plain(name),
        graph_attr=font
        | {
            "bgcolor": palette["background"],
            "labeljust": "l",
            "nodesep": "0.3",
            "rankdir": RANKS[direction],
            "ranksep": "0.35",
            "tooltip": plain(name),
        },
        node_attr=font | {"height": "0.3", "margin": "0.1,0.07", "penwidth": _LINE, "shape": "box"},
        edge_attr=small | {"arrowsize": "0.6", "color": palette["edge"], "penwidth": _LINE},
    )


class _Painted:
    """How boxes and edges look to a reader."""

    def __init__(self, figures: bool, palette: Mapping[str, str]) -> None:
        self._figures = figures
        self._palette = palette

    def box(self, shown: Shown) -> dict[str, str]:
        """A filled box; inputs and outputs are rounded."""
        category = known(shown.box.category)
        rounded = shown.box.kind in ("input", "output")
        return {
            "label": self._text(cards.card(shown.box, self._figures), "CENTER"),
            "style": _style(shown, rounded),
            "fillcolor": self._palette[f"{category}.fill"],
            "color": self._palette[f"{category}.stroke"],
            "tooltip": plain(told(shown.box, shown.path)),
        }

    def frame(self, shown: Shown) -> dict[str, str]:
        """A rounded frame with a header."""
        category = known(shown.box.category)
        return {
            "label": self._text(cards.header(shown.box, self._figures), "LEFT"),
            "style": _style(shown, True),
            "fillcolor": self._palette["frame.fill"],
            "color": self._palette[f"{category}.stroke"],
            "penwidth": _LINE,
            "tooltip": plain(told(shown.box, shown.path)),
        }

    def edge(self, flow: Flow) -> dict[str, str]:
        """A line, one of each tensor with the tensor's shape."""
        shape = cards.shape(flow.edge.type)
        ends = [end.path.replace(" > ", ".") for end in (flow.source, flow.target)]
        words = plain(f"{' → '.join(ends)}\n{shape}")
        look = {"tooltip": words}
        if flow.edge.training:
            look["style"] = "dashed"
        if flow.labelled:
            # Blanks keep the text off its line, and off the rim of the cluster around it.
            look |= {"label": f"  {plain(shape)}    ", "labeltooltip": words}
        return look

    def _text(self, card: cards.Card, align: str) -> str:
        """The lines of a card as a label in Graphviz' kind of HTML."""
        end = f'<BR ALIGN="{align}"/>'
        return f"<{''.join(self._line(line) + end for line in card.lines)}>"

    def _line(self, line: cards.Line) -> str:
        text = escape(_apart(line.text), {'"': "&quot;"})
        if line.bold:
            return f"<B>{text}</B>"
        color = f' COLOR="{self._palette["faint"]}"' if line.faint else ""
        return f'<FONT POINT-SIZE="{line.size:g}"{color}>{text}</FONT>'


def _style(shown: Shown, rounded: bool) -> str:
    styles = ["filled", *["rounded"] * rounded, *["dashed"] * shown.training]
    return ",".join(styles)
