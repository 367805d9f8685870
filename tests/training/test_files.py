"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.training.files import whole, write_json, write_text


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_what_is_cut_off_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(error), whole(path) as draft:
        draft.write_text("half", encoding="utf-8")
        raise error
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_has_no_numbers_that_json_has_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("named", [True, False])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, named: bool) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(OSError, match="full") as caught, whole(path) as draft:
        raise OSError(28, "full", str(draft)) if named else OSError(28, "full")
    assert caught.value.filename == str(path)
