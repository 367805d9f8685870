"""Pictures side by side."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from netdsl.data.grid import are_pictures, grid, in_rows, png


def test_pictures_stand_in_a_square_with_white_between_them() -> None:
    pictures = np.linspace(0.1, 0.5, 5, dtype=np.float32)[:, None, None, None]
    sheet = grid(np.broadcast_to(pictures, (5, 24, 12, 1)))
    # Twice as large, in three columns and two rows.
    assert sheet.shape == (2 * 50 + 2, 3 * 26 + 2, 1)
    for number in range(5):
        top, left = 2 + 50 * (number // 3), 2 + 26 * (number % 3)
        place = sheet[top : top + 48, left : left + 24]
        np.testing.assert_array_equal(place, pictures[number].item())
    shown = (sheet != 1).sum()
    assert shown == 5 * 48 * 24


def test_large_pictures_keep_their_size() -> None:
    assert grid(np.zeros((2, 50, 60, 3)), columns=2).shape == (54, 126, 3)


def test_kinds_stand_below_one_another() -> None:
    grey, colours = np.zeros((11, 48, 48, 1)), np.full((11, 48, 48, 3), (0.2, 0.4, 0.6))
    sheet = in_rows([grey, colours])
    assert sheet.shape == (4 * 50 + 2, 10 * 50 + 2, 3)
    for row, picture in enumerate([grey, colours, grey, colours]):
        place = sheet[2 + 50 * row : 50 + 50 * row, 2:50]
        np.testing.assert_array_equal(place, np.broadcast_to(picture[0], place.shape))
    # One of each is left for the last two rows.
    assert (sheet[102:, 52:] == 1).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_has_the_pixels(channels: int) -> None:
    picture = np.random.default_rng(0).uniform(-0.5, 1.5, (7, 5, channels))
    read = np.asarray(Image.open(io.BytesIO(png(picture)))).reshape(picture.shape)
    np.testing.assert_array_equal(read, np.round(np.clip(picture, 0, 1) * 255))


def test_what_pictures_are() -> None:
    assert are_pictures(np.zeros((2, 8, 8, 1)))
    assert are_pictures(np.zeros((2, 8, 8, 3)))
    assert not are_pictures(np.zeros((2, 8, 8, 2)))
    assert not are_pictures(np.zeros((2, 64)))
