"""The parts of an ONNX model under construction: nodes, weights, constants, sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from netdsl.backends.engine import Array
from netdsl.tensor import Atom, Dim, Size

# Where constants and computed sizes are told apart from what a layer adds: a layer has no such
# name, for names of layers have no slash.
_CONSTANTS = "constant/"
_SIZES = "size/"


class Parts:
    """What a model is made of, in order of execution.

    `weights` has every weight of the net under its full name; those that are used become
    initializers of these names. `sizes` says for each size known only at run time which input of
    the net has it, and at which dimension; `example` is an input of the net, whose first dimension
    is the batch.
    """

    def __init__(
        self, weights: Mapping[str, Array], sizes: Mapping[str, tuple[str, int]], example: str
    ) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}
        self._weights = weights
        self._sizes = sizes
        self._example = example
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._computed: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def node(
        self, prefix: str, op: str, inputs: Sequence[str], count: int, attributes: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """Adds a node named by prefix and operator, and returns the names of its outputs."""
        name = self._numbered(f"{prefix}{op}")
        outputs = (name, *[f"{name}:{index}" for index in range(1, count)])
        self.nodes.append(helper.make_node(op, inputs, outputs, name, **attributes))
        return outputs

    def weight(self, name: str) -> str:
        """The weight of this full name."""
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(
                np.ascontiguousarray(self._weights[name]), name
            )
        return name

    def constant(self, values: Array) -> str:
        """A tensor with these numbers; equal ones are one."""
        key = (values.dtype.str, values.shape, values.tobytes())
        if key not in self._constants:
            name = f"{_CONSTANTS}{len(self._constants) + 1}"
            self.initializers[name] = numpy_helper.from_array(values, name)
            self._constants[key] = name
        return self._constants[key]

    def batch(self) -> str:
        """How many examples there are: a tensor of one whole number."""
        return self._dimension(self._example, 0)

    def size(self, size: Dim) -> str:
        """A size as a tensor of one whole number, computed where it is known only at run time."""
        if isinstance(size, int):
            return self.constant(np.array([size], np.int64))
        key = str(size)
        if key not in self._computed:
            parts = [self._term(*term) for term in size.terms.items()]
            self._computed[key] = self._chain("Add", parts)
        return self._computed[key]

    def _term(self, monomial: tuple[Atom, ...], coefficient: int) -> str:
        factors = [self._atom(atom) for atom in monomial]
        if coefficient != 1 or not factors:
            factors.append(self.size(coefficient))
        return self._chain("Mul", factors)

    def _atom(self, atom: Atom) -> str:
        if isinstance(atom, str):
            return self._dimension(*self._sizes[atom])
        # The numerator of a floor division in normal form is never negative, so that ONNX, which
        # cuts off towards zero, has the same quotient.
        terms, divisor = atom
        return self._chain("Div", [self.size(Size(dict(terms))), self.size(divisor)])

    def _chain(self, op: str, tensors: Sequence[str]) -> str:
        result = tensors[0]
        for tensor in tensors[1:]:
            (result,) = self.node(_SIZES, op, [result, tensor], 1, {})
        return result

    def _dimension(self, tensor: str, dim: int) -> str:
        key = f"{tensor}[{dim}]"
        if key not in self._computed:
            ends = {"start": dim, "end": dim + 1}
            (self._computed[key],) = self.node(_SIZES, "Shape", [tensor], 1, ends)
        return self._computed[key]

    def _numbered(self, name: str) -> str:
        """The name, followed by 2, 3, … where it was given before."""
        count = self._counts[name] = self._counts.get(name, 0) + 1
        return name if count == 1 else f"{name}{count}"
