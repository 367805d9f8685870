"""The text that comes with Python: real docstrings, each once, alike every time."""

from __future__ import annotations

import inspect
import json
import string
from pathlib import Path

import numpy as np

from netdsl.catalog.sources import LibraryText
from netdsl.data.library import docstrings, library
from netdsl.data.read import read


def test_docstrings_are_those_that_python_shows() -> None:
    found = docstrings(library())
    assert len(found) == len(set(found)) > 3000
    for documented in (json, json.dumps, string.Template, string.capwords, Path.glob):
        assert inspect.getdoc(documented) in found


def test_what_cannot_be_parsed_or_is_of_somebody_else_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "site-packages").mkdir()
    for name, source in {
        "b.py": '"""Second."""\ndef f():\n    """Of f."""\n',
        "a.py": '"""First."""\nclass C:\n    """Second."""\n',
        "c.py": "this is no Python",
        "_sysconfigdata_here.py": '"""Of this machine."""',
        "site-packages/d.py": '"""Of somebody else."""',
    }.items():
        (tmp_path / name).write_text(source)
    assert docstrings(tmp_path) == ["First.", "Second.", "Of f."]


def test_the_source_is_large_and_always_the_same() -> None:
    one, other = (
        read(
            LibraryText(vocabulary=96),
            Path("nowhere"),
            seed,
        )
        for seed in (0, 1)
    )
    assert one.digest() == other.digest()
    tokens = one.fields["tokens"].array
    assert tokens.size > 500_000
    assert len(one.classes) == 96
    assert np.mean(tokens == 0) < 1e-3  # what 96 characters do not cover
