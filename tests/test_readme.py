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


PRINTED = ["check examples/digits.net", "zoo mobilenet_", "diff vgg16 vgg16_bn --depth 1"]


@pytest.mark.parametrize("command", PRINTED)
def test_readme_shows_what_is_printed(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(REPOSITORY)
    assert main(command.split()) == 0
    assert f"$ netdsl {command}\n{capsys.readouterr().out}" in BLOCKS
