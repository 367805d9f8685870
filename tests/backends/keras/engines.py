"""The same plan on an engine of PyTorch and on one of Keras, with the same weights."""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import torch

import netdsl
from netdsl.backends.engine import Array, Figures
from netdsl.backends.keras import train as keras_train
from netdsl.backends.keras.engine import KerasEngine
from netdsl.backends.torch import train as torch_train
from netdsl.backends.torch.engine import TorchEngine
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches
from netdsl.training.plan import Plan
from netdsl.training.schedule import factors
from tests.training import nets

torch.set_num_threads(1)


def plan(body: str, **changes: Any) -> Plan:
    """The plan of a net of these lines, by default over points of two classes."""
    text = f"net Net {{\n{body}\n}}\n"
    return nets.plan(netdsl.load("net.net", text=text).elaborated, **changes)


def on_keras(made: Plan) -> KerasEngine:
    """An engine of Keras with the plan's initial weights."""
    engine = keras_train.make_engine(made.net, made.task, made.examples(), "cpu")
    engine.put_weights(initial_weights(made.net.graph, made.settings.seed))
    return engine


def on_torch(made: Plan) -> TorchEngine:
    """An engine of PyTorch with the same weights."""
    engine = torch_train.make_engine(made.net, made.task, made.examples(), "cpu")
    engine.put_weights(initial_weights(made.net.graph, made.settings.seed))
    return engine


def epoch(engine: KerasEngine | TorchEngine, made: Plan, number: int = 1) -> Figures:
    """Trains an epoch, in the order that it has."""
    settings = made.settings
    every = settings.accumulate
    cut = batches(made.split.train, settings.batch, settings.seed, number, every, settings.carry)
    rates = factors(settings.schedule, number, len(cut) // every, settings.epochs, 1.0)
    return engine.train(cut, rates, number, lambda count: None)


def difference(one: dict[str, Array], other: dict[str, Array]) -> float:
    """The largest difference of two collections of tensors, of the largest number of a tensor."""
    assert one.keys() == other.keys()
    return max(
        float(np.abs(values - other[name]).max() / (np.abs(values).max() or 1))
        for name, values in one.items()
    )
