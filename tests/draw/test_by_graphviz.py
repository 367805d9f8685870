"""The layout by Graphviz: looked at by the program that looks at all drawings."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Literal

import pytest

from netdsl.diagnostics import UserError
from netdsl.draw import by_graphviz, cards
from netdsl.draw.flat import flat
from netdsl.draw.paint import paint
from netdsl.draw.placed import Placed, Spot
from tests.draw.diagrams import diagram_of, elsewhere
from tests.draw.inspection import Area, box_faults, text_faults
from tests.draw.scenes import needs

CASES = [
    ("lenet", 0),
    ("googlenet", 1),
    ("resnet50", 1),
    ("unet", None),
    ("densenet121", 1),
    ("segnet", None),
    ("vit_b_16", None),
    ("nasnet_large", 0),
    ("odd", None),
]


@pytest.fixture(autouse=True)
def dot(request: pytest.FixtureRequest) -> None:
    """Skips where Graphviz is missing what needs it."""
    if "tmp_path" not in request.fixturenames:
        needs("dot")


def rim(spot: Spot) -> Area:
    return Area(spot.x, spot.y, spot.x + spot.width, spot.y + spot.height)


def holds(outer: Spot, inner: Spot) -> bool:
    return inner.path.startswith(f"{outer.path} > ")


def box_of(placed: Placed) -> dict[str, Spot]:
    return {spot.path: spot for spot in placed.spots}


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize(("name", "depth"), CASES)
def test_nothing_overlaps(
    name: str, depth: int | None, direction: Literal["down", "right"]
) -> None:
    diagram = diagram_of(name, depth)
    placed = by_graphviz.place(diagram, direction=direction)
    scene = paint(placed, diagram)
    found = [*text_faults(scene), *box_faults(scene)]
    # How small letters get on a page goes by what is open, which is not decided here.
    assert [fault for fault in found if "points" not in fault] == []
    page = Area(0, 0, placed.width, placed.height)
    assert all(page.holds(rim(spot)) for spot in placed.spots)
    for label in placed.labels:
        text = Area(label.x, label.y - 5, label.x + label.width, label.y)
        frames = [rim(spot) for spot in placed.spots if spot.open]
        assert all(frame.holds(text) or not frame.overlaps(text) for frame in frames), label
    for one, other in combinations(placed.spots, 2):
        if holds(one, other):
            assert rim(one).holds(rim(other))
        else:
            assert not rim(one).overlaps(rim(other))


@pytest.mark.parametrize(("name", "depth"), CASES)
def test_edges_lead_from_rim_to_rim(name: str, depth: int | None) -> None:
    diagram = diagram_of(name, depth)
    placed = by_graphviz.place(diagram)
    flows = flat(diagram).flows
    ends = [(route.source, route.target) for route in placed.routes]
    assert ends == [(flow.source.path, flow.target.path) for flow in flows]
    boxes = box_of(placed)
    for route in placed.routes:
        for point, path in (route.start, route.source), (route.pieces[-1][-1], route.target):
            assert away(point, boxes[path]) < 1.5
        assert {len(piece) for piece in route.pieces} <= {1, 3}


def away(point: tuple[float, float], spot: Spot) -> float:
    """How far a point is from the rim of a box."""
    (x, y), area = point, rim(spot)
    outside = max(area.left - x, x - area.right, area.top - y, y - area.bottom)
    return abs(outside)


def test_frames_come_before_what_they_hold() -> None:
    placed = by_graphviz.place(diagram_of("unet", None))
    order = {spot.path: at for at, spot in enumerate(placed.spots)}
    for path, at in order.items():
        around = path.rpartition(" > ")[0]
        assert not around or order[around] < at


def test_boxes_and_headers_have_room_for_their_figures() -> None:
    diagram = diagram_of("resnet50", 1)
    placed = by_graphviz.place(diagram, figures=True)
    for spot in placed.spots:
        assert spot.open == (spot.box.inside is not None)
        if spot.open:
            assert spot.card == cards.header(spot.box, True)
            assert spot.width >= spot.card.width
            below = min(rim(inner).top for inner in placed.spots if holds(spot, inner))
            assert below >= spot.y + spot.card.height
        else:
            assert spot.card == cards.card(spot.box, True)
            assert (spot.width, spot.height) == pytest.approx(
                (spot.card.width, spot.card.height), abs=0.01
            )


def test_each_tensor_has_one_label() -> None:
    diagram = diagram_of("unet", None)
    labels = by_graphviz.place(diagram).labels
    tensors = {(flow.source.path, flow.edge.output) for flow in flat(diagram).flows}
    assert len(labels) == len(tensors)
    assert labels[0].text == "572 × 572 × 1"


def test_the_chain_is_straight_and_what_skips_it_goes_around() -> None:
    placed = by_graphviz.place(diagram_of("unet", None))
    boxes, within = box_of(placed), "level1 > level1 > double1 > "
    (chain,) = (route for route in placed.routes if route.source == f"{within}conv1")
    assert {round(x) for x, _ in (chain.start, *chain.pieces[-1])} == {round(chain.start[0])}
    (skip,) = (route for route in placed.routes if route.target == "level1 > crop1" and
               route.source == "level1 > double1 > conv2")  # fmt: skip
    passed = rim(boxes["level1 > level1"])
    reach = [x for piece in skip.pieces for x, _ in piece]
    assert min(reach) < passed.left or max(reach) > passed.right


def test_boxes_go_the_way_they_are_told() -> None:
    down = by_graphviz.place(diagram_of("lenet", 0))
    right = by_graphviz.place(diagram_of("lenet", 0), direction="right")
    assert [spot.y for spot in down.spots] == sorted(spot.y for spot in down.spots)
    assert [spot.x for spot in right.spots] == sorted(spot.x for spot in right.spots)
    assert down.height > down.width and right.width > right.height


def test_places_are_the_same_everywhere() -> None:
    here = by_graphviz.place(diagram_of("unet", None))
    expression = "by_graphviz.place(diagram).{}"
    assert elsewhere(expression.format("routes[5].pieces")) == str(here.routes[5].pieces)
    assert elsewhere(expression.format("labels")) == str(here.labels)


def program(folder: Path, script: str) -> None:
    """A program that stands in for `dot`."""
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (None, "not installed"),
        ("echo 'Error: out of memory' >&2; exit 1", "failed: Error: out of memory"),
        ("exit 3", "failed with status 3"),
        ("kill -SEGV $$", "failed with status -11"),
        ("echo nothing", "failed"),
    ],
)
def test_a_failure_names_the_other_layout(
    script: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script is not None:
        program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="--layout own") as caught:
        by_graphviz.place(diagram_of("lenet", 0))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
