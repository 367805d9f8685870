"""How wide text is in the font of the pictures, Bitstream Vera Sans, which reportlab brings along.

SVG and PDF carry the letters that they use, so that a picture looks the same everywhere.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fontTools.ttLib import TTFont

FAMILY = "Bitstream Vera Sans"
_FILES = {False: "Vera.ttf", True: "VeraBd.ttf"}

# Of the font's size: how far letters reach above and below the baseline.
ASCENT, DESCENT = 0.76, 0.24


def file(bold: bool = False) -> Path:
    """The font's file."""
    found = find_spec("reportlab")
    assert found is not None and found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0], "fonts", _FILES[bold])


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is, in points; a letter that the font lacks is taken as one em."""
    units, advances = _advances(bold)
    return sum(advances.get(letter, units) for letter in text) * size / units


@cache
def _advances(bold: bool) -> tuple[int, dict[str, int]]:
    """The units of an em, and how far each letter moves on."""
    with TTFont(file(bold), lazy=True) as font:
        metrics = font["hmtx"].metrics
        letters = font.getBestCmap()
        units: int = font["head"].unitsPerEm
        return units, {chr(code): metrics[name][0] for code, name in letters.items()}
