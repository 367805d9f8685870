"""Files by their names, in a directory or in an archive; nothing is unpacked on the disk."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from netdsl.diagnostics import UserError

# The last part of a file's name, without `.gz`, to what reads its bytes.
Found = Mapping[str, Callable[[], bytes]]


@contextmanager
def files_of(path: Path) -> Iterator[Found]:
    """The files of a directory (and those below it), a tar archive or a zip archive.

    A file that ends in `.gz` counts under its name without that, and is decompressed.
    """
    if path.is_dir():
        with _failures(path):
            yield {
                _plain(file.name): _reader(file.name, file.read_bytes)
                for file in sorted(path.rglob("*"))
                if file.is_file()
            }
        return
    if not path.exists():
        raise UserError(f"{path}: there is no such file or directory")
    with _failures(path):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield {_base(n): _reader(n, _from_zip(archive, n)) for n in archive.namelist()}
        else:
            with tarfile.open(path) as tar:
                members = [member for member in tar.getmembers() if member.isreg()]
                yield {_base(m.name): _reader(m.name, _from_tar(tar, m)) for m in members}


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def _from_zip(archive: zipfile.ZipFile, name: str) -> Callable[[], bytes]:
    return lambda: archive.read(name)


def _from_tar(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = tar.extractfile(member)
        assert file is not None, "a regular file"
        return file.read()

    return read


def _reader(name: str, read: Callable[[], bytes]) -> Callable[[], bytes]:
    return (lambda: gzip.decompress(read())) if name.endswith(".gz") else read


def _base(name: str) -> str:
    return _plain(name.rsplit("/", 1)[-1])


def _plain(name: str) -> str:
    return name.removesuffix(".gz")
