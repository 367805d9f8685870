"""Recurrences with a mask, beside packed sequences of PyTorch and each sequence by itself."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import nn

from netdsl.tensor import TensorType
from tests.catalog.test_recurrent_numbers import (
    FEATURES,
    FLOWING,
    LENGTH,
    PEERS,
    TOLERANCE,
    UNITS,
    random,
    written,
)
from tests.catalog.torch_rows import Built, build, record

LENGTHS = [4, 7, 1]
# Positions that count may stand anywhere, and there may be none.
MASK = torch.tensor([[1, 1, 1, 1, 0, 0, 0], [0, 1, 0, 1, 1, 0, 1], [0] * 7, [1] * 7])
MASKED = TensorType((LENGTH,), "int")


def flows(count: int, *widths: int) -> list[torch.Tensor]:
    """Sequences, and vectors of these widths."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(LENGTH, FEATURES), *((width,) for width in widths)]
    return [torch.randn(count, *shape, generator=generator) for shape in shapes]


def masked(call: str, *widths: int) -> Built:
    """The layer with its weights drawn; inputs are a sequence, a mask, and vectors."""
    return random(build(record(call), (FLOWING, MASKED, *(TensorType((w,)) for w in widths))))


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("word", PEERS)
def test_as_a_packed_sequence_of_pytorch(word: str, both: bool) -> None:
    peer: Any = PEERS[word](FEATURES, UNITS, batch_first=True, bidirectional=both)
    (x,) = flows(len(LENGTHS))
    mask = (torch.arange(LENGTH) < torch.tensor(LENGTHS)[:, None]).long()
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(LENGTHS), True, False)
    made, left = peer(packed)
    expected, _ = nn.utils.rnn.pad_packed_sequence(made, True)
    left = left if isinstance(left, tuple) else (left,)
    left = [tensor.transpose(0, 1).flatten(1) for tensor in left]
    for returned, output in (("sequence", expected), ("last", left[0])):
        call = written(word, bidirectional=both, bias="double", mask="b", **{"return": returned})
        built = masked(call)
        assert built.module is not None
        state = {name.replace("_l0", ""): tensor for name, tensor in peer.state_dict().items()}
        built.module.load_state_dict(state)
        torch.testing.assert_close(built(x, mask), output, **TOLERANCE)
        for name, tensor in zip(("state", "cell"), left, strict=False):
            torch.testing.assert_close(built.member(name, x, mask)[1], tensor, **TOLERANCE)


# What a kernel of PyTorch computes, and what goes step by step.
KINDS = {
    "rnn": ["", "activation=relu", "activation=sigmoid"],
    "lstm": ["", "peephole=true", "activation=identity"],
    "gru": ["", "reset_after=false", "activation=relu"],
}
CASES = [(word, own, both) for word in KINDS for own, both in product(KINDS[word], (False, True))]


@pytest.mark.parametrize("begun", [False, True], ids=["from zero", "from a state"])
@pytest.mark.parametrize(("word", "own", "both"), CASES)
def test_as_each_sequence_without_what_does_not_count(
    word: str, own: str, both: bool, begun: bool
) -> None:
    ways = 1 + both
    widths = [ways * UNITS] * ((1 + (word == "lstm")) * begun)
    options = ", ".join(
        [*filter(None, [own]), f"bidirectional={str(both).lower()}", "return=sequence"]
    )
    initial = {0: "", 1: ", initial={}", 2: ", initial=[{}, {}]"}[len(widths)]
    built = masked(f"{word}({UNITS}, {options}, mask=b{initial.format('c', 'd')})", *widths)
    alone = build(
        record(f"{word}({UNITS}, {options}{initial.format('b', 'c')})"),
        (FLOWING, *(TensorType((width,)) for width in widths)),
    )
    assert built.module is not None and alone.module is not None
    alone.module.load_state_dict(built.module.state_dict())
    x, *given = flows(len(MASK), *widths)
    x.requires_grad_()
    output = built(x, MASK, *given)
    firsts = given or [torch.zeros(len(MASK), ways * UNITS)] * len(built.emission.members)
    members = {name: built.member(name, x, MASK, *given)[1] for name in built.emission.members}
    expected = []
    for row, seen in enumerate(MASK.bool()):
        short, states = x[row : row + 1, seen], [tensor[row : row + 1] for tensor in given]
        assert not output[row, ~seen].any()
        if not seen.any():
            for left, first in zip(members.values(), firsts, strict=True):
                assert torch.equal(left[row], first[row])
            continue
        apart = alone(short, *states)
        expected.append(apart.square().sum())
        torch.testing.assert_close(output[row, seen], apart[0], **TOLERANCE)
        for name, tensor in members.items():
            left = alone.member(name, short, *states)[1]
            torch.testing.assert_close(tensor[row], left[0], **TOLERANCE)
    check_gradients(output.square().sum(), sum(expected, torch.zeros(())), x, built, alone)


def check_gradients(
    total: torch.Tensor, expected: torch.Tensor, x: torch.Tensor, built: Built, alone: Built
) -> None:
    """Both totals have the same gradients, for what flows in and for every weight."""
    names = [name for name, _ in built.named_parameters()]
    ours = torch.autograd.grad(total, [x, *(built.get_parameter(name) for name in names)])
    theirs = torch.autograd.grad(expected, [x, *(alone.get_parameter(name) for name in names)])
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
