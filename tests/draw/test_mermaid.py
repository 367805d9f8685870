"""Flowcharts: as Mermaid's own parser reads them."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from netdsl.draw.flat import everyone, flat
from netdsl.draw.mermaid import write_mermaid
from netdsl.draw.theme import CATEGORIES
from tests.conftest import REPOSITORY
from tests.draw.diagrams import diagram_of, elsewhere, named
from tests.draw.scenes import HOSTILE
from tests.npm import install

Chart: TypeAlias = "dict[str, Any]"
Parser: TypeAlias = Callable[..., list[Chart]]

PROGRAM = REPOSITORY / "tests" / "draw" / "mermaid"
CASES = [("lenet", 0), ("googlenet", 1), ("unet", None), ("densenet121", 1), ("odd", None)]


@pytest.fixture(scope="session")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    """What Mermaid's parser finds in flowcharts; it is installed for the session."""
    folder = tmp_path_factory.mktemp("mermaid")
    node = install(PROGRAM, folder)

    def parse(*charts: str) -> list[Chart]:
        files = []
        for number, chart in enumerate(charts):
            files.append(folder / f"{number}.mmd")
            files[-1].write_text(chart, encoding="utf-8")
        command = [node, "parse.mjs", *map(str, files)]
        read = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert read.returncode == 0, read.stderr
        found: list[Chart] = json.loads(read.stdout)
        return found

    return parse


def shown(text: str) -> str:
    """A text with Mermaid's own marks in place of `#35;` and `#quot;` resolved, as a page shows."""
    marked = re.sub("ﬂ°°(\\d+)¶ß", r"&#\1;", text)
    return html.unescape(re.sub("ﬂ°(\\w+)¶ß", r"&\1;", marked)).replace("\u200b", "")


def test_mermaid_finds_every_box_and_edge(parser: Parser) -> None:
    diagrams = [diagram_of(*case) for case in CASES]
    charts = parser(*map(write_mermaid, diagrams))
    for diagram, chart in zip(diagrams, charts, strict=True):
        wanted = flat(diagram)
        boxes = list(everyone(wanted.boxes))
        assert chart["kind"] == "flowchart-v2"
        assert [node["id"] for node in chart["nodes"]] == [b.id for b in boxes if not b.inside]
        assert sorted(frame["id"] for frame in chart["frames"]) == sorted(
            box.id for box in boxes if box.inside
        )
        ends = [(edge["start"], edge["end"]) for edge in chart["edges"]]
        assert ends == [(flow.source.id, flow.target.id) for flow in wanted.flows]
        holds = {frame["id"]: set(frame["nodes"]) for frame in chart["frames"]}
        for box in boxes:
            assert holds.get(box.id, set()) == {inner.id for inner in box.inside}


def test_mermaid_reads_what_stands_in_boxes_and_at_edges(parser: Parser) -> None:
    sideways = write_mermaid(diagram_of("googlenet", 0), direction="right")
    figures = write_mermaid(diagram_of("unet", None), figures=True)
    google, unet = parser(sideways, figures)
    assert (google["direction"], unet["direction"]) == ("LR", "TB")
    assert google["nodes"][0] == {
        "id": "b1", "text": "image", "type": "stadium", "classes": ["input"],
    }  # fmt: skip
    dashed = {
        (edge["start"], edge["end"]) for edge in google["edges"] if edge["stroke"] == "dotted"
    }
    assert len(dashed) == 4
    assert sum(node["classes"][-1] == "training" for node in google["nodes"]) == 4
    assert unet["nodes"][2]["text"] == "conv(64, 3)<br>relu<br>36,928 weights<br>11.9 G MACs"
    assert unet["edges"][0]["text"] == "572 × 572 × 1"
    titles = {frame["id"]: frame["title"] for frame in unet["frames"]}
    assert (titles["b2"], titles["b3"]) == ("level(64, 4, valid)", "double(64, valid)")
    styles = {style["id"]: style["styles"] for style in unet["styles"]}
    assert styles["conv"][:2] == [
        f"fill:{CATEGORIES['conv'][1]}",
        f"stroke:{CATEGORIES['conv'][2]}",
    ]
    assert {name for node in unet["nodes"] for name in node["classes"]} <= set(styles)


def test_names_are_text(parser: Parser) -> None:
    names = [
        *HOSTILE,
        "#quot; #35; $$x$$ `code` **bold** __init__ _i_",
        "style a:#fff;b classDef x fill:#fff;",
        "%%{init: {}}%% @{shape: x} [l](http://x.y)",
        "end",
    ]
    more = ["1. first", "12) twelfth", "- item", "# head", "subgraph x --> y", "日本 é"]
    groups = names, more
    charts = parser(*[write_mermaid(named(*group)) for group in groups])
    for group, chart in zip(groups, charts, strict=True):
        assert [shown(node["text"]) for node in chart["nodes"]] == group
        # Nothing is left that Markdown or HTML would read.
        assert not re.search(r"[<>*`$\\\[\]|~]", "".join(node["text"] for node in chart["nodes"]))


def test_the_text_is_the_same_everywhere() -> None:
    here = write_mermaid(diagram_of("unet", None))
    assert elsewhere("mermaid.write_mermaid(diagram)") == here


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((PROGRAM / "package-lock.json").read_text(encoding="utf-8"))
    assert all("resolved" not in package for package in lock["packages"].values())
