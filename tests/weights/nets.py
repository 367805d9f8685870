"""Small nets with maps beside them, and models that take converted weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import netdsl
from netdsl.api import Net
from netdsl.backends.torch.scoring import to_numpy, to_torch
from netdsl.weights.arrays import Array


def net_of(folder: Path, text: str, maps: Mapping[str, Any] | None = None) -> Net:
    """The net of a spec in a file of the folder, and its map."""
    spec = folder / "own.net"
    spec.write_text(text, encoding="utf-8")
    if maps is not None:
        (folder / "own.weights.json").write_text(json.dumps(maps), encoding="utf-8")
    return netdsl.load(str(spec))


def with_weights(net: Net, weights: Mapping[str, Array]) -> nn.Module:
    """Our model in evaluation, with these weights, every one of which must have a place."""
    model = net.torch()
    state = {name: torch.from_numpy(values) for name, values in weights.items()}
    counters = {
        name: value for name, value in model.state_dict().items() if name.endswith("_tracked")
    }
    model.load_state_dict(state | counters)
    return model.eval()


@torch.no_grad()
def answer(model: nn.Module, example: Array) -> Array:
    """What our model says of an example that lies channels last."""
    return to_numpy(model(to_torch(example)))


def difference(found: Array, expected: Array) -> float:
    """The largest difference as a share of the largest number."""
    assert found.shape == expected.shape
    assert expected.std() > 1e-3 * np.abs(expected).max(), "all numbers are alike"
    return float(np.abs(found - expected).max() / np.abs(expected).max())
