"""Runs the examples of the catalogue against ONNX: rows alone, beside PyTorch's rows.

A layer's row is asked for its nodes; onnxruntime runs them with the weights and inputs that the
layer's PyTorch row is given, and both must give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from netdsl.backends.onnx import rows
from netdsl.backends.onnx.builder import Builder
from netdsl.backends.onnx.model import OPSET, assemble, open_sizes
from netdsl.backends.onnx.parts import Parts
from netdsl.catalog.base import Example, Layer
from netdsl.graph import Port
from netdsl.tensor import TensorType
from tests.catalog.torch_rows import BATCH, build, drawn, layout, record

# What two ways to compute one layer may differ by, of the largest number.
TOLERANCE = 1e-5

Arrays = Mapping[str, Any]


def model_of(
    layer: Layer,
    inputs: tuple[TensorType, ...],
    weights: Arrays,
    tie: Any = None,
) -> onnx.ModelProto:
    """A model of one layer: inputs x0, x1, …, then its output and its members by their names."""
    row = rows.find(type(layer))
    assert row is not None, f"{layer.word} has no ONNX row"
    ports = [Port(f"x{index}", kind, "input") for index, kind in enumerate(inputs)]
    # A layer that nothing flows into has as many examples as another input.
    ports = ports or [Port("examples", TensorType((1,)), "input")]
    held = {f"layer.{name}": values for name, values in weights.items()} | {"tied.weight": tie}
    parts = Parts(held, open_sizes(ports), ports[0].name)
    made = row(layer, inputs, Builder(parts, "layer", "tied"), *[p.name for p in ports if inputs])
    types = {"output": layer.infer(*inputs), **layer.members(*inputs)}
    made = (made,) if isinstance(made, str) else made
    outputs = {name: (tensor, types[name]) for name, tensor in zip(types, made, strict=True)}
    return assemble("layer", parts, ports, outputs)


def check(model: onnx.ModelProto) -> None:
    """The model is legal, and inferred shapes agree with those that it promises."""
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)


def execute(model: onnx.ModelProto, inputs: Arrays) -> dict[str, Any]:
    """The outputs of a model by name, by onnxruntime on one thread of the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))


def outputs_of(model: onnx.ModelProto, tensors: list[torch.Tensor]) -> dict[str, Any]:
    """The outputs of a `model_of` a layer on these tensors, or for as many examples without any."""
    given = {f"x{index}": tensor.contiguous().numpy() for index, tensor in enumerate(tensors)}
    return execute(model, given or {"examples": np.zeros((BATCH, 1), np.float32)})


def difference(ours: Any, theirs: Any) -> float:
    """The largest difference, as a share of the largest number."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert ours.shape == theirs.shape, f"{ours.shape} against {theirs.shape}"
    if not theirs.size:
        return 0.0
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-6))


def drawn_weights(layer: Layer, inputs: tuple[TensorType, ...]) -> dict[str, torch.Tensor]:
    """Random numbers for every weight; state, which may be a variance, is positive."""
    generator = torch.Generator().manual_seed(1)
    return {
        weight.name: torch.rand(weight.shape, generator=generator) + 0.5
        if weight.role == "state"
        else torch.randn(weight.shape, generator=generator)
        for weight in layer.weights(*inputs)
    }


def check_numbers(layer: type[Layer], example: Example) -> None:
    """A good example gives in ONNX what it gives in PyTorch, members too."""
    made = record(example.call)
    assert type(made) is layer
    compare(made, example.types, drawn(example))


def compare(
    layer: Layer,
    inputs: tuple[TensorType, ...],
    tensors: list[torch.Tensor],
    tie: torch.Tensor | None = None,
) -> None:
    """A layer on these tensors, in PyTorch's layout, gives the same in PyTorch and in ONNX.

    Sizes of `inputs` may be open.
    """
    weights = drawn_weights(layer, inputs)
    theirs = build(layer, inputs, tie)
    if theirs.module is not None:
        theirs.module.load_state_dict(weights, strict=False)
    held = {name: values.numpy() for name, values in weights.items()}
    model = model_of(layer, inputs, held, None if tie is None else tie.numpy())
    check(model)
    ours = outputs_of(model, tensors)
    with torch.no_grad():
        expected = {"output": theirs(*tensors)}
        for name in layer.members(*inputs):
            expected[name] = theirs.member(name, *tensors)[1]
    kinds = {"output": layer.infer(*inputs), **layer.members(*inputs)}
    for name, kind in kinds.items():
        promised = zip(layout(kind.shape), ours[name].shape, strict=True)
        assert all(size == found for size, found in promised if isinstance(size, int))
        assert ours[name].dtype == (np.float32 if kind.number == "float" else np.int64)
        assert difference(ours[name], expected[name].detach().numpy()) <= TOLERANCE, name
