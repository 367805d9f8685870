"""What stands in a box, in lines, and how much room it takes."""

from __future__ import annotations

import re

from netdsl.draw import fonts
from netdsl.draw.diagram import Box
from netdsl.record import Record
from netdsl.tensor import TensorType

# Sizes of letters, in points: of a box's first line, and of everything else.
TITLE, SMALL = 9.0, 8.0
# From one baseline to the next, as a share of the size.
_LEADING = 1.3
# A longer line is broken where an argument ends.
_WIDEST = 148.0
_PADDING = (7.0, 5.0)
_UNITS = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
_TAIL = 4
_MARK = "×"  # how often a box is there


class Line(Record):
    """A line of text: how wide it is in the picture's font, and how it looks."""

    text: str
    size: float
    width: float
    bold: bool = False
    faint: bool = False


class Card(Record):
    """The lines of a box, and its width and height with room around them.

    `middle` is how far below its top tensors flow in and out where they flow to the right, if that
    is not half of its height.
    """

    lines: tuple[Line, ...]
    width: float
    height: float
    middle: float | None = None


def card(box: Box, figures: bool = False) -> Card:
    """What stands in a folded box; with `figures` its weights and multiply-adds too."""
    return _with(box, ", ".join(part.call for part in box.parts[1:]), figures)


def header(box: Box, figures: bool = False) -> Card:
    """What stands at the top of an open box."""
    return _with(box, "", figures)


def _with(box: Box, further: str, figures: bool) -> Card:
    """A card with a box's title, a further text and its figures, as far as there are any."""
    lines = [line(piece, bold=True) for piece in broken(title(box), TITLE, True)]
    lines += [line(piece) for piece in broken(further, SMALL)]
    if figures:
        lines += [line(piece, faint=True) for piece in broken(cost(box), SMALL)]
    across, down = _PADDING
    width = max(text.width for text in lines) + 2 * across
    return Card(tuple(lines), width, height(lines) + 2 * down)


def height(lines: list[Line] | tuple[Line, ...]) -> float:
    """How high lines are together."""
    return sum(text.size * _LEADING for text in lines)


def baselines(lines: tuple[Line, ...], top: float) -> list[float]:
    """The baseline of each line of a block that begins at `top`."""
    found = []
    for text in lines:
        room = text.size * _LEADING
        found.append(top + room / 2 + text.size * (fonts.ASCENT - fonts.DESCENT) / 2)
        top += room
    return found


def line(text: str, bold: bool = False, faint: bool = False) -> Line:
    """A line in the size of its kind."""
    size = TITLE if bold else SMALL
    return Line(text, size, fonts.width(text, size, bold), bold, faint)


def title(box: Box) -> str:
    """What a box is called, with how many there are: `3 × bottleneck(64)`."""
    if box.kind == "run":
        return f"{box.count} {_MARK}"
    return f"{box.count} {_MARK} {box.title}" if box.count > 1 else box.title


def shape(type: TensorType) -> str:
    """A tensor's type as a picture shows it: `224 × 224 × 3`."""
    return str(type).replace(" x ", f" {_MARK} ")


def cost(box: Box) -> str:
    """Weights and multiply-adds in words, empty for a box that has none."""
    told = []
    if box.cost.total:
        told.append(f"{box.cost.total:,} weights")
    if box.cost.macs != 0:
        told.append(f"{short(box.cost.macs)} MACs")
    return ", ".join(told)


def short(number: object) -> str:
    """A count with three digits and its unit: `118 M`; an expression as it is."""
    if not isinstance(number, int):
        return str(number)
    for unit, name in _UNITS:
        # From 999.5 of a unit on three digits are those of the next.
        if number * 2000 >= unit * 1999:
            return f"{number / unit:.3g} {name}"
    return str(number)


def broken(text: str, size: float, bold: bool = False) -> list[str]:
    """A text in lines that are no wider than a box may be, broken after commas and blanks."""
    lines: list[str] = []
    for piece in re.findall(r"\S+\s*", text):
        tried = (lines[-1] + piece) if lines else piece
        if lines and fonts.width(tried.rstrip(), size, bold) > _WIDEST:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece)
        elif lines:
            lines[-1] = tried
        else:
            lines.append(piece)
    return [cut for each in lines for cut in _forced(each.rstrip(), size, bold)]


def _forced(text: str, size: float, bold: bool) -> list[str]:
    """A word that is wider than a box, in pieces."""
    pieces: list[str] = []
    while fonts.width(text, size, bold) > _WIDEST:
        end = len(text) - _TAIL  # not a comma alone on the last line
        while fonts.width(text[:end], size, bold) > _WIDEST:
            end -= 1
        pieces.append(text[:end])
        text = text[end:]
    return [*pieces, text]
