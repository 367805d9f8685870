"""Runs the examples of the catalogue in Keras against PyTorch, as rows alone.

A layer's row is filled in as the emitter would, and executed in a model of this one layer, beside
PyTorch's row of the same layer with the same weights.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import numpy.typing as npt
import torch
from keras import layers as keras_layers

from netdsl.backends.keras import rows
from netdsl.backends.keras.helpers import HELPERS
from netdsl.backends.keras.on_torch import allow_dots
from netdsl.backends.keras.rows import Code, Emission
from netdsl.backends.keras.weights import Held, held
from netdsl.catalog.base import Example, Layer
from netdsl.tensor import Size, TensorType
from tests.catalog import torch_rows
from tests.catalog.keras_engine import gradients, opened
from tests.catalog.torch_rows import BATCH, check_rejection, drawn, from_torch, record, types

Array = npt.NDArray[Any]
allow_dots()
# How far numbers may be from PyTorch's, relative to the largest.
CLOSE = 1e-5


class Built:
    """A row of Keras, executed in a model; its batch is unknown, as are sizes that are `Size`s.

    `model` has as outputs the main one and then the members; a layer that nothing flows into is
    given an input that only says how many examples there are.
    """

    def __init__(
        self, layer: Layer, inputs: tuple[TensorType, ...], tie: keras.Layer | None = None
    ) -> None:
        row = rows.find(type(layer))
        assert row is not None, f"{layer.word} has no Keras row"
        self.layer, self.types = layer, inputs
        self.emission: Emission = row(layer, inputs)
        self.space: dict[str, Any] = {"keras": keras, "layers": keras_layers, "ops": keras.ops}
        self.space["tie"] = tie
        for helper in (*self.emission.helpers, *self.emission.member_helpers):
            exec(HELPERS[helper], self.space)
        self.inputs = [_input(f"x{n}", kind) for n, kind in enumerate(inputs or (_NOTHING,))]
        self.names = [tensor.name for tensor in self.inputs][: len(inputs)]
        self.space |= {tensor.name: tensor for tensor in self.inputs}
        construct = self.emission.construct
        self.module = self._run(construct, named=True) if construct else None
        self.space["module"] = self.module
        output = self._run(self.emission.call)
        self.members = list(self.emission.members)
        others = []
        if self.members:
            again, *others = self._run(self.emission.members[self.members[0]])
            others.append(again)
        self.model = keras.Model(self.inputs, [output, *others])

    def _run(self, code: Code, named: bool = False) -> Any:
        written = {name: repr(value) for name, value in code.values.items()}
        text = code.text.format(
            *self.names,
            inputs=", ".join(self.names),
            module="module",
            tie="tie",
            batch="x0",
            **written,
        )
        if named:
            # As the emitter writes it: the name is the last argument.
            assert text.endswith(")"), text
            text = f"{text[:-1]}{'' if text.endswith('()') else ', '}name='made')"
        return eval(text, self.space)

    def __call__(self, *arrays: Array) -> list[Array]:
        """The main output and the members, in evaluation.

        Sizes that are open are so in the graph that runs, as where many sizes follow each other.
        """
        given = arrays or (_NO_NUMBERS,)
        run: Any = partial(self.model, training=False)
        if any(isinstance(size, Size) for kind in self.types for size in kind.shape):
            run = opened(run, self.inputs)
        # A single output comes without a list.
        outputs = keras.tree.flatten(run(list(given)))
        return [keras.ops.convert_to_numpy(tensor) for tensor in outputs]

    def held(self) -> dict[str, Held]:
        """The layer's weights by our names."""
        weights = self.layer.weights(*self.types)
        return held(self.module, self.layer, weights) if weights else {}


_NOTHING = TensorType((1,))
_NO_NUMBERS: Array = np.zeros((BATCH, 1), np.float32)


def _input(name: str, kind: TensorType) -> Any:
    shape = tuple(None if isinstance(size, Size) else size for size in kind.shape)
    return keras.Input(shape, name=name, dtype="int32" if kind.number == "int" else "float32")


def draw(layer: Layer, inputs: tuple[TensorType, ...]) -> dict[str, Array]:
    """Random numbers for the weights and the state of a layer; variances are positive."""
    generator = np.random.default_rng(0)
    found = {}
    for weight in layer.weights(*inputs):
        values = generator.standard_normal(weight.shape).astype(np.float32)
        found[weight.name] = np.abs(values) + 0.5 if weight.name.endswith("var") else values
    return found


def in_torch(
    layer: Layer,
    inputs: tuple[TensorType, ...],
    weights: dict[str, Array],
    tensors: Sequence[torch.Tensor],
) -> list[Array]:
    """What PyTorch's row gives on tensors in its layout: the output and the members, our layout."""
    built = torch_rows.build(layer, inputs)
    with torch.no_grad():
        for name, tensor in built.tensors().items():
            tensor.copy_(torch.from_numpy(weights[name]))
        output = built(*tensors)
        members = [built.member(name, *tensors)[1] for name in built.emission.members]
    return [from_torch(tensor).detach().numpy() for tensor in (output, *members)]


def check_example(layer: type[Layer], example: Example, opened: bool = False) -> None:
    """An example has the shapes and weights of its record in Keras, and PyTorch's numbers.

    With `opened` the positions that flow in are unknown while the model is built.
    """
    if example.rejects:
        check_rejection(example)
        return
    made = record(example.call)
    assert type(made) is layer
    compare(made, types(example), drawn(example), opened)


def compare(
    layer: Layer,
    inputs: tuple[TensorType, ...],
    tensors: Sequence[torch.Tensor],
    opened: bool = False,
) -> None:
    """Keras' row agrees with the record and with PyTorch's row, on tensors in PyTorch's layout."""
    weights = draw(layer, inputs)
    built = Built(layer, tuple(map(unknown, inputs)) if opened else inputs)
    places = built.held()
    assert places.keys() == weights.keys()
    check_roles(layer, inputs, built)
    for name, values in weights.items():
        places[name].put(values)
        np.testing.assert_array_equal(places[name].get(), values)
    found = built(*(from_torch(tensor).numpy() for tensor in tensors))
    wanted = in_torch(layer, inputs, weights, tensors)
    if built.members:
        # The call that returns members too gives the same main output.
        np.testing.assert_array_equal(found.pop(), found[0])
    inferred = [layer.infer(*inputs), *layer.members(*inputs).values()]
    for array, other, kind, symbol in zip(
        found, wanted, inferred, built.model.outputs, strict=False
    ):
        assert array.shape == (BATCH, *kind.shape)
        if not opened:
            assert symbol.shape == (None, *kind.shape), f"built as {symbol.shape}"
        check_close(array, other)
    assert len(found) == len(wanted) == len(inferred)


def unknown(kind: TensorType) -> TensorType:
    """The type with its positions known only at run time."""
    sizes = [Size.unknown(f"n{axis}") for axis in range(kind.rank - 1)]
    return kind.with_shape(*sizes, kind.channels) if kind.rank else kind


def check_roles(layer: Layer, inputs: tuple[TensorType, ...], built: Built) -> None:
    """As many numbers are trained, and kept as state, as the record says."""
    weights = layer.weights(*inputs)
    for role, variables in (
        ("weight", built.model.trainable_weights),
        ("state", built.model.non_trainable_weights),
    ):
        counted = sum(int(np.prod(variable.shape)) for variable in variables)
        assert counted == sum(weight.size for weight in weights if weight.role == role)


def check_close(found: Array, wanted: Array, close: float = CLOSE) -> None:
    """Two arrays agree relative to the largest number; whole numbers exactly."""
    assert found.shape == wanted.shape
    assert (found.dtype.kind == "f") == (wanted.dtype.kind == "f")
    if found.dtype.kind != "f":
        np.testing.assert_array_equal(found, wanted)
        return
    largest = float(np.abs(wanted).max()) or 1.0
    assert np.isfinite(found).all()
    difference = float(np.abs(found - wanted).max()) / largest
    assert difference <= close, f"{difference:.2e} of the largest"


def check_gradients(layer: Layer, example: Example) -> None:
    """A random sum of the output has PyTorch's gradients, for inputs and weights.

    `example` says what flows in. An input that only lends its shape has no gradient.
    """
    kinds, tensors = types(example), drawn(example)
    weights = draw(layer, kinds)
    built, reference = Built(layer, kinds), torch_rows.build(layer, kinds)
    places = {name: place for name, place in built.held().items() if place.variable.trainable}
    for name, place in built.held().items():
        place.put(weights[name])
        reference.tensors()[name].copy_(torch.from_numpy(weights[name]))
    flowing = [tensor.requires_grad_() for tensor in tensors if tensor.is_floating_point()]
    trained = [reference.get_parameter(f"module.{name}") for name in places]
    output = from_torch(reference(*tensors))
    factors = np.random.default_rng(1).standard_normal(output.shape).astype(np.float32)
    total = (output * torch.from_numpy(factors)).sum()
    wanted = torch.autograd.grad(total, [*flowing, *trained], allow_unused=True)
    given = [from_torch(tensor).detach().numpy() for tensor in tensors]
    variables = [place.variable for place in places.values()]
    _, found = gradients(built.model, given or [_NO_NUMBERS], variables, factors)
    # Nothing flows into a layer that is given the number of examples alone.
    found = found if given else found[1:]
    turns = [lambda values: values] * len(flowing) + [p.layout.ours for p in places.values()]
    backs = [from_torch] * len(flowing) + [lambda tensor: tensor] * len(trained)
    for gradient, turn, other, back in zip(found, turns, wanted, backs, strict=True):
        if other is None:
            assert gradient is None or not gradient.any()
        else:
            assert gradient is not None
            check_close(turn(gradient), back(other).numpy())
