"""Pictures in a directory for each class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netdsl.catalog.sources import Folder
from netdsl.data.fields import Array, DataSet, Field
from netdsl.diagnostics import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_GREY = ("1", "L", "LA")


def folder(source: Folder, base: Path) -> DataSet:
    """Reads the pictures of a `folder` source; its directory is relative to `base`."""
    directory = base / source.directory
    if not directory.is_dir():
        raise UserError(f"{directory} is no directory; folder needs one with one for each class")
    kinds = sorted(
        entry for entry in directory.iterdir() if entry.is_dir() and entry.name[0] != "."
    )
    if not kinds:
        raise UserError(f"{directory} holds no directory; folder needs one for each class")
    files = [_pictures(kind) for kind in kinds]
    pictures = [open_picture(path) for of_kind in files for path in of_kind]
    channels = 1 if all(picture.mode in _GREY for picture in pictures) else 3
    size = size_of(source)
    paths = [path for of_kind in files for path in of_kind]
    values = stack(
        paths, [pixels(picture, channels, size) for picture in pictures], 'folder("…", size=64)'
    )
    labels = np.repeat(np.arange(len(kinds)), [len(of_kind) for of_kind in files])
    fields = {
        "image": Field("image", "image", values),
        "label": Field("label", "label", labels.astype(np.int64)),
    }
    names = tuple(kind.name for kind in kinds)
    return DataSet(source.directory, fields, "image", "label", names)


def size_of(source: Folder) -> tuple[int, int] | None:
    """Height and width that pictures are resized to, None where they stay as they are."""
    if source.size is None:
        return None
    sizes = (source.size, source.size) if isinstance(source.size, int) else source.size
    if len(sizes) != 2:
        raise UserError(f"the size of a picture is height and width, not {len(sizes)} numbers")
    return sizes


def open_picture(path: Path) -> Image:
    """A decoded picture, turned as its camera says. Sixteen bits a pixel are refused."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            picture.load()
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path} is no picture that can be read: {error}") from error
    if picture.mode[0] in "IF":
        raise UserError(f"{path} has more than eight bits a pixel; save it with eight")
    return picture


def pixels(picture: Image, channels: int, size: tuple[int, int] | None) -> Array:
    """(height, width, channels) from 0 to 1, resized bilinearly where a size is given."""
    from PIL import Image

    converted = picture.convert("L" if channels == 1 else "RGB")
    if size is not None:
        converted = converted.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    values = np.asarray(converted, dtype=np.float32) / np.float32(255)
    return values.reshape(*values.shape[:2], channels)


def stack(paths: Sequence[Path], pictures: Sequence[Array], way_out: str) -> Array:
    """All pictures in one array; where their sizes differ, a `UserError` names two of them."""
    first = pictures[0].shape
    for path, picture in zip(paths, pictures, strict=True):
        if picture.shape != first:
            raise UserError(
                f"{path} has {picture.shape[0]} x {picture.shape[1]} pixels, but {paths[0]} has "
                f"{first[0]} x {first[1]}; resize all, as by {way_out}"
            )
    return np.stack(pictures)


def _pictures(directory: Path) -> list[Path]:
    files = sorted(entry for entry in directory.iterdir() if entry.name[0] != ".")
    for file in files:
        if file.suffix.lower() not in ENDINGS:
            raise UserError(f"{file} is no picture; a class's directory holds nothing else")
    if not files:
        raise UserError(f"{directory} holds no picture")
    return files
