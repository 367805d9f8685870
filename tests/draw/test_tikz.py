"""TikZ: as LaTeX makes a PDF of it, where it is installed."""

from __future__ import annotations

import re
import subprocess
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from netdsl.draw import fonts
from netdsl.draw.png import write_png
from netdsl.draw.scene import Scene, Text, shapes
from netdsl.draw.theme import Theme, colors
from netdsl.draw.tikz import write_tikz
from tests.draw.scenes import BARE, HOSTILE, PICTURE, STRANGE, UNSEEN, difference, elsewhere, needs

PAPER = r"""
\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{standalone,tikz,helvet}
\definecolor{text}{HTML}{FF0000}
\begin{document}
A paper. \begin{figure}\input{picture}\end{figure}
{\color{text} red}
\end{document}
"""


def compiled(content: str, name: str, folder: Path) -> pypdfium2.PdfDocument:
    """The document that LaTeX makes, without an error."""
    (folder / f"{name}.tex").write_text(content, encoding="utf-8")
    command = [needs("pdflatex"), "-halt-on-error", "-interaction=nonstopmode", f"{name}.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60)
    said = done.stdout.decode(errors="replace")
    if "File `" in said and "not found" in said:
        pytest.skip("LaTeX is installed without standalone, TikZ or Helvetica")
    assert done.returncode == 0, said[-2000:]
    return pypdfium2.PdfDocument(folder / f"{name}.pdf")


def test_latex_draws_the_shapes_of_the_png(tmp_path: Path) -> None:
    with compiled(write_tikz(BARE), "picture", tmp_path) as document:
        assert len(document) == 1
        assert document[0].get_size() == pytest.approx((BARE.width, BARE.height), abs=0.05)
        image = document[0].render(scale=2).to_pil()
    png = Image.open(BytesIO(write_png(BARE)))
    assert difference(image.crop((0, 0, *png.size)), png) < 0.01


def test_latex_sets_every_text_where_it_belongs(tmp_path: Path) -> None:
    with compiled(write_tikz(PICTURE), "picture", tmp_path) as document:
        page = document[0].get_textpage()
        texts = [item for item in shapes(PICTURE.items) if isinstance(item, Text)]
        for text in texts:
            words = text.text.replace(" ", "")
            assert words in re.sub(r"\s", "", page.get_text_bounded()), text.text
        last = page.search("AVATAR To").get_next()
        assert last is not None
        right = page.get_charbox(sum(last) - 1, loose=True)[2]
        assert right == pytest.approx(285.0, abs=0.5)
        title = page.search("conv(64, 3)").get_next()
        assert title is not None
        left = page.get_charbox(title[0], loose=True)[0]
        right = page.get_charbox(sum(title) - 1, loose=True)[2]
        assert (left + right) / 2 == pytest.approx(80.0, abs=0.5)
        assert right - left <= fonts.width("conv(64, 3)", 9.0, bold=True)


def test_latex_shows_hostile_words_as_they_are(tmp_path: Path) -> None:
    with compiled(write_tikz(STRANGE), "picture", tmp_path) as document:
        shown = re.sub(r"\s", "", document[0].get_textpage().get_text_bounded())
    assert shown == re.sub(r"\s", "", "".join(HOSTILE))


def test_what_latex_has_no_letter_for_is_told_by_number(tmp_path: Path) -> None:
    with compiled(write_tikz(UNSEEN), "picture", tmp_path) as document:
        shown = document[0].get_textpage().get_text_range()
    assert "[U+6F22]" in shown and "[U+03BB]" in shown


def test_paper_takes_the_picture_and_keeps_its_colours(tmp_path: Path) -> None:
    (tmp_path / "picture.tex").write_text(write_tikz(PICTURE), encoding="utf-8")
    with compiled(PAPER, "paper", tmp_path) as document:
        assert len(document) == 1
        assert "dense(10)" in document[0].get_textpage().get_text_bounded()
        colored = document[0].render(scale=2).to_pil().convert("RGB").getcolors(1 << 20)
    assert (255, 0, 0) in {color for _, color in colored}


@pytest.mark.parametrize("scene", [BARE, PICTURE, STRANGE, UNSEEN])
def test_braces_and_environments_are_closed(scene: Scene) -> None:
    code = re.sub(r"^%.*$", "", write_tikz(scene), flags=re.MULTILINE)
    plain = re.sub(r"\\[\\{}]", "", code)
    depth = 0
    for sign in plain:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    assert code.count(r"\begin{") == code.count(r"\end{") == 2
    assert r"\input" not in code


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_those_of_the_theme(theme: Theme) -> None:
    code = write_tikz(PICTURE, theme)
    defined = dict(re.findall(r"\\definecolor\{(\w+)\}\{HTML\}\{(\w{6})\}", code))
    assert {f"#{color.lower()}" for color in defined.values()} <= set(colors(theme).values())
    assert set(re.findall(r"(?:fill|draw|text)=(\w+)", code)) == set(defined)


def test_bytes_are_the_same_in_another_process() -> None:
    here = sha256(write_tikz(PICTURE).encode()).hexdigest()
    assert elsewhere("tikz", "write_tikz") == here
