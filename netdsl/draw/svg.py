"""A picture as SVG, which carries the letters that it uses and looks the same everywhere.

A file may stand in a page by itself or be pasted into one: its identifiers, classes and font are
named after what is drawn, so that those of two pictures in one page do not meet.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Literal, assert_never
from xml.etree import ElementTree as ET

from netdsl.draw import fonts
from netdsl.draw.plain import number, plain
from netdsl.draw.scene import Group, Item, Path, Point, Rectangle, Scene, Text, shapes
from netdsl.draw.subset import subset
from netdsl.draw.theme import Theme, colors

_OTHERS = f"'{fonts.FAMILY}', 'DejaVu Sans', Verdana, sans-serif"
_DASHES = "3 2"


def write_svg(scene: Scene, theme: Theme | Literal["auto"] = "light") -> str:
    """The text of an SVG file.

    With the theme `auto` it is light, and dark where the reader has asked for dark pages.
    """
    name = f"netdsl-{sha256(repr((scene, theme)).encode('utf-8', 'replace')).hexdigest()[:8]}"
    drawn = plain(scene)
    root = _root(drawn, name)
    style = _font_faces(drawn, name) + (_dark(drawn, name) if theme == "auto" else "")
    _add(root, "style").text = style
    body = _add(root, "g", font_family=f"{name}, {_OTHERS}", stroke_linejoin="round")
    _Pen("light" if theme == "auto" else theme, classes=theme == "auto").draw(body, drawn.items)
    ET.indent(root, space="")
    return ET.tostring(root, encoding="unicode") + "\n"


def _root(scene: Scene, name: str) -> ET.Element:
    width, height = number(scene.width), number(scene.height)
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "id": name})
    root.attrib |= {"width": f"{width}pt", "height": f"{height}pt"}
    root.attrib |= {"viewBox": f"0 0 {width} {height}", "role": "img"}
    root.attrib |= {"aria-labelledby": f"{name}-title {name}-desc"}
    _add(root, "title", id=f"{name}-title").text = scene.title
    _add(root, "desc", id=f"{name}-desc").text = scene.description
    return root


class _Pen:
    """Draws in a theme's colours; with `classes` each shape has the class of its roles too."""

    def __init__(self, theme: Theme, classes: bool) -> None:
        self._colors = colors(theme)
        self._classes = classes

    def draw(self, parent: ET.Element, items: tuple[Item, ...]) -> None:
        for item in items:
            match item:
                case Group():
                    self._group(parent, item)
                case Rectangle():
                    self._rectangle(parent, item)
                case Path():
                    self._path(parent, item)
                case Text():
                    self._text(parent, item)
                case _:
                    assert_never(item)

    def _group(self, parent: ET.Element, group: Group) -> None:
        element = _add(parent, "g")
        if group.name:
            element.set("data-name", group.name)
        if group.title:
            _add(element, "title").text = group.title
        self.draw(element, group.items)

    def _rectangle(self, parent: ET.Element, box: Rectangle) -> None:
        element = _add(parent, "rect", x=box.x, y=box.y, width=box.width, height=box.height)
        if box.radius:
            element.set("rx", number(box.radius))
        self._paint(element, box)

    def _path(self, parent: ET.Element, path: Path) -> None:
        steps = [f"M{_point(path.start)}"]
        for piece in path.pieces:
            steps.append(("L" if len(piece) == 1 else "C") + " ".join(map(_point, piece)))
        self._paint(_add(parent, "path", d="".join(steps) + "Z" * path.closed), path)

    def _text(self, parent: ET.Element, text: Text) -> None:
        element = _add(parent, "text", x=text.x, y=text.y, font_size=text.size)
        if text.anchor != "start":
            element.set("text-anchor", text.anchor)
        if text.bold:
            element.set("font-weight", "bold")
        if text.rotated:
            element.set("transform", f"rotate(-90 {_point((text.x, text.y))})")
        if text.width > 0:
            element.set("textLength", number(text.width))
            element.set("lengthAdjust", "spacingAndGlyphs")
        self._color(element, fill=text.color)
        element.text = text.text

    def _paint(self, element: ET.Element, shape: Rectangle | Path) -> None:
        self._color(element, fill=shape.fill, stroke=shape.stroke)
        if shape.stroke is not None:
            element.set("stroke-width", number(shape.line))
            if shape.dashed:
                element.set("stroke-dasharray", _DASHES)

    def _color(self, element: ET.Element, **roles: str | None) -> None:
        if roles["fill"] is None:
            element.set("fill", "none")
        used = {property: role for property, role in roles.items() if role is not None}
        for property, role in used.items():
            element.set(property, self._colors[role])
        if self._classes:
            element.set("class", " ".join(_class(*each) for each in used.items()))


def _class(property: str, role: str) -> str:
    return f"{property}-{role.replace('.', '-')}"


def _dark(scene: Scene, name: str) -> str:
    """The rules by which a picture in light colours is dark for a reader who wants that."""
    dark = colors("dark")
    used: set[tuple[str, str]] = set()
    for shape in shapes(scene.items):
        fill = shape.color if isinstance(shape, Text) else shape.fill
        stroke = None if isinstance(shape, Text) else shape.stroke
        used |= {(key, role) for key, role in (("fill", fill), ("stroke", stroke)) if role}
    rules = [f"#{name} .{_class(*each)}{{{each[0]}:{dark[each[1]]}}}" for each in sorted(used)]
    return "@media (prefers-color-scheme: dark){\n" + "\n".join(rules) + "\n}\n"


def _font_faces(scene: Scene, name: str) -> str:
    """The letters that the picture uses, regular and bold."""
    texts = [shape for shape in shapes(scene.items) if isinstance(shape, Text)]
    rules = []
    for bold in (False, True):
        letters = frozenset("".join(text.text for text in texts if text.bold == bold))
        if letters:
            data = b64encode(subset(letters, bold)).decode()
            rules.append(
                f"@font-face{{font-family:{name};font-weight:{'bold' if bold else 'normal'};"
                f"src:url(data:font/ttf;base64,{data})}}\n"
            )
    return "".join(rules)


def _add(parent: ET.Element, tag: str, **attributes: str | float) -> ET.Element:
    written = {
        key.replace("_", "-"): value if isinstance(value, str) else number(value)
        for key, value in attributes.items()
    }
    return ET.SubElement(parent, tag, written)


def _point(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"
