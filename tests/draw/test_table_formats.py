"""Tables as Markdown, LaTeX and HTML: parsed by readers that are not ours."""

from __future__ import annotations

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pypdfium2
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from netdsl.draw.table import Table, configurations
from netdsl.draw.table_formats import write_html, write_latex, write_markdown
from netdsl.draw.table_parts import Cell, Text, cell
from netdsl.zoo import bundled_nets
from tests.conftest import Golden
from tests.draw.scenes import HOSTILE, needs
from tests.draw.tables import rows_of
from tests.specs.bundled import bundled

VGG = [f"vgg.net:{name}" for name in ("VGG11", "VGG11LRN", "VGG13", "VGG16C", "VGG16", "VGG19")]
WRITERS = {"md": write_markdown, "tex": write_latex, "html": write_html}

STRANGE = [
    *HOSTILE,
    "*a* _b_ `c` ~~d~~ [e](f) ![g](h) a_b_c",
    "|x|\\|",
    "[1] after a line's end",
    "* after a line's end",
    "é ü ß ø",
]


def hostile(texts: list[str] = STRANGE) -> Table:
    """A table whose texts mean something in each format, in cells of every kind."""
    rows = [
        (Cell((Text(text), Text(text, bold=True)), heading=True), cell(text), cell(text, "b"))
        for text in texts
    ]
    return Table(
        caption=" ".join(texts),
        sides=("left", "center", "right"),
        head=((cell(texts[0], heading=True), cell("merged", columns=2, heading=True)),),
        body=(tuple(rows), ((cell("over", rows=2, heading=True), cell(texts[1], columns=2)),
                            (cell("", columns=1), cell("1")))),
        foot=((cell("total", heading=True), cell("x"), cell("y")),),
        notes=tuple(texts),
    )  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> list[Table]:
    """A table of each bundled net, and families side by side."""
    places = dict.fromkeys(entry.net for entry in bundled_nets().values())
    every = [rows_of(place) for place in places]
    return [*every, configurations([bundled(place) for place in VGG]), hostile()]


@pytest.mark.parametrize("ending", WRITERS)
def test_googlenet(golden: Golden, ending: str) -> None:
    table = rows_of("googlenet.net:GoogLeNet")
    golden(f"draw/googlenet_rows.{ending}", WRITERS[ending](table))


@pytest.mark.parametrize("ending", WRITERS)
def test_vgg(golden: Golden, ending: str) -> None:
    table = configurations([bundled(place) for place in VGG])
    golden(f"draw/vgg_configurations.{ending}", WRITERS[ending](table))


# HTML


def widths(table: ElementTree.Element, columns: int) -> None:
    """Asserts that the cells of each group fill their rows, as a browser lays them out."""
    for part in table:
        if part.tag == "caption":
            continue
        reaching = [0] * columns
        for row in part:
            at = 0
            free = [left == 0 for left in reaching]
            reaching = [max(left - 1, 0) for left in reaching]
            for item in row:
                while at < columns and not free[at]:
                    at += 1
                for _ in range(int(item.get("colspan", 1))):
                    assert at < columns and free[at]
                    reaching[at] = int(item.get("rowspan", 1)) - 1
                    at += 1
            assert at == columns or not any(free[at:])
        assert not any(reaching)


def test_rows_of_every_table_are_filled_in_html(tables: list[Table]) -> None:
    for table in tables:
        text = write_html(table)
        assert text.isascii()
        root = ElementTree.fromstring(text)
        assert root.tag == "table"
        assert [part.tag for part in root][:2] == ["caption", "thead"]
        assert root[-1].tag == "tfoot"
        widths(root, len(table.sides))


def test_headings_say_what_they_are_of() -> None:
    root = ElementTree.fromstring(write_html(configurations([bundled(place) for place in VGG])))
    assert {item.get("scope") for item in root.iterfind("thead/tr/th")} == {"col"}
    scopes = [row[0].get("scope") for row in root.iterfind("tbody/tr") if row[0].tag == "th"]
    assert scopes == ["row", "row", *["rowgroup"] * 4, "row", "row"]
    root = ElementTree.fromstring(write_html(rows_of("googlenet.net:GoogLeNet")))
    scopes = [item.get("scope") for item in root.iterfind("thead/tr/th")]
    assert scopes.count("colgroup") == 1
    assert all(row[0].get("scope") == "row" for row in root.iterfind("tbody/tr"))


def test_text_is_the_same_in_html() -> None:
    root = ElementTree.fromstring(write_html(hostile()))
    found = ["".join(row[1].itertext()) for row in root.iterfind("tbody/tr")][: len(STRANGE)]
    assert found == [" ".join(text.split()) for text in STRANGE]
    assert root[0].text == " ".join(" ".join(STRANGE).split())
    assert {item.tag for item in root.iter()} <= {
        *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "br", "strong")
    }


def test_a_page_is_complete_and_has_both_schemes() -> None:
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Seen(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

    text = write_html(hostile(), page=True)
    parser = Seen()
    parser.feed(text)
    parser.close()
    assert text.startswith("<!DOCTYPE html>")
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in tags
    assert ("meta", {"charset": "utf-8"}) in tags
    assert [tag for tag, _ in tags].count("table") == 1
    # Nothing has a colour that one of the two could swallow, and nothing is loaded.
    assert not re.search(r"#[0-9a-f]{3,6}\b(?!;)|rgb\(|background", text.partition("<table")[0])
    assert not any({"src", "href"} & set(attributes) for _, attributes in tags)


# Markdown


def markdown_rows(text: str) -> list[list[Token]]:
    """The cells of each row of the table in a text, as GitHub's rules part them."""
    rows: list[list[Token]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and token.level > 2 and rows:
            rows[-1].append(token)
        elif token.type == "table_close":
            return rows
    raise AssertionError("there is no table")


def test_rows_of_every_table_have_as_many_cells_in_markdown(tables: list[Table]) -> None:
    for table in tables:
        rows = markdown_rows(write_markdown(table))
        assert {len(row) for row in rows} == {len(table.sides)}
        body = sum(len(group) for group in table.body)
        assert len(rows) == 1 + body + len(table.foot)


def shown(token: Token) -> str:
    """What a reader sees of a cell; a line's end that is written as HTML is one."""
    pieces = []
    for child in token.children or ():
        assert child.type in {"text", "text_special", "strong_open", "strong_close", "html_inline"}
        assert child.type != "html_inline" or child.content == "<br>"
        pieces.append("\n" if child.type == "html_inline" else child.content)
    return "".join(pieces).replace("****", "")


def test_text_is_the_same_in_markdown() -> None:
    rows = markdown_rows(write_markdown(hostile()))[1:]
    for text, row in zip(STRANGE, rows, strict=False):
        plain = " ".join(text.split())
        assert [shown(item) for item in row[:2]] == [
            f"{plain}\n{plain}".replace("****", ""),
            plain.replace("****", ""),
        ]
        kinds = [child.type for child in row[0].children or ()]
        assert kinds.count("strong_open") == 1
    assert "$" not in write_markdown(hostile())  # GitHub sets formulas between two of them


# LaTeX


def test_rows_of_every_table_have_as_many_cells_in_latex(tables: list[Table]) -> None:
    for table in tables:
        text = write_latex(table)
        (columns,) = re.findall(r"^\\begin\{tabular\}\{([lcr]+)\}$", text, re.MULTILINE)
        assert columns == "".join(side[0] for side in table.sides)
        inside = text.partition("\\toprule\n")[2].partition("\\bottomrule")[0].splitlines()
        rows = [line for line in inside if not line.startswith(("\\midrule", "\\cmidrule"))]
        for row in rows:
            assert row.endswith(r" \\")
            spans = re.findall(r"\\multicolumn\{(\d+)\}", row)
            apart = len(re.findall(r"(?<!\\)&", row)) + 1
            assert apart + sum(int(span) - 1 for span in spans) == len(columns)
            # Braces and environments are closed in the row that opens them.
            bare = re.sub(r"\\[\\{}]", "", row)
            assert bare.count("{") == bare.count("}")
            assert row.count(r"\begin{tabular}") == row.count(r"\end{tabular}")


def compiled(table: Table, folder: Path) -> str:
    """The text of the document that LaTeX makes of a table with the packages that it names."""
    text = write_latex(table)
    packages = re.findall(r"^% (\\usepackage\S+)$", text, re.MULTILINE)
    # cmap tells readers of the document which letters its glyphs are.
    document = [r"\documentclass{article}", r"\usepackage{cmap}", *packages, r"\begin{document}"]
    document += [r"\hbadness=10000 \hfuzz=\maxdimen \pdfpagewidth=90cm \pdfpageheight=90cm"]
    document += [r"\vsize=80cm \textheight=80cm \noindent", text, r"\end{document}"]
    (folder / "table.tex").write_text("\n".join(document), encoding="utf-8")
    command = [needs("pdflatex"), "-halt-on-error", "-interaction=nonstopmode", "table.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60)
    said = done.stdout.decode(errors="replace")
    if re.search(r"File `\S+' not found", said):
        pytest.skip("LaTeX lacks a package")
    assert done.returncode == 0, said[-2000:]
    document_ = pypdfium2.PdfDocument(folder / "table.pdf")
    return "\n".join(page.get_textpage().get_text_bounded() for page in document_)


@pytest.mark.parametrize("place", ["googlenet.net:GoogLeNet", "inception_v3.net:InceptionV3"])
def test_latex_makes_a_table_of_rows(place: str, tmp_path: Path) -> None:
    table = rows_of(place)
    seen = compiled(table, tmp_path)
    for row in (row for rows in table.body for row in rows):
        assert "".join(line.text for line in row[-2].lines) in seen


def test_latex_makes_a_table_of_configurations(tmp_path: Path) -> None:
    seen = compiled(configurations([bundled(place) for place in VGG]), tmp_path)
    assert all(text in seen for text in ("VGG11LRN", "16 weight layers", "dense(4096)", "144"))
    assert seen.count("maxpool 2 × 2") == 5
    assert seen.count("conv 3 × 3, 128") == 10


def test_text_is_the_same_in_latex(tmp_path: Path) -> None:
    seen = re.sub(r"\s", "", compiled(hostile(), tmp_path))
    for text in STRANGE:
        assert seen.count(re.sub(r"\s", "", text)) >= 4, text


def test_letters_that_need_another_latex_are_named() -> None:
    assert r"% \usepackage[T1]{fontenc}" in write_latex(hostile())
    text = write_latex(hostile(["\u03b1", "\u03b2"]))
    assert "% \\usepackage{fontspec} with LuaLaTeX or XeLaTeX, for \u03b1 \u03b2" in text


def test_what_no_format_can_carry_is_left_out() -> None:
    table = hostile(["a\x00b\ud800c\nd", "e\x1b\u2028f"])
    for write in WRITERS.values():
        text = write(table)
        text.encode()
        assert "abc d" in text
        assert not set("\x00\x1b\u2028") & set(text)
