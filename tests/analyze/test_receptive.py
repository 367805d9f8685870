"""Receptive fields, against published ones and against gradients of PyTorch."""

from __future__ import annotations

import pytest
import torch

from netdsl.analyze.receptive import ReceptiveField, receptive_field
from netdsl.tensor import TensorType
from tests.analyze.nets import bundled, chain, net
from tests.catalog.torch_rows import build, record, to_torch


@pytest.mark.parametrize(
    ("spec", "size"),
    # Araujo, Norris and Sim (2019), table of receptive fields.
    [("vgg.net:VGG16", 212), ("resnet_keras.net:ResNet50", 483), ("alexnet.net:AlexNet", 195)],
)
def test_published_fields(spec: str, size: int) -> None:
    field = bundled(spec).receptive_field
    assert field is not None
    assert (field.size, field.stride, field.whole) == ((size, size), (32, 32), True)


@pytest.mark.parametrize(
    ("steps", "size", "stride"),
    [
        ("conv(4, 3)", 3, 1),
        ("conv(4, 3) -> conv(4, 3) -> conv(4, 3)", 7, 1),
        ("conv(4, 3, stride=2) -> conv(4, 3)", 7, 2),
        ("conv(4, 3, dilation=4, pad=same)", 9, 1),
        ("conv(4, 1, stride=2) -> maxpool(2)", 3, 4),
        ("depthwise(3) -> separable(4, 5)", 7, 1),
        ("maxpool(2) -> upsample(2) -> conv(4, 3, pad=same)", 4, 1),
        ("conv_transpose(4, 2, stride=2) -> conv(4, 2)", 2, 0.5),
        ("conv_transpose(4, 4, stride=2) -> avgpool(2)", 3, 1),
        ("add(conv(4, 1), conv(4, 3, pad=same) -> conv(4, 3, pad=same))", 5, 1),
        ("batchnorm -> relu -> dropout", 1, 1),
        ("maxpool(2) as p -> unpool(p) -> conv(4, 3, pad=same)", 4, 1),
        ("sample(conv(4, 3), conv(4, 3))", 3, 1),
    ],
)  # fmt: skip
def test_fields(steps: str, size: int, stride: float) -> None:
    expected = ReceptiveField((size, size), (stride, stride), False)
    assert receptive_field(chain("32x32x4", steps)) == expected


@pytest.mark.parametrize(
    "calls",
    [
        ["conv(2, 3)", "conv(2, 3, stride=2)", "avgpool(2)"],
        ["conv(2, 5, dilation=2)", "avgpool(3, stride=2)", "conv(2, 2)"],
        ["conv(2, 3, stride=2, pad=same)", "conv(2, 4, pad=same)"],
        ["avgpool(2)", "upsample(2)", "conv(2, 3)"],
        ["avgpool(3)", "upsample(3)", "conv(2, 4)"],
        ["conv_transpose(2, 4, stride=2)", "conv(2, 3)"],
        ["conv_transpose(2, 3, stride=2)", "avgpool(2)"],
        ["upsample(2, mode=bilinear)", "conv(2, 2)"],
        ["separable(2, 3)", "depthwise(3, stride=2)"],
        ["avgpool(2)", "conv_transpose(2, 5, stride=3)", "conv(2, 2)"],
    ],
)
def test_the_field_is_the_widest_that_gradients_reach(calls: list[str]) -> None:
    torch.manual_seed(0)
    start = torch.randn(1, 64, 2, requires_grad=True)
    flowing = start.unsqueeze(2).expand(1, 64, 64, 2)
    tensor = to_torch(flowing)
    kind = TensorType((64, 64, 2))
    for call in calls:
        layer = record(call)
        built = build(layer, (kind,))
        for weight in built.parameters():
            weight.data = weight.data.abs() + 0.1
        tensor, kind = built(tensor), layer.infer(kind)
    middle = tensor.shape[2] // 2
    widest = 0
    for row in range(middle - 4, middle + 4):
        (gradient,) = torch.autograd.grad(tensor[0, :, row].sum(), start, retain_graph=True)
        seen = gradient.abs().sum(-1)[0].nonzero()
        widest = max(widest, int(seen.max() - seen.min()) + 1)
    field = receptive_field(chain("64x64x2", " -> ".join(calls)))
    assert field is not None and field.size is not None
    assert widest == field.size[0]


@pytest.mark.parametrize("end", ["global_avgpool", "flatten -> dense(3)", "adaptive_avgpool(1)"])
def test_after_all_positions_are_mixed_the_whole_input_is_seen(end: str) -> None:
    field = receptive_field(chain("32x32x4", f"conv(4, 3) -> conv(4, 3) -> {end}"))
    assert field == ReceptiveField((5, 5), (1, 1), True)


def test_where_no_window_comes_first_there_is_nothing_else_to_say() -> None:
    assert receptive_field(chain("8x8x1", "flatten -> dense(3)")) == ReceptiveField(
        None, None, True
    )


def test_vectors_have_no_field() -> None:
    assert receptive_field(chain("8", "dense(4) -> relu")) is None


def test_a_sequence_is_seen_whole_by_what_mixes_its_positions() -> None:
    for mixing in ("attention(2)", "lstm(4, return=sequence)"):
        field = receptive_field(chain("20x8", f"conv(8, 3) -> {mixing}"))
        assert field == ReceptiveField((3,), (1,), True)


def test_words_are_positions() -> None:
    graph = chain("20", "embedding(50, 8) -> conv(4, 5) -> dense(3)", "int")
    assert receptive_field(graph) == ReceptiveField((5,), (1,), False)


def test_positions_that_are_numbered_see_no_more() -> None:
    graph = chain("20x8", "positional -> class_token -> conv(4, 3)")
    assert receptive_field(graph) == ReceptiveField((3,), (1,), False)


def test_axes_have_fields_of_their_own() -> None:
    graph = chain("32x32x1", "conv(4, (3, 5), stride=(2, 1))")
    assert receptive_field(graph) == ReceptiveField((3, 5), (2, 1), False)


def test_rounds_that_are_not_expanded() -> None:
    graph = chain("64x64x4", "repeat 1000 { conv(4, 3, pad=same) }")
    assert receptive_field(graph) == ReceptiveField((2001, 2001), (1, 1), False)


def test_open_sizes() -> None:
    text = "net A {\n input x: ? x ? x 3\n conv(4, 3, stride=2, pad=same) -> upsample(2)\n}"
    assert receptive_field(net(text).graph) == ReceptiveField((3, 3), (1, 1), False)


def test_without_a_main_output_the_widest_counts() -> None:
    text = (
        "net A {\n input x: 16 x 16 x 3\n output conv(4, 3) as a\n"
        " output conv(4, 5, stride=2) as b\n}"
    )
    assert receptive_field(net(text).graph) == ReceptiveField((5, 5), (2, 2), False)
