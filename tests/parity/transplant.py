"""Weights go from a reference model into ours as a user's do: saved, converted, loaded."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

import netdsl
from netdsl.api import locate
from netdsl.weights.convert import convert
from tests.parity.in_pytorch import answer
from tests.parity.references import Array, Reference, reference

# PyTorch's batchnorm counts batches; evaluation does not ask for it, and nobody else has it.
COUNTER = "num_batches_tracked"
# How large a difference may be. Rounding alone is far below the second; what is wrong in a model,
# were it an epsilon, is above it.
SINGLE, DOUBLE = 1e-4, 1e-10


class Result(NamedTuple):
    """How far our logits are from the reference's.

    `single` and `double` are the largest differences in both precisions, as shares of `largest`,
    the largest logit.
    """

    name: str
    single: float
    double: float
    largest: float

    @property
    def is_close(self) -> bool:
        """Whether rounding alone makes the difference."""
        return self.single <= SINGLE and self.double <= DOUBLE


def transplanted(name: str, source: str, path: Path) -> nn.Module:
    """Our model of a bundled name in evaluation, with the weights of a file of another library.

    It has `logits`. Raises `UserError` where a tensor has no place on either side.
    """
    net = netdsl.load(name)
    outputs = frozenset(output.name for output in net.elaborated.graph.outputs)
    with torch.device("meta"):
        model = net.torch(fold=outputs)
    spec, _ = locate(name)
    found = convert(net.elaborated, spec, source, path)
    state = {key: torch.from_numpy(value) for key, value in found.items()}
    counters = {key: torch.tensor(0) for key in model.state_dict() if key.endswith(COUNTER)}
    model.load_state_dict(state | counters, assign=True)
    return model.eval()


def counterpart(peer: Reference, name: str) -> nn.Module:
    """Our model with the weights of a reference model, by way of a file."""
    with tempfile.TemporaryDirectory() as folder:
        return transplanted(name, name.partition("/")[0], peer.save(Path(folder)))


def difference(found: Array, expected: Array) -> float:
    """The largest difference as a share of the largest number, which must be one that shows it."""
    assert found.shape == expected.shape, f"{found.shape} against {expected.shape}"
    largest = np.abs(expected).max()
    assert 1e-2 < largest < 1e3, f"the largest logit is {largest}"
    return float(np.abs(found - expected).max() / largest)


def compare(peer: Reference, model: nn.Module, name: str) -> Result:
    """Our model of a name beside the reference that gave it its weights."""
    expected = peer.logits()
    single = difference(answer(model, model.logits, peer.images, False), expected)
    found = answer(model, model.logits, peer.images, True)
    double = difference(found, peer.logits(double=True))
    return Result(name, single, double, float(np.abs(expected).max()))


def measure(name: str) -> Result:
    """Builds the reference of a name such as `keras/VGG16`, checks its size, compares."""
    peer = reference(name)
    assert peer.size == peer.expected, f"{name}: {peer.size}, not {peer.expected}"
    return compare(peer, counterpart(peer, name), name)
