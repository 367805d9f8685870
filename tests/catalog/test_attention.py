"""Attention and what prepares for it do what their records say, and what PyTorch and papers do."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from netdsl.catalog.arguments import Rejection
from netdsl.catalog.base import Example, Layer
from netdsl.tensor import Size, TensorType
from tests.catalog.torch_rows import (
    Built,
    build,
    check_example,
    examples,
    from_torch,
    record,
    run,
    to_torch,
)


@pytest.mark.parametrize(("layer", "example"), examples("attention"))
def test_example(layer: type[Layer], example: Example) -> None:
    check_example(layer, example)


def peer(built: Built, features: int, heads: int, width: int) -> nn.MultiheadAttention:
    """PyTorch's attention with the weights of ours, whose names are the same."""
    theirs = nn.MultiheadAttention(features, heads, kdim=width, vdim=width, batch_first=True).eval()
    state = {name: torch.randn(tensor.shape) for name, tensor in built.tensors().items()}
    built.load_state_dict({f"module.{name}": tensor for name, tensor in state.items()})
    without = {"in_proj_bias": torch.zeros(3 * features)}
    theirs.load_state_dict(without | state)
    return theirs


SEEN = torch.tensor([[True, True, False, True, False], [False, True, True, True, True]])
SCORES = torch.randn(2, 2, 4, 5, generator=torch.Generator().manual_seed(1))

# A call, the features of the memory, further inputs of ours, and the arguments of PyTorch's.
CASES: list[tuple[str, int, list[Tensor], dict[str, Any]]] = [
    ("attention(2)", 0, [], {}),
    ("attention(2, qkv_bias=false)", 0, [], {}),
    ("attention(2, causal=true)", 0, [], {"attn_mask": torch.ones(4, 4).triu(1) > 0}),
    ("attention(2, memory=b)", 8, [], {}),
    ("attention(2, memory=b)", 6, [], {}),
    ("attention(2, memory=b, qkv_bias=false)", 6, [], {}),
    ("attention(2, memory=b, causal=true)", 6, [], {"attn_mask": torch.ones(4, 5).triu(1) > 0}),
    ("attention(2, memory=b, mask=c)", 6, [SEEN.long()], {"key_padding_mask": ~SEEN}),
    ("attention(2, memory=b, mask=c)", 8, [SEEN.float()], {"key_padding_mask": ~SEEN}),
    ("attention(2, memory=b, bias=c)", 8, [SCORES], {"attn_mask": SCORES.flatten(0, 1)}),
    (
        "attention(2, memory=b, bias=c, mask=d)",
        6,
        [SCORES, SEEN.long()],
        {
            "attn_mask": SCORES.flatten(0, 1),
            "key_padding_mask": torch.zeros(2, 5).masked_fill(~SEEN, -torch.inf),
        },
    ),
    (
        "attention(2, memory=b, mask=c, causal=true)",
        8,
        [SEEN.long() | (torch.arange(5) == 0)],
        {
            "attn_mask": torch.ones(4, 5).triu(1) > 0,
            "key_padding_mask": ~SEEN & (torch.arange(5) > 0),
        },
    ),
    (
        "attention(2, memory=b, bias=c, causal=true)",
        8,
        [SCORES],
        {"attn_mask": SCORES.flatten(0, 1).masked_fill(torch.ones(4, 5).triu(1) > 0, -torch.inf)},
    ),
]


@pytest.mark.parametrize(("call", "width", "further", "given"), CASES)
@torch.no_grad()
def test_attention_is_pytorch_s(
    call: str, width: int, further: list[Tensor], given: dict[str, Any]
) -> None:
    torch.manual_seed(0)
    queries, memory = torch.randn(2, 4, 8), torch.randn(2, 5, width or 8)
    inputs = [queries, *([memory] if width else []), *further]
    numbers = ["float" if tensor.is_floating_point() else "int" for tensor in inputs]
    types = [TensorType(tuple(t.shape[1:]), n) for t, n in zip(inputs, numbers, strict=True)]  # type: ignore[arg-type]
    built = build(record(call), tuple(types))
    theirs = peer(built, 8, 2, width or 8)
    keys = memory if width else queries
    expected, _ = theirs(queries, keys, keys, **given, need_weights=False)
    torch.testing.assert_close(built(*map(to_torch, inputs)), expected, rtol=0, atol=1e-5)


@torch.no_grad()
def test_each_row_of_an_image_is_a_sequence_of_its_own() -> None:
    torch.manual_seed(0)
    image, mask = torch.randn(2, 3, 4, 8), torch.rand(2, 3, 1, 4, 4) > 0.3
    mask |= torch.eye(4, dtype=torch.bool)
    rows = build(record("attention(2, mask=b, each=true)"), typed(image, mask.float()))
    alone = build(record("attention(2, mask=b)"), typed(image[:, 0], mask[:, 0].float()))
    alone.load_state_dict(rows.state_dict())
    found = from_torch(rows(to_torch(image), to_torch(mask.float())))
    for row in range(3):
        expected = alone(image[:, row], to_torch(mask[:, row].float()))
        torch.testing.assert_close(found[:, row], expected, rtol=0, atol=1e-5)


def typed(*tensors: Tensor) -> tuple[TensorType, ...]:
    """The types of tensors of floats, channels last."""
    return tuple(TensorType(tuple(tensor.shape[1:])) for tensor in tensors)


def test_a_vision_transformer_s_block_costs_what_the_products_of_attention_cost() -> None:
    """Base of 16: four products of 768 x 768 for each of 197 positions, two for each pair."""
    flowing = TensorType((197, 768))
    assert record("attention(12)").macs(flowing) == 197 * 4 * 768 * 768 + 2 * 197 * 197 * 768


@pytest.mark.parametrize("features", [4, 5])
def test_sines_and_cosines_are_the_paper_s(features: int) -> None:
    found = run("positional(sinusoidal)", torch.zeros(1, 9, features))[0]
    for position in range(9):
        for feature in range(features):
            angle = position / 10000 ** (feature // 2 * 2 / features)
            wave = math.cos(angle) if feature % 2 else math.sin(angle)
            assert abs(found[position, feature].item() - wave) < 1e-6


def test_sines_fit_a_length_known_only_at_run_time() -> None:
    flowing = TensorType((Size.unknown("length"), 4))
    assert record("positional(sinusoidal)").weights(flowing) == ()
    with pytest.raises(Rejection, match="the length of a sequence with learned positions"):
        record("positional").weights(flowing)


def test_learned_positions_are_added_and_a_token_comes_first() -> None:
    def fill(built: Built) -> None:
        torch.nn.init.constant_(next(built.parameters()), 2.0)

    sequence = torch.randn(2, 3, 4)
    assert torch.equal(run("positional", sequence, change=fill), sequence + 2)
    with_token = run("class_token", sequence, change=fill)
    assert torch.equal(with_token[:, 1:], sequence)
    assert torch.equal(with_token[:, 0], torch.full((2, 4), 2.0))


@torch.no_grad()
def test_relative_bias_has_a_number_for_each_distance() -> None:
    built = build(record("relative_bias((2, 3), 2)"), ())
    weight = torch.randn(3 * 5, 2)
    built.load_state_dict({"module.weight": weight})
    table = weight.view(3, 5, 2)
    found = from_torch(built())[0]
    for query in range(6):
        for key in range(6):
            down, across = query // 3 - key // 3, query % 3 - key % 3
            assert torch.equal(found[:, query, key], table[down + 1, across + 2])
