"""What tests share: the repository's folder, golden texts, torchvision beside a CPU build."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
GOLDEN = REPOSITORY / "tests" / "golden"

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes golden texts anew; read the difference before committing it."""
    parser.addoption("--update-golden", action="store_true", help="write the golden texts anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden("folder/name.txt", text)` compares a text with the file in tests/golden."""
    update = request.config.getoption("--update-golden")

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no golden text {name}; pytest --update-golden writes it"
        assert text == path.read_text(encoding="utf-8")

    return compare


def import_torchvision() -> ModuleType:
    """torchvision, also where its compiled operators do not fit the build of torch.

    On Linux its wheel is built for CUDA and loads no operators beside a CPU build of torch; then
    its import fails for want of two that no classifier uses. It is enough to declare them.
    """
    import torch

    try:
        return import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    for operator in ("nms", "qnms"):
        schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define(f"torchvision::{operator}", schema)
    return import_module("torchvision")


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """torchvision, imported so that its models can be built."""
    return import_torchvision()
