"""Each optimizer of the language against PyTorch's own, over some steps; its state travels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from netdsl.catalog.layers.activation import Softmax, Tanh
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.optimizers import Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches
from tests.training.nets import Module, chain, engine, plan

CASES: list[tuple[Optimizer, Callable[..., Any], dict[str, Any]]] = [
    (Sgd(0.1), torch.optim.SGD, {"lr": 0.1}),
    (
        Sgd(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ),
    (Adagrad(), torch.optim.Adagrad, {}),
    (
        Adagrad(0.1, 0.2, weight_decay=0.01),
        torch.optim.Adagrad,
        {"lr": 0.1, "lr_decay": 0.2, "weight_decay": 0.01},
    ),
    (RmsProp(), torch.optim.RMSprop, {}),
    (
        RmsProp(0.02, 0.9, 0.5, centered=True),
        torch.optim.RMSprop,
        {"lr": 0.02, "alpha": 0.9, "momentum": 0.5, "centered": True},
    ),
    (Adam(), torch.optim.Adam, {}),
    (
        Adam(0.05, 0.8, 0.95, weight_decay=0.01),
        torch.optim.Adam,
        {"lr": 0.05, "betas": (0.8, 0.95), "weight_decay": 0.01},
    ),
    (AdamW(), torch.optim.AdamW, {}),
    (AdamW(0.05, weight_decay=0.2), torch.optim.AdamW, {"lr": 0.05, "weight_decay": 0.2}),
]


@pytest.mark.parametrize(("record", "theirs", "arguments"), CASES)
def test_the_same_weights_as_pytorch(
    record: Optimizer, theirs: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    # Without a batchnorm: it makes gradients of biases before it zero but for noise, which
    # optimizers that divide by the gradient's size blow up.
    net = chain(Dense(units=16), Tanh(), Dense(units=2), Softmax(), shape=(2,))
    made = plan(net, optimizer=record)
    ours = engine(made)
    start = initial_weights(made.net.graph, 0)
    ours.put_weights(start)
    rounds = [batches(made.split.train, 32, 0, epoch) for epoch in (1, 2)]
    for cut in rounds:
        ours.train(cut, [1.0] * len(cut), 0, lambda count: None)

    module = Module(made.net, True)
    module.load_state_dict({k: torch.tensor(v) for k, v in start.items()}, strict=False)
    optimizer = theirs(module.parameters(), **arguments)
    points, labels = (torch.tensor(made.arrays[name]) for name in ("point", "label"))
    for rows in (rows for cut in rounds for rows in cut):
        optimizer.zero_grad()
        F.cross_entropy(module.logits(points[rows]), labels[rows]).backward()
        optimizer.step()
    state = module.state_dict()
    for name, values in ours.weights().items():
        assert np.allclose(values, state[name].numpy(), rtol=1e-4, atol=1e-6), name
    assert not np.allclose(ours.weights()["dense1.weight"], start["dense1.weight"])


@pytest.mark.parametrize("record", [case[0] for case in CASES])
def test_state_goes_to_another_engine_bit_for_bit(record: Optimizer) -> None:
    made = plan(optimizer=record)
    first, second = engine(made), engine(made)
    first.put_weights(initial_weights(made.net.graph, 0))
    cut = batches(made.split.train, 32, 0, 1)
    first.train(cut, [1.0] * len(cut), 1, lambda count: None)
    second.put_weights(first.weights())
    second.put_state(first.state())
    for one in (first, second):
        one.train(cut, [1.0] * len(cut), 2, lambda count: None)
    theirs = second.weights()
    assert all(np.array_equal(values, theirs[name]) for name, values in first.weights().items())
