"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LOCK = ".lock"


@contextmanager
def sole_writer(folder: Path) -> Iterator[bool]:
    """Whether nobody else writes into a folder in this way; if so, nobody does in this block.

    The system takes the lock from a process that dies, so that it outlives nobody. What `whole`
    had begun in the folder, or in one in it, when its process was killed is removed.
    """
    from filelock import FileLock, Timeout  # what only reads runs does without

    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        for draft in (*folder.glob(".*.*"), *folder.glob("*/.*.*")):
            if _is_draft(draft.name):
                draft.unlink(missing_ok=True)
        yield True
    finally:
        lock.release()


def is_written(folder: Path) -> bool:
    """Whether a process is the sole writer of a folder now."""
    if not (folder / _LOCK).is_file():
        return False
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that may not be written into
        return False
    lock.release()
    return False


def _is_draft(name: str) -> bool:
    """Whether a file has the name that `whole` gives to what is not finished."""
    return re.fullmatch(r"\.(.+(\.[^.]*))\.\d+\2", name) is not None


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
