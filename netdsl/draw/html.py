"""A net as one page that folds and unfolds: an html file that needs a browser and nothing else.

From: a diagram with every level inside, and the same diagram folded as it is open at first. To:
the text of the page. The page carries each level once, as data, with the rows that `ranks.py`
finds; its scripts make boxes of a level where it is unfolded, and place them by the sizes that the
browser gives them. See the files in `page/`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from netdsl.analyze.cost import NOTHING, Cost
from netdsl.draw import cards, theme
from netdsl.draw.diagram import Box, Diagram, Level, Part
from netdsl.draw.ranks import Link, Ranks, Slot, ranked
from netdsl.source import Span

_SCRIPTS = ("align.js", "picture.js", "page.js")

# What a page says of itself in JSON: objects, lists, texts and numbers.
Json = dict[str, Any]


def write_html(diagram: Diagram, opened: Diagram) -> str:
    """The text of a page that shows a diagram; `opened` says by what it has inside what is open.

    Nothing of the net is markup there, and no request leaves the page: its policy forbids all.
    """
    data = _Data()
    level = data.level(diagram.level)
    opening = data.opening(diagram.level, opened.level)
    style = f"{_colors()}{_file('page.css')}"
    scripts = [_file(name) for name in _SCRIPTS]
    return Template(_file("page.html")).substitute(
        policy=escape(_policy(style, scripts)),
        title=escape(diagram.name),
        style=style,
        totals=_totals(diagram.cost),
        doc=f'<p class="doc">{escape(diagram.doc)}</p>\n' if diagram.doc else "",
        legend=_legend(data.categories, data.training),
        data=_embedded({**data.shown(), "level": level, "opening": opening}),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


class _Data:
    """Collects what the page needs to know of levels, each once."""

    def __init__(self) -> None:
        self.categories: set[str] = set()
        self.training = False
        self._levels: list[Json] = []
        self._numbers: dict[Level, int] = {}
        self._lines: dict[tuple[str, int, str], int] = {}
        self._states: list[dict[int, int]] = []
        self._known: dict[tuple[Level, Level], int] = {}

    def shown(self) -> Json:
        """Levels, ways of being open and lines of specs, by number."""
        return {
            "levels": self._levels,
            "states": self._states,
            "lines": [list(line) for line in self._lines],
        }

    def level(self, level: Level) -> int:
        """The number of a level, whose data are collected when it is first asked for."""
        if level not in self._numbers:
            number = self._numbers[level] = len(self._levels)
            self._levels.append({})
            ranks = ranked(level)
            self._levels[number] = {
                "boxes": [self._box(level, at, box) for at, box in enumerate(level.boxes)],
                "rows": [[_slot(slot) for slot in row] for row in ranks.rows],
                "links": [_links(ranks, at) for at in range(len(ranks.links))],
            }
        return self._numbers[level]

    def opening(self, level: Level, opened: Level) -> int:
        """The number of a way of being open: for each open box of a level, that of its inside."""
        key = level, opened
        if key not in self._known:
            number = self._known[key] = len(self._states)
            self._states.append({})
            insides = {box.name: box.inside for box in opened.boxes}
            for at, box in enumerate(level.boxes):
                inside = insides.get(box.name)
                if box.inside is not None and inside is not None:
                    self._states[number][at] = self.opening(box.inside, inside)
        return self._known[key]

    def _box(self, level: Level, at: int, box: Box) -> Json:
        self.training |= box.training
        outputs = box.outputs
        if box.kind == "output":
            outputs = tuple(edge.type for edge in level.edges if edge.target == at)
        told: Json = {"kind": box.kind, "name": box.nodes[0] if box.nodes else box.title}
        if box.kind != "layer":
            # The count of a run stands beside its title.
            told["title"] = "repeat" if box.kind == "run" else box.title
            told["category"] = self._category(box.category)
        if box.kind == "group":
            told["name"] = box.name
        told["outputs"] = [cards.shape(type) for type in outputs]
        told["line"] = self._line(box.span)
        if box.count > 1:
            told["count"] = box.count
        if box.cost != NOTHING:
            told["cost"] = _cost(box.cost)
        if len(box.nodes) > 1:
            told["nodes"] = list(box.nodes)
        if box.parts:
            told["parts"] = [self._part(part) for part in box.parts]
        if box.training:
            told["training"] = True
        if box.inside is not None:
            told["inside"] = self.level(box.inside)
        return told

    def _part(self, part: Part) -> Json:
        told: Json = {
            "name": part.name,
            "title": part.call,
            "category": self._category(part.category),
            "outputs": [cards.shape(part.output)],
            "line": self._line(part.span),
        }
        if part.cost != NOTHING:
            told["cost"] = _cost(part.cost)
        return told

    def _category(self, category: str) -> str:
        known = theme.known(category)
        self.categories.add(known)
        return known

    def _line(self, span: Span) -> int:
        """The number of a line of a spec; a file is known by its name without folders."""
        name = span.source.name.replace("\\", "/").rpartition("/")[2]
        number = span.line
        line = name, number, span.source.line(number).strip()
        return self._lines.setdefault(line, len(self._lines))


def _slot(slot: Slot) -> Json:
    if slot.kind == "pass":
        return {"pass": [slot.number, slot.output]}
    return {slot.kind: slot.number}


def _links(ranks: Ranks, at: int) -> list[list[int]]:
    """Links to the next row: the place of the source, its output, that of the target, its input."""
    above, below = ranks.rows[at : at + 2]
    start = {slot: place for place, slot in enumerate(above)}
    end = {slot: place for place, slot in enumerate(below)}

    def ends(link: Link) -> list[int]:
        return [start[link.source], link.output, end[link.target], link.input]

    return sorted(map(ends, ranks.links[at]))


def _cost(cost: Cost) -> Json:
    """What is not nothing of a cost."""
    macs = cost.macs if isinstance(cost.macs, int) else str(cost.macs)
    told = {"weights": cost.weights, "frozen": cost.frozen, "state": cost.state, "macs": macs}
    return {name: value for name, value in told.items() if value}


def _totals(cost: Cost) -> str:
    """Weights, state and multiply-adds of a net, as markup."""
    told = [(f"{cost.weights:,}", "weights", "")]
    if cost.frozen:
        told.append((f"{cost.frozen:,}", "of them frozen", ""))
    if cost.state:
        told.append((f"{cost.state:,}", "of state", ""))
    exact = f"{cost.macs:,}" if isinstance(cost.macs, int) else ""
    told.append((cards.short(cost.macs), "MACs", exact))
    return "".join(_total(*each) for each in told)


def _total(number: str, unit: str, exact: str) -> str:
    title = f' title="{exact} multiply-adds"' if exact else ""
    return f"<span{title}><b>{escape(number)}</b> {unit}</span>"


def _legend(categories: set[str], training: bool) -> str:
    """The colours that occur, in the order of the theme, as markup."""
    shown = [name for name in theme.CATEGORIES if name in categories]
    items = [f'<li class="of-{name}">{escape(theme.CATEGORIES[name][0])}</li>' for name in shown]
    if training:
        items.append('<li class="training">in training only</li>')
    return "".join(items)


def _colors() -> str:
    """The colours of the theme as variables of a style sheet; what is printed is light."""
    of_categories = "".join(
        f".of-{name}{{--fill:var(--{name}-fill);--stroke:var(--{name}-stroke)}}"
        for name in theme.CATEGORIES
    )
    dark = f"@media screen and (prefers-color-scheme:dark){{{_variables('dark')}}}"
    return f"\n{_variables('light')}\n{dark}\n{of_categories}\n"


def _variables(name: theme.Theme) -> str:
    pairs = [(role.replace(".", "-"), color) for role, color in theme.colors(name).items()]
    return ":root{" + "".join(f"--{role}:{color};" for role, color in pairs) + "}"


def _policy(style: str, scripts: list[str]) -> str:
    """A content security policy that allows the page's own scripts and style, nothing else."""
    of_scripts = " ".join(_digest(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {of_scripts}; style-src {_digest(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _embedded(data: Json) -> str:
    """JSON that can stand inside a script element: no `<` in it begins a tag or a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _file(name: str) -> str:
    """The text of a file of the page."""
    return (files("netdsl.draw") / "page" / name).read_text(encoding="utf-8")
