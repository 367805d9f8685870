"""Boxes and flows without levels, beside the levels that they come from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netdsl.draw.diagram import ENTRY, EXIT, Level
from netdsl.draw.flat import Flow, everyone, flat
from tests.draw.diagrams import diagram_of

NETS = ["lenet", "googlenet", "resnet50", "unet", "densenet121", "nasnet_mobile", "vit_b_16"]


def ends(level: Level, path: str = "") -> Iterator[tuple[tuple[str, str, int], ...]]:
    """Both ends of every edge of all levels: a box's name, its side, and which tensor of it."""
    names = [f"{path}{box.name}" for box in level.boxes]
    frame = path.removesuffix(" > ")
    for edge in level.edges:
        source = (frame, "in") if edge.source == ENTRY else (names[edge.source], "out")
        target = (frame, "out") if edge.target == EXIT else (names[edge.target], "in")
        yield (*source, edge.output), (*target, edge.input)
    for name, box in zip(names, level.boxes, strict=True):
        if box.inside is not None:
            yield from ends(box.inside, f"{name} > ")


def expected(level: Level) -> set[tuple[str, int, str, int]]:
    """From box to box forwards: every way that goes through rims of open boxes alone."""
    onward: dict[tuple[str, str, int], list[tuple[str, str, int]]] = {}
    opened = set()
    for source, target in ends(level):
        onward.setdefault(source, []).append(target)
        opened |= {end[0] for end, side in ((source, "in"), (target, "out")) if end[1] == side}
    found = set()
    for start in onward:
        waiting = list(onward[start]) if start[0] not in opened else []
        while waiting:
            end = waiting.pop()
            if end[0] in opened:
                waiting += onward.get(end, ())
            else:
                found.add((start[0], start[2], end[0], end[2]))
    return found


def told(flow: Flow) -> tuple[str, int, str, int]:
    return flow.source.path, flow.edge.output, flow.target.path, flow.edge.input


@pytest.mark.parametrize("depth", [0, 1, None])
@pytest.mark.parametrize("name", [*NETS, "odd"])
def test_flows_are_the_ways_through_the_rims(name: str, depth: int | None) -> None:
    diagram = diagram_of(name, depth)
    flows = flat(diagram).flows
    assert sorted(map(told, flows)) == sorted(expected(diagram.level))


@pytest.mark.parametrize("name", [*NETS, "odd"])
def test_a_flow_has_the_type_that_its_box_hands_out(name: str) -> None:
    for flow in flat(diagram_of(name, None)).flows:
        assert flow.source.box.outputs[flow.edge.output] == flow.edge.type
        assert flow.source.number < flow.target.number
        assert not flow.source.inside and not flow.target.inside


def test_boxes_are_numbered_frames_first() -> None:
    shown = flat(diagram_of("unet", None))
    boxes = list(everyone(shown.boxes))
    assert [box.id for box in boxes] == [f"b{number}" for number in range(1, len(boxes) + 1)]
    assert [box.path for box in boxes[:4]] == [
        "input image",
        "level1",
        "level1 > double1",
        "level1 > double1 > conv1",
    ]


@pytest.mark.parametrize("name", NETS)
def test_a_skip_is_what_longer_ways_lead_around(name: str) -> None:
    flows = flat(diagram_of(name, 1)).flows
    after: dict[int, set[int]] = {}
    for flow in flows:
        after.setdefault(flow.source.number, set()).add(flow.target.number)

    def reached(start: int, but: int) -> set[int]:
        waiting, seen = [each for each in after.get(start, ()) if each != but], set()
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                waiting += after.get(at, ())
        return seen

    for flow in flows:
        source, target = flow.source.number, flow.target.number
        assert flow.skip == (target in reached(source, but=target))


def test_each_tensor_is_labelled_once_beside_its_chain() -> None:
    flows = flat(diagram_of("unet", None)).flows
    tensors = {(flow.source.path, flow.edge.output) for flow in flows}
    labelled = [flow for flow in flows if flow.labelled]
    assert sorted((flow.source.path, flow.edge.output) for flow in labelled) == sorted(tensors)
    assert not any(flow.skip for flow in labelled)


def test_what_is_inside_a_box_for_training_is_for_training() -> None:
    shown = flat(diagram_of("googlenet", 1))
    inside = [box for box in everyone(shown.boxes) if box.path.startswith("aux1 > ")]
    assert inside and all(box.training for box in inside)
    for flow in shown.flows:
        assert flow.edge.training == (flow.source.training or flow.target.training)
