"""PDF: as pdfium and poppler read it."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from io import BytesIO

import pypdfium2
import pytest
from PIL import Image

from netdsl.draw import fonts
from netdsl.draw.pdf import write_pdf
from netdsl.draw.scene import Scene, Text, shapes
from netdsl.draw.theme import Theme
from tests.draw.scenes import BARE, HOSTILE, PICTURE, STRANGE, UNSEEN, difference, elsewhere, needs

SCENES = [BARE, PICTURE, STRANGE, UNSEEN]


def poppler(program: str, file: bytes, *options: str) -> bytes:
    """What a program of poppler says of a file; it says nothing is wrong with it."""
    done = subprocess.run(
        [needs(program), *options], input=file, check=True, capture_output=True, timeout=30
    )
    assert done.stderr == b""
    return done.stdout


def lines(scene: Scene) -> list[str]:
    return [shape.text for shape in shapes(scene.items) if isinstance(shape, Text)]


@pytest.mark.parametrize("scene", SCENES)
def test_page_is_as_large_as_the_picture(scene: Scene) -> None:
    with pypdfium2.PdfDocument(write_pdf(scene)) as document:
        assert len(document) == 1
        assert document[0].get_size() == (scene.width, scene.height)


def test_page_is_no_larger_than_pages_can_be() -> None:
    with pypdfium2.PdfDocument(write_pdf(PICTURE.replace(height=28_800.0))) as document:
        assert document[0].get_size() == (150, 14_400)


@pytest.mark.parametrize("scene", [PICTURE, STRANGE])
def test_pdfium_reads_every_text(scene: Scene) -> None:
    with pypdfium2.PdfDocument(write_pdf(scene)) as document:
        words = document[0].get_textpage().get_text_bounded().split()
    assert sorted(words) == sorted(" ".join(lines(scene)).split())


@pytest.mark.parametrize("scene", [PICTURE, STRANGE])
def test_poppler_reads_every_text(scene: Scene) -> None:
    words = poppler("pdftotext", write_pdf(scene), "-raw", "-", "-").decode().split()
    assert sorted(words) == sorted(" ".join(lines(scene)).split())


def test_texts_are_where_they_belong() -> None:
    with pypdfium2.PdfDocument(write_pdf(PICTURE)) as document:
        page = document[0].get_textpage()
        for text in shapes(PICTURE.items):
            if isinstance(text, Text) and not text.rotated and lines(PICTURE).count(text.text) == 1:
                index, count = page.search(text.text).get_next()
                boxes = [page.get_charbox(index + each, loose=True) for each in range(count)]
                share = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor]
                left = text.x - share * fonts.width(text.text, text.size, text.bold)
                assert boxes[0][0] == pytest.approx(left, abs=0.2)
                assert boxes[-1][2] == pytest.approx(left + text.width, abs=0.2)
                assert boxes[0][1] < PICTURE.height - text.y < boxes[0][3]


@pytest.mark.parametrize(("scene", "count"), [(BARE, 0), (PICTURE, 2), (STRANGE, 2)])
def test_fonts_are_part_of_the_file(scene: Scene, count: int) -> None:
    _, _, *found = poppler("pdffonts", write_pdf(scene), "-").decode().splitlines()
    assert len(found) == count
    # Embedded, a subset, with the letters that its glyphs stand for.
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in found)


def test_title_and_description_are_told_and_no_author() -> None:
    with pypdfium2.PdfDocument(write_pdf(PICTURE)) as document:
        told = document.get_metadata_dict()
    assert told["Title"] == PICTURE.title
    assert told["Subject"] == PICTURE.description
    assert told["Author"] == ""


def test_hostile_title_is_told_as_it_is() -> None:
    with pypdfium2.PdfDocument(write_pdf(STRANGE)) as document:
        assert document.get_metadata_dict()["Subject"] == " ".join(HOSTILE)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scene", SCENES)
def test_pdfium_and_poppler_show_the_same(scene: Scene, theme: Theme) -> None:
    file = write_pdf(scene, theme)
    shown = poppler("pdftoppm", file, "-r", "144", "-png", "-")
    with pypdfium2.PdfDocument(file) as document:
        image = document[0].render(scale=2).to_pil()
    assert difference(Image.open(BytesIO(shown)), image) < 0.015


def test_bytes_are_the_same_in_another_process() -> None:
    file = write_pdf(PICTURE)
    assert write_pdf(PICTURE) == file
    assert elsewhere("pdf", "write_pdf") == sha256(file).hexdigest()
