"""Every bundled net is drawn: nothing overlaps or is cut, letters are readable, no edge is missing.

What looks at the pictures is `inspection.py`; that it sees faults is shown here too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import netdsl
from netdsl.draw.diagram import EXIT, Diagram
from netdsl.draw.draw import Look, shown, whole
from netdsl.draw.fit import MOST, WIDEST
from netdsl.draw.fold import folded, size
from netdsl.draw.layered import place
from netdsl.draw.paint import paint
from netdsl.draw.placed import Placed
from netdsl.draw.scene import Group, Scene, Text
from netdsl.draw.scene import Path as ShapePath
from netdsl.draw.volumes import volumes
from netdsl.graph import ElaboratedNet
from tests.conftest import REPOSITORY
from tests.draw.inspection import box_faults, face_faults, line_faults, missing_edges, text_faults
from tests.parity.backends import names_of_nets

BUNDLED = [names[0] for names in names_of_nets().values()]
EXAMPLES = sorted(str(path.relative_to(REPOSITORY)) for path in REPOSITORY.glob("examples/*.net"))

# Tensors that leave blocks by name, attention over several inputs, an auxiliary output, a shared
# layer, a loop of several layers, sizes known only at run time.
ODD = """\
block half(channels) { conv(channels, 3, pad=same) -> relu as inner -> maxpool(2) }
block outer(channels) { half(channels) as part -> conv(channels, 1) }
net Odd {
  input image: 32 x 32 x 3
  input words: ? of int
  shared tower = { conv(8, 3, pad=same) -> batchnorm -> relu }
  image -> tower as seen
  outer(8) as deep
  auxiliary global_avgpool -> dense(4) -> softmax as side
  concat(it, deep.part.inner -> maxpool(2))
  repeat 3 { conv(16, 3, pad=same) -> relu -> add(it, conv(16, 1)) }
  global_avgpool as features
  sequence = words -> embedding(20, 8) -> lstm(6)
  features -> concat(it, sequence) -> dense(3) -> softmax as label
  output features -> dense(1) -> sigmoid as gate
  label
}
"""


def net_of(name: str) -> ElaboratedNet:
    if name == "odd":
        return netdsl.load("odd.net", text=ODD).elaborated
    spec = str(REPOSITORY / name) if name.endswith(".net") else name
    return netdsl.load(spec).elaborated


def faults(net: ElaboratedNet, diagram: Diagram, placed: Placed) -> list[str]:
    scene = paint(placed, diagram)
    found = [*text_faults(scene), *box_faults(scene), *line_faults(scene)]
    return [*found, *missing_edges(net.graph, diagram.level, placed)]


@pytest.mark.parametrize("name", [*BUNDLED, *EXAMPLES, "odd"])
def test_a_net_is_drawn_without_fault(name: str) -> None:
    net = net_of(name)
    diagram, placed = shown(whole(net), Look())
    assert placed is not None
    assert faults(net, diagram, placed) == []
    assert size(diagram.level) <= MOST
    assert paint(placed, diagram).width <= WIDEST


@pytest.mark.parametrize("name", [*BUNDLED, *EXAMPLES, "odd"])
def test_volumes_are_drawn_without_fault(name: str) -> None:
    scene = volumes(whole(net_of(name)))
    assert [*text_faults(scene), *face_faults(scene), *line_faults(scene)] == []
    assert scene.width <= WIDEST


def overlapping(net: ElaboratedNet, look: Look) -> list[str]:
    """Faults of a picture that may be wider than a page."""
    diagram, placed = shown(whole(net), look)
    placed = placed or place(diagram, direction=look.direction)
    found = faults(net, diagram, placed)
    return [fault for fault in found if "points" not in fault]


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("depth", [1, 2, "all"])
@pytest.mark.parametrize(
    "name", ["googlenet", "unet", "segnet", "densenet121", "nasnet_mobile", "vit_b_16", "odd"]
)
def test_any_depth_is_drawn_without_fault(name: str, depth: Any, direction: Any) -> None:
    look = Look(depth=depth, direction=direction)
    assert overlapping(net_of(name), look) == []


def test_a_block_is_opened_by_name() -> None:
    diagram, _ = shown(whole(net_of("googlenet")), Look(opened=("inception3",)))
    opened = [box.name for box in diagram.level.boxes if box.inside is not None]
    assert opened == ["inception3"]
    diagram, _ = shown(whole(net_of("googlenet")), Look(opened=("inception",)))
    assert sum(box.inside is not None for box in diagram.level.boxes) == 9


def parts() -> tuple[ElaboratedNet, Diagram, Placed, Scene]:
    net = net_of("odd")
    diagram = folded(whole(net), None)
    placed = place(diagram)
    return net, diagram, placed, paint(placed, diagram)


def test_a_missing_edge_is_seen() -> None:
    net, diagram, placed, _ = parts()
    for at, route in enumerate(placed.routes):
        routes = placed.routes[:at] + placed.routes[at + 1 :]
        missing = missing_edges(net.graph, diagram.level, placed.replace(routes=routes))
        # What leaves a frame for an output, or goes on to the next round, is no edge of the graph.
        leaves = route.edge.target == EXIT or route.target.startswith("output ")
        assert missing or leaves or "…" in route.source, (route.source, route.target)


def test_a_text_out_of_place_is_seen() -> None:
    *_, scene = parts()
    texts = [item for item in scene.items if isinstance(item, Text)]
    one = next(item for item in scene.items if isinstance(item, Group) and item.name)
    onto = texts[0].replace(x=texts[1].x + 1, y=texts[1].y)
    assert list(text_faults(scene.replace(items=(*scene.items, onto))))
    out = texts[0].replace(x=scene.width - 2)
    assert list(text_faults(scene.replace(items=(out,))))
    long = tuple(
        item.replace(text=item.text * 9) if isinstance(item, Text) else item for item in one.items
    )
    assert list(box_faults(scene.replace(items=(one.replace(items=long),))))
    assert list(text_faults(scene.replace(items=(texts[0].replace(size=6.9),))))


def test_a_volume_out_of_place_is_seen() -> None:
    scene = volumes(whole(net_of("lenet")))
    one, other = [item for item in scene.items if isinstance(item, Group)][:2]
    onto = other.replace(items=one.items)
    assert list(face_faults(scene.replace(items=(*scene.items, onto))))
    text = next(shape for shape in one.items if isinstance(shape, Text))
    face = next(shape for shape in other.items if isinstance(shape, ShapePath))
    over = text.replace(x=face.start[0] + 1, y=face.start[1] + 1)
    assert list(face_faults(scene.replace(items=(*scene.items, over))))


def test_pictures_do_not_depend_on_the_folder(tmp_path: Path) -> None:
    copy = tmp_path / "copy.net"
    copy.write_text(ODD, encoding="utf-8")
    _, diagram, _, scene = parts()
    other = folded(whole(netdsl.load(str(copy)).elaborated), None)
    assert paint(place(other), diagram) == scene
