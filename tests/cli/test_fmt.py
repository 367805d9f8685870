"""`netdsl fmt`: what is written, what is said, and what is left alone."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from netdsl.cli.main import main

Capture = pytest.CaptureFixture[str]

UNTIDY = "net N{input x:4\ndense(2)}\n"
TIDY = "net N {\n  input x: 4\n  dense(2)\n}\n"
BROKEN = "net N {\n  dense(2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner").mkdir()
    (tmp_path / "tidy.net").write_text(TIDY, encoding="utf-8")
    (tmp_path / "inner" / "untidy.net").write_text(UNTIDY, encoding="utf-8")
    return tmp_path


def test_files_of_a_folder_are_written(folder: Path, capsys: Capture) -> None:
    assert main(["fmt", "."]) == 0
    assert capsys.readouterr().out == "formatted inner/untidy.net\n"
    assert (folder / "inner" / "untidy.net").read_text(encoding="utf-8") == TIDY
    assert main(["fmt", "."]) == 0
    assert capsys.readouterr().out == ""


def test_check_writes_nothing(folder: Path, capsys: Capture) -> None:
    assert main(["fmt", "--check", "tidy.net"]) == 0
    assert main(["fmt", "--check", "."]) == 1
    assert capsys.readouterr() == ("", "inner/untidy.net would change\n")
    assert (folder / "inner" / "untidy.net").read_text(encoding="utf-8") == UNTIDY


def test_diff_shows_and_writes_nothing(folder: Path, capsys: Capture) -> None:
    assert main(["fmt", "--diff", "inner/untidy.net"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "--- inner/untidy.net",
        "+++ inner/untidy.net (formatted)",
        "@@ -1,2 +1,4 @@",
        *(f"-{line}" for line in UNTIDY.splitlines()),
        *(f"+{line}" for line in TIDY.splitlines()),
    ]
    assert (folder / "inner" / "untidy.net").read_text(encoding="utf-8") == UNTIDY
    assert main(["fmt", "--diff", "tidy.net"]) == 0


def standard_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))


def test_standard_input_comes_out(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    standard_input(monkeypatch, UNTIDY.encode())
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr().out == TIDY


def test_standard_input_that_does_not_parse(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    standard_input(monkeypatch, BROKEN.encode())
    assert main(["fmt", "-"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "--> standard input:2:8" in err


def test_standard_input_that_is_no_text(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    standard_input(monkeypatch, b"net \xff")
    assert main(["fmt", "-"]) == 1
    assert capsys.readouterr().err == "error: standard input: not UTF-8 at byte 4\n"


def test_a_file_that_does_not_parse_is_left_and_others_are_formatted(
    folder: Path, capsys: Capture
) -> None:
    (folder / "broken.net").write_text(BROKEN, encoding="utf-8")
    assert main(["fmt", "broken.net", "inner"]) == 1
    out, err = capsys.readouterr()
    assert out == "formatted inner/untidy.net\n"
    assert "error[unclosed]" in err
    assert (folder / "broken.net").read_text(encoding="utf-8") == BROKEN


def test_a_file_that_is_not_there(folder: Path, capsys: Capture) -> None:
    assert main(["fmt", "none.net"]) == 1
    assert capsys.readouterr().err == "error: none.net: there is no such file\n"


def test_rights_and_links_stay(folder: Path) -> None:
    target = folder / "inner" / "untidy.net"
    target.chmod(0o640)
    link = folder / "link.net"
    link.symlink_to(target)
    assert main(["fmt", "link.net"]) == 0
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == TIDY
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_file_is_written_whole_or_not_at_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert main(["fmt", "inner/untidy.net"]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert (folder / "inner" / "untidy.net").read_text(encoding="utf-8") == UNTIDY
    assert [file.name for file in (folder / "inner").iterdir()] == ["untidy.net"]
