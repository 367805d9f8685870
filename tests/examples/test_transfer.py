"""The four cases of transfer learning, each trained as its comment says."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from netdsl.cli.specs import open_spec
from netdsl.training import session
from tests.conftest import REPOSITORY
from tests.training.nets import Silent

# The least accuracy on the test share, and what stays as it was pretrained.
CASES: dict[str, tuple[float, tuple[str, ...]]] = {
    "small_similar": (0.85, ("edges",)),
    "large_similar": (0.97, ()),
    "small_different": (0.8, ("edges",)),
    "large_different": (0.95, ()),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The specs, with the weights that they start from."""
    made = tmp_path_factory.mktemp("examples") / "transfer"
    shutil.copytree(REPOSITORY / "examples/transfer", made, ignore=lambda *_: {"pretrained"})
    assert trained(made, "pretrain", "pretrained")["accuracy"] >= 0.98
    return made


def trained(folder: Path, name: str, out: str, **sets: str) -> Any:
    """The result of a spec, trained into a folder beside it."""
    spec = open_spec(str(folder / f"{name}.net"), sets, None)
    begun = session.start(spec, "torch", folder / out, "cpu")
    begun.train(Silent())
    return begun.finish()


@pytest.mark.parametrize("name", CASES)
def test_each_case_reaches_what_its_comment_says(name: str, folder: Path) -> None:
    least, frozen = CASES[name]
    assert trained(folder, name, name)["accuracy"] >= least
    before = load_file(folder / "pretrained/weights.safetensors")
    after = load_file(folder / name / "weights.safetensors")
    shared = before.keys() & after.keys()
    stayed = {key for key in shared if np.array_equal(before[key], after[key])}
    assert stayed == {key for key in shared if key.startswith(tuple(f"{part}." for part in frozen))}
    assert len(shared) > 8


def test_what_is_known_helps_where_there_are_few_examples(folder: Path) -> None:
    sets = {"train.init": "none", "train.freeze": "[]", "train.shapes.freeze": "[]"}
    alone = trained(folder, "small_similar", "alone", **sets)["accuracy"]
    assert trained(folder, "small_similar", "again")["accuracy"] > alone + 0.03
