"""The docs' pictures are those that `netdsl draw` makes now, and each is shown somewhere."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"
FOLDER = DOCS / "pictures"
# What examples have reached, which takes a training to make anew.
RESULTS = DOCS / "results"
# A picture in Markdown or in HTML, by its path from the page.
SHOWN = re.compile(r"""!\[[^\]]*\]\(([^)\s]+)\)|<img\b[^>]*?\bsrc=["']([^"']+)["']""")


@cache
def script() -> ModuleType:
    """docs/pictures/make.py."""
    spec = importlib.util.spec_from_file_location("make_pictures", FOLDER / "make.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def make() -> ModuleType:
    """The same, for a test."""
    return script()


def shown() -> set[str]:
    """Every picture that README and the docs show, as a path from the repository's folder."""
    found = set()
    for page in (REPOSITORY / "README.md", *DOCS.glob("*.md")):
        for match in SHOWN.finditer(page.read_text(encoding="utf-8")):
            file = (page.parent / (match[1] or match[2])).resolve()
            found.add(file.relative_to(REPOSITORY).as_posix())
    return found


def checked_in(folder: Path) -> set[str]:
    files = [file for file in folder.iterdir() if file.suffix in (".svg", ".png")]
    return {file.relative_to(REPOSITORY).as_posix() for file in files}


def test_no_picture_and_no_table_is_stale(make: ModuleType) -> None:
    stale = [str(file.relative_to(REPOSITORY)) for file in make.outdated()]
    assert stale == [], "make docs-pictures makes them anew"


def test_every_picture_is_made_by_the_script(make: ModuleType) -> None:
    assert checked_in(FOLDER) == {f"docs/pictures/{name}" for name in make.PICTURES}


def test_the_pictures_that_are_there_are_those_that_are_shown() -> None:
    assert checked_in(FOLDER) | checked_in(RESULTS) == shown()


def test_the_page_tells_how_each_is_made(make: ModuleType) -> None:
    page = make.PAGE.read_text(encoding="utf-8")
    commands = [
        f"netdsl draw {how} -o {name}" for name, how in {**make.PICTURES, **make.TABLES}.items()
    ]
    assert [command for command in commands if f"{command}\n" not in page] == []


def test_a_picture_that_is_another_is_called_stale(
    make: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "content_of", lambda file: b"")
    assert make.main(["--check"]) == 1
    told = capsys.readouterr().out
    assert "stale: docs/pictures/lenet.svg\n" in told
    assert "stale: docs/pictures.md\n" in told
    assert "make docs-pictures" in told


@pytest.mark.parametrize("spec", sorted(file.name for file in FOLDER.glob("*.net")))
def test_the_specs_of_the_pictures_are_valid(spec: str) -> None:
    assert main(["check", str(FOLDER / spec)]) == 0
