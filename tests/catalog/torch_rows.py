"""Runs the examples of the catalogue against PyTorch, as rows alone, without parser or emitter.

An example's call is read with Python's own parser into the record of its layer. The layer's row
is filled in as the emitter would, executed, and compared with what the record says: shapes,
members, names and shapes of weights, multiply-adds.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from netdsl.backends.torch import rows
from netdsl.backends.torch.helpers import HELPERS
from netdsl.backends.torch.rows import Code, Emission
from netdsl.catalog.arguments import (
    Argument,
    Entry,
    EntryArgument,
    Rejection,
    Symbol,
    TensorInput,
    TensorInputs,
)
from netdsl.catalog.base import Example, Layer
from netdsl.catalog.collect import entries
from netdsl.tensor import TensorType

BATCH = 2
INPUTS = {"it": 0, "b": 1, "c": 2, "d": 3}
WORDS = {"true": True, "false": False, "none": None}


@cache
def catalogue() -> dict[tuple[str, str], type[Entry]]:
    """Every entry by its category and word."""
    return {(entry.category, entry.word): entry for entry in entries()}


def layers(family: str) -> list[type[Layer]]:
    """The layers of one file of netdsl/catalog/layers."""
    module = f"netdsl.catalog.layers.{family}"
    return [e for e in catalogue().values() if issubclass(e, Layer) and e.__module__ == module]


def examples(*families: str) -> list[Any]:
    """Test parameters, a layer's class and an example, of every example in some families."""
    found = []
    for family in families:
        for layer in layers(family):
            assert layer.examples, f"{layer.word} has no examples"
            for example in layer.examples:
                shown = " ".join("x".join(map(str, shape)) for shape in example.inputs)
                title = f"{example.call} on {shown or 'nothing'}"
                found.append(pytest.param(layer, example, id=title))
    return found


def record(call: str, kind: str = "layer") -> Any:
    """The record that a call stands for, its arguments checked and normalised."""
    # A word that Python keeps for itself gets an underscore, as in the records.
    legal = re.sub(rf"\b({'|'.join(keyword.kwlist)})=", r"\1_=", call)
    node = ast.parse(legal, mode="eval").body
    return _record(node, kind)


def _record(node: ast.expr, kind: str) -> Any:
    if isinstance(node, ast.Name):
        return catalogue()[kind, node.id]()
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    entry = catalogue()[kind, node.func.id]
    if issubclass(entry, Layer) and entry.collects:
        return _collected(entry, node)
    positional = [argument for argument in entry.arguments().values() if not argument.keyword]
    given = {
        argument.name: _argument(argument, value)
        for argument, value in zip(positional, node.args, strict=False)
    }
    for value in node.args[len(positional) :]:
        assert isinstance(value, ast.Name) and value.id in INPUTS, (
            f"too many values: {call_of(node)}"
        )
    for named in node.keywords:
        assert named.arg is not None
        name = named.arg.removesuffix("_")
        given[name] = _argument(entry.arguments()[name], named.value)
    return entry(**given)


def _collected(entry: type[Layer], node: ast.Call) -> Layer:
    """A record whose positional arguments are one tuple."""
    values = tuple(_value(item) for item in node.args)
    if len(values) == 1 and isinstance(values[0], tuple):
        values = values[0]
    return entry(**{entry.collects: entry.arguments()[entry.collects].accept(values)})


def call_of(node: ast.expr) -> str:
    """The call as text, for messages."""
    return ast.unparse(node)


def _argument(argument: Argument, node: ast.expr) -> Any:
    if isinstance(argument, EntryArgument) and isinstance(node, (ast.Name, ast.Call)):
        return argument.accept(_record(node, argument.kind.category))
    if isinstance(argument, TensorInput):
        names = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
        given = [INPUTS[name.id] for name in names if isinstance(name, ast.Name)]
        return tuple(given) if isinstance(argument, TensorInputs) else given[0]
    return argument.accept(_value(node))


def _value(node: ast.expr) -> Any:
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_value(item) for item in node.elts)
    if isinstance(node, ast.Name):
        return WORDS[node.id] if node.id in WORDS else Symbol(node.id)
    return ast.literal_eval(node)


def types(example: Example) -> tuple[TensorType, ...]:
    """The types of an example's inputs."""
    return example.types


def layout(shape: tuple[Any, ...], batch: int = BATCH) -> tuple[int, ...]:
    """PyTorch's shape of a tensor: channels first from rank 3 on, the batch before all."""
    if len(shape) < 3:
        return (batch, *shape)
    return (batch, shape[-1], *shape[:-1])


def to_torch(tensor: torch.Tensor) -> torch.Tensor:
    """A batch written channels-last, in PyTorch's layout."""
    return tensor.movedim(-1, 1) if tensor.dim() > 3 else tensor


def from_torch(tensor: torch.Tensor) -> torch.Tensor:
    """A batch in PyTorch's layout, channels last."""
    return tensor.movedim(1, -1) if tensor.dim() > 3 else tensor


class Built(nn.Module):
    """A row, executed: `module` is what it constructs, `forward` what it calls."""

    def __init__(self, emission: Emission, inputs: int, tie: torch.Tensor | None = None) -> None:
        super().__init__()
        self.space: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "tie": tie}
        for helper in (*emission.helpers, *emission.member_helpers):
            exec(HELPERS[helper], self.space)
        names = [f"x{index}" for index in range(inputs)]
        self.names = names
        self.module = self._run(emission.construct, {}) if emission.construct else None
        self.emission = emission

    def _run(self, code: Code, tensors: dict[str, torch.Tensor]) -> Any:
        written = {name: repr(value) for name, value in code.values.items()}
        batch = f"{self.names[0]}.shape[0]" if self.names else str(BATCH)
        text = code.text.format(
            *self.names,
            inputs=", ".join(self.names),
            module="module",
            tie="tie",
            batch=batch,
            **written,
        )
        return eval(text, self.space | tensors | {"module": getattr(self, "module", None)})

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """The main output."""
        return self._run(self.emission.call, dict(zip(self.names, inputs, strict=True)))

    def member(self, name: str, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The main output and one member."""
        members = self.emission.members
        output, *found = self._run(members[name], dict(zip(self.names, inputs, strict=True)))
        return output, dict(zip(members, found, strict=True))[name]

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a checkpoint holds, PyTorch's counter of batches left out."""
        state = self.module.state_dict() if self.module is not None else {}
        return {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}


def build(layer: Layer, inputs: tuple[TensorType, ...], tie: torch.Tensor | None = None) -> Built:
    """The layer's row, executed, in evaluation mode."""
    row = rows.find(type(layer))
    assert row is not None, f"{layer.word} has no PyTorch row"
    return Built(row(layer, inputs), len(inputs), tie).eval()


@contextmanager
def without_onednn() -> Iterator[None]:
    """Turns oneDNN off, whose LSTM is one operation with a workspace in pages of memory."""
    torch.backends.mkldnn.enabled = False
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = True


def drawn(example: Example) -> list[torch.Tensor]:
    """Random inputs of an example, in PyTorch's layout."""
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randint(0, 2, layout(kind.shape), generator=generator)
        if kind.number == "int"
        else torch.randn(layout(kind.shape), generator=generator)
        for kind in example.types
    ]


def run(call: str, *inputs: torch.Tensor, change: Callable[[Built], None] | None = None) -> Any:
    """The output of a call on channels-last batches, channels last; `change` may set weights."""
    given = tuple(TensorType(tuple(tensor.shape[1:])) for tensor in inputs)
    built = build(record(call), given)
    if change is not None:
        change(built)
    with torch.no_grad():
        return from_torch(built(*map(to_torch, inputs)))


def check_example(layer: type[Layer], example: Example) -> None:
    """An example does what its record says, in PyTorch too; a wrong use is rejected."""
    if example.rejects:
        check_rejection(example)
        return
    made = record(example.call)
    assert type(made) is layer
    inputs = types(example)
    inferred = made.infer(*inputs)
    assert inferred.shape == example.output
    # The counter follows gradients into modules, even where none are computed.
    built = build(made, inputs).requires_grad_(False)
    tensors = drawn(example)
    # On the CPU attention is one operation, which the counter does not know: it is taken apart.
    apart = sdpa_kernel(SDPBackend.MATH)
    with FlopCounterMode(display=False) as counter, torch.no_grad(), without_onednn(), apart:
        output = built(*tensors)
    assert output.shape == layout(example.output)
    assert output.is_floating_point() == (inferred.number == "float")
    assert counter.get_total_flops() == 2 * BATCH * made.macs(*inputs)
    check_weights(made, inputs, built)
    check_members(made, inputs, built, tensors)


def check_rejection(example: Example) -> None:
    """A wrong use is rejected with the words it announces, and something of it is blamed."""
    with pytest.raises(Rejection) as caught:
        record(example.call).infer(*types(example))
    assert example.rejects in caught.value.message
    assert caught.value.argument is not None or caught.value.input is not None


def check_weights(layer: Layer, inputs: tuple[TensorType, ...], built: Built) -> None:
    """Weights and state have PyTorch's names and shapes, and the role they have there."""
    weights = layer.weights(*inputs)
    tensors = built.tensors()
    assert {w.name: w.shape for w in weights} == {k: tuple(v.shape) for k, v in tensors.items()}
    trained = {w.name for w in weights if w.role == "weight"}
    module = built.module or nn.Identity()
    assert trained == {name for name, _ in module.named_parameters()}


def check_members(
    layer: Layer, inputs: tuple[TensorType, ...], built: Built, tensors: list[torch.Tensor]
) -> None:
    """Every member has its shape and number type, and comes with the same main output."""
    members = layer.members(*inputs)
    assert members.keys() == built.emission.members.keys()
    for name, kind in members.items():
        output, member = built.member(name, *tensors)
        assert torch.equal(output, built(*tensors))
        assert member.shape == layout(kind.shape)
        assert member.is_floating_point() == (kind.number == "float")
