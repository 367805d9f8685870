"""The `augment` of a train section: how it may be written, and what is said of mistakes."""

from __future__ import annotations

import pytest

import netdsl
from netdsl.catalog.augmentations import Augmentation, Crop, Flip, Mixup, Rotate, Scale
from netdsl.training.describe import describe
from tests.elaborate.specs import flows, wrong


def section(value: str) -> str:
    return (
        "net N {\n  input x: 8 x 8 x 1\n  flatten -> dense(10)\n}\n"
        f"train {{\n  data = digits\n  loss = cross_entropy\n  optimizer = adam\n"
        f"  augment = {value}\n}}\n"
    )


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        ("flip", (Flip(),)),
        ("rotate(10)", (Rotate(10),)),
        ("flip(axis=height) -> rotate(2 * 5) -> mixup", (Flip("height"), Rotate(10), Mixup())),
        ("[flip, crop(4)]", (Flip(), Crop(4))),
        ("scale(0.5, to=2)", (Scale(0.5, 2),)),
        ("scale(from=1, to=1)", (Scale(1, 1),)),
        ("none", ()),
    ],
)
def test_ways_of_writing(value: str, steps: tuple[Augmentation, ...]) -> None:
    settings = netdsl.load("n.net", text=section(value)).settings()
    assert settings.augment == steps


def test_nothing_is_changed_where_nothing_is_said() -> None:
    text = section("none").replace("  augment = none\n", "")
    assert netdsl.load("n.net", text=text).settings().augment == ()


def test_settings_keep_the_steps() -> None:
    settings = netdsl.load("n.net", text=section("scale(0.5, 2)")).settings()
    assert describe(settings)["augment"] == [{"name": "scale", "from": 0.5, "to": 2}]


@pytest.mark.parametrize("name", ["scale", "noise", "width", "height"])
def test_elsewhere_its_words_are_names_like_any_other(name: str) -> None:
    assert wrong(f"conv({name}, 1)") == ["unknown-name"]
    assert flows(f"let {name} = 5\nconv({name}, 1)") == (8, 8, 5)


@pytest.mark.parametrize(
    ("value", "place", "told", "help"),
    [
        ("flop -> crop(4)", "flop", "there is no augmentation flop", "did you mean flip?"),
        ("flip -> conv(4)", "conv", "there is no augmentation conv", "there is color_jitter, crop"),
        ("flip -> rotate", "rotate", "rotate needs degrees", "the largest angle"),
        ("rotate(200)", "200", "degrees expects a number from 0 to 180, not 200", ""),
        ("crop(2.5)", "2.5", "amount expects a whole number of at least 1", "round(2.5) is 2"),
        ("scale(2, 1)", "scale(2, 1)", "not from 2 to 1", "scale(0.9, 1.1) is from"),
        ("scale(0, 1)", "scale(0, 1)", "a factor above 0", "scale(0.9, 1.1) is from"),
        ("flip(depth)", "depth", "depth is not known here", "did you mean width?"),
        ("mixup(beta=1)", "beta", "mixup has no argument beta", "there is alpha"),
        ("flip(width, 1, 2)", "2", "flip takes fewer arguments", ""),
        ("3", "3", "augment expects a pipeline of augmentations such as flip", ""),
        ("flip as first -> crop(2)", "first", "augmentations have no names", ""),
    ],
)
def test_mistakes(value: str, place: str, told: str, help: str) -> None:
    spec = netdsl.read("n.net", text=section(value))
    assert spec.training() is None
    (found,) = spec.diagnostics
    assert found.label.span.text == place
    assert told in found.message
    assert help in "".join(one.text for one in found.help)
