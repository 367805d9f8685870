"""`netdsl report`: a page of one file, read by a parser and shown by a browser."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import random
from html.parser import HTMLParser
from pathlib import Path

import pytest

from netdsl.cli.main import main
from netdsl.training import curves
from tests.conftest import REPOSITORY
from tests.draw.browser import Browser, executable

NAMES = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "a class & its name")
SPEC = """\
# <script>alert("a comment")</script>
net Table(width = 8) {
  input features: 3
  dense(width) -> relu -> dense(3) -> softmax
}
train {
  data      = csv("t.csv", target="<b>kind</b>")
  loss      = cross_entropy
  optimizer = adam(lr=1e-2)
  epochs    = 2
}
"""


class Parsed(HTMLParser):
    """A page as its tags, with the texts of some."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.style = ""
        self.cells: list[list[str]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.cells.append([])
        elif tag in ("td", "th"):
            self.cells[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell &= tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "style" and not self.style:
            self.style = data
            return
        self.text += data
        if self._in_cell:
            self.cells[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.tags if found == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two trained runs: of digits, and of a table whose names are markup."""
    found = tmp_path_factory.mktemp("report")
    generator = random.Random(1)
    with (found / "t.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["<i>x</i>", "y&amp;", "z", "<b>kind</b>"])
        for number in range(90):
            values = [f"{generator.gauss(number % 3, 1.5):.3f}" for _ in range(3)]
            table.writerow([*values, NAMES[number % 3]])
    (found / "table.net").write_text(SPEC, encoding="utf-8")
    digits = str(REPOSITORY / "examples" / "digits.net")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(curves, "draw", lambda path, log, kept: None)
        patched.chdir(found)
        assert (
            main(["train", digits, "--out", "digits", "--set", "train.epochs=2", "--device", "cpu"])
            == 0
        )
        assert (
            main(["train", "table.net", "--out", "table", "--set", "width=4", "--device", "cpu"])
            == 0
        )
        for name in ("digits", "table"):
            assert main(["report", name, "-o", f"{name}.html", "--device", "cpu"]) == 0
    return found


def page(folder: Path, name: str) -> Parsed:
    return Parsed((folder / f"{name}.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["digits", "table"])
def test_a_page_needs_nothing_else(folder: Path, name: str) -> None:
    found = page(folder, name)
    assert found.all("script") == []
    addresses = [image["src"] for image in found.all("img")]
    addresses += [source["srcset"] for source in found.all("source")]
    addresses += [link["href"] for link in found.all("link")]
    assert len(addresses) > 4
    assert all(address and address.startswith("data:") for address in addresses)
    allowed = {"meta", "link", "img", "source"}
    assert all(
        not {"src", "href", "srcset"} & set(tag) for kind, tag in found.tags if kind not in allowed
    )
    assert not any(
        name.startswith("on") or name == "style" for _, tag in found.tags for name in tag
    )
    (policy,) = [meta["content"] for meta in found.all("meta") if "http-equiv" in meta]
    digest = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")


def test_names_are_text(folder: Path) -> None:
    found = page(folder, "table")
    for name in (
        *NAMES,
        "<i>x</i>",
        "y&amp;",
        '<script>alert("a comment")</script>',
        "<b>kind</b>",
    ):
        assert name in found.text
    assert {"script", "b"} & {tag for tag, _ in found.tags} == {"b"}
    assert found.text.count("<b>kind</b>") == 2  # in the settings and in the spec


def test_the_result_is_that_of_the_run(folder: Path) -> None:
    test = json.loads((folder / "digits/test.json").read_text(encoding="utf-8"))
    found = page(folder, "digits")
    rows = [[cell or "0" for cell in row[1:]] for row in found.cells if len(row) == 11][1:]
    assert rows == [[str(count) for count in row] for row in test["confusion"]]
    assert f"{100 * test['accuracy']:.2f} %" in found.text
    five = test["classes"]["5"]
    assert [
        "5",
        str(five["examples"]),
        f"{100 * five['precision']:.1f} %",
        f"{100 * five['recall']:.1f} %",
    ] in found.cells


def test_the_log_and_the_shares(folder: Path) -> None:
    found = page(folder, "digits")
    lines = (folder / "digits/log.jsonl").read_text(encoding="utf-8").splitlines()
    for entry in map(json.loads, lines):
        (row,) = [
            cells
            for cells in found.cells
            if cells and cells[:2] == [str(entry["epoch"]), f"{entry['loss']:.4f}"]
        ]
        assert row[3] == f"{entry['val_loss']:.4f}"
    assert ["train", "1,258 examples"] in found.cells
    heads = found.cells.index(["class", "train", "validation", "test"])
    counts = [list(map(int, row[1:])) for row in found.cells[heads + 1 : heads + 11]]
    assert [sum(column) for column in zip(*counts, strict=True)] == [1258, 180, 359]


def test_settings_say_where_they_come_from(folder: Path) -> None:
    rows = {row[0]: row[1:3] for row in page(folder, "table").cells if len(row) == 4}
    assert rows["width"] == ["4", "--set"]
    assert rows["optimizer"][0].startswith("adam(lr=0.01, beta1=0.9,")
    assert rows["optimizer"][1] == "spec"
    assert rows["loss"] == ["cross_entropy(reduce=mean, smoothing=0, weights=none)", "spec"]
    assert rows["batch"] == ["32", "default"]
    assert rows["data"][0] == (
        'csv(file="t.csv", target="<b>kind</b>", separator=none, images=none, size=none, '
        "corrupt=0.01)"
    )
    digits = {row[0]: row[1:3] for row in page(folder, "digits").cells if len(row) == 4}
    assert digits["epochs"] == ["2", "--set"]
    assert digits["early_stopping"] == ["patience(epochs=8, monitor=val_loss)", "spec"]


def test_the_worst_examples_are_shown(folder: Path) -> None:
    found = page(folder, "digits")
    cards = [tag for tag in found.all("li") if tag.get("class") in ("is-wrong", "is-right")]
    pictures = [tag for tag in found.all("img") if tag.get("class") == "squares"]
    assert 8 <= len(cards) == len(pictures) <= 24
    test = json.loads((folder / "digits/test.json").read_text(encoding="utf-8"))
    wrong = test["examples"] - sum(test["confusion"][at][at] for at in range(10))
    assert sum(tag["class"] == "is-wrong" for tag in cards) == min(wrong, 24)


def copy_of(folder: Path, name: str, to: Path) -> Path:
    import shutil

    shutil.copytree(folder / name, to / name)
    return to / name


def test_data_that_is_gone_is_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of(folder, "table", tmp_path)
    stored = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    stored["data_folder"] = str(tmp_path)
    (run / "settings.json").write_text(json.dumps(stored), encoding="utf-8")
    assert main(["report", str(run), "--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{run}/report.html is written\n"
    assert err.startswith("without its worst mistakes: ")
    assert "t.csv" in err
    found = Parsed((run / "report.html").read_text(encoding="utf-8"))
    assert err.removeprefix("without its worst mistakes: ").strip() in found.text
    assert "is-wrong" not in {tag.get("class") for tag in found.all("li")}
    rows = (folder / "t.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "t.csv").write_text("\n".join(rows[:-3]) + "\n", encoding="utf-8")
    assert main(["report", str(run), "--device", "cpu"]) == 0
    assert "t.csv has changed since this run was begun" in capsys.readouterr().err


def test_a_run_without_an_epoch(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of(folder, "digits", tmp_path)
    for name in ("log.jsonl", "test.json", "weights.safetensors"):
        (run / name).unlink()
    assert main(["report", str(run), "-o", str(tmp_path / "page.html"), "--device", "cpu"]) == 0
    assert "weights.safetensors is missing" in capsys.readouterr().err
    found = Parsed((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "There is no result yet" in found.text
    assert found.all("figure") == []


def test_the_same_run_gives_the_same_page(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    assert main(["report", str(folder / "digits"), "-o", str(again), "--device", "cpu"]) == 0
    assert again.read_bytes() == (folder / "digits.html").read_bytes()


def test_what_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 1
    assert "is no run folder" in capsys.readouterr().err


@pytest.mark.skipif(executable() is None, reason="there is no Chromium")
@pytest.mark.parametrize("name", ["digits", "table"])
def test_a_browser_shows_it_and_asks_for_nothing(folder: Path, name: str, tmp_path: Path) -> None:
    browser = Browser(tmp_path / "profile")
    try:
        for width, dark in ((1280, False), (375, True)):
            with browser.page(folder / f"{name}.html", width, dark=dark) as tab:
                wide = tab.run("document.documentElement.scrollWidth")
                broken = tab.run("[...document.images].filter(i => !i.naturalWidth).length")
                assert (wide, broken) == (width, 0)
                assert tab.run("getComputedStyle(document.body).backgroundColor") == (
                    "rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)"
                )
                requests = [url for url in tab.requests() if not url.startswith("data:")]
                assert requests == [(folder / f"{name}.html").as_uri()]
                assert tab.complaints() == []
                assert tab.events("Page.javascriptDialogOpening") == []
        with browser.page(folder / f"{name}.html") as tab:
            assert tab.pdf().startswith(b"%PDF")
    finally:
        browser.close()
