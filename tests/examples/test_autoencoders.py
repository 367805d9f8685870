"""Autoencoders restore digits that training has not seen, from few numbers and out of noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from netdsl.backends.engine import Array
from netdsl.cli.specs import open_spec
from netdsl.training import session
from netdsl.training.codes import pictured
from netdsl.training.plan import Plan
from tests.conftest import REPOSITORY
from tests.examples.whole import WHOLE
from tests.training.nets import Silent


def trained(name: str, folder: Path, steps: int | None) -> tuple[Plan, float]:
    """The plan of an example that was trained, and its loss on the test share."""
    short = {} if steps is None or WHOLE else {"train.steps": str(steps)}
    spec = open_spec(str(REPOSITORY / f"examples/{name}.net"), short, None)
    begun = session.start(spec, "torch", folder, "cpu")
    begun.train(Silent())
    return begun.plan, begun.finish()["loss"]


def by_principal_components(plan: Plan, count: int) -> float:
    """The squared error on the test share of the best linear code of so many numbers."""
    images = plan.data.fields["image"].array
    flat = images.reshape(len(images), -1)
    fitted = PCA(count).fit(flat[plan.split.train])
    held = flat[plan.split.test]
    return squared(fitted.inverse_transform(fitted.transform(held)), held)


def squared(one: Array, other: Array) -> float:
    return float(np.square(one - other).mean())


def test_eight_numbers_restore_more_than_those_of_the_best_linear_code(tmp_path: Path) -> None:
    plan, found = trained("autoencoder", tmp_path / "run", None)
    assert found < 0.018
    assert found < 0.8 * by_principal_components(plan, 8)


def test_convolutions_restore_more_than_the_best_linear_code(tmp_path: Path) -> None:
    plan, found = trained("convolutional_autoencoder", tmp_path / "run", 100)
    if WHOLE:
        assert found < 0.008
        assert found < 0.8 * by_principal_components(plan, 16)
    else:
        assert found < by_principal_components(plan, 4)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_error_of_noisy_digits_is_more_than_halved(
    tmp_path_factory: pytest.TempPathFactory, denoising: tuple[Path, Plan], seed: int
) -> None:
    run, plan = denoising
    clean = plan.data.fields["image"].array[plan.split.test]
    noise = np.random.default_rng(seed).normal(0, 0.3, clean.shape)
    noisy = (clean + noise).astype(np.float32)
    file = tmp_path_factory.mktemp("noisy") / "digits.npz"
    np.savez(file, image=noisy)
    (found,) = pictured(run, [file], "cpu", open_spec)
    np.testing.assert_array_equal(found.given, noisy)
    restored = squared(found.made, clean)
    assert restored < squared(noisy, clean) / 2
    if WHOLE:
        assert restored < 0.02
        # Cutting off what is no grey already helps.
        assert restored < squared(np.clip(noisy, 0, 1), clean) / 2


@pytest.fixture(scope="module")
def denoising(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """The folder of a run of the example, and its plan."""
    run = tmp_path_factory.mktemp("runs") / "denoising"
    return run, trained("denoising", run, 80)[0]
