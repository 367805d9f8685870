"""Batches of examples for Keras: gathered where it computes, or sent as they are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import keras
from keras import ops

from netdsl.backends.engine import Array, Examples, Indices
from netdsl.backends.keras.devices import shared_out
from netdsl.backends.keras.losses import Tensor
from netdsl.backends.keras.scoring import to_keras

# What flows into a step, by name: the numbers of the examples or their fields, and what was drawn.
Given: TypeAlias = dict[str, Tensor]
# From how many examples a batch has, and its number, to what is drawn for it.
Draw: TypeAlias = Callable[..., Mapping[str, Array]]

_ROWS = "rows"
_FIELD = "field "  # stands before the name of a field


class Feed:
    """The fields of these names, batch by batch.

    Of examples that lie in memory `given` gives the numbers of each batch, which are all that is
    sent, and `fields` gathers inside of what Keras compiles.
    """

    def __init__(self, examples: Examples, names: Collection[str]) -> None:
        self._examples = examples
        self._names = names
        resident = examples.resident()
        # Variables, so that what Keras compiles does not contain the examples.
        self._there: Mapping[str, keras.Variable] | None = None
        if resident is not None:
            self._there = {name: _constant(to_keras(resident[name])) for name in names}
        self._failure: Exception | None = None

    def given(self, rows: Sequence[Indices], draw: Draw) -> tuple[Any, int | None]:
        """What `fit` and `evaluate` take to call a step with each batch in turn, and how often.

        The latter is None where Keras knows. `draw` draws for each batch.
        """
        if self._there is not None:
            return _Rows(rows, draw), None
        return self._streamed(rows, draw), len(rows)

    def fields(self, given: Given) -> dict[str, Tensor]:
        """The fields of a batch: images from 0 to 1."""
        if self._there is None:
            return {name: _numbers(shared_out(given[_FIELD + name])) for name in self._names}
        rows = shared_out(given[_ROWS])
        return {n: _numbers(ops.take(there, rows, axis=0)) for n, there in self._there.items()}

    def watched(
        self, rows: Sequence[Indices], draw: Draw
    ) -> Iterator[tuple[dict[str, Array], Mapping[str, Array]]]:
        """What a step is called with for each batch, and the fields that are in it."""
        resident = self._examples.resident()
        if resident is None:
            for number, fields in enumerate(self._examples.batches(rows)):
                sent = {_FIELD + n: _typed(to_keras(fields[n])) for n in self._names}
                yield {**sent, **draw(len(next(iter(sent.values()))), batch=number)}, fields
            return
        for number, batch in enumerate(rows):
            fields = {n: resident[n][batch] for n in self._names}
            yield {_ROWS: batch.astype("int32"), **draw(len(batch), batch=number)}, fields

    def raise_failure(self) -> None:
        """Raises what ended reading: an engine of Keras tells it as a failure of its own."""
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _streamed(self, rows: Sequence[Indices], draw: Draw) -> Iterator[tuple[dict[str, Array]]]:
        try:
            for number, fields in enumerate(self._examples.batches(rows)):
                sent = {_FIELD + name: _typed(to_keras(fields[name])) for name in self._names}
                yield ({**sent, **draw(len(next(iter(sent.values()))), batch=number)},)
        except Exception as error:
            self._failure = error
            raise


def count(given: Given) -> Tensor:
    """How many examples a batch has."""
    name = _ROWS if _ROWS in given else next(name for name in given if name.startswith(_FIELD))
    return ops.convert_to_tensor(ops.shape(given[name])[0])


def drawn(given: Given) -> dict[str, Tensor]:
    """What was drawn for a batch."""
    return {n: v for n, v in given.items() if n != _ROWS and not n.startswith(_FIELD)}


class _Rows(keras.utils.PyDataset):  # type: ignore[misc]
    """The numbers of the examples of each batch, and what is drawn for them."""

    def __init__(self, batches: Sequence[Indices], draw: Draw) -> None:
        super().__init__()
        self._batches = [batch.astype("int32") for batch in batches]
        self._draw = draw

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> dict[str, Array]:
        rows = self._batches[index]
        return {_ROWS: rows, **self._draw(len(rows), batch=index)}


def _constant(values: Array) -> keras.Variable:
    return keras.Variable(values, trainable=False, dtype=_typed(values[:0]).dtype.name)


def _typed(values: Array) -> Array:
    """Floats in the precision of the model."""
    return values.astype(keras.config.floatx()) if values.dtype.kind == "f" else values


def _numbers(field: Tensor) -> Tensor:
    """Bytes as numbers from 0 to 1; anything else as it is."""
    if keras.backend.standardize_dtype(field.dtype) != "uint8":
        return field
    return ops.cast(field, keras.config.floatx()) / 255
