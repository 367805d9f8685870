"""What the package carries ready-made is that of the grammar and the catalogue as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl import generate


def test_nothing_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().out


def test_tables_of_another_grammar_are_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    grammar = tmp_path / "netdsl.lark"
    text = generate.GRAMMAR.read_text(encoding="utf-8")
    grammar.write_text(f"{text}\n// another line\n", encoding="utf-8")
    monkeypatch.setattr(generate, "GRAMMAR", grammar)
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("netdsl/syntax/tables.py is stale")


def test_tables_that_are_not_stale_stay_as_they_are() -> None:
    assert generate.tables() == generate.TABLES.read_text(encoding="utf-8")


def test_an_index_that_lacks_a_word_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index = tmp_path / "index.py"
    index.write_text(generate.index().replace('        "conv": ', '        "cone": '))
    monkeypatch.setattr(generate, "PACKAGE", tmp_path / "netdsl")
    monkeypatch.setattr(generate, "FILES", {index: generate.index})
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.startswith("index.py is stale")
