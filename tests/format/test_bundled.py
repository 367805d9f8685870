"""Every spec that comes along is in the one style, and any noise comes back to one."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import netdsl
from netdsl.analyze.difference import difference
from netdsl.catalog.base import Weight
from netdsl.format.format import format_text
from netdsl.graph import ElaboratedNet, named_weights
from tests.conftest import REPOSITORY
from tests.format.meaning import tree_of
from tests.format.noise import noisy
from tests.specs.bundled import FILES, STD

EXAMPLES = [
    file
    for file in sorted((REPOSITORY / "examples").rglob("*.net"))
    if not (file.parent / "weights.safetensors").exists()  # a run has its spec as it was trained
]
NEW = sorted((REPOSITORY / "specs" / "new").glob("*.net"))
SPECS = [*FILES, *STD, *NEW, *EXAMPLES]


def name(file: Path) -> str:
    return file.relative_to(REPOSITORY).as_posix()


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", SPECS, ids=name)
def test_a_bundled_spec_is_formatted(file: Path) -> None:
    assert format_text(read(file)) == read(file)


@pytest.mark.parametrize("comments", [False, True], ids=["spaces", "comments"])
@pytest.mark.parametrize("file", SPECS, ids=name)
def test_formatting_keeps_the_tree_and_is_done_at_once(file: Path, comments: bool) -> None:
    text = read(file)
    for seed in range(2):
        noise = noisy(text, Random(seed), comments)
        formatted = format_text(noise)
        assert format_text(formatted) == formatted
        assert tree_of(noise) == tree_of(text)
        assert tree_of(formatted) == tree_of(text)


def test_noise_is_noisy() -> None:
    text = read(REPOSITORY / "specs" / "resnet.net")
    noise = [noisy(text, Random(seed), comments=True) for seed in range(3)]
    assert len({text, *noise}) == 4
    assert all(one.count("#") > text.count("#") for one in noise)


def net(file: Path, text: str) -> ElaboratedNet:
    """The first net of a text that needs no arguments."""
    spec = netdsl.read(str(file), text=text)
    found = spec.elaborate(next(iter(spec.ready_names), None))
    assert found is not None, spec.diagnostics
    return found


@pytest.mark.parametrize("file", [file for file in SPECS if "\nnet " in read(file)], ids=name)
def test_formatting_keeps_the_graph(file: Path) -> None:
    text = read(file)
    formatted = format_text(noisy(text, Random(7), comments=True))
    before, after = net(file, text), net(file, formatted)
    assert difference(before, after) == ()
    assert weights(before) == weights(after)


def weights(net: ElaboratedNet) -> list[tuple[str, Weight]]:
    return [(found.name, found.weight) for found in named_weights(net.graph)]
