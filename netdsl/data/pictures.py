"""Pictures in files: their headers, and their pixels as bytes, whatever their format has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from netdsl.data.streamed import CORRUPT, Array, Good, Indices, Streamed
from netdsl.diagnostics import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
_ORIENTATION = 0x0112  # of EXIF; from 5 on height and width are exchanged
# A JPEG is decoded at an eighth, a quarter or half of its size where that is still this many times
# what is wanted: the resize that follows leaves no trace of it (Pillow's `reducing_gap`).
_GAP = 2

# What a picture is opened from.
Place = Path | IO[bytes]


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a picture before it is decoded, turned as its camera says."""

    height: int
    width: int
    grey: bool


def header(place: Place) -> Header:
    """Reads a header alone; raises whatever Pillow does where it cannot."""
    from PIL import Image

    with Image.open(place) as opened:
        width, height = opened.size
        # Elsewhere Pillow would decode the whole picture to look for it.
        if "exif" in opened.info and opened.getexif().get(_ORIENTATION, 1) >= 5:
            width, height = height, width
        return Header(height, width, opened.mode in _GREY)


def decode(place: Place, channels: int, size: tuple[int, int] | None) -> Array:
    """A picture's pixels: (height, width, channels), uint8, resized bilinearly to a `size`.

    It is turned as its camera says; what is behind alpha is shown, sixteen bits become eight.
    Raises whatever Pillow does where it cannot be read.
    """
    from PIL import Image, ImageOps

    with Image.open(place) as opened:
        if size is not None:
            longest = _GAP * max(size)
            opened.draft(None, (longest, longest))
        opened.load()
        turned = ImageOps.exif_transpose(opened) if _may_be_turned(opened) else opened
        picture = _as_mode(turned, "L" if channels == 1 else "RGB")
        if size is not None and picture.size != (size[1], size[0]):
            picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        values = np.asarray(picture)
        return values.reshape(*values.shape[:2], channels)


def _may_be_turned(opened: Image) -> bool:
    return "exif" in opened.info or "Raw profile type exif" in opened.info or "xmp" in opened.info


def _as_mode(picture: Image, mode: str) -> Image:
    from PIL import Image

    if picture.mode == mode:
        return picture
    if picture.mode[0] == "I":
        numbers = np.asarray(picture).astype(np.int64)
        if numbers.size and (numbers.min() < 0 or numbers.max() > 65535):
            raise ValueError("it has more than sixteen bits a pixel")
        picture = Image.fromarray(((numbers + 128) // 257).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("its pixels are floats")
    if picture.mode == "P" and "transparency" in picture.info:
        picture = picture.convert("RGBA")  # else Pillow warns
    return picture.convert(mode)


def read_picture(path: Path, channels: int, size: tuple[int, int] | None) -> Array:
    """`decode`, for one file that a person has named: failures are a `UserError`."""
    try:
        return decode(path, channels, size)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file") from error
    except MemoryError:
        raise
    except Exception as error:  # Pillow's readers fail in many ways
        raise UserError(f"{path} is no picture that can be read: {error}") from error


def size_of(size: int | tuple[int, ...] | None) -> tuple[int, int] | None:
    """Height and width that pictures are resized to, None where they stay as they are."""
    if size is None:
        return None
    sizes = (size, size) if isinstance(size, int) else size
    if len(sizes) != 2:
        raise UserError(f"the size of a picture is height and width, not {len(sizes)} numbers")
    return sizes


@dataclass(frozen=True, slots=True)
class Form:
    """What all pictures of a field have in common; `resized` where a source says the size."""

    height: int
    width: int
    channels: int
    resized: bool

    @property
    def size(self) -> tuple[int, int] | None:
        """What they are resized to."""
        return (self.height, self.width) if self.resized else None


def form_of(
    count: int,
    open_header: Callable[[int], Header],
    where: Callable[[int], str],
    size: tuple[int, int] | None,
    corrupt: float,
    way_out: str,
) -> Form:
    """The form of so many pictures by their headers: grey where all are, else three channels.

    Headers that cannot be read are passed over, up to the share that may be `corrupt`. Without a
    `size` all must have one; a `UserError` names two that differ.
    """
    first: tuple[Header, int] | None = None
    grey, bad = True, 0
    for index in range(count):
        try:
            found = open_header(index)
        except MemoryError:
            raise
        except Exception as error:  # Pillow's readers fail in many ways
            bad += 1
            if bad > corrupt * count:
                raise UserError(
                    f"{where(index)} is no picture that can be read: {error}"
                ) from error
            continue
        grey = grey and found.grey
        if first is None:
            first = found, index
        elif size is None and (found.height, found.width) != (first[0].height, first[0].width):
            raise UserError(
                f"{where(index)} has {found.height} x {found.width} pixels, but {where(first[1])} "
                f"has {first[0].height} x {first[0].width}; resize all, as by {way_out}"
            )
    assert first is not None, "some picture can be read"
    height, width = size or (first[0].height, first[0].width)
    return Form(height, width, 1 if grey else 3, size is not None)


class Pictures(Streamed):
    """Base of pictures of one form, decoded when they are asked for: bytes, channels last."""

    def __init__(self, count: int, form: Form, corrupt: float = CORRUPT) -> None:
        self._count = count
        self._form = form
        self.corrupt = corrupt

    def open(self, row: int) -> Place:
        """What a picture is read from."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, ...]:
        """See `Streamed.shape`."""
        return (self._count, self._form.height, self._form.width, self._form.channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """See `Streamed.dtype`."""
        return np.dtype(np.uint8)

    def read(self, rows: Indices) -> tuple[Array, Good]:
        """See `Streamed.read`."""
        return read_each(rows, self.shape[1:], self.dtype, self._decoded)

    def _decoded(self, row: int) -> Array:
        return decode(self.open(row), self._form.channels, self._form.size)


def read_each(
    rows: Indices, shape: Sequence[int], dtype: np.dtype[Any], one: Callable[[int], Array]
) -> tuple[Array, Good]:
    """Examples read one by one into an array; whichever fails or has another shape is left out."""
    values = np.empty((len(rows), *shape), dtype)
    good = np.zeros(len(rows), dtype=np.bool_)
    filled = 0
    for place, row in enumerate(rows):
        try:
            found = one(int(row))
        except (MemoryError, UserError):
            raise
        except Exception:  # what is in a file can make a reader fail in any way
            continue
        if found.shape == tuple(shape):
            values[filled] = found
            good[place] = True
            filled += 1
    return values[:filled], good
