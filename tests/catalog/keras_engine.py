"""What each engine that Keras runs on does in its own way: graphs of open sizes, and gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# The tensors that flow in, to the output, which is a tensor or a tree of them.
_Run = Callable[[Sequence[Any]], Any]

ENGINE = keras.config.backend()
# Only what is used is installed.
_library = import_module(ENGINE)


def opened(run: _Run, inputs: Sequence[Any]) -> _Run:
    """The call, in TensorFlow as a graph in which sizes are open that are so in these inputs.

    Elsewhere a graph has its sizes.
    """
    if ENGINE != "tensorflow":
        return run
    signature = [_library.TensorSpec(x.shape, x.dtype) for x in inputs]
    graph: _Run = _library.function(run, input_signature=[signature])
    return graph


def gradients(
    model: keras.Model,
    inputs: Sequence[Array],
    variables: Sequence[Any],
    factors: Array | float,
    training: bool = False,
) -> tuple[Array, list[Array | None]]:
    """The first output, and the gradients of its sum times these factors.

    They are with respect to the inputs that are floats, and then to the variables. One that the
    output does not depend on is None, or zeros in JAX.
    """

    def total(outputs: Any) -> tuple[Any, Any]:
        first = keras.tree.flatten(outputs)[0]
        return keras.ops.sum(keras.ops.multiply(first, factors)), first

    output, found = _ENGINES[ENGINE](model, inputs, variables, total, training)
    to_numpy = keras.ops.convert_to_numpy
    return to_numpy(output), [None if x is None else to_numpy(x) for x in found]


def slope(function: Callable[[Any], Any], at: Array) -> tuple[float, Array]:
    """The value of a function that gives one number, and its gradient."""
    if ENGINE == "jax":
        value, found = _library.value_and_grad(function)(_library.numpy.asarray(at))
    elif ENGINE == "torch":
        given = _library.from_numpy(np.array(at)).requires_grad_()
        value = function(given)
        (found,) = _library.autograd.grad(value, given)
        value = value.detach()
    else:
        given = _library.constant(at)
        with _library.GradientTape() as tape:
            tape.watch(given)
            value = function(given)
        found = tape.gradient(value, given)
    return float(value), keras.ops.convert_to_numpy(found)


_Total = Callable[[Any], tuple[Any, Any]]
_Found = tuple[Any, Sequence[Any]]


def _in_tensorflow(
    model: keras.Model, inputs: Sequence[Array], variables: Any, total: _Total, training: bool
) -> _Found:
    given = [_library.constant(array) for array in inputs]
    watched = [tensor for tensor in given if tensor.dtype.is_floating]
    with _library.GradientTape() as tape:
        tape.watch(watched)
        summed, output = total(model(given, training=training))
    return output, tape.gradient(summed, [*watched, *(each.value for each in variables)])


def _in_torch(
    model: keras.Model, inputs: Sequence[Array], variables: Any, total: _Total, training: bool
) -> _Found:
    given = [_library.from_numpy(np.array(array)) for array in inputs]
    watched = [tensor.requires_grad_() for tensor in given if tensor.is_floating_point()]
    summed, output = total(model(given, training=training))
    slopes = [*watched, *(each.value for each in variables)]
    return output.detach(), _library.autograd.grad(summed, slopes, allow_unused=True)


def _in_jax(
    model: keras.Model, inputs: Sequence[Array], variables: Any, total: _Total, training: bool
) -> _Found:
    floats = [number for number, array in enumerate(inputs) if array.dtype.kind == "f"]
    weights = [variable.value for variable in model.trainable_variables]
    state = [variable.value for variable in model.non_trainable_variables]

    def run(watched: list[Any], weights: list[Any]) -> tuple[Any, Any]:
        given = list(inputs)
        for number, tensor in zip(floats, watched, strict=True):
            given[number] = tensor
        return total(model.stateless_call(weights, state, given, training=training)[0])

    slope = _library.value_and_grad(run, argnums=(0, 1), has_aux=True)
    (_, output), (flowing, trained) = slope([inputs[number] for number in floats], weights)
    order = {id(variable): place for place, variable in enumerate(model.trainable_variables)}
    return output, [*flowing, *(trained[order[id(variable)]] for variable in variables)]


_ENGINES = {"tensorflow": _in_tensorflow, "torch": _in_torch, "jax": _in_jax}
