"""Two pictures of one size, from files or from those that scikit-image brings along."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netdsl.catalog.sources import ContentAndStyle
from netdsl.data.fields import DataSet, Field
from netdsl.data.pictures import ENDINGS, read_picture
from netdsl.diagnostics import UserError
from netdsl.elaborate.suggest import with_suggestion
from netdsl.extras import need

_NAMES = ("content", "style")


def content_and_style(source: ContentAndStyle, base: Path) -> DataSet:
    """The one example; files are relative to `base`."""
    assert isinstance(source.size, tuple)
    height, width, channels = source.size
    places = {name: _place(getattr(source, name), base) for name in _NAMES}
    fields = {
        name: Field(name, "image", np.array(read_picture(place, channels, (height, width)))[None])
        for name, place in places.items()
    }
    shown = f"{places['content'].stem} in the style of {places['style'].stem}"
    return DataSet(shown, fields, "content", "style")


def _place(name: str, base: Path) -> Path:
    """The file that is meant: a path, or the name of one of scikit-image's pictures."""
    if Path(name).suffix or len(Path(name).parts) > 1:
        return base / name
    folder = Path(str(need("skimage").__file__)).parent / "data"
    known = {path.stem: path for path in folder.iterdir() if path.suffix in ENDINGS}
    if name not in known:
        raise UserError(with_suggestion(f"scikit-image has no picture {name}", name, known))
    return known[name]
