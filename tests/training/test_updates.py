"""What a step does besides the optimizer's formula, against a loop written by hand in PyTorch."""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import netdsl
from netdsl.backends.torch import train as torch_train
from netdsl.backends.torch.engine import TorchEngine
from netdsl.catalog.layers.activation import Relu, Softmax, Tanh
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.optimizers import AdamW, Sgd
from netdsl.diagnostics import UserError
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches, length, steps_of
from netdsl.training.plan import Plan
from tests.training.nets import Module, chain, engine, plan, settings

NET = chain(Dense(units=16), Tanh(), Dense(units=2), Softmax(), shape=(2,))
NORMED = chain(
    Dense(units=8), BatchNorm(), Relu(), Dense(units=8), BatchNorm(), Relu(), Dense(units=2),
    Softmax(), shape=(2,),
)  # fmt: skip


class ByHand:
    """The same net with the same weights, trained step by step."""

    def __init__(self, made: Plan) -> None:
        self.module = Module(made.net, True)
        start = initial_weights(made.net.graph, 0)
        self.module.load_state_dict({k: torch.tensor(v) for k, v in start.items()}, strict=False)
        self._fields = [torch.tensor(made.arrays[name]) for name in ("point", "label")]

    def loss(self, rows: Any) -> torch.Tensor:
        points, labels = (field[rows] for field in self._fields)
        return F.cross_entropy(self.module.logits(points), labels)

    def same(self, weights: dict[str, Any], tolerance: float = 1e-5) -> bool:
        state = self.module.state_dict()
        return all(
            np.allclose(values, state[name].numpy(), rtol=tolerance, atol=tolerance)
            for name, values in weights.items()
        )


def begun(made: Plan) -> TorchEngine:
    started = engine(made)
    started.put_weights(initial_weights(made.net.graph, 0))
    return started


def trained(made: Plan) -> tuple[TorchEngine, list[Any]]:
    """An engine after an epoch, and the batches that it saw."""
    every = made.settings.accumulate
    cut = batches(made.split.train, made.settings.batch, 0, 1, every)
    ours = begun(made)
    ours.train(cut, [1.0] * (len(cut) // every), 0, lambda count: None)
    return ours, cut


def test_gradients_are_cut_down_together() -> None:
    made = plan(NET, optimizer=Sgd(1.0), clip=0.05)
    ours, cut = trained(made)
    hand = ByHand(made)
    optimizer = torch.optim.SGD(hand.module.parameters(), lr=1.0)
    cuts = 0
    for rows in cut:
        optimizer.zero_grad()
        hand.loss(rows).backward()
        cuts += bool(nn.utils.clip_grad_norm_(hand.module.parameters(), 0.05) > 0.05)
        optimizer.step()
    assert cuts and hand.same(ours.weights())


def test_batches_of_one_step_are_as_good_as_a_large_one() -> None:
    small = plan(NET, optimizer=Sgd(0.5), batch=7, accumulate=4)
    ours, cut = trained(small)
    hand = ByHand(small)
    optimizer = torch.optim.SGD(hand.module.parameters(), lr=0.5)
    steps = [cut[at : at + 4] for at in range(0, len(cut), 4)]
    assert [len(step) for step in steps] == [4] * steps_of(84, small.settings)
    assert sum(map(len, cut)) == 84 and {len(rows) for step in steps for rows in step} == {7}
    for step in steps:
        optimizer.zero_grad()
        hand.loss(np.concatenate(step)).backward()
        optimizer.step()
    assert hand.same(ours.weights())


def test_the_last_step_has_all_its_batches() -> None:
    train = np.arange(83)
    for size, every in ((8, 3), (40, 2), (2, 5), (1, 7), (81, 1), (82, 1)):
        cut = batches(train, size, 0, 1, every)
        assert sorted(np.concatenate(cut)) == list(train)
        assert len(cut) == every * steps_of(83, settings(batch=size, accumulate=every))
        assert min(map(len, cut)) >= min(size, 2)


def test_a_running_mean_is_evaluated_and_kept() -> None:
    made = plan(NET, optimizer=Sgd(0.5), ema=0.7, batch=8)
    ours, cut = trained(made)
    hand = ByHand(made)
    optimizer = torch.optim.SGD(hand.module.parameters(), lr=0.5)
    mean = AveragedModel(hand.module, multi_avg_fn=get_ema_multi_avg_fn(0.7))
    for rows in cut:
        optimizer.zero_grad()
        hand.loss(rows).backward()
        optimizer.step()
        mean.update_parameters(hand.module)
    assert hand.same(ours.weights())
    hand.module = mean.module
    assert hand.same(ours.kept()) and not hand.same(ours.weights(), 1e-3)
    rows = made.split.validation
    assert ours.evaluate(rows)["loss"] == pytest.approx(hand.loss(rows).item(), rel=1e-5)
    hand.same(ours.weights())


def test_what_is_frozen_stays_with_its_statistics() -> None:
    made = plan(
        NORMED, optimizer=Sgd(0.5, weight_decay=0.1), freeze=("dense1", "batchnorm1"), l2=0.1
    )
    start = begun(made).weights()
    ours, cut = trained(made)
    frozen = {name for name in start if name.startswith(("dense1.", "batchnorm1."))}
    assert made.task.frozen == frozen and len(frozen) == 6
    found = ours.weights()
    assert {name for name in start if np.array_equal(start[name], found[name])} == frozen
    assert {name.rpartition(".")[0] for name in ours.state()} <= found.keys() - frozen
    hand = ByHand(made)
    hand.module.train()
    parts = dict(hand.module.named_modules())
    weights = [w for name, w in hand.module.named_parameters() if name not in frozen]
    optimizer = torch.optim.SGD(weights, lr=0.5, weight_decay=0.1)
    for rows in cut:
        parts["batchnorm1"].eval()
        optimizer.zero_grad()
        penalty = sum(w.square().sum() for w in weights if w.ndim > 1)
        (hand.loss(rows) + 0.1 * penalty).backward()
        optimizer.step()
    assert hand.same(found)


def test_nothing_to_train_is_told() -> None:
    with pytest.raises(UserError, match="frozen as a whole"):
        plan(NET, freeze=("dense1", "dense2"))
    with pytest.raises(UserError, match="no layer or level dense3 with weights; did you mean"):
        plan(NET, freeze=("dense3",))


def test_vectors_are_left_out_of_the_decay() -> None:
    made = plan(NORMED, optimizer=AdamW(0.01, weight_decay=3.0, decay="matrices"))
    ours, cut = trained(made)
    hand = ByHand(made)
    hand.module.train()
    groups = [
        {"params": [w for w in hand.module.parameters() if w.ndim > 1], "weight_decay": 3.0},
        {"params": [w for w in hand.module.parameters() if w.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    for rows in cut:
        optimizer.zero_grad()
        hand.loss(rows).backward()
        optimizer.step()
    # Biases before a batchnorm have gradients of rounding alone, which AdamW blows up.
    noise = ("dense1.bias", "dense2.bias")
    found = {name: values for name, values in ours.weights().items() if name not in noise}
    assert hand.same({k: v for k, v in found.items() if "running_mean" not in k}, 1e-4)
    again, fresh = ours.state(), begun(made)
    fresh.put_weights(ours.weights())
    fresh.put_state(again)
    assert fresh.state().keys() == again.keys()
    assert all(np.array_equal(values, again[name]) for name, values in fresh.state().items())


def test_steps_in_place_of_epochs() -> None:
    made = settings(batch=10, steps=25)
    assert steps_of(100, made) == 10
    assert length(made, 100) == 3
    assert length(settings(batch="all", steps=25), 100) == 25


@pytest.mark.skipif(not shutil.which("g++"), reason="compiling needs a compiler of C++")
def test_fast_changes_nothing_beyond_rounding() -> None:
    text = (
        "net Net {\n input point: 2\n dense(8) -> batchnorm -> relu -> dropout(0.3) -> dense(2)\n}"
    )
    net = netdsl.load("net.net", text=text).elaborated
    usual, fast = (plan(net, optimizer=Sgd(0.5), fast=fast) for fast in (False, True))
    cut = batches(usual.split.train, 32, 0, 1)
    figures = []
    for made in (usual, fast):
        started = torch_train.make_engine(made.net, made.task, made.examples(), "cpu")
        started.put_weights(initial_weights(made.net.graph, 0))
        losses = [
            started.train(cut, [1.0] * len(cut), 0, lambda count: None)["loss"],
            started.evaluate(made.split.validation)["loss"],
        ]
        figures.append(losses)
    assert figures[0] == pytest.approx(figures[1], rel=1e-5)
