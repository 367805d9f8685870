"""What a net says of the pixels of pictures as pictures: their classes over them, or alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from netdsl.backends.engine import Array
from netdsl.data.grid import image
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
        yield name, image(over(picture[at], chosen, count))


def save(pictures: Sequence[Drawn], out: Path) -> list[Path]:
    """Writes one picture to `out`, a `.png`, or several into the folder `out`, by their names.

    Raises `UserError`, before anything is written, where two would have one name or several are to
    be one file.
    """
    if out.suffix.lower() == ".png":
        if len(pictures) != 1:
            raise UserError(
                f"-o {out} is one picture, but there are {len(pictures)}; name a folder"
            )
        paths = [out]
    else:
        paths = [out / f"{_stem(name)}.png" for name, _ in pictures]
        doubled = next((path for path in paths if paths.count(path) > 1), None)
        if doubled is not None:
            raise UserError(f"two pictures would be called {doubled.name}; predict them one by one")
        out.mkdir(parents=True, exist_ok=True)
    for path, (_, picture) in zip(paths, pictures, strict=True):
        with whole(path) as draft:
            picture.save(draft, "png")
    return paths


def _stem(name: str) -> str:
    """What a picture is called by the name of its example: `digits_3` for `digits.npz[3]`."""
    path, bracket, number = name.rpartition("[") if name.endswith("]") else (name, "", "")
    stem = Path(path).stem
    return f"{stem}_{number.removesuffix(']')}" if bracket else stem
