"""A file of weights laid upon a net, or upon a part of it: what fits, and what does not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from netdsl.diagnostics import UserError
from netdsl.elaborate.parts import no_such_part
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.record import Record
from netdsl.weights.arrays import Array, written
from netdsl.weights.files import load

# How many tensors a message lists.
_LISTED = 8


class Fit(Record):
    """`weights` by the net's full names, and why the rest stays out.

    `unused` are tensors of the file that the net has not, or has in another shape, with the
    reason; `fresh` the names of the net's weights below `into` that the file has not.
    """

    weights: Mapping[str, Array]
    unused: Mapping[str, str]
    fresh: Sequence[str]


def fit(
    net: ElaboratedNet, path: str | os.PathLike[str], into: str = "", partial: bool = False
) -> Fit:
    """The weights in a file, whose names are relative to the layer or level `into`.

    File and net must agree in every name and shape. With `partial` only what fits is taken, which
    must be something. Raises `UserError` that lists what does not fit.
    """
    wanted = _below(net, into)
    given = load(Path(path))
    prefix = f"{into}." if into else ""
    unused = {name: _why(wanted, prefix + name, given[name]) for name in given}
    unused = {name: why for name, why in unused.items() if why}
    weights = {
        prefix + name: np.asarray(values, np.float32)
        for name, values in given.items()
        if name not in unused
    }
    fresh = [name for name in wanted if name not in weights]
    found = Fit(weights, unused, fresh)
    if ((unused or fresh) and not partial) or not weights:
        raise UserError(_misfit(net, path, into, found))
    return found


def _below(net: ElaboratedNet, into: str) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights below a layer or level, in order of execution."""
    shapes = {named.name: named.weight.shape for named in named_weights(net.graph)}
    if not into:
        return shapes
    sentence = no_such_part(net, into)
    if sentence is not None:
        raise UserError(sentence)
    return {name: shape for name, shape in shapes.items() if name.startswith(f"{into}.")}


def _why(wanted: Mapping[str, tuple[int, ...]], name: str, values: Array) -> str:
    """Why a tensor does not fit; nothing where it does."""
    if name not in wanted:
        return "there is no such weight"
    if values.shape != wanted[name]:
        return f"{written(values.shape)} in the file, {written(wanted[name])} in the net"
    return ""


def _misfit(net: ElaboratedNet, path: str | os.PathLike[str], into: str, found: Fit) -> str:
    place = f"{into} of {net.name}" if into else net.name
    reasons = [f"{name} ({why})" for name, why in found.unused.items()]
    prefix = f"{into}." if into else ""
    missing = [name for name in found.fresh if name.removeprefix(prefix) not in found.unused]
    reasons += [f"{name} (missing in the file)" for name in missing]
    more = len(reasons) - _LISTED
    listed = ", ".join(reasons[:_LISTED]) + (f" and {more} more" if more > 0 else "")
    nothing = "" if found.weights else "nothing in it does; "
    text = f"{os.fspath(path)} does not fit {place}: {nothing}{listed}"
    if prefix and any(name.startswith(prefix) for name in found.unused):
        text += (
            f"; its names are those of a whole net, which partial=true takes without into={into}"
        )
    return text
