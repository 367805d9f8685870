"""PNG: as Pillow reads it."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO

import pytest
from PIL import Image

from netdsl.draw import png
from netdsl.draw.png import write_png
from netdsl.draw.theme import Theme, colors
from tests.draw.scenes import BARE, PICTURE, UNSEEN, difference, elsewhere


def opened(file: bytes) -> Image.Image:
    image = Image.open(BytesIO(file))
    image.load()
    return image


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0, 4.0])
def test_size_is_that_of_the_picture(scale: float) -> None:
    image = opened(write_png(PICTURE, "light", scale))
    assert image.format == "PNG"
    assert image.size == (PICTURE.width * scale, PICTURE.height * scale)
    assert image.info["dpi"] == pytest.approx((72 * scale, 72 * scale), rel=0.001)


def test_usual_size_is_two_pixels_a_point() -> None:
    assert write_png(PICTURE) == write_png(PICTURE, "light", 2.0)


def test_very_large_picture_has_fewer_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "_MOST_PIXELS", 300 * 180)
    assert opened(png.write_png(BARE, "light", 100.0)).size == (300, 180)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_places_have_their_colours(theme: Theme) -> None:
    image = opened(write_png(BARE, theme)).convert("RGB")
    roles = {
        (2, 2): "background",
        (50, 160): "frame.fill",
        (230, 30): "pool.fill",
        (250, 65): "merge.fill",
        # The outline of an open rectangle, and what is inside it.
        (230, 130): "pool.stroke",
        (230, 140): "frame.fill",
        # An arrow's head, which points down, and what is beside it.
        (80, 87): "edge",
        (77, 89): "frame.fill",
    }
    for (x, y), role in roles.items():
        found = "#" + "".join(f"{part:02x}" for part in image.getpixel((x * 2, y * 2)))
        assert found == colors(theme)[role], (x, y)


def test_unseen_characters_do_no_harm() -> None:
    assert opened(write_png(UNSEEN)).size == (200, 100)


def test_file_has_no_time_and_no_words() -> None:
    assert set(opened(write_png(PICTURE)).info) == {"dpi"}


def test_themes_differ() -> None:
    light, dark = (opened(write_png(PICTURE, theme)) for theme in ("light", "dark"))
    assert difference(light, dark) > 0.5


def test_bytes_are_the_same_in_another_process() -> None:
    assert elsewhere("png", "write_png") == sha256(write_png(PICTURE)).hexdigest()
