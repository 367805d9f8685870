"""Windows see what the language says: `same`, one-sided padding, means without padding."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

from netdsl.catalog.base import Example, Layer
from netdsl.catalog.layers.pool import MaxPool
from netdsl.tensor import Size, TensorType, at
from tests.catalog.torch_rows import build, examples, record, run, to_torch, types


def windows(n: int, kernel: int, stride: int) -> list[range]:
    """The positions that each window of TensorFlow's `SAME` sees, the padding left out."""
    count = -(-n // stride)
    before = max((count - 1) * stride + kernel - n, 0) // 2
    starts = [i * stride - before for i in range(count)]
    return [range(max(s, 0), min(s + kernel, n)) for s in starts]


def pooled(image: torch.Tensor, kernel: int, stride: int, reduce: str) -> torch.Tensor:
    """Pooling with `same`, by definition, of images channels last."""
    rows, columns = (windows(n, kernel, stride) for n in image.shape[1:3])
    output = torch.empty(image.shape[0], len(rows), len(columns), image.shape[3])
    for (i, r), (j, c) in itertools.product(enumerate(rows), enumerate(columns)):
        window = image[:, r.start : r.stop, c.start : c.stop]
        output[:, i, j] = window.amax((1, 2)) if reduce == "max" else window.mean((1, 2))
    return output


SLIDES = [(8, 3, 2), (9, 3, 2), (7, 2, 2), (7, 4, 3), (6, 3, 1), (6, 2, 1), (5, 1, 2), (10, 5, 4)]


@pytest.mark.parametrize(("size", "kernel", "stride"), SLIDES)
@pytest.mark.parametrize("reduce", ["max", "avg"])
def test_same_pools_as_tensorflow(size: int, kernel: int, stride: int, reduce: str) -> None:
    # Below zero everywhere, so that a zero from the padding would win.
    image = torch.rand(2, size, size + 1, 3) - 2
    output = run(f"{reduce}pool({kernel}, stride={stride}, pad=same)", image)
    torch.testing.assert_close(output, pooled(image, kernel, stride, reduce))


@pytest.mark.parametrize(("size", "kernel", "stride"), SLIDES)
def test_same_convolves_as_tensorflow(size: int, kernel: int, stride: int) -> None:
    image = torch.randn(2, size, size + 1, 1)
    count = kernel * kernel

    def ones(built: torch.nn.Module) -> None:
        torch.nn.init.ones_(built.module.weight)

    call = f"conv(1, {kernel}, stride={stride}, pad=same, bias=false)"
    sums = run(call, image, change=ones)
    inside = run(call, torch.ones_like(image), change=ones)
    assert inside.max() <= count
    torch.testing.assert_close(sums / inside, pooled(image, kernel, stride, "avg"))


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (4, 2), (5, 2), (2, 2), (2, 3), (3, 1)])
def test_transposed_same_is_the_transpose_of_same(kernel: int, stride: int) -> None:
    weight = torch.randn(4, 3, kernel, kernel)
    y = torch.randn(1, 5, 6, 4)
    x = torch.randn(1, 5 * stride, 6 * stride, 3)

    def tie(built: torch.nn.Module) -> None:
        built.module.weight.data = weight

    rest = f"{kernel}, stride={stride}, pad=same, bias=false)"
    forward = run(f"conv(4, {rest}", x, change=tie)
    backward = run(f"conv_transpose(3, {rest}", y, change=tie)
    torch.testing.assert_close((forward * y).sum(), (x * backward).sum(), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        "maxpool(2)",
        "maxpool(3, stride=2, pad=1)",
        "maxpool(3, stride=2, pad=same)",
        "maxpool(3, stride=2, pad=((0, 1), 1))",
        "maxpool(3, stride=2, pad=2)",
        "maxpool(3, stride=2, pad=1, ceil=true)",
    ],
)
def test_indices_find_the_largest_numbers(call: str) -> None:
    x = torch.randn(2, 3, 8, 7)
    built = build(record(call), (TensorType((8, 7, 3)),))
    output, indices = built.member("indices", x)
    torch.testing.assert_close(x.flatten(2).gather(2, indices.flatten(2)), output.flatten(2))


def test_one_sided_padding_stands_where_it_is_written() -> None:
    image = torch.randn(2, 5, 6, 3)
    padded = F.pad(image, (0, 0, 0, 2, 1, 0))
    weights = torch.randn(4, 3, 3, 3)

    def fix(built: torch.nn.Module) -> None:
        built.module.weight.data = weights

    plain = run("conv(4, 3, bias=false)", padded, change=fix)
    torch.testing.assert_close(
        run("conv(4, 3, pad=((1, 0), (0, 2)), bias=false)", image, change=fix), plain
    )


def test_padding_is_left_out_of_the_mean() -> None:
    ones = torch.ones(1, 6, 6, 2)
    for pad in ("1", "1, ceil=true", "same", "2", "((0, 1), 1)", "(1, (1, 0))"):
        output = run(f"avgpool(3, stride=2, pad={pad})", ones)
        torch.testing.assert_close(output, torch.ones_like(output))
    counted = run("avgpool(2, pad=1, count_pad=true)", ones)
    assert counted[0, 0, 0, 0] == 0.25


def test_separable_is_depthwise_then_pointwise() -> None:
    image = torch.randn(2, 7, 7, 3)
    kept: dict[str, torch.Tensor] = {}

    def look(built: torch.nn.Module) -> None:
        kept.update(built.tensors())

    output = run("separable(4, 3, multiplier=2, pad=1)", image, change=look)
    hidden = F.conv2d(to_torch(image), kept["depthwise.weight"], padding=1, groups=3)
    expected = F.conv2d(hidden, kept["pointwise.weight"], kept["pointwise.bias"])
    torch.testing.assert_close(output, expected.movedim(1, -1))


@pytest.mark.parametrize(
    ("call", "shape", "other"),
    [
        ("conv(4, 3, stride=2, pad=same)", (28, 28, 3), (9, 11, 3)),
        ("conv(4, 4, pad=same)", (28, 3), (9, 3)),
        ("conv_transpose(4, 3, stride=2, pad=same)", (28, 28, 3), (9, 11, 3)),
        ("maxpool(3, stride=2, pad=same)", (28, 28, 3), (9, 11, 3)),
        ("avgpool(3, stride=2, pad=same)", (28, 28, 3), (9, 11, 3)),
        ("separable(4, 5, stride=3, pad=same)", (28, 28, 3), (9, 11, 3)),
    ],
)
def test_same_works_at_another_size(
    call: str, shape: tuple[int, ...], other: tuple[int, ...]
) -> None:
    layer = record(call)
    built = build(layer, (TensorType(shape),))
    output = built(to_torch(torch.randn(2, *other)))
    expected = torch.empty(2, *layer.infer(TensorType(other)).shape)
    assert output.shape == to_torch(expected).shape


def _at_run_time(layer: type[Layer], example: Example) -> bool:
    """Whether sizes known only at run time decide nothing in this example."""
    return len(example.inputs) == 1 and not example.rejects


@pytest.mark.parametrize(
    ("layer", "example"),
    [p for p in examples("conv", "linear", "pool", "norm") if _at_run_time(*p.values)],
)
def test_sizes_may_be_known_only_at_run_time(layer: type[Layer], example: Example) -> None:
    (known,) = types(example)
    names = [f"n{axis}" for axis in range(known.rank - (known.number == "float"))]
    known_sizes = dict(zip(names, known.shape, strict=False))
    unknown = known.with_shape(*map(Size.unknown, names), *known.shape[len(names) :])
    inferred = record(example.call).infer(unknown)
    assert tuple(at(size, known_sizes) for size in inferred.shape) == example.output


def test_ceil_counts_windows_as_pytorch() -> None:
    for n, kernel, stride in itertools.product(range(4, 10), range(1, 5), range(1, 6)):
        for pad in range(kernel // 2 + 1):
            layer = MaxPool(size=kernel, stride=stride, pad=pad, ceil=True)
            meta = torch.empty(1, 1, n, device="meta")
            counted = F.max_pool1d(meta, kernel, stride, pad, ceil_mode=True).shape[-1]
            assert layer.infer(TensorType((n, 1))).shape == (counted, 1), layer
