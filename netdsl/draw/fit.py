"""What of a net is shown open where nobody says. From: a diagram. To: a picture's diagram.

A small net is open throughout. Of a larger one each block is open once, where it is repeated or
else met first, as papers draw one bottleneck beside the whole, as long as the picture has few boxes
and is readable when it is as wide as a page.
"""

from __future__ import annotations

from collections.abc import Callable

from netdsl.draw.cards import SMALL
from netdsl.draw.diagram import Box, Diagram, Level
from netdsl.draw.fold import called, folded, full_name, size
from netdsl.draw.placed import Placed
from netdsl.draw.shorten import gathered, regions

# The most boxes of a picture, and of one that is open throughout.
MOST, FEW = 60, 26
# The width of a page between its margins, and the smallest letters that are still read there.
_PAGE, _SMALLEST = 468.0, 7.0
WIDEST = _PAGE * SMALL / _SMALLEST

Place = Callable[[Diagram], Placed]


def fitted(diagram: Diagram, place: Place, margins: float = 0.0) -> tuple[Diagram, Placed]:
    """The diagram with what is open decided, and its places.

    `place` is the layout, `margins` what a picture is wider than its boxes.
    """

    def fits(tried: Diagram) -> Placed | None:
        if size(tried.level) > MOST:
            return None
        placed = place(tried)
        return placed if placed.width + margins <= WIDEST else None

    whole = folded(diagram, None)
    if size(whole.level) <= FEW and (placed := fits(whole)):
        return whole, placed
    shown = folded(diagram, 0)
    best = fits(shown)
    if best is None:
        diagram = diagram.replace(level=_narrow(diagram.level))
        shown = folded(diagram, 0)
        best = fits(shown) or place(shown)
    opened: list[str] = []
    seen: set[str] = set()
    waiting = [(diagram.level, "", "")]
    for level, around, word in waiting:
        for box in _worth_opening(level):
            # A block that calls itself, as the levels of a U-Net do, is open as far as it goes.
            if box.inside is None or (called(box) in seen and called(box) != word):
                continue
            path = full_name(around, box)
            if box.kind != "run":
                seen.add(called(box))
                tried = folded(diagram, 0, paths=(*opened, path))
                placed = fits(tried)
                if placed is None:
                    continue
                opened.append(path)
                shown, best = tried, placed
            waiting.append((box.inside, path, called(box)))
    return shown, best


def _worth_opening(level: Level) -> list[Box]:
    """The boxes of a level that may be open: of the uses of a block first one that is repeated.

    A body of one box shows no more than its use. What exists in training only stands beside the
    net, and would stretch it.
    """
    found = [
        box
        for box in level.boxes
        if box.inside is not None and len(box.inside.boxes) > 1 and not box.training
    ]
    return sorted(found, key=lambda box: box.count == 1)


def _narrow(level: Level) -> Level:
    """The level with branches between two places through which everything flows in one box."""
    return gathered(level, regions(level))
