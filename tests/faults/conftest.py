"""Undisturbed runs that all fault tests compare with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.runs import Whole, undisturbed


@pytest.fixture(scope="session")
def torch_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """By PyTorch."""
    yield from undisturbed("torch", tmp_path_factory.mktemp("torch"))


@pytest.fixture(scope="session")
def keras_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """By Keras on PyTorch, which can be forked; TensorFlow cannot."""
    yield from undisturbed("keras:torch", tmp_path_factory.mktemp("keras"))
