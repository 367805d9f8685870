"""A net's picture as the bytes of a file: which stages lead to which format.

The ending of a file's name decides the format; `svg`, `png`, `pdf` and `tex` are drawn shapes, of
which a graph and volumes are made alike, `dot` and `mmd` are left to be laid out by others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, TypeAlias

from netdsl.diagnostics import UserError
from netdsl.draw import cards
from netdsl.draw.diagram import Diagram
from netdsl.draw.fit import MOST, fitted
from netdsl.draw.fold import folded, names_of
from netdsl.draw.layered import Direction, place
from netdsl.draw.outline import outline
from netdsl.draw.paint import MARGIN, paint
from netdsl.draw.placed import Placed
from netdsl.draw.scene import Scene
from netdsl.draw.shorten import shortened
from netdsl.draw.theme import Theme
from netdsl.elaborate.suggest import nearest
from netdsl.graph import ElaboratedNet
from netdsl.record import Record

Layout: TypeAlias = Literal["own", "dot"]


class Look(Record):
    """How a picture looks.

    `depth` levels are shown, of which 1 is the net's own; `fits` shows what a page can show.
    `opened` names boxes or blocks that are open besides. `figures` shows weights and multiply-adds.
    `layout` is the built-in one, which is the same on every machine, or that of Graphviz. `theme`
    is `light`, `dark` or, in SVG, `auto`: that of the reader's page. `scale` is a PNG's pixels for
    each point.
    """

    depth: int | Literal["all", "fits"] = "fits"
    opened: tuple[str, ...] = ()
    figures: bool = False
    direction: Direction = "down"
    layout: Layout = "own"
    theme: Theme | Literal["auto"] = "light"
    legend: bool = True
    scale: float = 2.0


PLAIN = Look()
# Fields that the command line calls otherwise.
_OPTIONS = {"opened": "--open", "legend": "--no-legend"}
# Which fields change a picture, by its kind and by the ending of its file.
_EVERY = frozenset(Look.fields)
_OF_KIND = {
    "graph": _EVERY,
    "volumes": frozenset({"theme", "legend", "scale"}),
    "table": frozenset(),
}
_OF_ENDING = {
    "png": _EVERY,
    **dict.fromkeys(("svg", "pdf", "tex"), _EVERY - {"scale"}),
    "dot": frozenset({"depth", "opened", "figures", "direction", "theme"}),
    "mmd": frozenset({"depth", "opened", "figures", "direction"}),
    "html": frozenset({"depth", "opened"}),
}


def draw(nets: Sequence[ElaboratedNet], kind: str, ending: str, look: Look = PLAIN) -> bytes:
    """The picture of a net, or a table of several, as a file with that ending.

    `kind` is `graph`, `volumes` or `table`. A `UserError` says what a kind cannot be written as,
    what of the look would change nothing, which names cannot be opened, or that Graphviz is
    missing.
    """
    writers = KINDS[kind]
    if ending not in writers:
        endings = ", ".join(f".{known}" for known in writers)
        raise UserError(f"--as {kind} is written as {endings}, not as .{ending}")
    if len(nets) > 1 and kind != "table":
        raise UserError(f"--as {kind} is of one net; several are compared by --as table")
    _refuse_unused(kind, ending, look)
    return writers[ending](nets, look)


def _refuse_unused(kind: str, ending: str, look: Look) -> None:
    """Raises `UserError` for what is asked for and would change nothing."""
    taken = _OF_KIND[kind] & _OF_ENDING.get(ending, frozenset())
    for name in Look.fields:
        if getattr(look, name) != getattr(PLAIN, name) and name not in taken:
            raise UserError(
                f"{_OPTIONS.get(name, f'--{name}')} says nothing of a {kind} as .{ending}"
            )
    if look.theme == "auto" and ending != "svg":
        raise UserError(f"--theme auto is for .svg; a .{ending} is light or dark")


def whole(net: ElaboratedNet) -> Diagram:
    """The diagram of a net with everything inside, long levels shortened."""
    return shortened(outline(net), MOST)


def shown(diagram: Diagram, look: Look) -> tuple[Diagram, Placed | None]:
    """What of a diagram is open, with its places where they were found on the way."""
    known = names_of(diagram)
    for name in look.opened:
        if name not in known:
            raise UserError(_cannot_open(name, known))
    if look.depth == "all":
        return folded(diagram, None), None
    if look.depth == "fits" and not look.opened:
        return fitted(diagram, _built_in(look), 2 * MARGIN)
    levels = 1 if look.depth == "fits" else look.depth
    return folded(diagram, levels - 1, look.opened), None


def _cannot_open(name: str, known: set[str]) -> str:
    meant = nearest(name, known)
    if not known:
        return f"--open {name}: this net has no blocks"
    hint = f"did you mean {meant}?" if meant else f"there is {', '.join(sorted(known)[:8])}"
    return f"--open {name}: there is no such block or box; {hint}"


def _built_in(look: Look) -> Callable[[Diagram], Placed]:
    return partial(
        place,
        measure=partial(cards.card, figures=look.figures),
        direction=look.direction,
        head=partial(cards.header, figures=look.figures),
    )


def _graph(nets: Sequence[ElaboratedNet], look: Look) -> Scene:
    """The scene of a net's boxes and edges."""
    diagram, placed = shown(whole(nets[0]), look)
    if look.layout == "dot":
        from netdsl.draw import by_graphviz

        placed = by_graphviz.place(diagram, look.figures, look.direction)
    if placed is None:
        placed = _built_in(look)(diagram)
    return paint(placed, diagram, look.legend)


def _volumes(nets: Sequence[ElaboratedNet], look: Look) -> Scene:
    from netdsl.draw.volumes import volumes

    return volumes(whole(nets[0]), look.legend)


def _colors(look: Look) -> Theme:
    """The theme of a format that cannot follow the reader's page."""
    assert look.theme != "auto"
    return look.theme


def _svg(scene: Scene, look: Look) -> bytes:
    from netdsl.draw.svg import write_svg

    return write_svg(scene, look.theme).encode()


def _pdf(scene: Scene, look: Look) -> bytes:
    from netdsl.draw.pdf import write_pdf

    return write_pdf(scene, _colors(look))


def _png(scene: Scene, look: Look) -> bytes:
    from netdsl.draw.png import write_png

    return write_png(scene, _colors(look), look.scale)


def _tikz(scene: Scene, look: Look) -> bytes:
    from netdsl.draw.tikz import write_tikz

    return write_tikz(scene, _colors(look)).encode()


def _dot(nets: Sequence[ElaboratedNet], look: Look) -> bytes:
    from netdsl.draw.dot import write_dot

    diagram, _ = shown(whole(nets[0]), look)
    return write_dot(diagram, look.figures, look.direction, _colors(look)).encode()


def _mermaid(nets: Sequence[ElaboratedNet], look: Look) -> bytes:
    from netdsl.draw.mermaid import write_mermaid

    diagram, _ = shown(whole(nets[0]), look)
    return write_mermaid(diagram, look.figures, look.direction).encode()


def _page(nets: Sequence[ElaboratedNet], look: Look) -> bytes:
    from netdsl.draw.html import write_html

    diagram = whole(nets[0])
    return write_html(diagram, shown(diagram, look)[0]).encode()


def _table(nets: Sequence[ElaboratedNet], look: Look, ending: str) -> bytes:
    from netdsl.draw.table import rows_table
    from netdsl.draw.table_formats import write_html, write_latex, write_markdown
    from netdsl.draw.table_stages import configurations

    table = rows_table(nets[0]) if len(nets) == 1 else configurations(nets)
    if ending == "html":
        return write_html(table, page=True).encode()
    return (write_markdown if ending == "md" else write_latex)(table).encode()


_Writer: TypeAlias = Callable[[Sequence[ElaboratedNet], Look], bytes]
_SHAPES = {"svg": _svg, "png": _png, "pdf": _pdf, "tex": _tikz}


def _drawn(scene: Callable[[Sequence[ElaboratedNet], Look], Scene]) -> dict[str, _Writer]:
    """The writers of all formats that draw a scene."""

    def writer(write: Callable[[Scene, Look], bytes]) -> _Writer:
        return lambda nets, look: write(scene(nets, look), look)

    return {ending: writer(write) for ending, write in _SHAPES.items()}


# By the kind of a picture and the ending of its file, what writes it.
KINDS: Mapping[str, Mapping[str, _Writer]] = {
    "graph": {**_drawn(_graph), "dot": _dot, "mmd": _mermaid, "html": _page},
    "volumes": _drawn(_volumes),
    "table": {ending: partial(_table, ending=ending) for ending in ("md", "tex", "html")},
}
