"""Undisturbed runs that all fault tests compare with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.runs import CONTEST, PHASES, SPEC, Netdsl, Whole, undisturbed


@pytest.fixture(scope="session")
def by_torch() -> Iterator[Netdsl]:
    """PyTorch trains."""
    netdsl = Netdsl("torch")
    yield netdsl
    netdsl.close()


@pytest.fixture(scope="session")
def torch_run(by_torch: Netdsl, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A run in one phase by PyTorch."""
    return undisturbed(by_torch, SPEC, tmp_path_factory.mktemp("torch"))


@pytest.fixture(scope="session")
def phased_run(by_torch: Netdsl, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A run in phases by PyTorch."""
    return undisturbed(by_torch, PHASES, tmp_path_factory.mktemp("phases"))


@pytest.fixture(scope="session")
def contest_run(by_torch: Netdsl, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A run of two adversaries by PyTorch."""
    return undisturbed(by_torch, CONTEST, tmp_path_factory.mktemp("contest"))


@pytest.fixture(scope="session")
def keras_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """A run in phases by Keras on PyTorch, which can be forked; TensorFlow cannot."""
    netdsl = Netdsl("keras:torch")
    yield undisturbed(netdsl, PHASES, tmp_path_factory.mktemp("keras"))
    netdsl.close()
