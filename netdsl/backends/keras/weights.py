"""The weights of a model of Keras under the language's names and in its layouts.

A layer of the model has the full name of the spec's; the layers of a block that is used several
times may lie in a model of their own inside. A helper's variables are called as ours and lie as
ours; of Keras' own layers `layouts.py` says the order and the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import keras
import numpy as np

from netdsl.backends.keras.layouts import Array, Variable, variables_of
from netdsl.catalog.base import Layer, Weight
from netdsl.graph import Graph, named_weights
from netdsl.record import Record


class Layout(Record):
    """How one of our tensors lies in a variable of Keras.

    `way` is None where it lies as ours; `part` is its place among several in one variable. What
    holds of a variable holds of its gradient and of an optimizer's moments too.
    """

    layer: Layer
    way: Variable | None = None
    part: int = 0

    def ours(self, values: Array) -> Array:
        """Our tensor, out of the numbers of the variable."""
        if self.way is None:
            return values
        return dict(enumerate(part for _, part in self.way.parts(values, self.layer)))[self.part]

    def theirs(self, values: Array, held: Array) -> Array:
        """The numbers of the variable with our tensor in it; `held` is what it holds so far."""
        if self.way is None:
            return values
        if len(self.way.tensors) > 1:
            parts = np.array([part for _, part in self.way.parts(held, self.layer)])
            parts[self.part] = values
            values = parts
        return self.way.way.back(values, self.layer).reshape(held.shape)


class Held(Record):
    """A tensor of ours in a model: the variable that holds it, and how."""

    variable: Any
    layout: Layout

    def get(self) -> Array:
        """The tensor in our layout."""
        return np.ascontiguousarray(self.layout.ours(_numbers(self.variable)))

    def put(self, values: Array) -> None:
        """Writes the tensor, given in our layout."""
        self.variable.assign(self.layout.theirs(values, _numbers(self.variable)))


def _numbers(variable: Any) -> Array:
    numbers: Array = keras.ops.convert_to_numpy(variable)
    return numbers


def held(made: keras.Layer, layer: Layer, weights: Sequence[Weight]) -> dict[str, Held]:
    """Our tensors of one layer by their names in it, in the layer of Keras that was made for it."""
    own = {variable.name: variable for variable in made.weights}
    if all(weight.name in own for weight in weights):
        return {weight.name: Held(own[weight.name], Layout(layer)) for weight in weights}
    names = {weight.name for weight in weights}
    row = variables_of(layer)
    assert row is not None, f"{layer.word} has no layout in Keras"
    found = {}
    wanted = [variable for variable in row if not names.isdisjoint(variable.tensors)]
    for way, variable in zip(wanted, made.weights, strict=True):
        for part, tensor in enumerate(way.tensors):
            found[tensor] = Held(variable, Layout(layer, way, part))
    return {weight.name: found[weight.name] for weight in weights}


def named_variables(model: keras.Model, graph: Graph) -> dict[str, Held]:
    """Every weight and state of a net by its full name, where the emitted model holds it."""
    layers = dict(_named_layers(model))
    found: dict[str, Held] = {}
    for name, members in groupby(named_weights(graph), key=lambda weight: weight.layer_name):
        named = list(members)
        tensors = held(layers[name], named[0].layer, [member.weight for member in named])
        found |= {f"{name}.{tensor}": place for tensor, place in tensors.items()}
    return found


def _named_layers(model: keras.Model) -> Iterator[tuple[str, keras.Layer]]:
    for layer in model.layers:
        yield layer.name, layer
        if isinstance(layer, keras.Model):
            yield from _named_layers(layer)


def put_weights(model: keras.Model, graph: Graph, weights: Mapping[str, Array]) -> None:
    """Writes weights, by the language's names and in its layouts, into a model."""
    places = named_variables(model, graph)
    for name, values in weights.items():
        places[name].put(values)


def weights_of(model: keras.Model, graph: Graph) -> dict[str, Array]:
    """The weights and the state of a model by the language's names, in its layouts."""
    return {name: place.get() for name, place in named_variables(model, graph).items()}
