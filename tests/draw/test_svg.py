"""SVG: as an XML parser, fontTools and a browser see it."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from re import findall, sub
from typing import Literal
from xml.etree import ElementTree as ET

import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from netdsl.draw.fonts import file
from netdsl.draw.png import write_png
from netdsl.draw.scene import Scene, Text, shapes
from netdsl.draw.svg import write_svg
from netdsl.draw.theme import colors
from tests.draw.scenes import BARE, HOSTILE, PICTURE, STRANGE, UNSEEN, difference, elsewhere, needs

SPACE = "{http://www.w3.org/2000/svg}"
Shown = Literal["light", "dark", "auto"]
# Differences between two renderings by one program, and by two.
SAME, ALIKE = 0.0001, 0.015
THEMES: tuple[Shown, ...] = ("light", "dark", "auto")


def fonts(svg: str) -> dict[bool, TTFont]:
    """The fonts in a file, regular and bold."""
    found = findall(r"font-weight:(\w+);src:url\(data:font/ttf;base64,([^)]+)\)", svg)
    return {weight == "bold": TTFont(BytesIO(b64decode(data))) for weight, data in found}


def screenshot(content: str, name: str, folder: Path, *options: str) -> Image.Image:
    """A file in a browser, with two pixels to a point as in a PNG."""
    (folder / name).write_text(content, encoding="utf-8")
    shot = folder / "shot.png"
    command = [
        needs("chromium"),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
    ]
    command += ["--window-size=440,1200", "--force-device-scale-factor=1.5"]
    command += [f"--screenshot={shot}", f"--user-data-dir={folder / 'profile'}", *options]
    subprocess.run([*command, str(folder / name)], check=True, capture_output=True, timeout=60)
    return Image.open(shot)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image.Image]:
    """What a browser shows of pictures that are pasted into one page."""
    light = write_svg(PICTURE, "light")
    pasted = {
        "light": (PICTURE, light),
        "no other font": (PICTURE, sub(r'(font-family="[^,]+), [^"]+"', r'\1, serif"', light)),
        "another font": (PICTURE, sub('font-family="[^"]+"', 'font-family="monospace"', light)),
        "dark": (PICTURE, write_svg(PICTURE, "dark")),
        "strange": (STRANGE, write_svg(STRANGE, "light")),
    }
    pictures = "".join(f"<div style='display:grid'>{svg}</div>" for _, svg in pasted.values())
    page = f"<!doctype html><meta charset='utf-8'><body style='margin:0'>{pictures}"
    shot = screenshot(page, "page.html", tmp_path_factory.mktemp("page"))
    found, top = {}, 0
    for name, (scene, _) in pasted.items():
        width, height = int(scene.width * 2), int(scene.height * 2)
        found[name] = shot.crop((0, top, width, top + height))
        top += height
    return found


def png(scene: Scene, theme: Literal["light", "dark"]) -> Image.Image:
    return Image.open(BytesIO(write_png(scene, theme)))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("scene", [BARE, PICTURE, STRANGE, UNSEEN])
def test_xml_is_well_formed(scene: Scene, theme: Shown) -> None:
    root = ET.fromstring(write_svg(scene, theme).encode("utf-8"))
    assert root.tag == f"{SPACE}svg"
    assert root.attrib["width"] == f"{scene.width:.0f}pt"
    assert root.attrib["viewBox"] == f"0 0 {scene.width:.0f} {scene.height:.0f}"


def test_screen_readers_find_title_and_description() -> None:
    root = ET.fromstring(write_svg(PICTURE, "light"))
    assert root.attrib["role"] == "img"
    named = {element.attrib["id"]: element.text for element in root if "id" in element.attrib}
    told = [named[each] for each in root.attrib["aria-labelledby"].split()]
    assert told == [PICTURE.title, PICTURE.description]


def test_texts_and_titles_are_what_was_written() -> None:
    root = ET.fromstring(write_svg(STRANGE, "light"))
    assert [element.text for element in root.iter(f"{SPACE}text")] == HOSTILE
    groups = [group for group in root.iter(f"{SPACE}g") if "data-name" in group.attrib]
    assert [group.attrib["data-name"] for group in groups] == HOSTILE
    assert [group.findtext(f"{SPACE}title") for group in groups] == HOSTILE


def test_identifiers_of_two_pictures_do_not_meet() -> None:
    one, other = (
        {element.attrib["id"] for element in ET.fromstring(svg).iter() if "id" in element.attrib}
        for svg in (write_svg(PICTURE, "light"), write_svg(BARE, "light"))
    )
    assert one and other and not one & other


@pytest.mark.parametrize("scene", [PICTURE, STRANGE])
def test_fonts_have_every_letter(scene: Scene) -> None:
    found = fonts(write_svg(scene, "light"))
    for bold in (False, True):
        texts = [each for each in shapes(scene.items) if isinstance(each, Text)]
        letters = set("".join(each.text for each in texts if each.bold == bold))
        # A letter of which another is made up may be there as well.
        assert letters <= set(map(chr, found[bold].getBestCmap())) <= letters | set("[A")
        with TTFont(file(bold)) as whole:
            assert found[bold]["head"].modified == whole["head"].modified


def test_picture_without_letters_has_no_font() -> None:
    assert "font-face" not in write_svg(BARE, "light")


def test_texts_have_their_measured_width() -> None:
    svg = write_svg(PICTURE, "light")
    found = fonts(svg)
    for element in ET.fromstring(svg).iter(f"{SPACE}text"):
        font = found[element.get("font-weight") == "bold"]
        letters, metrics = font.getBestCmap(), font["hmtx"].metrics
        units = sum(metrics[letters[ord(letter)]][0] for letter in element.text or "")
        width = units / font["head"].unitsPerEm * float(element.attrib["font-size"])
        assert float(element.attrib["textLength"]) == pytest.approx(width, abs=0.01)


def test_numbers_have_two_decimals_at_most() -> None:
    scene = PICTURE.replace(width=300.123456, items=BARE.items)
    assert not findall(r"\d\.\d{3}", write_svg(scene, "light"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_those_of_the_theme(theme: Literal["light", "dark"]) -> None:
    used = set(findall(r"#[0-9a-f]{6}", write_svg(PICTURE, theme)))
    assert used and used <= set(colors(theme).values())


@pytest.mark.parametrize("theme", THEMES)
def test_bytes_are_the_same_in_another_process(theme: Shown) -> None:
    here = sha256(write_svg(PICTURE, theme).encode()).hexdigest()
    assert elsewhere("svg", "write_svg", theme) == here


def test_browser_shows_what_the_png_has(shown: dict[str, Image.Image]) -> None:
    assert difference(shown["light"], png(PICTURE, "light")) < ALIKE
    assert difference(shown["dark"], png(PICTURE, "dark")) < ALIKE
    assert difference(shown["strange"], png(STRANGE, "light")) < ALIKE


@pytest.mark.parametrize("missing", range(len(PICTURE.items)))
def test_difference_tells_pictures_apart(missing: int, shown: dict[str, Image.Image]) -> None:
    items = PICTURE.items[:missing] + PICTURE.items[missing + 1 :]
    whole = difference(shown["light"], png(PICTURE, "light"))
    assert difference(shown["light"], png(PICTURE.replace(items=items), "light")) > 1.02 * whole


def test_browser_takes_the_font_of_the_file(shown: dict[str, Image.Image]) -> None:
    assert difference(shown["no other font"], shown["light"]) < SAME
    assert difference(shown["another font"], shown["light"]) > 50 * SAME


@pytest.mark.parametrize(("preferred", "theme"), [(0, "dark"), (1, "light")])
def test_picture_follows_the_page(
    preferred: int, theme: str, shown: dict[str, Image.Image], tmp_path: Path
) -> None:
    option = f"--blink-settings=preferredColorScheme={preferred}"
    shot = screenshot(write_svg(PICTURE, "auto"), "picture.svg", tmp_path, option)
    picture = shown[theme]
    assert difference(shot.crop((0, 0, *picture.size)), picture) < SAME
