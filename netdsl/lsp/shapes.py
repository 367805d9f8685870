"""Shapes of an open spec, line by line; where an item is broken, those that it had before.

While somebody types, the item under the cursor is broken most of the time. Its lines that did not
change keep what was found out about them when it last made sense.
"""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.graph import Graph
from netdsl.lsp.checking import Checked
from netdsl.lsp.facts import Facts, Line, Use, line_facts
from netdsl.lsp.segments import Segment
from netdsl.source import Source
from netdsl.syntax import tree

_Bodies = list[tuple[Graph, list[Use]]]


class Shapes:
    """What is known of the lines of a spec, from its last check and from those before."""

    def __init__(self) -> None:
        self.facts = Facts()
        # By the name of an item: its text when it last made sense, and its bodies then.
        self._good: dict[str, tuple[Source, _Bodies]] = {}

    def read(self, checked: Checked, segments: Sequence[Segment]) -> None:
        """Takes the graphs of a check of these segments."""
        nets = [net.graph for net in checked.nets.values() if net is not None]
        self.facts.read([*nets, *checked.unfinished])
        unfinished = {graph.definition.name.span.source for graph in checked.unfinished}
        broken = bool(unfinished) or any(net is None for net in checked.nets.values())
        broken |= any(segment.diagnostics for segment in segments)
        good: dict[str, tuple[Source, _Bodies]] = {}
        for segment in segments:
            source = segment.source
            for name in _names(segment):
                bodies = self.facts.bodies(source)
                whole = not segment.diagnostics and source not in unfinished
                if whole and bodies:
                    good[name] = source, bodies
                elif broken and name in self._good:
                    good[name] = self._good[name]
        self._good = good

    def line(self, segment: Segment, number: int) -> list[Line]:
        """What a line of a segment, counted from 1, does in each body."""
        source = segment.source
        if number > segment.text.count("\n") + 1:
            return []  # an empty line after it
        found = _line(self.facts.bodies(source), source, number)
        if found:
            return found
        for name in _names(segment):
            if name in self._good:
                before, bodies = self._good[name]
                same = _same_line(segment.text, before.text, number)
                if same is not None:
                    return _line(bodies, before, same)
        return []

    def uses_from(self, segment: Segment, start: int) -> list[Use]:
        """The uses of the layer or block whose call begins at an offset of a segment."""
        source = segment.source
        found = _from(self.facts.bodies(source), start)
        if found:
            return found
        line, column = source.position(start)
        for name in _names(segment):
            if name in self._good:
                before, bodies = self._good[name]
                same = _same_line(segment.text, before.text, line)
                if same is not None:
                    return _from(bodies, _start(before, same) + column - 1)
        return []

    def graphs(self, item: tree.Block | tree.Net) -> list[Graph]:
        """The bodies of an item."""
        found = self.facts.graphs_of(item)
        if found or item.name.name not in self._good:
            return found
        return [graph for graph, _ in self._good[item.name.name][1]]


def _names(segment: Segment) -> list[str]:
    return [item.name.name for item in segment.items if isinstance(item, tree.Block | tree.Net)]


def _from(bodies: _Bodies, start: int) -> list[Use]:
    """The uses that begin at an offset: of several around one another the innermost."""
    found: list[Use] = []
    for _, uses in bodies:
        here = [use for use in uses if use.node.written.span.start == start]
        end = min((use.node.written.span.end for use in here), default=0)
        found += [use for use in here if use.node.written.span.end == end][-1:]
    return found


def _start(source: Source, line: int) -> int:
    """The offset where a line begins."""
    at = 0
    for _ in range(line - 1):
        at = source.text.index("\n", at) + 1
    return at


def _line(bodies: _Bodies, source: Source, number: int) -> list[Line]:
    start = _start(source, number)
    return line_facts(bodies, start, start + len(source.line(number)))


def _same_line(text: str, before: str, number: int) -> int | None:
    """The number that a line had before an edit in one place; None where it is new."""
    new, old = text.split("\n"), before.split("\n")
    index = number - 1
    if index >= len(new):
        return None
    if index < len(old) and new[: index + 1] == old[: index + 1]:
        return number
    back = len(new) - index
    if back <= len(old) and new[index:] == old[len(old) - back :]:
        return len(old) - back + 1
    return None
