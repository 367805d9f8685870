"""What `--set` of a sweep lists, and the points that it gives."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from netdsl.cli.specs import open_spec
from netdsl.diagnostics import SpecError, UserError
from netdsl.runs.grid import points, values
from tests.conftest import REPOSITORY

SPEC = str(REPOSITORY / "examples" / "digits.net")


def accepts(overrides: Mapping[str, str]) -> bool:
    """Whether the bundled example takes them."""
    try:
        open_spec(SPEC, overrides, None)
    except (SpecError, UserError):
        return False
    return True


@pytest.mark.parametrize(
    ("name", "text", "listed"),
    [
        ("train.batch", "16", ["16"]),
        ("train.batch", "16, 32,all", ["16", "32", "all"]),
        ("train.batch", "[16, 32]", ["16", "32"]),
        ("train.optimizer", "[sgd(lr=0.1), adam(lr=1e-3)]", ["sgd(lr=0.1)", "adam(lr=1e-3)"]),
        (
            "train.optimizer",
            "sgd(lr=0.1, momentum=0.9), adam",
            ["sgd(lr=0.1, momentum=0.9)", "adam"],
        ),
        ("train.split", "[0.8, 0.1, 0.1]", ["[0.8, 0.1, 0.1]"]),
        ("train.split", "[0.7,0.1,0.2], [0.8,0.1,0.1]", ["[0.7,0.1,0.2]", "[0.8,0.1,0.1]"]),
        ("train.split", "[[0.7,0.1,0.2], [0.8,0.1,0.1]]", ["[0.7,0.1,0.2]", "[0.8,0.1,0.1]"]),
        ("train.metrics", "[accuracy]", ["[accuracy]"]),
        (
            "train.data",
            'csv("a,b.csv", target="y"), digits',
            ['csv("a,b.csv", target="y")', "digits"],
        ),
        ("classes", "[10, 12]", ["10", "12"]),
        ("train.seed", "[n for n in range(3)]", ["[n for n in range(3)]"]),
    ],
)
def test_what_is_listed(name: str, text: str, listed: list[str]) -> None:
    assert values({name: text}, accepts) == {name: tuple(listed)}


@pytest.mark.parametrize("text", ["16,,32", "(", "16] let b = [1", "", "a b"])
def test_what_is_no_list_of_values(text: str) -> None:
    with pytest.raises(UserError, match=r"^--set train\.batch=.* is not a value of the language"):
        values({"train.batch": text}, accepts)


def test_every_combination_the_last_changing_first() -> None:
    assert points({"a": ["1", "2"], "b": ["x"], "c": ["u", "v"]}) == [
        {"a": "1", "b": "x", "c": "u"},
        {"a": "1", "b": "x", "c": "v"},
        {"a": "2", "b": "x", "c": "u"},
        {"a": "2", "b": "x", "c": "v"},
    ]
    assert points({}) == [{}]


def test_points_that_are_drawn() -> None:
    grid = {"a": [str(n) for n in range(1000)], "b": [str(n) for n in range(1000)]}
    drawn = points(grid, 20, seed=1)
    assert drawn == points(grid, 20, seed=1)
    assert drawn != points(grid, 20, seed=2)
    assert len({tuple(point.items()) for point in drawn}) == 20
    small = {"a": ["1", "2"]}
    assert points(small, 5) == points(small)


def test_a_grid_that_is_too_large() -> None:
    with pytest.raises(UserError, match=r"1,000,000 points, more than 10,000; --random N"):
        points({"a": ["1"] * 1000, "b": ["1"] * 1000})
