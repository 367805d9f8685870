"""Recurrences compute what PyTorch's, Keras' and the papers' formulas do, with as many weights."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import nn

from netdsl.catalog.initializers import Fill
from netdsl.tensor import TensorType
from netdsl.training.initial import draw
from tests.catalog.torch_rows import Built, build, record

LENGTH, FEATURES, UNITS, BATCH = 7, 5, 6, 3
FLOWING = TensorType((LENGTH, FEATURES))
PEERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def written(word: str, **options: object) -> str:
    """A call with options as a spec writes them."""
    shown = {True: "true", False: "false"}
    given = [f"{name}={shown.get(value, value)}" for name, value in options.items()]
    return f"{word}({', '.join([str(UNITS), *given])})"


def size(call: str) -> int:
    """How many weights a call has."""
    return sum(weight.size for weight in record(call).weights(FLOWING))


def random(built: Built) -> Built:
    """All weights drawn anew, so that no bias and no peephole is zero."""
    generator = torch.Generator().manual_seed(1)
    for tensor in built.parameters():
        tensor.data.normal_(0, 0.5, generator=generator)
    return built


def flows(*more: int) -> list[torch.Tensor]:
    """A batch of sequences, and vectors of the given sizes."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(BATCH, LENGTH, FEATURES), *((BATCH, width) for width in more)]
    return [torch.randn(shape, generator=generator) for shape in shapes]


def inputs(*more: int) -> tuple[TensorType, ...]:
    """The types of what `flows` gives."""
    return (FLOWING, *(TensorType((width,)) for width in more))


# PyTorch


@pytest.mark.parametrize("bias", ["double", "none"])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("word", PEERS)
def test_as_in_pytorch(word: str, both: bool, bias: str) -> None:
    peer: Any = PEERS[word](
        FEATURES, UNITS, batch_first=True, bidirectional=both, bias=bias == "double"
    )
    state = {name.replace("_l0", ""): tensor for name, tensor in peer.state_dict().items()}
    (x,) = flows()
    output, left = peer(x)
    left = left if isinstance(left, tuple) else (left,)
    left = [tensor.transpose(0, 1).flatten(1) for tensor in left]
    for returned, expected in (("sequence", output), ("last", left[0])):
        call = written(word, bidirectional=both, bias=bias, **{"return": returned})
        assert size(call) == sum(tensor.numel() for tensor in peer.parameters())
        built = build(record(call), (FLOWING,))
        assert built.module is not None
        built.module.load_state_dict(state)
        torch.testing.assert_close(built(x), expected, **TOLERANCE)
        for name, tensor in zip(("state", "cell"), left, strict=False):
            torch.testing.assert_close(built.member(name, x)[1], tensor, **TOLERANCE)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("word", PEERS)
def test_from_an_initial_state_as_in_pytorch(word: str, both: bool) -> None:
    ways = 1 + both
    peer: Any = PEERS[word](FEATURES, UNITS, batch_first=True, bidirectional=both)
    count = 2 if word == "lstm" else 1
    widths = [ways * UNITS] * count
    x, *given = flows(*widths)
    apart = [tensor.unflatten(1, (ways, UNITS)).transpose(0, 1).contiguous() for tensor in given]
    expected, _ = peer(x, tuple(apart) if count == 2 else apart[0])
    initial = "[b, c]" if count == 2 else "b"
    call = written(
        word, bidirectional=both, bias="double", initial=initial, **{"return": "sequence"}
    )
    built = build(record(call), inputs(*widths))
    assert built.module is not None
    built.module.load_state_dict({k.replace("_l0", ""): v for k, v in peer.state_dict().items()})
    torch.testing.assert_close(built(x, *given), expected, **TOLERANCE)


def test_a_rectified_rnn_as_in_pytorch() -> None:
    peer = nn.RNN(FEATURES, UNITS, nonlinearity="relu", batch_first=True)
    built = build(record(written("rnn", activation="relu", bias="double")), (FLOWING,))
    assert built.module is not None
    built.module.load_state_dict({k.replace("_l0", ""): v for k, v in peer.state_dict().items()})
    (x,) = flows()
    torch.testing.assert_close(built(x), peer(x)[0][:, -1], **TOLERANCE)


@pytest.mark.parametrize("word", PEERS)
def test_a_lone_state_leaves_the_cell_at_zero(word: str) -> None:
    built = random(build(record(written(word, initial="b")), inputs(UNITS)))
    x, state = flows(UNITS)
    assert not torch.allclose(built(x, state), built(x, 0 * state))
    if word == "lstm":
        pair = random(build(record(written(word, initial="[b, c]")), inputs(UNITS, UNITS)))
        torch.testing.assert_close(built(x, state), pair(x, state, 0 * state))


# Keras, whose gates are in the orders i, f, c, o and z, r, h

ORDERS = {"rnn": [0], "lstm": [0, 1, 2, 3], "gru": [1, 0, 2]}
LAYERS = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
CASES = [
    ("rnn", "single", {}, {}),
    ("rnn", "single", {"activation": "relu"}, {"activation": "relu"}),
    ("rnn", "single", {"activation": "sigmoid"}, {"activation": "sigmoid"}),
    ("lstm", "single", {}, {}),
    ("lstm", "single", {"activation": "relu"}, {"activation": "relu"}),
    ("lstm", "none", {"activation": "identity"}, {"activation": "linear"}),
    ("gru", "single", {"reset_after": False}, {"reset_after": False}),
    ("gru", "double", {}, {}),
    ("gru", "double", {"activation": "relu"}, {"activation": "relu"}),
    ("gru", "none", {}, {}),
]


def of_keras(word: str, layer: Any, end: str, bias: str) -> Mapping[str, torch.Tensor]:
    """The weights of a layer of Keras under our names, in our layout and order of gates."""

    def turned(values: Any) -> torch.Tensor:
        gates = np.split(values, len(ORDERS[word]), axis=-1)
        return torch.tensor(np.concatenate([gates[gate] for gate in ORDERS[word]], -1).T)

    kernel, recurrent, *biases = layer.get_weights()
    found = {f"weight_ih{end}": turned(kernel), f"weight_hh{end}": turned(recurrent)}
    if bias == "single":
        found[f"bias{end}"] = turned(biases[0])
    if bias == "double":
        found |= {f"bias_ih{end}": turned(biases[0][0]), f"bias_hh{end}": turned(biases[0][1])}
    return found


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize(("word", "bias", "ours", "theirs"), CASES)
def test_as_in_keras(
    word: str, bias: str, ours: dict[str, Any], theirs: dict[str, Any], both: bool
) -> None:
    layer = LAYERS[word](
        UNITS,
        **theirs,
        use_bias=bias != "none",
        bias_initializer="random_normal",
        return_sequences=True,
        return_state=True,
    )
    peer: Any = keras.layers.Bidirectional(layer) if both else layer
    (x,) = flows()
    output, *left = [torch.tensor(np.asarray(tensor)) for tensor in peer(x.numpy())]
    ways = [peer.forward_layer, peer.backward_layer] if both else [peer]
    weights = {
        name: tensor
        for way, end in zip(ways, ("", "_reverse"), strict=False)
        for name, tensor in of_keras(word, way, end, bias).items()
    }
    for returned in ("sequence", "last"):
        call = written(word, bidirectional=both, bias=bias, **{"return": returned}, **ours)
        assert size(call) == peer.count_params()
        built = build(record(call), (FLOWING,))
        assert built.module is not None
        built.module.load_state_dict(weights)
        states = [torch.cat(pair, 1) for pair in zip(*_halves(left, both), strict=True)]
        expected = output if returned == "sequence" else states[0]
        torch.testing.assert_close(built(x), expected, **TOLERANCE)
        for name, tensor in zip(("state", "cell"), states, strict=False):
            torch.testing.assert_close(built.member(name, x)[1], tensor, **TOLERANCE)


def _halves(left: list[torch.Tensor], both: bool) -> list[list[torch.Tensor]]:
    """The states of each direction: Keras gives those of the forward one first."""
    if not both:
        return [left]
    return [left[: len(left) // 2], left[len(left) // 2 :]]


# The papers' formulas, written out


def sigmoid(values: Any) -> Any:
    return 1 / (1 + np.exp(-values))


def test_peepholes_as_in_the_paper() -> None:
    """Gers and Schmidhuber, 2000: the gates see the cell, the output gate the new one."""
    built = random(build(record(written("lstm", peephole=True)), (FLOWING,)))
    weights = {name: tensor.numpy() for name, tensor in built.tensors().items()}
    (x,) = flows()
    h = c = np.zeros((BATCH, UNITS), np.float32)
    for t in range(LENGTH):
        total = x[:, t].numpy() @ weights["weight_ih"].T + h @ weights["weight_hh"].T
        i, f, g, o = np.split(total + weights["bias"], 4, axis=1)
        i = sigmoid(i + weights["weight_ci"] * c)
        f = sigmoid(f + weights["weight_cf"] * c)
        c = f * c + i * np.tanh(g)
        h = sigmoid(o + weights["weight_co"] * c) * np.tanh(c)
    torch.testing.assert_close(built(x), torch.tensor(h), **TOLERANCE)
    torch.testing.assert_close(built.member("cell", x)[1], torch.tensor(c), **TOLERANCE)


@pytest.mark.parametrize("bias", ["single", "double", "none"])
def test_reset_before_the_product_as_in_the_paper(bias: str) -> None:
    """Cho et al., 2014: the candidate sees what the reset gate leaves of the state."""
    built = random(build(record(written("gru", reset_after=False, bias=bias)), (FLOWING,)))
    weights = {name: tensor.numpy() for name, tensor in built.tensors().items()}
    w, u = (np.split(weights[name], 3) for name in ("weight_ih", "weight_hh"))
    none = np.zeros(3 * UNITS, np.float32)
    b = sum(weights.get(name, none) for name in ("bias", "bias_ih", "bias_hh"))
    b_r, b_z, b_n = np.split(b, 3)
    (x,) = flows()
    h = np.zeros((BATCH, UNITS), np.float32)
    for t in range(LENGTH):
        v = x[:, t].numpy()
        r = sigmoid(v @ w[0].T + h @ u[0].T + b_r)
        z = sigmoid(v @ w[1].T + h @ u[1].T + b_z)
        h = (1 - z) * np.tanh(v @ w[2].T + (r * h) @ u[2].T + b_n) + z * h
    torch.testing.assert_close(built(x), torch.tensor(h), **TOLERANCE)


def test_a_single_bias_is_a_second_one_of_zero() -> None:
    (x,) = flows()
    for word in PEERS:
        one = random(build(record(written(word)), (FLOWING,)))
        two = build(record(written(word, bias="double")), (FLOWING,))
        state = dict(one.tensors())
        bias = state.pop("bias")
        assert two.module is not None
        two.module.load_state_dict(state | {"bias_ih": bias, "bias_hh": torch.zeros_like(bias)})
        torch.testing.assert_close(one(x), two(x))


@pytest.mark.parametrize("call", ["lstm(6, peephole=true)", "gru(6, activation=sigmoid)"])
def test_steps_back_are_steps_along_the_reversed_sequence(call: str) -> None:
    both = call.replace(")", ", bidirectional=true, return=sequence)")
    built = random(build(record(both), (FLOWING,)))
    alone = build(record(call.replace(")", ", return=sequence)")), (FLOWING,))
    ends = "_reverse"
    back = {k.removesuffix(ends): v for k, v in built.tensors().items() if k.endswith(ends)}
    assert alone.module is not None
    alone.module.load_state_dict(back)
    (x,) = flows()
    expected = alone(x.flip(1)).flip(1)
    torch.testing.assert_close(built(x)[..., UNITS:], expected)


# Counts, starts, gradients


def test_counts_by_convention() -> None:
    plain = UNITS * (FEATURES + UNITS)
    for gates, word in ((1, "rnn"), (4, "lstm"), (3, "gru")):
        for biases, bias in ((0, "none"), (1, "single"), (2, "double")):
            assert size(written(word, bias=bias)) == gates * (plain + biases * UNITS)
    assert size(written("lstm", peephole=True)) == 4 * (plain + UNITS) + 3 * UNITS


def test_multiply_adds_of_a_known_net() -> None:
    lstm, dense = record("lstm(64)"), record("dense(10)")
    assert lstm.macs(TensorType((100, 32))) + dense.macs(TensorType((64,))) == 2_458_240
    seen = record("lstm(64, peephole=true)")
    assert seen.macs(TensorType((100, 32))) == lstm.macs(TensorType((100, 32)))


@pytest.mark.parametrize("word", PEERS)
def test_each_gate_starts_orthogonal(word: str) -> None:
    layer = record(written(word, bidirectional=True))
    built = build(layer, (FLOWING,))
    for weight in layer.weights(FLOWING):
        drawn = draw(weight.initializer, weight.shape, np.random.default_rng(0))
        for values in (torch.tensor(drawn), built.tensors()[weight.name]):
            if weight.name.startswith("weight_hh"):
                for gate in values.split(UNITS):
                    torch.testing.assert_close(gate @ gate.T, torch.eye(UNITS), **TOLERANCE)
            elif weight.name.startswith("bias"):
                assert values.count_nonzero() == 0
            else:
                assert values.count_nonzero() == values.numel()


def test_init_is_for_what_flows_in() -> None:
    layer = record("lstm(6, init=fill(7), bias_init=fill(1), peephole=true)")
    filled = {w.name for w in layer.weights(FLOWING) if w.initializer == Fill(7)}
    assert filled == {"weight_ih"}


@pytest.mark.parametrize(
    "call",
    [
        *(f"{word}(6, bidirectional=true)" for word in PEERS),
        "rnn(6, activation=sigmoid, bias=double)",
        "lstm(6, peephole=true, bidirectional=true, bias=double)",
        "gru(6, reset_after=false, bias=double)",
        "gru(6, activation=identity)",
    ],
)
def test_gradients_reach_every_weight_and_what_flows_in(call: str) -> None:
    built = random(build(record(call), (FLOWING,))).train()
    (x,) = flows()
    built(x.requires_grad_()).square().sum().backward()
    found = [x.grad, *(tensor.grad for tensor in built.parameters())]
    assert all(grad is not None and grad.count_nonzero() > 0 for grad in found)
