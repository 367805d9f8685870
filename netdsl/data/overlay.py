"""Maps of classes as pictures: beneath them the picture that they are about, a colour for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netdsl.backends.engine import IGNORED, Array

if TYPE_CHECKING:
    from PIL.Image import Image

# Class 0, which is the background as a rule, and what does not count, in maps without a picture.
_BACKGROUND, _UNCOUNTED = (0, 0, 0), (255, 255, 255)
# Turned on by the golden section, hues stay apart however many there are; the first is red.
_TURN = (5**0.5 - 1) / 2
# How much of a pixel is the colour of its class.
_SHARE = 0.55
# What a file of classes has for a pixel that does not count, as `masks` reads it.
_UNCOUNTED_NUMBER = 255


def colours(count: int) -> list[tuple[int, int, int]]:
    """Red, green and blue for each class, from 0 to 255; class 0 is black."""
    from colorsys import hsv_to_rgb

    hues = (hsv_to_rgb(number * _TURN % 1, 0.9, 1) for number in range(count - 1))
    return [_BACKGROUND, *((round(255 * r), round(255 * g), round(255 * b)) for r, g, b in hues)]


def over(picture: Array, classes: Array, count: int) -> Array:
    """A picture with the colours of classes over it: (height, width, 3), from 0 to 1.

    `picture` is (height, width, channels), from 0 to 1, `classes` (height, width). Beneath a
    colour the picture is grey; where the class is 0 or does not count it stays as it is.
    """
    grey = picture.mean(axis=-1, keepdims=True)
    coloured = picture[..., :3] if picture.shape[-1] >= 3 else grey.repeat(3, axis=-1)
    tints = np.asarray(colours(count), np.float32) / 255
    mixed = (1 - _SHARE) * grey + _SHARE * tints[np.maximum(classes, 0)]
    return np.asarray(np.where((classes > 0)[..., None], mixed, coloured), np.float32)


def alone(classes: Array, count: int) -> Image:
    """Classes (height, width) as a picture with a palette, whose numbers are those of the classes.

    The source `masks` reads it; 255 stands for what does not count. At most 255 classes fit.
    """
    from PIL import Image

    numbers = np.where(classes == IGNORED, _UNCOUNTED_NUMBER, classes).astype(np.uint8)
    height, width = numbers.shape
    picture = Image.frombytes("P", (width, height), numbers.tobytes())
    free = [_UNCOUNTED] * (_UNCOUNTED_NUMBER + 1 - count)
    picture.putpalette([value for colour in (*colours(count), *free) for value in colour])
    return picture
