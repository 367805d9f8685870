"""DOT: as `dot` itself reads it, and what it draws of it."""

from __future__ import annotations

import json
import subprocess
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from netdsl.draw.dot import write_dot
from netdsl.draw.flat import everyone, flat
from netdsl.draw.theme import CATEGORIES
from tests.draw.diagrams import diagram_of, elsewhere, named
from tests.draw.scenes import HOSTILE, needs

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}"


def dot(source: str, form: str) -> str:
    """What `dot` makes of a text; it is silent about a good one."""
    done = subprocess.run(
        [needs("dot"), f"-T{form}"], input=source, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def read(source: str) -> dict[str, Any]:
    """The graph as `dot` reads it, with places."""
    found: dict[str, Any] = json.loads(dot(source, "json0"))
    return found


def drawn(source: str) -> ET.Element:
    return ET.fromstring(dot(source, "svg"))


def texts(drawing: ET.Element) -> list[str]:
    return ["".join(text.itertext()).strip() for text in drawing.iter(f"{SVG}text")]


def tooltips(drawing: ET.Element) -> list[str]:
    return [link.get(f"{LINK}title", "") for link in drawing.iter(f"{SVG}a")]


@pytest.mark.parametrize("direction", ["down", "right"])
@pytest.mark.parametrize("depth", [0, 1, None])
@pytest.mark.parametrize("name", ["lenet", "googlenet", "unet", "densenet121", "odd"])
def test_dot_finds_every_box_and_edge(name: str, depth: int | None, direction: str) -> None:
    diagram = diagram_of(name, depth)
    shown = flat(diagram)
    plain = dot(write_dot(diagram, direction=direction), "plain")  # type: ignore[arg-type]
    lines = [line.split() for line in plain.splitlines()]
    nodes = [words[1] for words in lines if words[0] == "node"]
    edges = [(words[1], words[2]) for words in lines if words[0] == "edge"]
    assert sorted(nodes) == sorted(box.id for box in everyone(shown.boxes) if not box.inside)
    assert sorted(edges) == sorted((flow.source.id, flow.target.id) for flow in shown.flows)


def test_open_boxes_are_clusters_within_clusters() -> None:
    graph = read(write_dot(diagram_of("unet", None)))
    objects = graph["objects"]
    names = {each["_gvid"]: each["name"] for each in objects}
    inside = {
        each["name"]: {names[number] for number in each.get("subgraphs", ())}
        | {names[number] for number in each.get("nodes", ())}
        for each in objects
        if each["name"].startswith("cluster_")
    }
    # level1 has double1, its own level1 and double2; b4 and b5 are the convolutions of double1.
    assert {"cluster_b3", "cluster_b7", "cluster_b49", "b6", "b46"} <= inside["cluster_b2"]
    assert inside["cluster_b3"] == {"b4", "b5"}


def test_a_box_tells_its_layers_and_figures() -> None:
    diagram = diagram_of("vgg16", None)
    plain = texts(drawn(write_dot(diagram)))
    assert {"image", "conv(64, 3, pad=same)", "relu", "224 × 224 × 3"} <= set(plain)
    assert not any("weights" in text for text in plain)
    figures = texts(drawn(write_dot(diagram, figures=True)))
    # A 3 x 3 kernel from 3 channels to 64 with biases, at every pixel.
    assert "1,792 weights, 86.7 M MACs" in figures


def test_a_tooltip_has_name_shape_weights_and_line() -> None:
    found = tooltips(drawn(write_dot(diagram_of("unet", None))))
    box = next(text for text in found if text.startswith("level1.double1.conv2\n"))
    assert "568 × 568 × 64" in box
    assert "36,928 weights" in box
    assert "line 11" in box
    assert any(text.startswith("level1.double1.conv2 → level1.maxpool1") for text in found)


def test_what_is_for_training_only_is_dashed() -> None:
    shown = flat(diagram_of("googlenet", 0))
    graph = read(write_dot(diagram_of("googlenet", 0)))
    names = {each["_gvid"]: each["name"] for each in graph["objects"]}
    dashed = {
        (names[edge["tail"]], names[edge["head"]])
        for edge in graph["edges"]
        if edge.get("style") == "dashed"
    }
    ids = {box.path: box.id for box in shown.boxes}
    assert dashed == {
        (ids["inception3"], ids["aux1"]),
        (ids["inception6"], ids["aux2"]),
        (ids["aux1"], ids["output aux1"]),
        (ids["aux2"], ids["output aux2"]),
    }
    styles = {each["name"]: each.get("style", "") for each in graph["objects"]}
    assert "rounded" in styles[ids["input image"]] and "rounded" not in styles[ids["conv1"]]
    assert "dashed" in styles[ids["aux1"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_boxes_have_the_colours_of_their_category(theme: Any) -> None:
    graph = read(write_dot(diagram_of("lenet", 0), theme=theme))
    fills = [each["fillcolor"] for each in graph["objects"]]
    column = 1 if theme == "light" else 3
    assert fills[0] == CATEGORIES["input"][column]
    assert fills[1] == CATEGORIES["conv"][column]


def test_a_skip_connection_goes_around_a_straight_chain() -> None:
    graph = read(write_dot(diagram_of("unet", None)))
    objects = {each["name"]: each for each in graph["objects"]}
    names = {each["_gvid"]: each["name"] for each in graph["objects"]}
    splines = {
        (names[edge["tail"]], names[edge["head"]]): edge["pos"].removeprefix("e,").split()
        for edge in graph["edges"]
    }

    def across(points: list[str]) -> list[float]:
        return [float(point.partition(",")[0]) for point in points]

    # The innermost double of the way down: a line; the outermost skip: around all that it passes.
    chain = across([objects["b25"]["pos"], objects["b26"]["pos"], *splines["b25", "b26"]])
    assert max(chain) - min(chain) < 12
    arc = across(splines["b5", "b47"])
    left = float(objects["cluster_b7"]["bb"].partition(",")[0])
    assert min(arc) < left


def test_names_are_text() -> None:
    names = [*HOSTILE, r"\N \G \L \E", "<b>bold</b>", "&#65; &lt;", "trailing \\"]
    drawing = drawn(write_dot(named(*names)))
    # Blanks at a break are gone; a mark of no width keeps Graphviz from filling in names.
    seen = "".join("".join(texts(drawing)).replace("\u200b", "").split()).replace("\u00a0", "")
    told = [text.replace("\u00a0", " ").replace("\u200b", "") for text in tooltips(drawing)]
    for at, name in enumerate(names):
        assert "".join(name.split()) in seen
        assert any(text.startswith(f"{name} {at}\n") for text in told), name


def test_the_text_is_the_same_everywhere() -> None:
    here = write_dot(diagram_of("unet", None))
    assert elsewhere("dot.write_dot(diagram)") == here
    assert "/" not in here.replace("<BR", "").replace("/>", "").replace("</", "")
