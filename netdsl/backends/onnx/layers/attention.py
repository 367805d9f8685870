"""ONNX's rows of attention and of what prepares a sequence for it.

Attention is written with its features on the last dimension: for sequences, and for images
of sequences after a transposition, (batch, …, length, features).
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from onnx import TensorProto, helper

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import channels_last, from_channels_last, numbers_below
from netdsl.backends.onnx.rows import row
from netdsl.catalog.base import known
from netdsl.catalog.layers.attention import Attention, ClassToken, Positional, RelativeBias
from netdsl.tensor import Size, TensorType

# The score of a key that is hidden: beside any other its share is 0, and alone it is no nan.
HIDDEN = float(np.finfo(np.float32).min)


@row(Attention)
def attention(layer: Attention, inputs: tuple[TensorType, ...], graph: Builder, *names: str) -> str:
    rank = inputs[0].rank
    queries, keys, values = _projected(layer, inputs, graph, names)
    # From (batch, …, length, heads, features of a head), for keys with the last two swapped.
    *before, length, heads, features = range(rank + 2)
    queries = graph.transpose(queries, (*before, heads, length, features))
    keys = graph.transpose(keys, (*before, heads, features, length))
    values = graph.transpose(values, (*before, heads, length, features))
    width = known(inputs[0].channels, "the number of features") // layer.heads
    queries = graph.add("Mul", queries, graph.floats(1 / sqrt(width)))
    scores = graph.add("MatMul", queries, keys)
    if layer.bias is not None:
        scores = graph.add("Add", scores, _spread(graph, names[layer.bias], layer.bias, inputs))
    gathered = graph.add("MatMul", _shares(layer, inputs, graph, names, scores), values)
    gathered = graph.transpose(gathered, (*before, heads, length, features))
    mixed = graph.add("Reshape", gathered, graph.integers([*[0] * rank, -1]))
    weight, bias = graph.weight("out_proj.weight"), graph.weight("out_proj.bias")
    return from_channels_last(graph, _dense(graph, mixed, weight, bias), rank)


def _projected(
    layer: Attention, inputs: tuple[TensorType, ...], graph: Builder, names: tuple[str, ...]
) -> list[str]:
    """Queries, keys and values, their features divided among the heads."""
    rank = inputs[0].rank
    x = channels_last(graph, names[0], rank)
    bias = graph.weight("in_proj_bias") if layer.qkv_bias else ""
    if layer.memory is None:
        together = _dense(graph, x, graph.weight("in_proj_weight"), bias)
        parts = _thirds(graph, together, -1)
    else:
        memory = channels_last(graph, names[layer.memory], rank)
        weights = (
            _thirds(graph, graph.weight("in_proj_weight"), 0)
            if inputs[layer.memory].channels == inputs[0].channels
            else tuple(graph.weight(f"{part}_proj_weight") for part in "qkv")
        )
        biases = _thirds(graph, bias, 0) if bias else ("",) * 3
        triples = zip((x, memory, memory), weights, biases, strict=True)
        parts = tuple(_dense(graph, *triple) for triple in triples)
    sizes = graph.integers([*[0] * rank, layer.heads, -1])
    return [graph.add("Reshape", part, sizes) for part in parts]


def _shares(
    layer: Attention,
    inputs: tuple[TensorType, ...],
    graph: Builder,
    names: tuple[str, ...],
    scores: str,
) -> str:
    """How much each position takes of each key; nothing of any where it sees none."""
    seen = _seen(layer, inputs, graph, names)
    if not seen:
        return graph.add("Softmax", scores, axis=-1)
    scores = graph.add("Where", seen, scores, graph.floats(HIDDEN))
    return graph.add("Where", seen, graph.add("Softmax", scores, axis=-1), graph.floats(0))


def _seen(
    layer: Attention, inputs: tuple[TensorType, ...], graph: Builder, names: tuple[str, ...]
) -> str:
    """Which keys may be seen, as bools spread over the scores; an empty name for all."""
    conditions = []
    if layer.mask is not None:
        mask = _spread(graph, names[layer.mask], layer.mask, inputs)
        conditions.append(graph.add("Cast", mask, to=TensorProto.BOOL))
    if layer.causal:
        memory = inputs[layer.memory or 0]
        sizes = graph.sizes(inputs[0].shape[-2], memory.shape[-2])
        true = helper.make_tensor("value", TensorProto.BOOL, [1], [True])
        conditions.append(
            graph.add("Trilu", graph.add("ConstantOfShape", sizes, value=true), upper=0)
        )
    if len(conditions) == 2:
        return graph.add("And", *conditions)
    return conditions[0] if conditions else ""


def _spread(graph: Builder, x: str, place: int, inputs: tuple[TensorType, ...]) -> str:
    """A tensor in the order of writing, with axes of 1 for those of the scores that it lacks."""
    rank = inputs[place].rank
    x = channels_last(graph, x, rank)
    lacking = inputs[0].rank + 1 - rank
    if not lacking:
        return x
    return graph.add("Unsqueeze", x, graph.integers(range(1, lacking + 1)))


def _dense(graph: Builder, x: str, weight: str, bias: str) -> str:
    product = graph.add("MatMul", x, graph.transpose(weight, (1, 0)))
    return graph.add("Add", product, bias) if bias else product


def _thirds(graph: Builder, x: str, axis: int) -> tuple[str, ...]:
    return graph.several("Split", 3, x, axis=axis, num_outputs=3)


@row(Positional)
def positional(layer: Positional, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    if layer.kind == "learned":
        return graph.add("Add", x, graph.weight())
    length = inputs[0].shape[0]
    features = np.arange(known(inputs[0].channels, "the number of features"))
    even = features % 2 == 0
    rates = 10000.0 ** -((features - features % 2) / len(features))
    if not isinstance(length, Size):
        angles = np.arange(length)[:, None] * rates
        return graph.add("Add", x, graph.floats(np.where(even, np.sin(angles), np.cos(angles))))
    counted = graph.add("Cast", numbers_below(graph, length), to=TensorProto.FLOAT)
    column = graph.add("Unsqueeze", counted, graph.integers([1]))
    turned = graph.add("Mul", column, graph.floats(rates))
    is_even = graph.add("Cast", graph.integers(even), to=TensorProto.BOOL)
    waves = graph.add("Where", is_even, graph.add("Sin", turned), graph.add("Cos", turned))
    return graph.add("Add", x, waves)


@row(ClassToken)
def class_token(layer: ClassToken, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    features = known(inputs[0].channels, "the number of features")
    token = graph.add("Expand", graph.weight(), graph.sizes(1, features, batch=True))
    return graph.add("Concat", token, x, axis=1)


@row(RelativeBias)
def relative_bias(layer: RelativeBias, inputs: tuple[TensorType, ...], graph: Builder) -> str:
    index = _distances(layer.axes)
    table = graph.add("Gather", graph.weight(), graph.integers(index), axis=0)
    sizes = graph.sizes(len(index), layer.heads, len(index), batch=True)
    return graph.add("Expand", graph.transpose(table, (1, 2, 0)), sizes)


def _distances(axes: tuple[int, ...]) -> np.ndarray:
    """Which distance lies between each two positions of a grid."""
    places = np.indices(axes).reshape(len(axes), -1)
    index = np.zeros((places.shape[1],) * 2, np.int64)
    for size, place in zip(axes, places, strict=True):
        index = index * (2 * size - 1) + place[:, None] - place + size - 1
    return index
