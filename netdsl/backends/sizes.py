"""Sizes known only at run time, as code that computes them from the tensors that flow in."""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.catalog.arguments import Rejection
from netdsl.tensor import Size, TensorType


def computed(
    size: Size, inputs: tuple[TensorType, ...], place: Callable[[int, int], str], backend: str
) -> str:
    """An expression for a size, out of the sizes that flow in.

    `place` writes the size of an axis, counted as in a spec, of an input, given by its number. A
    size that does not follow from them is refused, and the `backend` is named.
    """
    places = {
        str(found): place(number, axis)
        for number, flowing in reversed(list(enumerate(inputs)))
        for axis, found in reversed(list(enumerate(flowing.shape)))
    }
    if str(size) in places:
        return places[str(size)]
    if not size.unknowns() <= places.keys():
        raise Rejection(
            f"the code for {backend} cannot compute {size} from the tensors that flow in",
            help="a size of the tensors that flow in can be used, or a known number",
        )
    return re.sub(r"[A-Za-z_][\w.]*", lambda found: places[found.group()], str(size))
