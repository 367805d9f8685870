"""What is drawn, what augmentations mean for fields, and what makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from netdsl.backends.augment import Array, draw
from netdsl.backends.torch.augment import Augmenter
from netdsl.backends.torch.scoring import to_torch
from netdsl.catalog.augmentations import (
    Augmentation,
    ColorJitter,
    Crop,
    CutMix,
    Cutout,
    Flip,
    Mixup,
    Noise,
    Rotate,
    Scale,
    Shift,
)
from netdsl.catalog.layers.activation import Sigmoid
from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.shape import Flatten
from netdsl.catalog.losses import BinaryCrossEntropy, LossSum, LossTerm, MeanSquaredError
from netdsl.catalog.optimizers import Sgd
from netdsl.catalog.sources import Digits, Iris, Npz
from netdsl.diagnostics import UserError
from netdsl.training.plan import Plan
from tests.training.nets import chain, plan

COUNT = 20_000


def drawn(step: Augmentation, seed: int = 0) -> Mapping[str, Any]:
    (values,) = draw([step], COUNT, (20, 30, 3), np.random.default_rng(seed))
    return values


@pytest.mark.parametrize(
    ("step", "name", "low", "high"),
    [
        (Rotate(40), "angle", -40, 40),
        (Scale(0.8, 1.4), "factor", 0.8, 1.4),
        (ColorJitter(0.3, 0), "brightness", 0.7, 1.3),
        (ColorJitter(1.5, 0), "brightness", 0, 2.5),
        (ColorJitter(0, 0.2), "contrast", 0.8, 1.2),
        (ColorJitter(0, 0, 0.1), "saturation", 0.9, 1.1),
        (ColorJitter(0, 0, 0, 0.25), "hue", -0.25, 0.25),
        (Mixup(1), "share", 0, 1),
    ],
    ids=str,
)
def test_uniform_draws(step: Augmentation, name: str, low: float, high: float) -> None:
    values = drawn(step)[name]
    assert values.dtype == np.float32
    spread = high - low
    assert low <= values.min() < low + 0.01 * spread
    assert high - 0.01 * spread < values.max() <= high
    assert values.mean() == pytest.approx((low + high) / 2, abs=0.02 * spread)
    assert values.std() == pytest.approx(spread / 12**0.5, rel=0.02)


def test_flips_are_as_likely_as_they_are_said_to_be() -> None:
    assert drawn(Flip(chance=0.3))["flipped"].mean() == pytest.approx(0.3, abs=0.02)
    assert not drawn(Flip(chance=0))["flipped"].any()
    assert drawn(Flip(chance=1))["flipped"].all()


def test_shifts_are_shares_of_each_size() -> None:
    offset = drawn(Shift(0.1))["offset"]
    assert np.abs(offset).max(axis=0) == pytest.approx([2, 3], rel=0.01)


def test_every_place_of_a_crop_is_equally_likely() -> None:
    corner = drawn(Crop(2))["corner"]
    for axis in (0, 1):
        counts = np.bincount(corner[:, axis])
        assert len(counts) == 5
        assert counts == pytest.approx(np.full(5, COUNT / 5), rel=0.1)


def test_shares_are_of_a_beta_distribution() -> None:
    for step in (Mixup(0.2), Mixup(3)):
        share = drawn(step)["share"]
        assert share.mean() == pytest.approx(0.5, abs=0.01)
        # Of Beta(a, a) the variance is 1 / (4 (2 a + 1)).
        assert share.var() == pytest.approx(1 / (4 * (2 * step.alpha + 1)), rel=0.03)
    assert (drawn(Mixup(0))["share"] == 1).all()
    assert (drawn(CutMix(0))["share"] == 1).all()


@pytest.mark.parametrize("step", [Mixup(), CutMix()])
def test_every_example_is_a_partner_once(step: Augmentation) -> None:
    partner = drawn(step)["partner"]
    assert np.array_equal(np.sort(partner), np.arange(COUNT))
    assert np.mean(partner == np.arange(COUNT)) < 0.01


def test_boxes_lie_within_the_picture() -> None:
    for step, area in ((Cutout(6), 36), (CutMix(), 600)):
        top, bottom, left, right = drawn(step)["box"].T
        assert (top >= 0).all() and (top <= bottom).all() and (bottom <= 20).all()
        assert (left >= 0).all() and (left <= right).all() and (right <= 30).all()
        assert ((bottom - top) * (right - left)).max() <= area
    top, bottom, left, right = drawn(Cutout(6))["box"].T
    # Cut off at an edge for 5 of 20 and 5 of 30 centres, by the same number on average.
    assert np.mean(bottom - top == 6) == pytest.approx(15 / 20, abs=0.02)
    assert np.mean(right - left == 6) == pytest.approx(25 / 30, abs=0.02)


def test_draws_depend_on_the_seed_and_the_batch_alone() -> None:
    made = plan(PICTURES, data=Digits(), augment=(Rotate(10), Mixup()))
    assert made.task.augmenting is not None
    first, again, other, later = (
        made.task.augmenting.draw(32, seed, batch)[0]["angle"]
        for seed, batch in ((7, 2), (7, 2), (8, 2), (7, 3))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, later)


PICTURES = chain(Flatten(), Dense(units=10), shape=(8, 8, 1))
NUMBERS = chain(Dense(units=3), shape=(4,))
DECODER = chain(Conv(filters=1, kernel=1), Sigmoid(), shape=(8, 8, 1))


def loss(*terms: LossTerm) -> LossSum:
    return LossSum(terms)


@pytest.mark.parametrize(
    ("net", "changes", "told"),
    [
        (NUMBERS, {"data": Iris(), "augment": (Flip(),)}, "flip changes pictures, but features"),
        (NUMBERS, {"data": Iris(), "augment": (CutMix(),)}, "noise and mixup take numbers of any"),
        (
            PICTURES,
            {"data": Digits(), "augment": (ColorJitter(0, 0, 0.1),)},
            "need red, green and blue, but image is 8 x 8 x 1",
        ),
    ],
)
def test_what_makes_no_sense(net: Any, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        plan(net, **changes)


def masks(folder: Path, *steps: Augmentation) -> Plan:
    """A plan for pictures with a class for each pixel."""
    generator = np.random.default_rng(0)
    np.savez(
        folder / "m.npz",
        image=generator.integers(0, 255, (20, 6, 6, 3)).astype(np.uint8),
        label=generator.integers(0, 2, (20, 6, 6)),
    )
    net = chain(Conv(filters=2, kernel=1), shape=(6, 6, 3))
    return plan(net, folder, data=Npz("m.npz"), augment=steps)


def test_classes_of_pixels_are_moved_before_they_are_mixed(tmp_path: Path) -> None:
    assert masks(tmp_path, Flip(), CutMix(), Mixup(), Noise(0.1)).task.augmenting is not None
    with pytest.raises(UserError, match="write mixup after flip"):
        masks(tmp_path, Mixup(), Flip())


def test_whole_numbers_take_no_noise(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(60).reshape(20, 3), y=np.arange(20) % 2)
    made = plan(chain(Dense(units=2), shape=(3,)), tmp_path, data=Npz("a.npz"), augment=(Noise(1),))
    # They have become floats, as the net takes them.
    assert made.task.augmenting is not None
    assert made.task.augmenting.inputs == {"x": "numbers"}


def first_batch(made: Plan) -> tuple[Array, Array]:
    """What flows into a net and what it is compared with, for the first batch of the seed 3."""
    assert made.task.augmenting is not None
    augmenter = Augmenter(made.task.augmenting, torch.device("cpu"))
    rows = made.split.train[:50]
    drawn = augmenter.draw(len(rows), 3, 0)
    (term,), (name,) = made.task.terms, made.task.inputs
    given = augmenter.input(drawn, name, to_torch(made.arrays[name][rows]))
    field = term.target.name
    target = to_torch(made.arrays[field][rows])
    return given.numpy(), augmenter.target(drawn, field, target, term.classes).numpy()


def decoder(*steps: Augmentation) -> tuple[Array, Array]:
    term = LossTerm(MeanSquaredError(), ("output", "image"))
    return first_batch(plan(DECODER, data=Digits(), augment=steps, loss=loss(term)))


def test_a_target_that_is_the_input_moves_with_it() -> None:
    given, target = decoder(Flip(), Rotate(40), ColorJitter(0.3, 0.3), CutMix(), Mixup())
    assert np.array_equal(given, target)


@pytest.mark.parametrize("step", [Noise(0.1), Cutout(3)])
def test_a_target_that_is_the_input_stays_whole(step: Augmentation) -> None:
    given, target = decoder(Flip(), step)
    (clean, _) = decoder(Flip())
    assert np.array_equal(target, clean)
    assert not np.array_equal(given, clean)


def test_targets_are_mixed_as_the_examples_are() -> None:
    made = plan(PICTURES, data=Digits(), augment=(Mixup(1),), optimizer=Sgd(0.1))
    given, target = first_batch(made)
    assert made.task.augmenting is not None
    (step,) = made.task.augmenting.draw(50, 3, 0)
    rows = made.split.train[:50]
    images, labels = made.arrays["image"][rows, ..., 0], np.eye(10)[made.arrays["label"][rows]]
    for found, values in ((given[:, 0], images), (target, labels)):
        share = step["share"].reshape(-1, *[1] * (values.ndim - 1))
        wanted = share * values + (1 - share) * values[step["partner"]]
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_one_unit_for_two_classes_is_mixed_between_them() -> None:
    made = plan(
        chain(Dense(units=1), Sigmoid(), shape=(2,)),
        augment=(Mixup(1),),
        loss=loss(LossTerm(BinaryCrossEntropy())),
    )
    _, target = first_batch(made)
    assert target.shape == (50,)
    assert np.mean((target > 0.01) & (target < 0.99)) > 0.2
