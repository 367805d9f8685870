"""A missing library is told in one sentence that says how to get it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from netdsl.diagnostics import UserError
from netdsl.extras import explain, need


def test_an_installed_library_is_given() -> None:
    assert need("numpy") is sys.modules["numpy"]


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ("torch", 'PyTorch is not installed; install it with `pip install "netdsl[torch]"`'),
        ("sklearn", 'scikit-learn is not installed; install it with `pip install "netdsl[data]"`'),
    ],
)
def test_a_missing_library_is_told(
    module: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # what Python reads as "not there"
    with pytest.raises(UserError) as told:
        need(module)
    assert str(told.value) == sentence


def test_a_broken_library_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('libfreetype is missing')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    with pytest.raises(UserError, match="libfreetype is missing"):
        need("matplotlib")


def test_an_import_of_ours_that_fails_is_not_a_missing_extra() -> None:
    assert explain(ModuleNotFoundError("No module named 'netdsl.lost'", name="netdsl.lost")) is None
