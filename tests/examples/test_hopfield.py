"""Hopfield nets recall what their comments say, and hold as many patterns as the theory does."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from netdsl.cli.specs import open_spec
from netdsl.training import session
from tests.conftest import REPOSITORY
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/hopfield.net")


def result(folder: Path, section: str | None, backend: str) -> Any:
    """The result of a section of the spec."""
    begun = session.start(open_spec(SPEC, {}, section), backend, folder / "run", "cpu")
    begun.train(Silent())
    assert begun.plan.net.inputs[0].type.size in (100, 64)
    return begun.finish()


@pytest.mark.parametrize("backend", ["torch", "keras"])
def test_random_patterns_are_recalled(backend: str, tmp_path: Path) -> None:
    found = result(tmp_path, None, backend)
    assert found["examples"] == 5
    assert found["recalled"] >= 0.95


def test_digits_are_recalled(tmp_path: Path) -> None:
    assert result(tmp_path, "digits", "torch")["recalled"] >= 0.95


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """The script that draws how many patterns are held."""
    path = REPOSITORY / "examples/hopfield_capacity.py"
    found = importlib.util.spec_from_file_location("hopfield_capacity", path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    yield module


def test_recall_breaks_down_at_the_load_of_theory(script: ModuleType) -> None:
    generator = np.random.default_rng(1)

    def share(load: float) -> float:
        patterns = script.random_patterns(load, 1000, generator)
        tried = patterns[:40]
        return float(script.near(tried, script.recalled(patterns, tried)))

    # 0.138 by Amit, Gutfreund and Sompolinsky (1985), for infinitely many units.
    assert share(0.11) == 1
    assert share(0.2) <= 0.05


def test_more_noise_is_recalled_from_fewer_patterns(script: ModuleType) -> None:
    assert script.digits_recalled(2, 0.2, tries=10) == 1
    assert script.digits_recalled(5, 0.2, tries=10) < 0.1
