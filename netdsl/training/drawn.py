"""What a net says of the pixels of pictures as pictures: their classes over them, or alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from netdsl.backends.engine import Array
from netdsl.data.new import Schema
from netdsl.data.overlay import alone, over
from netdsl.diagnostics import UserError
from netdsl.training.answer import Reading, classes_of
from netdsl.training.files import whole

if TYPE_CHECKING:
    from PIL.Image import Image

# A name and a picture.
Drawn: TypeAlias = "tuple[str, Image]"

# A palette of bytes has so many classes, and one number for what does not count.
_MOST_CLASSES = 255


def drawn(
    names: Sequence[str],
    inputs: Sequence[Array],
    schemas: Sequence[Schema],
    values: Array,
    reading: Reading,
    plain: bool,
) -> Iterator[Drawn]:
    """A picture for each example, from what flowed in and what the net gave.

    A class for each pixel is drawn over the input, or is a picture with a palette by itself where
    it is to be `plain`. Raises `UserError` where there is not a class for each pixel.
    """
    picture = next((a for a, s in zip(inputs, schemas, strict=True) if s.kind == "image"), None)
    if values.ndim != 4:
        raise UserError("-o draws a class for each pixel, or pictures; this net gives neither")
    count = len(reading.classes)
    for at, (name, chosen) in enumerate(zip(names, classes_of(values, reading), strict=True)):
        if plain:
            if count > _MOST_CLASSES:
                raise UserError(f"a picture has numbers for {_MOST_CLASSES} classes, not {count}")
            yield name, alone(chosen, count)
            continue
        if picture is None or picture.shape[1:3] != chosen.shape:
            raise UserError("no picture of the size of these classes flows in; --plain draws them")
        yield name, _picture(over(picture[at], chosen, count))


def save(pictures: Sequence[Drawn], out: Path) -> list[Path]:
    """Writes one picture to `out`, a file; several into the folder `out`, by their names."""
    if out.suffix.lower() == ".png":
        if len(pictures) != 1:
            raise UserError(
                f"-o {out} is one picture, but there are {len(pictures)}; name a folder"
            )
        with whole(out) as draft:
            pictures[0][1].save(draft, "png")
        return [out]
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, picture in pictures:
        path = out / f"{_stem(name)}.png"
        if path in written:
            raise UserError(f"two pictures are called {path.name}; draw them into two folders")
        with whole(path) as draft:
            picture.save(draft, "png")
        written.append(path)
    return written


def _stem(name: str) -> str:
    """What a picture is called by the name of its example, `cat.png` or `pets.npz[3]`."""
    file, _, rest = os.path.basename(name).rpartition(".")
    number = rest.partition("[")[2].rstrip("]")
    return f"{file}-{number}" if number else file


def _picture(values: Array) -> Image:
    """Numbers (height, width, channels) from 0 to 1 as a picture."""
    from PIL import Image

    pixels = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
