"""A checkpoint of another library to the weights of a net, under the names of the language.

Every weight and state of the net gets its numbers exactly once, and every tensor of the checkpoint
is used; the first tensor that does not fit, in order of execution, is named.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.weights.arrays import Array, written
from netdsl.weights.checkpoints import Checkpoint, KerasLayers, read
from netdsl.weights.maps import (
    SOURCES,
    Pair,
    Pairing,
    Rule,
    check_source,
    map_file,
    pair,
    rules_of,
)
from netdsl.weights.maps import read as read_map
from netdsl.weights.ours import OurLayer, our_layers

# Further nets that a checkpoint might have been meant for, elaborated when they are asked for.
Others = Callable[[], Iterable[ElaboratedNet]]


def convert(
    net: ElaboratedNet,
    spec: str,
    source: str,
    file: str | os.PathLike[str],
    others: Others = tuple,
    named: str = "",
) -> dict[str, Array]:
    """The weights in a checkpoint's file under our names, in our layouts, as float32.

    `spec` is the path of the file that defines the net, beside which its map is looked for, and
    `named` a bundled net that is this one as the source builds it. Raises `UserError` where
    something does not fit; it tells which of `others` the file fits.
    """
    check_source(source)
    checkpoint = read(Path(file))
    _check_kind(checkpoint, source)
    rules = rules_of(spec, source)
    if rules is None and not _ours_already(net, checkpoint):
        raise UserError(_no_map(spec, source, checkpoint, named))
    try:
        return from_checkpoint(net, rules or (), checkpoint)
    except UserError as error:
        fitting = next((other.name for other in others() if _fits(other, rules, checkpoint)), None)
        if fitting is None:
            raise
        raise UserError(f"{error}; it fits {fitting}, of the same file") from None


def from_checkpoint(
    net: ElaboratedNet, rules: Sequence[Rule], checkpoint: Checkpoint
) -> dict[str, Array]:
    """The weights of a net from a checkpoint, which may have our names already."""
    ours = our_layers(net.graph)
    names = [layer.name for layer in ours]
    if _ours_already(net, checkpoint):
        pairing = Pairing(tuple(Pair(name, name, {}) for name in names), ())
    else:
        pairing = pair(rules, names, checkpoint.modules)
    return _Fitting(net, ours, checkpoint, pairing).weights()


def _ours_already(net: ElaboratedNet, checkpoint: Checkpoint) -> bool:
    """Whether the tensors are those of the net by their names."""
    return checkpoint.shapes.keys() == {named.name for named in named_weights(net.graph)}


def _check_kind(checkpoint: Checkpoint, source: str) -> None:
    if isinstance(checkpoint, KerasLayers) != (source == "keras"):
        found = "keras" if isinstance(checkpoint, KerasLayers) else "torchvision or --from timm"
        raise UserError(f"{checkpoint.file} is not {SOURCES[source]}; write --from {found}")


def _no_map(spec: str, source: str, checkpoint: Checkpoint, named: str) -> str:
    path = map_file(spec)
    known = ", ".join(read_map(path)) if Path(path).is_file() else ""
    there = f"it has one for {known}" if known else f"{Path(path).name} would stand beside it"
    if named:
        there = f"{named} is the net as {source} builds it"
    return (
        f"{Path(spec).name} has no map of {source}'s names, and those in {checkpoint.file} are not "
        f"the net's own; {there}"
    )


def _fits(net: ElaboratedNet, rules: Sequence[Rule] | None, checkpoint: Checkpoint) -> bool:
    try:
        from_checkpoint(net, rules or (), checkpoint)
    except UserError:
        return False
    return True


class _Fitting:
    """A checkpoint laid upon a net: what the pairs give to each weight, and what is left over."""

    def __init__(
        self,
        net: ElaboratedNet,
        ours: Sequence[OurLayer],
        checkpoint: Checkpoint,
        pairing: Pairing,
    ) -> None:
        self._net = net
        self._ours = ours
        self._checkpoint = checkpoint
        self._pairs = {pair.ours: pair for pair in pairing.pairs}
        self._uneven = pairing.uneven
        self._used: set[str] = set()

    def weights(self) -> dict[str, Array]:
        """The numbers of every weight by its full name."""
        found: dict[str, Array] = {}
        for layer in self._ours:
            found.update(self._layer(layer))
        left = next(self._left(), None)
        if left is not None:
            raise self._misfit(f"{left[0]}, {written(left[1])}, has no place in {self._net.name}")
        if self._uneven:
            raise self._misfit(f"the map does not pair it evenly with {self._net.name}")
        return found

    def _layer(self, layer: OurLayer) -> Iterator[tuple[str, Array]]:
        """The numbers of one layer's weights by their full names."""
        pair = self._pairs.get(layer.name)
        theirs = {} if pair is None else self._checkpoint.counterparts(layer, pair)
        for weight in layer.weights:
            name = f"{layer.name}.{weight.name}"
            tensor = theirs.get(weight.name)
            if tensor is None:
                raise self._missing(name, weight.shape, layer)
            values = _fitted(tensor.values, weight.shape)
            if values is None:
                raise self._misfit(
                    f"{tensor.name} is {written(tensor.values.shape)}{tensor.layout}, but "
                    f"{name} of {self._net.name} is {written(weight.shape)}"
                )
            self._used.add(tensor.key)
            yield name, values

    def _missing(self, name: str, shape: tuple[int, ...], layer: OurLayer) -> UserError:
        """The error for the first weight that has no counterpart."""
        heads = [other.name for other in self._ours if other.training]
        if layer.training and self._pairs.keys().isdisjoint(heads):
            return self._misfit(
                f"it has none of the auxiliary heads of {self._net.name}, whose first weight is "
                f"{name}, {written(shape)}"
            )
        text = f"nothing in it is {name} of {self._net.name}, {written(shape)}"
        left = next(self._left(), None)
        if left is not None:
            text += f"; the first tensor of it that is left is {left[0]}, {written(left[1])}"
        return self._misfit(text)

    def _left(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The tensors of the checkpoint that belong to no pair, or are not used by theirs."""
        shapes = self._checkpoint.shapes
        return ((name, shape) for name, shape in shapes.items() if name not in self._used)

    def _misfit(self, text: str) -> UserError:
        uneven = f" ({self._uneven[0]})" if self._uneven else ""
        return UserError(f"{self._checkpoint.file} does not fit: {text}{uneven}")


def _fitted(values: Array, shape: tuple[int, ...]) -> Array | None:
    """The numbers in our shape, where theirs differs by axes of 1 at one end alone.

    So a 1x1 convolution fits a dense layer, and a token (1, 1, n) a vector. A convolution over the
    whole image is a dense layer after `flatten`, which orders channels first as its kernel does.
    """
    if len(shape) == 2 and values.ndim > 3 and values.shape[0] == shape[0]:
        values = values.reshape(len(values), -1)
    longer, shorter = sorted((values.shape, shape), key=len, reverse=True)
    ones = (1,) * (len(longer) - len(shorter))
    if longer not in (ones + shorter, shorter + ones):
        return None
    return np.ascontiguousarray(values.reshape(shape), dtype=np.float32)
