"""Augmentations on both backends: against one another, and against what others compute."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from keras import ops
from PIL import Image
from scipy import ndimage

from netdsl.backends.augment import Drawn, draw
from netdsl.backends.engine import Array
from netdsl.backends.keras import augment as in_keras
from netdsl.backends.torch import augment as in_torch
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

SHAPE = (13, 18, 3)
IMAGES = np.random.default_rng(0).random((7, *SHAPE), np.float32)
# All but noise, whose pixels a backend draws.
STEPS: tuple[Augmentation, ...] = (
    Flip(),
    Flip("height", 0.7),
    Rotate(180),
    Scale(0.5, 2),
    Shift(0.4),
    Crop(3),
    Cutout(5),
    Mixup(0.4),
    CutMix(),
    ColorJitter(0.4, 0.5, 0.6, 0.3),
)
BACKENDS = [pytest.param(in_torch, id="torch"), pytest.param(in_keras, id="keras")]


def drawn(*steps: Augmentation, seed: int = 1, count: int = len(IMAGES)) -> tuple[Drawn, ...]:
    return draw(steps, count, SHAPE, np.random.default_rng(seed))


def on(backend: Any, values: Array) -> Any:
    """An array as a tensor of the backend."""
    return torch.from_numpy(values) if backend is in_torch else ops.convert_to_tensor(values)


def off(tensor: Any) -> Array:
    array: Array = tensor.numpy() if isinstance(tensor, torch.Tensor) else np.asarray(tensor)
    return array


def all_on(backend: Any, draws: tuple[Drawn, ...]) -> list[dict[str, Any]]:
    return [{name: on(backend, values) for name, values in step.items()} for step in draws]


def masks_of(backend: Any, steps: tuple[Augmentation, ...], draws: Any, masks: Array) -> Array:
    return off(backend.augment(steps, all_on(backend, draws), on(backend, masks), nearest=True))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.word)
def test_backends_agree(step: Augmentation) -> None:
    made = drawn(step)
    ours = in_torch.augmented([step], made, IMAGES)
    assert ours.shape == IMAGES.shape
    assert ours.dtype == np.float32
    assert np.abs(ours - IMAGES).max() > 0.1
    np.testing.assert_allclose(in_keras.augmented([step], made, IMAGES), ours, atol=1e-5)


def test_backends_agree_on_large_pictures() -> None:
    images = np.random.default_rng(5).random((2, 301, 400, 1), np.float32)
    steps = (Rotate(50), Scale(0.5, 1.5))
    made = draw(steps, 2, images.shape[1:], np.random.default_rng(6))
    ours, theirs = (b.augmented(steps, made, images) for b in (in_torch, in_keras))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_backends_agree_on_all_together() -> None:
    made = drawn(*STEPS)
    ours, theirs = (b.augmented(STEPS, made, IMAGES) for b in (in_torch, in_keras))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_affine_maps_are_scipys(backend: Any) -> None:
    steps = (Rotate(70), Scale(0.6, 1.7), Shift(0.2))
    made = drawn(*steps)
    found = backend.augmented(steps, made, IMAGES)
    centre = (np.array(SHAPE[:2]) - 1) / 2
    for at, image in enumerate(IMAGES):
        angle, factor = np.radians(made[0]["angle"][at]), made[1]["factor"][at]
        # From a place in the new picture to the old one, in rows and columns.
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        back = turn / factor
        offset = centre - back @ (centre + made[2]["offset"][at])
        for channel in range(3):
            wanted = ndimage.affine_transform(
                image[..., channel].astype(np.float64), back, offset, order=1, mode="grid-constant"
            )
            np.testing.assert_allclose(found[at, ..., channel], wanted, atol=2e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_turn_is_torchvisions_and_pillows(backend: Any, torchvision: ModuleType) -> None:
    from torchvision.transforms.v2 import functional as F

    made = drawn(Rotate(90))
    found = backend.augmented([Rotate(90)], made, IMAGES)
    for at, image in enumerate(IMAGES):
        angle = float(made[0]["angle"][at])
        wanted = F.rotate(
            torch.from_numpy(image).movedim(-1, 0), angle, F.InterpolationMode.BILINEAR
        )
        np.testing.assert_allclose(found[at], wanted.movedim(0, -1), atol=1e-4)
    # Pillow averages nothing at the border, so that only what lies well inside is compared.
    grey = Image.fromarray(IMAGES[0, ..., 0])
    turned = np.asarray(grey.rotate(float(made[0]["angle"][0]), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(found[0, 4:9, 6:12, 0], turned[4:9, 6:12], atol=1e-2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_neighbouring_affine_maps_are_one_resampling(backend: Any) -> None:
    steps = (Rotate(0), Scale(2, 2), Scale(0.5, 0.5), Shift(0))
    np.testing.assert_allclose(backend.augmented(steps, drawn(*steps), IMAGES), IMAGES, atol=1e-5)
    apart = (Scale(2, 2), Flip(chance=0), Scale(0.5, 0.5))
    assert np.abs(backend.augmented(apart, drawn(*apart), IMAGES) - IMAGES).max() > 0.1


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("axis", "place"), [("width", 1), ("height", 0)])
def test_flips(backend: Any, axis: str, place: int) -> None:
    step = Flip(axis)
    made = drawn(step)
    assert 0 < made[0]["flipped"].sum() < len(IMAGES)
    wanted = [
        np.flip(image, place) if flipped else image
        for image, flipped in zip(IMAGES, made[0]["flipped"], strict=True)
    ]
    assert np.array_equal(backend.augmented([step], made, IMAGES), wanted)


@pytest.mark.parametrize("backend", BACKENDS)
def test_crops(backend: Any) -> None:
    made = drawn(Crop(3))
    found = backend.augmented([Crop(3)], made, IMAGES)
    for at, (top, left) in enumerate(made[0]["corner"]):
        padded = np.pad(IMAGES[at], ((3, 3), (3, 3), (0, 0)))
        assert np.array_equal(found[at], padded[top : top + 13, left : left + 18])


@pytest.mark.parametrize("backend", BACKENDS)
def test_boxes_are_cut_out(backend: Any) -> None:
    made = drawn(Cutout(5))
    wanted = IMAGES.copy()
    for image, (top, bottom, left, right) in zip(wanted, made[0]["box"], strict=True):
        image[top:bottom, left:right] = 0
    assert np.array_equal(backend.augmented([Cutout(5)], made, IMAGES), wanted)


@pytest.mark.parametrize("backend", BACKENDS)
def test_mixtures_and_their_targets(backend: Any) -> None:
    steps = (Mixup(1), CutMix(1))
    made = drawn(*steps)
    (first, second), images = made, IMAGES
    share = first["share"][:, None, None, None]
    images = share * images + (1 - share) * images[first["partner"]]
    wanted = images.copy()
    for at, (top, bottom, left, right) in enumerate(second["box"]):
        other = images[second["partner"][at]]
        wanted[at, top:bottom, left:right] = other[top:bottom, left:right]
        seen = 1 - (bottom - top) * (right - left) / (13 * 18)
        assert second["share"][at] == pytest.approx(seen)
    np.testing.assert_allclose(backend.augmented(steps, made, IMAGES), wanted, atol=1e-6)
    target = np.eye(len(IMAGES), dtype=np.float32)
    found = off(backend.mixed(steps, all_on(backend, made), on(backend, target)))
    for step in made:
        part = step["share"][:, None]
        target = part * target + (1 - part) * target[step["partner"]]
    np.testing.assert_allclose(found, target, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("step", [s for s in STEPS if not isinstance(s, Mixup | CutMix)])
def test_steps_that_mix_nothing_leave_targets(backend: Any, step: Augmentation) -> None:
    target = on(backend, np.eye(len(IMAGES), dtype=np.float32))
    assert backend.mixed([step], all_on(backend, drawn(step)), target) is target


@pytest.mark.parametrize("backend", BACKENDS)
def test_colours_are_torchvisions(backend: Any, torchvision: ModuleType) -> None:
    from torchvision.transforms.v2 import functional as F

    step = ColorJitter(0.4, 0.5, 0.6, 0.4)
    made = drawn(step)
    found = backend.augmented([step], made, IMAGES)
    for at, image in enumerate(IMAGES):
        wanted = torch.from_numpy(image).movedim(-1, 0)
        for change, name in (
            (F.adjust_brightness, "brightness"),
            (F.adjust_contrast, "contrast"),
            (F.adjust_saturation, "saturation"),
            (F.adjust_hue, "hue"),
        ):
            wanted = change(wanted, float(made[0][name][at]))
        np.testing.assert_allclose(found[at], wanted.movedim(0, -1), atol=2e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_brightness_and_contrast_of_grey(backend: Any) -> None:
    grey = IMAGES[..., :1]
    made = drawn(ColorJitter(0.2, 0.9))
    bright, contrast = (made[0][name][:, None, None, None] for name in ("brightness", "contrast"))
    wanted = np.clip(grey * bright, 0, 1)
    mean = wanted.mean(axis=(1, 2, 3), keepdims=True)
    wanted = np.clip(contrast * wanted + (1 - contrast) * mean, 0, 1)
    found = backend.augmented([ColorJitter(0.2, 0.9)], made, grey)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("shape", [(4,), (6, 3), (8, 8, 2)])
def test_noise_and_mixtures_of_numbers(backend: Any, shape: tuple[int, ...]) -> None:
    values = np.zeros((500, *shape), np.float32)
    noise = drawn(Noise(0.3), count=500)
    found = off(backend.augment([Noise(0.3)], all_on(backend, noise), on(backend, values)))
    assert found.shape == values.shape
    assert found.mean() == pytest.approx(0, abs=0.03)
    assert found.std() == pytest.approx(0.3, rel=0.05)
    made = drawn(Mixup(1), count=500)
    values = np.random.default_rng(3).random((500, *shape), np.float32)
    found = off(backend.augment([Mixup(1)], all_on(backend, made), on(backend, values)))
    share = made[0]["share"].reshape(-1, *[1] * len(shape))
    wanted = share * values + (1 - share) * values[made[0]["partner"]]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


MOVING = (Flip(), Rotate(40), Scale(0.7, 1.4), Crop(2), Shift(0.2), CutMix())


@pytest.mark.parametrize("backend", BACKENDS)
def test_masks_stay_with_their_pictures(backend: Any) -> None:
    # Two classes in large patches, of which an average is neither.
    classes = np.random.default_rng(2).integers(0, 2, (6, 4, 5))
    masks = classes.repeat(12, axis=1).repeat(12, axis=2)
    images = masks[..., None].astype(np.float32)
    made = draw(MOVING, 6, (48, 60, 1), np.random.default_rng(4))
    moved = backend.augmented(MOVING, made, images)[..., 0]
    found = masks_of(backend, MOVING, made, masks)
    assert found.dtype.kind == "i"
    assert set(np.unique(found)) == {0, 1}
    assert np.mean(found == masks) < 0.8
    sure = np.abs(moved - np.round(moved)) < 1e-3
    assert np.mean(sure) > 0.75
    assert np.array_equal(found[sure], np.round(moved[sure]))


def test_masks_agree_between_backends() -> None:
    masks = np.random.default_rng(2).integers(0, 9, (7, *SHAPE[:2]))
    made = drawn(*MOVING)
    ours, theirs = (masks_of(backend, MOVING, made, masks) for backend in (in_torch, in_keras))
    assert np.array_equal(ours, theirs)
