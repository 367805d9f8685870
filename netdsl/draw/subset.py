"""The picture's font, cut down to the letters of a picture."""

from __future__ import annotations

from functools import cache
from io import BytesIO

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from netdsl.draw import fonts

# What a program needs to draw letters one beside another. Kerning would make text narrower than it
# was measured.
_LAYOUT = ("cmap", "head", "hhea", "hmtx", "maxp", "OS/2")
_TABLES = frozenset({"GlyphOrder", "glyf", "loca", "name", "post", *_LAYOUT})
_COPYRIGHT = 0


@cache
def subset(letters: frozenset[str], bold: bool = False) -> bytes:
    """A TrueType font with those of the letters that the font has."""
    # A date of now in the font would make every picture another.
    with TTFont(fonts.file(bold), recalcTimestamp=False) as font:
        for table in set(font.keys()) - _TABLES:
            del font[table]
        cut = Subsetter(_options())
        cut.populate(unicodes=sorted(map(ord, letters)))
        cut.subset(font)
        written = BytesIO()
        font.save(written)
    return written.getvalue()


def _options() -> Options:
    options = Options()
    options.hinting = False
    options.layout_features = []
    options.name_IDs = [_COPYRIGHT]
    options.name_languages = [0, 0x409]
    options.notdef_outline = True
    options.recalc_timestamp = False
    return options
