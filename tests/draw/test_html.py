"""The page that folds and unfolds: as a parser reads it and as a browser shows it."""

from __future__ import annotations

import http.server
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

import netdsl
from netdsl.analyze.cost import NOTHING, Cost
from netdsl.draw.cards import shape
from netdsl.draw.diagram import Box, Diagram, Edge, Level, Part
from netdsl.draw.fold import folded, size
from netdsl.draw.html import write_html
from netdsl.draw.outline import outline
from netdsl.draw.theme import colors
from netdsl.source import Source, Span
from netdsl.tensor import TensorType
from tests.draw.browser import Browser, Page, executable

Rect = tuple[float, float, float, float]


@cache
def diagram(name: str) -> Diagram:
    return outline(netdsl.load(name).elaborated)


def written(name: str, depth: int | None = 0) -> str:
    return write_html(diagram(name), folded(diagram(name), depth))


class Parsed(HTMLParser):
    """The tags of a page, and the text of its data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][1].get("id") == "data":
            self.data += data


def data_of(text: str) -> Any:
    return json.loads(Parsed(text).data)


def levels(level: Level) -> set[Level]:
    """A level and all inside it, each once."""
    found = {level}
    waiting = [level]
    while waiting:
        for box in waiting.pop().boxes:
            if box.inside is not None and box.inside not in found:
                found.add(box.inside)
                waiting.append(box.inside)
    return found


def test_a_page_needs_nothing_else() -> None:
    for tag, attributes in Parsed(written("googlenet", None)).tags:
        assert "src" not in attributes
        assert attributes.get("href", "data:,") == "data:,"
        assert tag not in ("iframe", "object", "embed", "base", "img")


def test_a_level_is_in_the_page_once() -> None:
    for name in ("nasnet_large", "densenet121", "resnet1202_cifar"):
        found = data_of(written(name))
        assert len(found["levels"]) == len(levels(diagram(name).level))
        boxes = sum(len(level.boxes) for level in levels(diagram(name).level))
        assert sum(len(level["boxes"]) for level in found["levels"]) == boxes


@pytest.mark.parametrize("name", ["resnet1202_cifar", "nasnet_large", "stochastic_depth1202"])
def test_the_largest_nets_are_small_and_quick(name: str) -> None:
    net = diagram(name)
    start = time.process_time()
    text = write_html(net, folded(net, 1))
    assert time.process_time() - start < 3
    assert len(text.encode()) < 2_000_000


def test_the_same_net_gives_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import netdsl, sys; from netdsl.draw.outline import outline;"
        "from netdsl.draw.fold import folded; from netdsl.draw.html import write_html;"
        "d = outline(netdsl.load('inception_v3').elaborated);"
        "open(sys.argv[1], 'w').write(write_html(d, folded(d, 1)))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / seed], env=environment, check=True, timeout=60
        )
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


SPEC = """
net Tiny {
  input image: 8x8x3
  conv(4, 3, pad=same) -> batchnorm -> relu
  flatten -> dense(2)
}
"""


def test_no_folder_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "somewhere secret"
    folder.mkdir()
    (folder / "tiny.net").write_text(SPEC)
    net = outline(netdsl.load(str(folder / "tiny.net")).elaborated)
    text = write_html(net, net)
    assert "secret" not in text
    assert ["tiny.net", 4, "conv(4, 3, pad=same) -> batchnorm -> relu"] in data_of(text)["lines"]


EVIL = '</script><img src=x onerror="document.title=1"><!--<script>&amp;$title ü_#\\"\u2028'


def evil() -> Diagram:
    """A net that is named to break out of everything."""
    span = Span(Source(f"/folder/{EVIL}", EVIL), 0, 1)
    tensor = TensorType((4, 4, 8))
    part = Part(EVIL, EVIL, "conv", tensor, Cost(trainable=5), span)
    layer = Box(EVIL, "layer", EVIL, "conv", (part,), 1, NOTHING, (EVIL,), 0, (tensor,), span)
    inside = Level((layer.replace(inputs=1),), (), (), ())
    block = Box("b", "block", EVIL, EVIL, (), 2, NOTHING, ("b",), 1, (tensor,), span, inside=inside)
    level = Level((layer, block), (Edge(0, 0, 1, 0, tensor),), (), ())
    return Diagram(EVIL, level, Cost(trainable=5), EVIL)


def test_what_users_write_is_text() -> None:
    parsed = Parsed(write_html(evil(), evil()))
    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("script") == 4
    assert "img" not in tags
    assert json.loads(parsed.data)["levels"][0]["boxes"][0]["name"] == EVIL


# In a browser from here on.


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if executable() is None:
        pytest.skip("no Chromium is installed")
    running = Browser(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


class Shown:
    """Opens nets in the browser."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder
        self._known: dict[tuple[str, int | None], Any] = {}

    def text(self, text: str, **how: Any) -> Any:
        file = self._folder / "page.html"
        file.write_text(text, encoding="utf-8")
        return self._browser.page(file, **how)

    def __call__(self, name: str, depth: int | None = 0, **how: Any) -> Any:
        return self.text(written(name, depth), **how)

    def measured(self, name: str, depth: int | None) -> Any:
        """Where everything of a net is, measured once."""
        if (name, depth) not in self._known:
            with self(name, depth) as page:
                self._known[name, depth] = page.run(GEOMETRY)
        return self._known[name, depth]


@pytest.fixture(scope="module")
def shows(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return Shown(browser, tmp_path_factory.mktemp("pages"))


def count(page: Page, selector: str) -> int:
    found: int = page.run(f"document.querySelectorAll({json.dumps(selector)}).length")
    return found


def head(call: str) -> str:
    """The button of the first block with a call, as an expression of the page."""
    return f"[...document.querySelectorAll('.head')].find(h => h.innerText.startsWith('{call}'))"


INCEPTION = head("inception(64")


@pytest.mark.parametrize(
    ("name", "depth"),
    [("googlenet", 1), ("unet", None), ("nasnet_large", 2)],
)
def test_what_is_open_at_first(shows: Shown, name: str, depth: int | None) -> None:
    opened = folded(diagram(name), depth)
    with shows(name, depth) as page:
        assert count(page, ".box") == size(opened.level)
        assert page.complaints() == []


def test_what_users_write_is_shown_as_text(shows: Shown) -> None:
    with shows.text(write_html(evil(), evil())) as page:
        assert page.run("document.title") == EVIL
        assert page.run("document.querySelector('h1').textContent") == EVIL
        assert page.run("document.querySelector('.doc').textContent") == EVIL
        titles = page.run("[...document.querySelectorAll('.title')].map(t => t.textContent)")
        assert titles == [EVIL] * 3
        page.hover("document.querySelector('.part')")
        assert page.run("document.querySelector('#card code').textContent") == EVIL.strip()
        assert count(page, "img") == 0
        assert page.complaints() == []


def test_a_click_unfolds_and_folds(shows: Shown) -> None:
    with shows("googlenet") as page:
        before = count(page, ".box")
        lines = page.run("edges.querySelectorAll('path.heads').length")
        x, y = page.middle(INCEPTION)
        page.click(INCEPTION)
        inside = diagram("googlenet").level.boxes[6].inside
        assert inside is not None
        assert count(page, ".box") == before + len(inside.boxes)
        assert page.run(f"({INCEPTION}).getAttribute('aria-expanded')") == "true"
        assert page.run("edges.querySelectorAll('path.heads').length") > lines
        # What was clicked has not moved away.
        after = page.middle(INCEPTION)
        assert abs(after[1] - y) < 2
        page.click(INCEPTION)
        assert count(page, ".box") == before
        assert page.run(f"({INCEPTION}).getAttribute('aria-expanded')") == "false"
        assert page.run("edges.querySelectorAll('path.heads').length") == lines
        assert abs(page.middle(INCEPTION)[0] - x) < 2


def test_blocks_unfold_at_any_depth_and_stay_so(shows: Shown) -> None:
    with shows("unet") as page:
        total = size(diagram("unet").level)
        for _ in range(40):
            folds = "document.querySelector('.head[aria-expanded=false]')"
            if not page.run(f"!!{folds}"):
                break
            page.click(folds)
        assert count(page, ".box") == total
        outermost = "document.querySelector('.head[aria-expanded]')"
        page.click(outermost)
        assert count(page, ".box") == 4
        page.click(outermost)
        assert count(page, ".box") == total


def test_the_keyboard_does_the_same(shows: Shown) -> None:
    focused = "document.activeElement"
    with shows("googlenet") as page:
        before = count(page, ".box")
        page.run("document.getElementById('fit').focus()")
        passed = []
        while not page.run(f"{focused}.hasAttribute('aria-expanded')"):
            page.press("Tab")
            passed.append(page.run(f"{focused}.innerText"))
            # The focus is seen, and the card of what has it.
            assert page.run(f"getComputedStyle({focused}).outlineStyle") == "solid"
            assert page.run("card.hidden") is False
        assert passed[:4] == ["image", "conv(64, 7, stride=2)", "relu", "maxpool(3, stride=2)"]
        for key, boxes in (("Enter", before + 8), ("Enter", before), (" ", before + 8)):
            page.press(key)
            assert count(page, ".box") == boxes
            assert page.run(f"{focused}.innerText") == passed[-1]
        for _ in range(12):
            page.press("Tab")
        # The picture has moved on, and the card with it.
        page.wait("stage.scrollTop > 0")
        assert page.run("card.hidden") is False
        title = page.run(f"{focused}.querySelector('.title').textContent")
        assert page.run("card.querySelector('.call').textContent") == title
        page.press("/")
        assert page.run(f"{focused}.id") == "query"


def test_a_card_tells_of_a_layer(shows: Shown) -> None:
    with shows("googlenet", 1) as page:
        found = "document.querySelector('[aria-label=\"inception1.conv2\"] .part')"
        page.hover(found)
        told = page.run("card.innerText").splitlines()
        assert told[:2] == ["inception1.conv2", "conv(96, 1)"]
        text = " ".join(told)
        assert "28 × 28 × 96" in text
        assert f"weights {192 * 96 + 96:,}" in text
        assert f"MACs {28 * 28 * 192 * 96:,}" in text
        assert "inception.net:18" in text
        assert "conv(r3, 1) -> relu -> conv(c3, 3)" in text
        # What follows it in its box has a card of its own.
        page.hover(found.replace(" .part", " .part + .part"))
        told = page.run("card.innerText").splitlines()
        assert told[:2] == ["inception1.relu2", "relu"]
        page.press("Escape")
        assert page.run("card.hidden")


def test_a_card_of_several_tells_of_one_and_all(shows: Shown) -> None:
    with shows("resnet50") as page:
        page.hover("document.querySelector('.several .head')")
        text = page.run("card.innerText")
        one = 256 * 64 + 9 * 64 * 64 + 64 * 256 + 2 * (64 + 64 + 256)
        assert f"2 × {one:,} = {2 * one:,}" in text
        assert "bottleneck2 … bottleneck3" in text


def matches(level: Level, wanted: str, prefix: str = "") -> Iterator[str]:
    """The full names of boxes with a text in a name, call or shape, found in the slow way."""
    for box in level.boxes:
        texts = [box.title, *box.nodes, *map(shape, box.outputs)]
        texts += [text for part in box.parts for text in (part.call, shape(part.output))]
        name = box.nodes[0] if box.nodes else box.title
        if any(wanted in text for text in texts):
            yield prefix + name
        if box.inside is not None:
            yield from matches(box.inside, wanted, prefix + (f"{name}." * (box.kind == "block")))


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("maxpool", "maxpool"), ("conv6", "conv6"), ("14x14x512", "14 × 14 × 512"), ("LRN", "lrn")],
)
def test_a_search_finds_what_is_folded(shows: Shown, typed: str, wanted: str) -> None:
    expected = list(matches(diagram("googlenet").level, wanted))
    with shows("googlenet") as page:
        page.press("/")
        page.type(typed)
        many = f"{len(expected)} matches"
        assert page.run("found.textContent") == many
        for at, name in enumerate(expected):
            page.press("Enter")
            told = page.run("found.textContent")
            assert told == f"{at + 1} of {len(expected)}"
            assert count(page, ".box.current") == 1
            current = "document.querySelector('.box.current')"
            assert page.run(f"{current}.getAttribute('aria-label')") == name
            x, y = page.run(
                f"(r => [r.x + r.width / 2, r.y + r.height / 2])({current}.getBoundingClientRect())"
            )
            assert 0 <= x <= 1280 and 60 < y < 900
        assert count(page, ".box.match") == len(expected)
        page.press("Enter", shift=True)
        told = page.run("found.textContent")
        assert told == f"{len(expected) - 1} of {len(expected)}"


def test_a_search_by_full_name(shows: Shown) -> None:
    with shows("unet") as page:
        page.press("/")
        page.type("level1.level1.double2.conv2")
        expected = [
            name
            for name in matches(diagram("unet").level, "")
            if "level1.level1.double2.conv2" in name
        ]
        assert len(expected) > 1
        told = page.run("found.textContent")
        assert told == f"{len(expected)} matches"
        page.press("Enter")
        current = page.run("document.querySelector('.box.current').getAttribute('aria-label')")
        assert current == expected[0]


def test_a_search_for_nothing(shows: Shown) -> None:
    with shows("lenet") as page:
        page.press("/")
        page.type("transformer")
        assert page.run("found.textContent") == "0 matches"
        page.press("Enter")
        assert count(page, ".box.match") == 0
        assert page.complaints() == []


def test_all_open_and_all_folded(shows: Shown) -> None:
    with shows("nasnet_large") as page:
        folds = count(page, ".box")
        page.click("document.getElementById('open')")
        assert count(page, ".box") == size(diagram("nasnet_large").level)
        page.click("document.getElementById('fold')")
        assert count(page, ".box") == folds


def test_as_much_is_opened_as_is_sane(shows: Shown) -> None:
    with shows("stochastic_depth1202") as page:
        page.click("document.getElementById('open')")
        assert 1000 < count(page, ".box") <= 1500
        assert "stay folded" in page.run("document.getElementById('note').textContent")


class Asked(http.server.BaseHTTPRequestHandler):
    """Counts who asks."""

    times = 0

    def do_GET(self) -> None:
        Asked.times += 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_no_request_leaves_the_page(shows: Shown) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    with shows("googlenet", 1) as page:
        page.click("document.getElementById('open')")
        asked = [url for url in page.requests() if not url.startswith("data:")]
        assert len(asked) == 1 and asked[0].endswith("/page.html")
        assert page.complaints() == []
        # And could not, even if something in it tried to.
        tried = page.run(f"fetch('{address}').then(() => 'came', () => 'refused')")
        assert tried == "refused"
        page.run(
            "new Promise(done => { const i = new Image(); i.onerror = i.onload = done;"
            f" i.src = '{address}'; }})"
        )
        page.run("document.body.append(Object.assign(document.createElement('script'),"
                 f" {{src: '{address}'}}))")  # fmt: skip
        assert any("Content Security Policy" in text for text in page.complaints())
    server.shutdown()
    server.server_close()
    assert Asked.times == 0


# Rectangles of boxes, of the text in them, and of shapes; how many arrows there are; how many
# points along all lines were looked at, and how many are inside a box that is folded.
GEOMETRY = """(() => {
  const rect = (e) => {
    const r = e.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom];
  };
  const text = (e) => {
    const r = document.createRange();
    r.selectNodeContents(e);
    return rect(r);
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const leaves = all('.box:not(.open)').map(rect);
  const inside = (p, r) => p.x > r[0] + 1 && p.x < r[2] - 1 && p.y > r[1] + 1 && p.y < r[3] - 1;
  let [points, crossed] = [0, 0];
  const piece = document.createElementNS(SVG, 'path');
  const lines = all('path.line').flatMap((path) =>
    path.getAttribute('d').split('M').slice(1).map((d) => [path.getScreenCTM(), `M${d}`]));
  for (const [matrix, d] of lines) {
    piece.setAttribute('d', d);
    const length = piece.getTotalLength();
    for (let at = 0; at < length; at += 9) {
      const p = piece.getPointAtLength(at).matrixTransform(matrix);
      points += 1;
      if (leaves.some((r) => inside(p, r))) crossed += 1;
    }
  }
  return {
    boxes: all('.box').map((b) => [b.spot.path, rect(b)]),
    texts: all('.box .title, .box .count').map((t) =>
      [t.textContent, text(t), rect(t.closest('button')), rect(t.closest('.box'))]),
    types: all('.type').filter((t) => t.getClientRects().length).map((t) =>
      [t.textContent, text(t)]),
    arrows: all('path.heads').flatMap((p) => p.getAttribute('d').match(/M/g)).length,
    points,
    crossed,
  };
})()"""


def apart(one: Rect, other: Rect, slack: float = 0.5) -> bool:
    return (
        one[2] <= other[0] + slack
        or other[2] <= one[0] + slack
        or one[3] <= other[1] + slack
        or other[3] <= one[1] + slack
    )


def within(inner: Rect, outer: Rect, slack: float = 0.5) -> bool:
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def around(path: str, other: str) -> bool:
    """Whether one of two boxes is inside the other."""
    return path.startswith(f"{other}/") or other.startswith(f"{path}/")


NETS = ["googlenet", "unet", "densenet121", "nasnet_large", "segnet"]


@pytest.mark.parametrize("depth", [0, None])
@pytest.mark.parametrize("name", NETS)
class TestPlaces:
    def test_boxes_are_apart_or_one_in_the_other(
        self, shows: Shown, name: str, depth: int | None
    ) -> None:
        places = dict(shows.measured(name, depth)["boxes"])
        assert len(places) == size(folded(diagram(name), depth).level)
        for (path, one), (other, two) in combinations(places.items(), 2):
            if not around(path, other):
                assert apart(one, two), (path, other)
            elif path.startswith(other):
                assert within(one, two), (path, other)
            else:
                assert within(two, one), (path, other)

    def test_text_stays_in_its_box(self, shows: Shown, name: str, depth: int | None) -> None:
        for text, place, button, box in shows.measured(name, depth)["texts"]:
            assert within(place, button) and within(place, box), text

    def test_shapes_are_beside_boxes(self, shows: Shown, name: str, depth: int | None) -> None:
        found = shows.measured(name, depth)
        assert len(found["types"]) == tensors(folded(diagram(name), depth).level)
        places = dict(found["boxes"])
        frames = {path.rpartition("/")[0] for path in places}
        leaves = [place for path, place in places.items() if path not in frames]
        for text, place in found["types"]:
            assert all(apart(place, leaf) for leaf in leaves), text
        for (text, one), (_, two) in combinations(found["types"], 2):
            assert apart(one, two), text

    def test_lines_lead_to_boxes_and_across_none(
        self, shows: Shown, name: str, depth: int | None
    ) -> None:
        found = shows.measured(name, depth)
        assert found["arrows"] == arrows(folded(diagram(name), depth).level)
        assert found["points"] > 2 * found["arrows"] > 0
        assert found["crossed"] == 0


def arrows(level: Level) -> int:
    """How many edges end at a box that is folded."""
    inner = sum(arrows(box.inside) for box in level.boxes if box.inside is not None)
    ends = [edge for edge in level.edges if edge.target >= 0]
    return inner + sum(level.boxes[edge.target].inside is None for edge in ends)


def tensors(level: Level) -> int:
    """How many tensors leave a box that is folded."""
    inner = sum(tensors(box.inside) for box in level.boxes if box.inside is not None)
    starts = {(edge.source, edge.output) for edge in level.edges if edge.source >= 0}
    return inner + sum(level.boxes[source].inside is None for source, _ in starts)


# Tips of arrows, and the tops of the boxes that they may point to.
TIPS = """(() => [...edges.querySelectorAll('path.heads')].every((path) => {
  const matrix = path.getScreenCTM();
  return path.getAttribute('d').split('M').slice(1).every((piece) => {
    const [x, y] = piece.split(/[ l]/).map(Number);
    const tip = new DOMPoint(x, y).matrixTransform(matrix);
    return [...document.querySelectorAll('.box:not(.open)')].some((box) => {
      const r = box.getBoundingClientRect();
      return Math.abs(r.top - tip.y) < 2.5 && tip.x > r.left && tip.x < r.right;
    });
  });
}))()"""


@pytest.mark.parametrize("name", ["googlenet", "unet"])
def test_arrows_point_to_boxes_at_any_size(shows: Shown, name: str) -> None:
    with shows(name, 1) as page:
        assert page.run(TIPS)
        for button in ("smaller", "fit", "larger"):
            page.click(f"document.getElementById('{button}')")
            assert page.run("scale.factor") != 1
            assert page.run(TIPS)
        page.click(head("inception(128") if name == "googlenet" else head("level"))
        assert page.run(TIPS)


def test_edges_follow_when_letters_grow(shows: Shown) -> None:
    with shows("googlenet", 1) as page:
        width = page.run("picture.offsetWidth")
        page.run("void (document.body.style.fontSize = '19px')")
        page.wait(f"picture.offsetWidth > {width} && !scale.outgrown")
        assert page.run(TIPS)


@pytest.mark.parametrize("dark", [False, True])
def test_colours_follow_the_readers_wish(shows: Shown, dark: bool) -> None:
    expected = colors("dark" if dark else "light")

    def rgb(role: str) -> str:
        parts = [int(expected[role][at : at + 2], 16) for at in (1, 3, 5)]
        return f"rgb({', '.join(map(str, parts))})"

    with shows("lenet", dark=dark) as page:
        style = "getComputedStyle(document.{}).{}"
        assert page.run(style.format("body", "backgroundColor")) == rgb("background")
        conv = "querySelector('.part.of-conv')"
        assert page.run(style.format(conv, "backgroundColor")) == rgb("conv.fill")


def test_the_legend_has_what_occurs(shows: Shown) -> None:
    with shows("googlenet") as page:
        legend = page.run("document.querySelector('.legend').innerText").split("\n")
    assert "convolution" in legend and "in training only" in legend
    assert "attention" not in legend and "recurrence" not in legend


def test_the_head_tells_the_totals(shows: Shown) -> None:
    with shows("resnet50") as page:
        text = page.run("document.querySelector('.totals').innerText")
    assert "25,557,032 weights" in text and "53,120 of state" in text and "4.09 G MACs" in text


def test_a_narrow_window_scrolls_the_picture(shows: Shown) -> None:
    with shows("googlenet", 1, width=375, height=667) as page:
        assert page.run("document.documentElement.scrollWidth") <= 375
        assert page.run("document.documentElement.scrollHeight") <= 667
        assert page.run("stage.scrollWidth > stage.clientWidth && stage.clientHeight > 400")
        # The net begins in sight.
        first = page.run("document.querySelector('.box').getBoundingClientRect().toJSON()")
        assert first["left"] >= 0 and first["right"] <= 375


def test_it_prints_on_one_sheet(shows: Shown) -> None:
    with shows("googlenet", 1, dark=True) as page:
        width, height = page.run("[sheet.offsetWidth, sheet.offsetHeight]")
        printed = page.pdf()
        assert page.run("scale.factor") == 1
    document = pypdfium2.PdfDocument(io.BytesIO(printed))
    assert len(document) == 1
    sheet = document[0]
    assert sheet.get_width() >= width * 0.75 and sheet.get_height() >= height * 0.75
    text = sheet.get_textpage().get_text_bounded()
    assert "GoogLeNet" in text and "inception(384" in text and "Open all" not in text
    # Printed on white, though the screen is dark.
    corner = sheet.render(scale=0.1).to_numpy()[0, 0]
    assert min(corner) >= 250


def test_what_is_repeated_is_a_frame_with_its_number(shows: Shown, tmp_path: Path) -> None:
    (tmp_path / "runs.net").write_text(
        "net Runs {\n  input image: 8x8x3\n"
        "  repeat 200 { conv(3, 3, pad=same) -> maxpool(3, stride=1, pad=same) }\n}\n"
    )
    net = outline(netdsl.load(str(tmp_path / "runs.net")).elaborated)
    with shows.text(write_html(net, folded(net, 0))) as page:
        assert page.run("document.querySelector('.run.open .head').textContent") == "repeat ×200"
        assert count(page, ".run .box") == 2
        page.hover("document.querySelector('.run .head')")
        text = page.run("card.innerText")
        assert "conv1 … maxpool200" in text
        assert f"200 × {9 * 3 * 3 + 3} = {200 * (9 * 3 * 3 + 3):,}" in text
        page.hover("document.querySelector('.run .part')")
        told = page.run("card.innerText").splitlines()
        assert told[0] == "conv1" and "one of 200 alike" in told
        # A layer of any round is found.
        page.press("/")
        page.type("conv123")
        assert page.run("found.textContent") == "1 match"
