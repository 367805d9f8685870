"""Layers of shape put numbers where their records say: compared channels last, as written."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from netdsl.tensor import TensorType
from tests.catalog.torch_rows import build, record, run


def counted(*shape: int) -> torch.Tensor:
    """A batch of two in which every number is different, channels last."""
    size = int(np.prod(shape))
    return torch.arange(2.0 * size).reshape(2, *shape)


SHAPES = [(6,), (5, 6), (4, 5, 6), (2, 3, 4, 6)]


@pytest.mark.parametrize("shape", SHAPES)
def test_flatten_reads_channels_first_and_unflatten_is_its_inverse(shape: tuple[int, ...]) -> None:
    x = counted(*shape)
    flat = run("flatten", x)
    assert torch.equal(flat, x.movedim(-1, 1).reshape(2, -1))
    assert torch.equal(run(f"unflatten{shape}", flat), x)


REFILLED = [(120,), (12, 10), (4, 5, 6), (2, 3, 4, 5), (2, 3, 2, 5, 2)]


@pytest.mark.parametrize("shape", REFILLED)
@pytest.mark.parametrize("new", REFILLED)
def test_reshape_reads_as_written(shape: tuple[int, ...], new: tuple[int, ...]) -> None:
    x = counted(*shape)
    assert torch.equal(run(f"reshape{new}", x), x.reshape(2, *new))


@pytest.mark.parametrize(
    "order", [(0,), (1, 0), (1, 0, 2), (2, 0, 1), (0, 2, 1), (3, 1, 0, 2), (0, 2, 1, 3, 4)]
)
def test_permute_moves_axes_as_written(order: tuple[int, ...]) -> None:
    x = counted(*range(2, 2 + len(order)))
    wanted = x.permute(0, *(axis + 1 for axis in order))
    assert torch.equal(run(f"permute({', '.join(map(str, order))})", x), wanted)


ROLLS = {
    "roll(2)": (2, 1),
    "roll(-1, axis=-1)": (-1, 3),
    "roll((1, -2), axis=(1, 0))": ((1, -2), (2, 1)),
    "roll(2, axis=(0, 1))": ((2, 2), (1, 2)),
}


@pytest.mark.parametrize("call", ROLLS)
def test_roll_moves_along_axes(call: str) -> None:
    x = counted(4, 5, 6)
    assert torch.equal(run(call, x), torch.from_numpy(np.roll(x.numpy(), *ROLLS[call])))


SELECTIONS = {
    "slice(1, 3)": lambda x: x[..., 1:3],
    "slice(0, 2, axis=0)": lambda x: x[:, 0:2],
    "slice(-3, -1, axis=1)": lambda x: x[:, :, -3:-1],
    "take([2, 0])": lambda x: x[..., [2, 0]],
    "take([2, -1, 2], axis=0)": lambda x: x[:, [2, -1, 2]],
    "take(1)": lambda x: x[..., 1],
    "take(-1, axis=0)": lambda x: x[:, -1],
    "take(2, axis=1)": lambda x: x[:, :, 2],
    "reduce_mean(axis=(1, 0))": lambda x: x.mean((1, 2)),
    "reduce_mean(axis=-1)": lambda x: x.mean(-1),
    "reduce_sum(axis=0)": lambda x: x.sum(1),
    "reduce_sum(axis=(0, -1))": lambda x: x.sum((1, -1)),
    "reduce_max(axis=1)": lambda x: x.amax(2),
}


@pytest.mark.parametrize("shape", [(4, 6), (4, 5, 6), (3, 4, 5, 6), (3, 4, 2, 5, 6)])
@pytest.mark.parametrize("call", SELECTIONS)
def test_selection_along_axes(call: str, shape: tuple[int, ...]) -> None:
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(run(call, x), SELECTIONS[call](x))


PADS = {
    "pad(2)": [(2, 2), (2, 2)],
    "pad(((1, 0), 3))": [(1, 0), (3, 3)],
    "pad(1, value=-7)": [(1, 1), (1, 1)],
}


@pytest.mark.parametrize("call", PADS)
def test_pad_adds_around_the_positions(call: str) -> None:
    x = counted(4, 5, 6)
    fill = -7 if "value" in call else 0
    wanted = np.pad(x.numpy(), [(0, 0), *PADS[call], (0, 0)], constant_values=fill)
    assert torch.equal(run(call, x), torch.from_numpy(wanted))


def test_pad_and_crop_of_a_sequence_leave_its_features() -> None:
    x = counted(7, 4)
    padded = run("pad(((2, 1),))", x)
    assert torch.equal(padded[:, 2:-1], x)
    assert torch.equal(run("crop(((2, 1),))", padded), x)
    assert torch.equal(run("crop(like=b)", x, counted(4, 9)), x[:, 1:5])


@pytest.mark.parametrize("amount", ["2", "(0, 3)", "((1, 0), (2, 3))"])
def test_crop_is_the_inverse_of_pad(amount: str) -> None:
    x = counted(4, 5, 6)
    assert torch.equal(run(f"crop({amount})", run(f"pad({amount})", x)), x)


def test_crop_keeps_the_middle_and_cuts_the_odd_row_at_the_end() -> None:
    x, like = counted(9, 8, 3), counted(4, 5, 7)
    assert torch.equal(run("crop(like=b)", x, like), x[:, 2:6, 1:6])


def test_pad_channels_adds_zeros_before_and_after() -> None:
    for shape in SHAPES:
        x = counted(*shape)
        y = run("pad_channels(9, before=2)", x)
        assert torch.equal(y[..., 2:8], x)
        assert not y[..., :2].any() and not y[..., 8:].any() and y.shape[-1] == 9


def linear(x: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Interpolates along one axis between the centres of positions."""
    old = x.shape[axis]
    at = ((np.arange(size) + 0.5) * old / size - 0.5).clip(0, old - 1)
    low = np.floor(at).astype(int)
    high = (low + 1).clip(max=old - 1)
    share = np.expand_dims(at - low, tuple(i for i in range(x.ndim) if i != axis))
    below, above = np.take(x, low, axis), np.take(x, high, axis)
    return below * (1 - share) + above * share


@pytest.mark.parametrize("shape", [(5, 2), (5, 4, 2), (3, 5, 4, 2)])
def test_bilinear_interpolates_between_centres(shape: tuple[int, ...]) -> None:
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    doubled = sized = x.double().numpy()
    for axis in range(1, len(shape)):
        doubled = linear(doubled, axis, 2 * shape[axis - 1])
        sized = linear(sized, axis, 7)
    like = counted(*[7] * (len(shape) - 1), 1)
    for found, wanted in [
        (run("upsample(2, mode=bilinear)", x), doubled),
        (run("resize(7)", x), sized),
        (run("resize(like=b)", x, like), sized),
    ]:
        torch.testing.assert_close(found, torch.from_numpy(wanted).float())


@pytest.mark.parametrize("shape", [(5, 2), (5, 4, 2), (3, 5, 4, 2)])
def test_nearest_repeats_positions(shape: tuple[int, ...]) -> None:
    x = counted(*shape)
    repeated = picked = x
    for axis in range(1, len(shape)):
        repeated = repeated.repeat_interleave(3, axis)
        picked = picked.index_select(axis, torch.arange(7) * shape[axis - 1] // 7)
    assert torch.equal(run("upsample(3)", x), repeated)
    assert torch.equal(run("resize(7, mode=nearest)", x), picked)


def test_pixel_shuffle_makes_squares_of_channels() -> None:
    x = counted(3, 4, 8)
    y = run("pixel_shuffle(2)", x)
    for channel in range(2):
        for row in range(2):
            for column in range(2):
                wanted = x[..., channel * 4 + row * 2 + column]
                assert torch.equal(y[:, row::2, column::2, channel], wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_channel_shuffle_deals_groups_out(shape: tuple[int, ...]) -> None:
    x = counted(*shape)
    assert torch.equal(run("channel_shuffle(2)", x), x[..., [0, 3, 1, 4, 2, 5]])


def test_not_equal_says_where_a_number_is_another() -> None:
    numbers = torch.tensor([[0, 3, 0, 1], [2, 0, 0, 0]])
    for value in (0, 3):
        found = build(record(f"not_equal({value})"), (TensorType((4,), "int"),))(numbers)
        assert found.dtype == torch.int64
        assert torch.equal(found, numbers.ne(value).long())


@pytest.mark.parametrize("shape", [(), (5,), (4, 5), (2, 3, 4)])
def test_one_hot_is_one_at_its_class(shape: tuple[int, ...]) -> None:
    numbers = torch.randint(0, 7, (2, *shape), generator=torch.Generator().manual_seed(0))
    inputs = (TensorType(shape, "int"),)
    given = numbers.movedim(-1, 1) if len(shape) > 2 else numbers
    found = build(record("one_hot(7)"), inputs)(given)
    found = found.movedim(1, -1) if found.dim() > 3 else found
    assert torch.equal(found.argmax(-1), numbers)
    assert torch.equal(found.sum(-1), torch.ones(2, *shape))
