"""README shows what is there: the example as it stands, and what `check` prints of it."""

from __future__ import annotations

import re

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(.*?)```", README, re.DOTALL)


def test_the_spec_is_the_example() -> None:
    assert (REPOSITORY / "examples" / "digits.net").read_text(encoding="utf-8") in BLOCKS


def test_the_check_is_what_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(REPOSITORY)
    assert main(["check", "examples/digits.net"]) == 0
    assert f"$ netdsl check examples/digits.net\n{capsys.readouterr().out}" in BLOCKS
