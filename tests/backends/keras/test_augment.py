"""Training with augmentations on Keras beside PyTorch; runs on every engine of Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdsl.backends.augment import draw
from netdsl.backends.keras.augment import augmented as in_keras
from netdsl.backends.keras.engine import KerasEngine
from netdsl.backends.torch.augment import augmented as in_torch
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
from netdsl.catalog.losses import BinaryCrossEntropy, LossSum, LossTerm, MeanSquaredError
from netdsl.catalog.optimizers import Adam
from netdsl.catalog.sources import Digits, Npz
from tests.backends.keras.engines import difference, epoch, on_keras, on_torch, plan

PICTURES = "input image: 8x8x1\nconv(6, 3, pad=same) -> relu -> maxpool(2)\nflatten -> dense(10)"
SEQUENCES = "input image: 8x8x1\nreshape(8, 8) -> gru(6, bias=double) -> dense(10) -> softmax"
DECODER = "input image: 8x8x1\nflatten -> dense(64) -> unflatten(8, 8, 1) -> sigmoid"
POINTS = "input point: 2\ndense(8) -> tanh -> dense(2) -> softmax"
ALL: tuple[Augmentation, ...] = (
    Flip(),
    Rotate(20),
    Scale(0.8, 1.2),
    Shift(0.1),
    Crop(1),
    Cutout(2),
    ColorJitter(0.2, 0.2),
    CutMix(),
    Mixup(),
)
DIGITS = {"data": Digits(), "optimizer": Adam(3e-3), "batch": 64}
# A net and its settings.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "pictures": (PICTURES, {**DIGITS, "augment": ALL}),
    "one-hot": (
        PICTURES,
        {**DIGITS, "augment": (Mixup(),), "loss": LossSum((LossTerm(MeanSquaredError()),))},
    ),
    "autoencoder": (
        DECODER,
        {
            **DIGITS,
            "augment": (Rotate(30), Cutout(3), Mixup()),
            "loss": LossSum((LossTerm(BinaryCrossEntropy(), ("output", "image")),)),
        },
    ),
    "points": (POINTS, {"augment": (Mixup(1),)}),
}


def test_pixels_agree() -> None:
    images = np.random.default_rng(0).random((5, 11, 14, 3), np.float32)
    steps = (*ALL, ColorJitter(0.3, 0.3, 0.3, 0.3))
    drawn = draw(steps, 5, (11, 14, 3), np.random.default_rng(1))
    ours, theirs = (augmented(steps, drawn, images) for augmented in (in_keras, in_torch))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_two_epochs_are_pytorchs(name: str) -> None:
    body, changes = CASES[name]
    made = plan(body, **changes)
    ours, theirs = on_keras(made), on_torch(made)
    plain = on_torch(plan(body, **{**changes, "augment": ()}))
    for number in (1, 2):
        figures, wanted = (epoch(engine, made, number) for engine in (ours, theirs))
        assert figures.keys() == wanted.keys()
        assert figures["loss"] == pytest.approx(wanted["loss"], rel=1e-3)
        # An answer may turn where two classes are equally likely.
        if "accuracy" in wanted:
            assert figures["accuracy"] == pytest.approx(wanted["accuracy"], abs=0.01)
        assert epoch(plain, made, number)["loss"] != pytest.approx(wanted["loss"], rel=1e-3)
    share = made.split.validation
    evaluated = ours.evaluate(share)
    assert evaluated["loss"] == pytest.approx(theirs.evaluate(share)["loss"], rel=1e-2)
    # Nothing is changed where nothing is learned.
    assert evaluated == ours.evaluate(share)


@pytest.mark.parametrize("precision", ["bfloat16", "float64"])
def test_other_precisions_are_close(precision: str) -> None:
    made = plan(PICTURES, **DIGITS, augment=(*ALL, Noise(0.0)), precision=precision)
    found, wanted = (epoch(on(made), made)["loss"] for on in (on_keras, on_torch))
    assert found == pytest.approx(wanted, rel=1e-5 if precision == "float64" else 0.02)


def test_masks_are_trained_on(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    label = generator.integers(0, 3, (40, 6, 6)).repeat(2, axis=1).repeat(2, axis=2)
    image = (label[..., None] * 100 + generator.integers(0, 50, (40, 12, 12, 1))).astype(np.uint8)
    np.savez(tmp_path / "m.npz", image=image, label=label)
    made = plan(
        "input image: 12x12x1\nconv(3, 3, pad=same)",
        base=tmp_path,
        data=Npz("m.npz"),
        augment=(Flip(), Rotate(30), CutMix(), Mixup()),
    )
    assert made.task.augmenting is not None
    assert made.task.augmenting.targets == {"label": "mask"}
    ours, theirs = on_keras(made), on_torch(made)
    for number in (1, 2):
        figures, wanted = (epoch(engine, made, number) for engine in (ours, theirs))
        assert figures["loss"] == pytest.approx(wanted["loss"], rel=1e-3)
        assert figures["accuracy"] == pytest.approx(wanted["accuracy"], abs=0.01)


@pytest.mark.parametrize("augment", [ALL, (Noise(0.2),)], ids=["drawn", "noise"])
def test_an_epoch_depends_on_its_seed_alone(augment: tuple[Augmentation, ...]) -> None:
    made = plan(PICTURES, **DIGITS, augment=augment)
    fresh, used = on_keras(made), on_keras(made)
    start = used.weights(), used.state()
    epoch(used, made, 1)
    used.put_weights(start[0])
    used.put_state(start[1])
    assert epoch(used, made, 2) == epoch(fresh, made, 2)
    assert difference(used.weights(), fresh.weights()) == 0


def test_noise_is_drawn_anew_for_each_batch() -> None:
    # Without a rate the same batch has the same loss but for its noise.
    changes = {**DIGITS, "optimizer": Adam(0.0)}
    noisy, clean = (on_keras(plan(SEQUENCES, **changes, augment=(Noise(s),))) for s in (0.5, 0.0))
    rows = plan(SEQUENCES, **changes).split.train[:64]

    def loss(engine: KerasEngine, batches: int, seed: int) -> float:
        return engine.train([rows] * batches, [1.0] * batches, seed, lambda count: None)["loss"]

    assert loss(noisy, 1, 1) == loss(noisy, 1, 1)
    assert loss(noisy, 1, 1) != loss(noisy, 1, 2)
    assert loss(noisy, 1, 1) != pytest.approx(loss(noisy, 2, 1), rel=1e-4)
    assert loss(clean, 1, 1) == pytest.approx(loss(clean, 2, 1), rel=1e-6)
