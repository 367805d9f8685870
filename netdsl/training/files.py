"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives a path to write to; the file stands at `path` only when the block has ended well.

    The new file is on the disk before it takes the place of the old one. Whatever ends the block
    otherwise, an interruption included, leaves the old file as it was. An `OSError` names `path`,
    not the draft, also where the system names no file (a full disk).
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    try:
        yield draft
        _to_disk(draft)
        os.replace(draft, path)
        _to_disk(path.parent)
    except OSError as error:
        if error.filename in (None, str(draft)):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text whole, in UTF-8."""
    with whole(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, value: Any) -> None:
    """Writes JSON whole, readable by people too."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _to_disk(path: Path) -> None:
    # A folder cannot be opened on Windows, where replacing a file needs no second step.
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
