"""States that go from window to window: on every backend, and beside PyTorch's own loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import netdsl
from netdsl.backends.carry import lanes
from netdsl.backends.engine import Array, Engine, Judge
from netdsl.catalog.losses import CrossEntropy, LossSum, LossTerm
from netdsl.catalog.sources import Digits
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.training.backends import runtime
from netdsl.training.carry import carrying
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches, steps_of
from netdsl.training.plan import Plan
from tests.backends.keras.engines import epoch, on_keras, on_torch
from tests.backends.keras.test_carry import LANES, WRITER, settings, writer
from tests.training import nets
from tests.training.test_watch import on_onnx

# Every recurrence, in blocks, in loops, shared, with a state that is asked for.
NESTED = """\
block deep(units) {
  lstm(units, return=sequence) as h
  left = h.cell
  h -> layernorm
}
block wrap(units) { dense(6, each=true) -> deep(units) as inner -> relu }
net Nested {
  input x: ? x 3
  repeat 2 { gru(5, return=sequence, reset_after=false) }
  wrap(4) as w
  output w.inner.left as seen
  repeat 2 { wrap(6) }
  shared both = { rnn(6, return=sequence) -> deep(6) }
  both -> both
  lstm(4, return=sequence, peephole=true) as last
  output last.state as end
  dense(3) -> softmax as told
}
"""


def elaborated(text: str) -> ElaboratedNet:
    return netdsl.load("test.net", text=text).elaborated


def test_each_window_of_a_lane_follows_the_one_before() -> None:
    found = lanes(np.arange(10, 21), 4)
    assert [batch.tolist() for batch in found] == [[10, 13, 16, 19], [11, 14, 17, 20], [12, 15, 18]]
    assert [batch.tolist() for batch in lanes(np.arange(2), 4)] == [[0, 1]]
    four = nets.settings(batch=4, carry=True)
    for examples in (8, 9, 11):
        cut = batches(np.arange(examples), 4, 0, 1, carry=True)
        assert len(cut) == steps_of(examples, four)
        assert sorted(np.concatenate(cut)) == list(range(examples))


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_windows_one_after_the_other_are_the_whole_sequence(backend: str) -> None:
    net = elaborated(NESTED)
    opened, carry = carrying(net)
    names = [named.name for named in named_weights(net.graph)]
    assert [named.name for named in named_weights(opened.graph)] == names
    assert carry.sizes == (5, 5, *[4] * 2, *[6] * 10, *[4] * 2)
    weights = initial_weights(net.graph, 0)
    whole, model = (runtime(backend).make_model(one, "told", "cpu") for one in (net, opened))
    for one in (whole, model):
        one.put_weights(weights)
    x = np.random.default_rng(0).standard_normal((2, 12, 3), np.float32)
    wanted = whole.predict([x])
    states, told = carry.first(2), []
    for part in np.split(x, 3, axis=1):
        found = model.predict([part, *states.values()])
        states = carry.after(found)
        told.append(found["told"])
    np.testing.assert_allclose(np.concatenate(told, axis=1), wanted["told"], atol=1e-6)
    for name in ("seen", "end"):
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-6)
    # The states matter: from the first ones the last window is another.
    anew = model.predict([x[:, 8:], *carry.first(2).values()])["told"]
    assert np.abs(anew - told[-1]).max() > 0.01


class ByHand(nn.Module):
    """The net `WRITER`, and the loop that carries its states, as one writes them in PyTorch."""

    def __init__(self, weights: dict[str, Array]) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 6)
        self.lstm = nn.LSTM(6, 8, batch_first=True)
        self.gru = nn.GRU(8, 7, batch_first=True)
        self.dense = nn.Linear(7, 9)
        held = {name: torch.from_numpy(values) for name, values in weights.items()}
        own = {
            "embedding.weight": held["embedding1.weight"],
            **{f"lstm.{n}_l0": held[f"lstm1.{n}"] for n in ("weight_ih", "weight_hh")},
            "lstm.bias_ih_l0": held["lstm1.bias"],
            "lstm.bias_hh_l0": torch.zeros(32),
            **{
                f"gru.{n}_l0": held[f"gru1.{n}"]
                for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            },
            "dense.weight": held["dense1.weight"],
            "dense.bias": held["dense1.bias"],
        }
        self.load_state_dict(own)
        self.lstm.bias_hh_l0.requires_grad_(False)

    def epoch(self, tokens: Tensor, following: Tensor, lr: float | None) -> float:
        """The mean loss over windows (windows, length) that follow one another, in four lanes."""
        parts = torch.tensor_split(torch.arange(len(tokens)), LANES)
        h, c, g = torch.zeros(1, LANES, 8), torch.zeros(1, LANES, 8), torch.zeros(1, LANES, 7)
        total = 0.0
        for at in range(len(parts[0])):
            rows = [int(part[at]) for part in parts if at < len(part)]
            n = len(rows)
            flow, (h, c) = self.lstm(
                self.embedding(tokens[rows]), (h[:, :n].detach(), c[:, :n].detach())
            )
            flow, g = self.gru(flow, g[:, :n].detach())
            loss = functional.cross_entropy(self.dense(flow).transpose(1, 2), following[rows])
            total += loss.item() * n
            if lr is not None:
                self.zero_grad()
                loss.backward()
                with torch.no_grad():
                    for weight in self.parameters():
                        if weight.grad is not None:
                            weight -= lr * weight.grad
        return total / len(tokens)


def windows(made: Plan, rows: Array) -> tuple[Tensor, Tensor]:
    fields = (made.data.fields[name].array[rows] for name in ("tokens", "next"))
    tokens, following = (torch.from_numpy(values) for values in fields)
    return tokens, following


@pytest.mark.parametrize("start", [on_torch, on_keras])
def test_epochs_are_those_of_a_loop_by_hand(
    tmp_path: Path, start: Callable[[Plan], Engine]
) -> None:
    made = writer(tmp_path)
    engine = start(made)
    hand = ByHand(initial_weights(made.net.graph, made.settings.seed))
    cut = batches(made.split.train, LANES, 0, 1, carry=True)
    for number in range(3):
        told = engine.train(cut, [1.0] * len(cut), number, lambda count: None)["loss"]
        assert told == pytest.approx(hand.epoch(*windows(made, made.split.train), lr=0.5), rel=1e-5)
        # Evaluations begin anew, as epochs do, and carry too.
        found = engine.evaluate(made.split.test)["loss"]
        wanted = hand.epoch(*windows(made, made.split.test), lr=None)
        assert found == pytest.approx(wanted, rel=1e-5)
    weights = engine.weights()
    np.testing.assert_allclose(weights["dense1.weight"], hand.dense.weight.detach(), atol=2e-5)
    np.testing.assert_allclose(weights["lstm1.bias"], hand.lstm.bias_ih_l0.detach(), atol=2e-5)


@pytest.mark.parametrize("start", [on_torch, on_keras, on_onnx])
def test_a_watched_evaluation_carries_too(tmp_path: Path, start: Callable[[Plan], Judge]) -> None:
    made = writer(tmp_path)
    engine = start(made)
    hand = ByHand(initial_weights(made.net.graph, made.settings.seed))
    wanted = hand.epoch(*windows(made, made.split.test), lr=None)
    for watch in (None, lambda outputs, fields: None):
        assert engine.evaluate(made.split.test, watch)["loss"] == pytest.approx(wanted, rel=1e-5)
    # Fewer windows than lanes, each of which then is a lane; a prediction is of each by itself.
    few = made.split.test[:2]
    alone = hand.epoch(*windows(made, few), lr=None)
    assert engine.evaluate(few)["loss"] == pytest.approx(alone, rel=1e-5)
    chances = engine.predict([made.data.fields["tokens"].array[few]])["output"]
    right = np.take_along_axis(chances, made.data.fields["next"].array[few][..., None], axis=-1)
    assert -np.log(right).mean() == pytest.approx(alone, rel=1e-4)


HEADED = """\
block head(units) { gru(units, return=sequence) -> dense(9) -> softmax }
net Headed {
  input tokens: 5 of int
  embedding(9, 6)
  auxiliary head(5) as near
  repeat 2 { lstm(6, return=sequence) }
  head(4)
}
"""


def test_heads_of_training_alone_begin_anew(tmp_path: Path) -> None:
    net = elaborated(HEADED)
    assert carrying(net)[1].sizes == (6, 6, 6, 6, 4)
    terms = [LossTerm(CrossEntropy(), (name, "next")) for name in ("output", "near")]
    made = nets.plan(net, **settings(tmp_path, loss=LossSum(tuple(terms))))
    engines = [on_torch(made), on_keras(made)]
    one, other = (epoch(engine, made) for engine in engines)
    assert other == pytest.approx(one, rel=1e-5)
    one, other = (engine.evaluate(made.split.test) for engine in engines)
    assert other == pytest.approx(one, rel=1e-5)


def test_without_it_each_window_begins_anew(tmp_path: Path) -> None:
    carried, alone = (writer(tmp_path, carry=carry) for carry in (True, False))
    one, other = (on_torch(made).evaluate(made.split.test)["loss"] for made in (carried, alone))
    assert one != pytest.approx(other, rel=1e-4)


BOTH = WRITER.replace("lstm(8,", "lstm(8, bidirectional=true,")
DIGITS = "  input image: 8 x 8 x 1\n  flatten -> dense(10) -> softmax\n"
NONE = "  input tokens: 5 of int\n  embedding(9, 6) -> dense(9) -> softmax\n"
ANEW = (
    WRITER.replace("lstm(8, return=sequence) ->", "parameter(7) as first\n  tokens ->")
    .replace("embedding(9, 6)\n", "")
    .replace("tokens ->", "tokens -> embedding(9, 7) ->")
    .replace("bias=double", "initial=first")
)


@pytest.mark.parametrize(
    ("body", "changes", "sentence"),
    [
        (BOTH, {}, "lstm1 goes both ways"),
        (NONE, {}, "Net has none that starts from a first state of its own"),
        (ANEW, {}, "Net has none that starts from a first state of its own"),
        (WRITER, {"accumulate": 2}, "leave accumulate out"),
        (WRITER, {"batch": "all"}, "write batch as a number"),
        (WRITER, {"batch": 500}, "all 70 windows are one batch"),
        (DIGITS, {"data": Digits()}, "data = digits has none"),
    ],
)
def test_where_nothing_can_be_carried(
    tmp_path: Path, body: str, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        writer(tmp_path, body, **changes)
