"""What tests share: the repository's folder, golden texts, torchvision beside a CPU build."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.peers import import_torchvision

# A process for each core is sooner than threads, which wait for one another at every layer. PyTorch
# and TensorFlow read these when they are imported, in processes that tests start too.
for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")

REPOSITORY = Path(__file__).resolve().parent.parent
GOLDEN = REPOSITORY / "tests" / "golden"

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes golden texts anew; read the difference before committing it."""
    parser.addoption("--update-golden", action="store_true", help="write the golden texts anew")


def pytest_collection_finish() -> None:
    """Leave what is there before the first test out of collections: millions of objects that stay.

    What compares backends collects after each model, which else takes a second each time.
    """
    leave_out_what_stays()


@pytest.fixture(scope="module")
def collected() -> None:
    """The same for what the tests before have left in their caches."""
    leave_out_what_stays()


def leave_out_what_stays() -> None:
    """Collect what is garbage, and look at nothing of the rest again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread for PyTorch: threads wait for one another at every layer on a busy machine."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """torchvision, imported so that its models can be built."""
    return import_torchvision()
