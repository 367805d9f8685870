"""Arrows and what else is drawn with plain shapes: places by hand."""

from __future__ import annotations

from math import dist, hypot

import pytest

from netdsl.draw.plain import number, plain
from netdsl.draw.scene import Item, Path, Rectangle, Scene, Text


def shapes(*items: Item, limit: float | None = None) -> list[Item]:
    """The plain shapes of items, without the background."""
    background, *found = plain(Scene(100.0, 50.0, items, "", ""), limit).items
    assert isinstance(background, Rectangle) and background.fill == "background"
    return found


@pytest.mark.parametrize(
    ("pieces", "before"),
    [
        ((((30.0, 40.0),),), (0.0, 0.0)),
        ((((5.0, 5.0),), ((30.0, 5.0),)), (5.0, 5.0)),
        ((((9.0, 0.0), (30.0, 9.0), (30.0, 40.0)),), (30.0, 9.0)),
        # A control point at the end gives no direction; the one before it does.
        ((((9.0, 0.0), (30.0, 40.0), (30.0, 40.0)),), (9.0, 0.0)),
    ],
)
def test_head_points_where_the_line_goes(
    pieces: tuple[tuple[tuple[float, float], ...], ...], before: tuple[float, float]
) -> None:
    line, head = shapes(Path((0.0, 0.0), pieces, "edge", arrow=True))
    assert isinstance(line, Path) and isinstance(head, Path)
    tip, base = pieces[-1][-1], line.pieces[-1][-1]
    assert head.start == tip and head.closed and head.fill == "edge" and head.stroke is None
    sides = [piece[-1] for piece in head.pieces]
    middle = tuple(sum(each) / 2 for each in zip(*sides, strict=True))
    assert middle == pytest.approx(base)
    assert dist(*sides) < 2 * dist(tip, base)
    # From the point before the tip to the tip is the direction from the base to the tip.
    along = tip[0] - base[0], tip[1] - base[1]
    from_before = tip[0] - before[0], tip[1] - before[1]
    product = along[0] * from_before[0] + along[1] * from_before[1]
    assert product == pytest.approx(hypot(*along) * hypot(*from_before))


def test_line_shorter_than_a_head_does_not_turn_back() -> None:
    line, head = shapes(Path((0.0, 0.0), (((20.0, 0.0),), ((20.0, 1.0),)), "edge", arrow=True))
    assert isinstance(line, Path) and isinstance(head, Path)
    assert line.pieces[-1][-1] == (20.0, 0.0)
    assert head.start == (20.0, 1.0)


def test_line_without_a_direction_has_no_head() -> None:
    assert len(shapes(Path((1.0, 1.0), (((1.0, 1.0),),), "edge", arrow=True))) == 1


def test_empty_shapes_are_left_out() -> None:
    empty = Rectangle(0.0, 0.0, 0.0, 5.0, "text", None)
    assert (
        shapes(empty, Text(1.0, 1.0, " \n", 8.0, "text", 4.0), Path((1.0, 1.0), (), "edge")) == []
    )


def test_large_scene_is_made_smaller() -> None:
    items = (
        Rectangle(10.0, 20.0, 40.0, 10.0, "text", "edge", 4.0, 2.0),
        Path((10.0, 20.0), (((30.0, 40.0),),), "edge", line=2.0),
        Text(10.0, 20.0, "a", 8.0, "text", 6.0),
    )
    assert shapes(*items, limit=100.0) == list(items)
    assert shapes(*items, limit=50.0) == [
        Rectangle(5.0, 10.0, 20.0, 5.0, "text", "edge", 2.0, 1.0),
        Path((5.0, 10.0), (((15.0, 20.0),),), "edge", line=1.0),
        Text(5.0, 10.0, "a", 4.0, "text", 3.0),
    ]


@pytest.mark.parametrize(
    ("length", "written"),
    [(0.0, "0"), (-0.001, "0"), (10.0, "10"), (1.005, "1"), (2.5, "2.5"), (-3.256, "-3.26")],
)
def test_numbers_have_two_decimals_at_most(length: float, written: str) -> None:
    assert number(length) == written
