"""Any name of a bundled spec given another one: `netdsl check` tells of the spec what it did."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from pygls.uris import from_fs_path

from netdsl.diagnostics import UserError
from netdsl.lsp.document import Document
from netdsl.lsp.meanings import Global, Local
from netdsl.lsp.names import meaning
from netdsl.lsp.navigate import renamed
from netdsl.lsp.occurrences import occurrences
from netdsl.lsp.workspace import Specs
from tests.lsp.specs import RIGHT, told_by_check

NEW = "another_name"
NAMES = 5  # of each spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The specs, which may be changed."""
    folder = tmp_path_factory.mktemp("specs")
    for path in RIGHT:
        shutil.copy(path, folder)
    return folder


def places(document: Document) -> list[int]:
    """Where names stand that a spec gives."""
    return [
        document.place(occurrence.name.span)[0]  # type: ignore[index]
        for item in document.scope.file.items
        for occurrence in occurrences(item)
        if isinstance(meaning(document.scope, item, occurrence), Local | Global)
    ]


@pytest.mark.parametrize("spec", RIGHT[::5], ids=lambda path: path.stem)
def test_a_spec_means_the_same_with_another_name(folder: Path, spec: Path) -> None:
    specs = Specs()
    specs.add_folders([from_fs_path(str(folder)) or ""])
    path = folder / spec.name
    before = path.read_text(encoding="utf-8")
    document = specs.opened(from_fs_path(str(path)) or "", before)
    told = sorted(each[:2] for each in told_by_check(path))
    names = places(document)
    random.Random(spec.stem).shuffle(names)
    for offset in names[:NAMES]:
        try:
            edits = renamed(specs, document, offset, NEW)
        except UserError as error:
            # What is not in the folder, and what several blocks share.
            assert "outside of the folder" in str(error) or "renamed alone" in str(error)
            continue
        texts = {name: Path(name).read_text(encoding="utf-8") for name in edits}
        for name, found in edits.items():
            text = texts[name]
            for place in sorted(found, key=lambda place: -place.start):
                text = text[: place.start] + NEW + text[place.end :]
            Path(name).write_text(text, encoding="utf-8")
        assert NEW in path.read_text(encoding="utf-8")
        assert sorted(each[:2] for each in told_by_check(path)) == told
        for name, text in texts.items():
            Path(name).write_text(text, encoding="utf-8")
