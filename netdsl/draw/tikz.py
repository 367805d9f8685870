r"""A picture for LaTeX: a document of its own, which `pdflatex` makes a PDF of, drawn by TikZ.

A paper takes the same file by `\input`, when its preamble has `\usepackage[T1]{fontenc}` and
`\usepackage{standalone,tikz,helvet}`. Helvetica is narrower than the font in which boxes were
measured, so that words stay inside. Colours are defined within the picture, and a paper's own keep
their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import assert_never
from unicodedata import normalize

from netdsl.draw.latex import escaped
from netdsl.draw.plain import number, plain
from netdsl.draw.scene import Group, Item, Path, Point, Rectangle, Scene, Text, shapes
from netdsl.draw.theme import Theme, colors

# TeX has no length above 16,384 of its points.
_LONGEST = 14_400.0

_USE = r"""
% Drawn by netdsl. pdflatex makes a PDF of this file. A paper takes it by \input, with
% \usepackage[T1]{fontenc} and \usepackage{standalone,tikz,helvet} in its preamble.
""".strip()
_HEAD = r"""
\documentclass[tikz,border=0pt]{standalone}
\usepackage[T1]{fontenc}
\usepackage{helvet}
\begin{document}
\begin{tikzpicture}[x=1bp, y=-1bp, line join=round,
  every node/.style={inner sep=0pt, outer sep=0pt},
  letters/.style={font=\sffamily\fontsize{#1bp}{#1bp}\selectfont},
  bold letters/.style={font=\sffamily\bfseries\fontsize{#1bp}{#1bp}\selectfont},
  dashes/.style={dash pattern=on 3bp off 2bp}]
""".lstrip()
_FOOT = "\\end{tikzpicture}\n\\end{document}\n"

_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}

# What Helvetica lacks in LaTeX: everything but Latin letters and some signs.
_UNKNOWN = re.compile(
    "[^ -~\u00a1-\u00ac\u00ae-\u00b7\u00b9-\u0125\u0128-\u0134\u0136-\u0137\u0139-\u013e"
    "\u0141-\u0148\u014c-\u0165\u0168-\u017e\u2010\u2013\u2014\u2018-\u2019\u201c-\u201d•…]"
)


def write_tikz(scene: Scene, theme: Theme = "light") -> str:
    """The text of a LaTeX file."""
    drawn = plain(scene, _LONGEST)
    size = _point((drawn.width, drawn.height))
    lines = [
        *_comment(drawn.title),
        _USE,
        _HEAD.rstrip(),
        *_definitions(drawn, theme),
        rf"\path[use as bounding box] (0,0) rectangle {size};",
        *_items(drawn.items),
    ]
    return "\n".join(lines) + "\n" + _FOOT


def _definitions(scene: Scene, theme: Theme) -> Iterator[str]:
    """The colours that the picture uses."""
    used: set[str | None] = set()
    for shape in shapes(scene.items):
        used |= {shape.color} if isinstance(shape, Text) else {shape.fill, shape.stroke}
    for role, color in colors(theme).items():
        if role in used:
            yield rf"\definecolor{{{_color(role)}}}{{HTML}}{{{color[1:].upper()}}}"


def _items(items: tuple[Item, ...]) -> Iterator[str]:
    for item in items:
        match item:
            case Group():
                yield from _comment(item.name or item.title)
                yield from _items(item.items)
            case Rectangle():
                yield _rectangle(item)
            case Path():
                yield _path(item)
            case Text():
                yield _text(item)
            case _:
                assert_never(item)


def _rectangle(box: Rectangle) -> str:
    options = _paint(box)
    if box.radius:
        options.append(f"rounded corners={number(box.radius)}bp")
    corners = (box.x, box.y), (box.x + box.width, box.y + box.height)
    return rf"\path[{', '.join(options)}] {_point(corners[0])} rectangle {_point(corners[1])};"


def _path(path: Path) -> str:
    steps = [_point(path.start)]
    for piece in path.pieces:
        points = [_point(point) for point in piece]
        if len(points) == 1:
            steps.append(f"-- {points[0]}")
        else:
            steps.append(f".. controls {points[0]} and {points[1]} .. {points[2]}")
    if path.closed:
        steps.append("-- cycle")
    return rf"\path[{', '.join(_paint(path))}] {' '.join(steps)};"


def _text(text: Text) -> str:
    options = [
        f"anchor={_ANCHORS[text.anchor]}",
        f"text={_color(text.color)}",
        f"{'bold letters' if text.bold else 'letters'}={number(text.size)}",
    ]
    if text.rotated:
        options.append("rotate=90")
    place = _point((text.x, text.y))
    return rf"\node[{', '.join(options)}] at {place} {{{_escaped(text.text)}}};"


def _paint(shape: Rectangle | Path) -> list[str]:
    options = []
    if shape.fill is not None:
        options.append(f"fill={_color(shape.fill)}")
    if shape.stroke is not None:
        options += [f"draw={_color(shape.stroke)}", f"line width={number(shape.line)}bp"]
        if shape.dashed:
            options.append("dashes")
    return options


def _comment(text: str) -> Iterator[str]:
    # A line's end would end the comment.
    if words := " ".join(text.split()):
        yield f"% {words}"


def _escaped(text: str) -> str:
    text = escaped(normalize("NFC", text))
    return _UNKNOWN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def _color(role: str) -> str:
    """The name of a role's colour, in letters alone: `convFill`."""
    first, *others = role.split(".")
    return first + "".join(word.capitalize() for word in others)


def _point(point: Point) -> str:
    return f"({number(point[0])},{number(point[1])})"
