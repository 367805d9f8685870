"""Weights go from a reference model into ours as a user's do: saved, converted, loaded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

import netdsl
from netdsl.api import Net, locate
from netdsl.weights.convert import convert
from tests.parity.in_pytorch import answer
from tests.parity.references import Array, Reference, reference

# PyTorch's batchnorm counts batches; evaluation does not ask for it, and nobody else has it.
COUNTER = "num_batches_tracked"
# The form in which a library's weights are published.
ENDINGS = {"torchvision": ".pt", "keras": ".h5"}
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


def model_of(net: Net) -> nn.Module:
    """Our model of a net, its weights not yet there; it has `logits`."""
    outputs = frozenset(output.name for output in net.elaborated.graph.outputs)
    with torch.device("meta"):
        return net.torch(fold=outputs)


def give(model: nn.Module, weights: Mapping[str, Array]) -> nn.Module:
    """Our model with these weights, in evaluation; every one must have a place, and none lack."""
    state = {name: torch.from_numpy(value) for name, value in weights.items()}
    counters = {name: torch.tensor(0) for name in model.state_dict() if name.endswith(COUNTER)}
    model.load_state_dict(state | counters, assign=True)
    return model.eval()


def converted(peer: Reference, name: str, ending: str | None = None) -> dict[str, Array]:
    """The weights of a reference under our names, by way of a file."""
    library = name.partition("/")[0]
    spec, _ = locate(name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"weights{ending or ENDINGS[library]}"
        peer.save(file)
        return convert(netdsl.load(name).elaborated, spec, library, file)


def difference(found: Array, expected: Array) -> float:
    """The largest difference as a share of the largest number, which must be one that shows it."""
    assert found.shape == expected.shape, f"{found.shape} against {expected.shape}"
    largest = np.abs(expected).max()
    assert 1e-2 < largest < 1e3, f"the largest logit is {largest}"
    return float(np.abs(found - expected).max() / largest)


def logits(model: nn.Module, images: Array, double: bool = False) -> Array:
    """What our model makes of images with channels last, before any softmax."""
    return answer(model, cast(Callable[[Tensor], Tensor], model.logits), images, double)


def measure(name: str, ending: str | None = None) -> Result:
    """Builds the reference of a name such as `keras/VGG16`, checks its size, compares.

    `ending` says in which form its weights are saved, if not in the one that is published.
    """
    peer = reference(name)
    assert peer.size == peer.expected, f"{name}: {peer.size}, not {peer.expected}"
    model = give(model_of(netdsl.load(name)), converted(peer, name, ending))
    return compared(name, lambda double: logits(model, peer.images, double), peer)


def compared(name: str, ours: Callable[[bool], Array], peer: Reference) -> Result:
    """What our model gives in single and in double precision beside what the reference gives."""
    expected = peer.logits()
    single = difference(ours(False), expected)
    double = difference(ours(True), peer.logits(double=True))
    return Result(name, single, double, float(np.abs(expected).max()))
