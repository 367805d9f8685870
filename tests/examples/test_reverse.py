"""An encoder and a decoder over sequences of many lengths, on both backends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netdsl.cli.specs import open_spec
from netdsl.training import session
from tests.conftest import REPOSITORY
from tests.examples.whole import WHOLE
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/reverse.net")


def trained(folder: Path, backend: str, **sets: str) -> Any:
    """The result on the test share, and what the log says of the first epoch."""
    begun = session.start(open_spec(SPEC, sets, None), backend, folder / backend, "cpu")
    begun.train(Silent())
    return begun.finish(), begun.run.log()[0]


def test_it_reaches_what_its_comment_says(tmp_path: Path) -> None:
    sets = {} if WHOLE else {"train.epochs": "2"}
    found, _ = trained(tmp_path, "torch", **sets)
    assert found["accuracy"] > (0.99 if WHOLE else 0.9)


def test_it_trains_alike_on_both_backends(tmp_path: Path) -> None:
    sets = {"train.steps": "20"}
    (one, first), (other, again) = (trained(tmp_path, name, **sets) for name in ("torch", "keras"))
    for name in ("loss", "accuracy"):
        assert first[name] == pytest.approx(again[name], rel=1e-4)
        assert one[name] == pytest.approx(other[name], rel=1e-3)
    assert one["confusion"][0] == other["confusion"][0]
