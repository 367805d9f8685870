"""Models that onnxruntime runs: for predictions, and for figures on examples."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnxruntime
from onnx import ModelProto

from netdsl.backends.engine import Array, Examples, Figures, Indices, Task, Watch, as_numbers
from netdsl.backends.onnx.files import data_file, move_weights, needs_data_file
from netdsl.backends.onnx.model import build, output_names
from netdsl.backends.onnx.scoring import activated, loss_of, right_of
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet
from netdsl.tensor import Number

# How many examples a prediction on new data takes at once.
_AT_ONCE = 64
_DTYPES: dict[Number, type] = {"float": np.float32, "int": np.int64}
# What onnxruntime calls a device.
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def make_engine(net: ElaboratedNet, task: Task, examples: Examples, device: str) -> OnnxEngine:
    """What evaluates a task over these examples; its weights have yet to be set."""
    if task.contest is not None:
        raise UserError("--backend onnx runs one net; adversaries are judged by torch or keras")
    return OnnxEngine(net, task, examples, device)


def make_model(net: ElaboratedNet, output: str, device: str) -> OnnxModel:
    """A model that predicts; its weights have yet to be set."""
    return OnnxModel(net, _AT_ONCE, device)


class OnnxModel:
    """A net whose outputs onnxruntime computes.

    `batch` is how many examples it takes at once. Inputs and outputs are channels last.
    """

    def __init__(self, net: ElaboratedNet, batch: int, device: str) -> None:
        self._net = net
        self._batch = batch
        self._providers = _providers(device)
        self._held: dict[str, Array] = {}
        self._run: _Session | None = None

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        assert self._run is not None, "weights are set before a prediction"
        return self._run.outputs(inputs, self._batch)

    def weights(self, names: Container[str] | None = None) -> dict[str, Array]:
        """See `Model.weights`."""
        held = self._held.items()
        return {name: values.copy() for name, values in held if names is None or name in names}

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`; they are a part of the model, which is built anew."""
        self._held = {name: np.array(values) for name, values in weights.items()}
        self._run = _Session(self._net, build(self._net, self._held), self._providers)


class OnnxEngine(OnnxModel):
    """A model that also tells its loss on examples; the terms' logits come from a second model."""

    def __init__(self, net: ElaboratedNet, task: Task, examples: Examples, device: str) -> None:
        super().__init__(net, task.batch, device)
        self._task, self._draws = task, task.draws
        self._examples = examples
        self._terms = [term for term in task.terms if not term.auxiliary]
        self._fold = {name: task.activation(name) for name in task.folded}

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        return super().predict([*inputs, *self._task.beside(len(inputs[0]))])

    def evaluate(self, examples: Indices, watch: Watch | None = None) -> Figures:
        """See `Judge.evaluate`."""
        model = build(self._net, self._held, self._fold)
        session = _Session(self._net, model, self._providers)
        loss, count, right = 0.0, 0, []
        carry = self._task.carry
        states = carry.first(carry.lanes) if carry is not None else {}
        for number, batch in enumerate(self._examples.batches(self._task.judged(examples))):
            fields = {name: as_numbers(values) for name, values in batch.items()}
            here = len(next(iter(fields.values())))
            given = fields | (self._draws.judged(here, number) if self._draws is not None else {})
            given |= {name: state[:here] for name, state in states.items()}
            outputs = session.outputs([given[name] for name in self._task.flowing], self._batch)
            states = carry.after(outputs) if carry is not None else {}
            count += here
            loss += here * sum(loss_of(term, outputs, fields) for term in self._terms)
            if self._task.scored is not None:
                right.append(right_of(self._task.scored, outputs, fields).reshape(-1))
            if watch is not None:
                shown = {n: activated(self._task, n, values) for n, values in outputs.items()}
                watch(shown, fields)
        figures = {"accuracy": float(np.concatenate(right).mean())} if right else {}
        return {"loss": loss / count, **figures}


class _Session:
    """onnxruntime at work on one model of a net."""

    def __init__(self, net: ElaboratedNet, model: ModelProto, providers: Sequence[str]) -> None:
        self._ports = net.graph.ports
        self._names = output_names(net.graph)
        self._runtime = _opened(model, providers)

    def outputs(self, inputs: Sequence[Array], batch: int) -> dict[str, Array]:
        """The outputs by their names in the net, so many examples at once."""
        given: dict[str, Array] = {
            port.name: _channels_first(as_numbers(values)).astype(_DTYPES[port.type.number])
            for port, values in zip(self._ports, inputs, strict=True)
        }
        parts = []
        for start in range(0, len(inputs[0]), batch):
            chunk = {name: values[start : start + batch] for name, values in given.items()}
            parts.append(self._runtime.run(list(self._names.values()), chunk))
        whole = (np.concatenate(values) for values in zip(*parts, strict=True))
        return {n: _channels_last(values) for n, values in zip(self._names, whole, strict=True)}


def _opened(model: ModelProto, providers: Sequence[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; its warnings are for those who tune it
    start = partial(onnxruntime.InferenceSession, sess_options=options, providers=list(providers))
    if not needs_data_file(model):
        return start(model.SerializeToString())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        move_weights(model, data_file(path), data_file(path).name)
        path.write_bytes(model.SerializeToString())
        return start(path)


def _channels_first(values: Array) -> Array:
    """Channels last to PyTorch's layout: images and volumes have channels first."""
    return np.moveaxis(values, -1, 1) if values.ndim > 3 else values


def _channels_last(values: Array) -> Array:
    return np.moveaxis(values, 1, -1) if values.ndim > 3 else values


def _providers(device: str) -> list[str]:
    """What onnxruntime computes with; `auto` is a GPU where it can use one, else the CPU."""
    there = onnxruntime.get_available_providers()
    known = {name: provider for name, provider in _PROVIDERS.items() if provider in there}
    if device == "auto":
        return list(reversed(known.values()))
    if device not in known:
        raise UserError(
            f"onnxruntime has no device {device} here; it has {', '.join(known)} (a GPU needs the "
            "package onnxruntime-gpu)"
        )
    return [known[device]]
