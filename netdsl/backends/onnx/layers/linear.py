"""ONNX's rows of dense layers, embeddings, products and tensors of a net's own."""

from __future__ import annotations

import numpy as np

from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.layout import channels_last, from_channels_last
from netdsl.backends.onnx.rows import row
from netdsl.backends.torch.layout import order
from netdsl.catalog.layers.linear import Constant, Dense, Embedding, Matmul, Parameter
from netdsl.tensor import TensorType


@row(Dense)
def dense(layer: Dense, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    rank = inputs[0].rank
    weight = graph.weight() if layer.tie is None else graph.tied()
    bias = [graph.weight("bias")] if layer.bias else []
    if rank == 1:
        return graph.add("Gemm", x, weight, *bias, transB=1)
    x = channels_last(graph, x, rank)
    x = graph.add("MatMul", x, graph.transpose(weight, (1, 0)))
    for added in bias:
        x = graph.add("Add", x, added)
    return from_channels_last(graph, x, rank)


@row(Embedding)
def embedding(layer: Embedding, inputs: tuple[TensorType, ...], graph: Builder, x: str) -> str:
    return graph.add("Gather", graph.weight(), x, axis=0)


@row(Matmul)
def matmul(layer: Matmul, inputs: tuple[TensorType, ...], graph: Builder, *tensors: str) -> str:
    rank = inputs[layer.a].rank
    a, b = (channels_last(graph, tensors[index], rank) for index in (layer.a, layer.b))
    if layer.transpose:
        b = graph.transpose(b, (*range(rank - 1), rank, rank - 1))
    return from_channels_last(graph, graph.add("MatMul", a, b), rank)


@row(Parameter)
def parameter(layer: Parameter, inputs: tuple[TensorType, ...], graph: Builder) -> str:
    return _for_each_example(graph, graph.weight(), layer.infer().rank)


@row(Constant)
def constant(layer: Constant, inputs: tuple[TensorType, ...], graph: Builder) -> str:
    values = np.atleast_1d(np.array(layer.values, np.float32))
    moved = np.ascontiguousarray(values.transpose(order(values.ndim)))
    return _for_each_example(graph, graph.floats(moved), values.ndim)


def _for_each_example(graph: Builder, tensor: str, rank: int) -> str:
    """A tensor repeated for each example of the batch."""
    return graph.add("Expand", tensor, graph.sizes(*(1,) * rank, batch=True))
