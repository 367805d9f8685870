"""Every code is explained by a spec that fails with it and alone, and one that passes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from netdsl.cli.check import Check
from netdsl.cli.main import main
from netdsl.cli.overrides import overrides_of
from netdsl.diagnostics import SpecError
from netdsl.diagnostics.codes import CODES, WARNINGS
from netdsl.diagnostics.explain import MAIN, Explanation, explanation, page, written
from netdsl.elaborate.limits import Limits
from netdsl.syntax import parse
from tests.conftest import REPOSITORY

# Not to be shown by a spec: a backend tells it of a net that is right, no spec is known, or the
# page would be no text.
WITHOUT_SPECS = {"backend", "foreign-tensor", "not-text"}
SHOWN = sorted(CODES.keys() - WITHOUT_SPECS)


def told(folder: Path, files: Mapping[str, str], command: str = "") -> list[tuple[str, str]]:
    """Severity and code of everything that is told of a spec's files in a folder."""
    here = folder / "spec"
    here.mkdir(parents=True)
    for name, text in files.items():
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    words = shlex.split(command)
    sets = tuple(word for word, before in zip(words[1:], words, strict=False) if before == "--set")
    check = Check(str(here / MAIN), overrides_of(sets), {}, Limits(), None)
    try:
        check.run(None, 1)
        found = check.diagnostics
    except SpecError as error:
        found = error.diagnostics
    return [(diagnostic.severity, diagnostic.code) for diagnostic in found]


@pytest.fixture(params=SHOWN)
def explained(request: pytest.FixtureRequest) -> Explanation:
    return explanation(request.param)


def test_the_wrong_spec_fails_and_the_mended_one_does_not(
    explained: Explanation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if explained.code == "file-too-large":
        # What the spec leaves out is left out of the bound too.
        monkeypatch.setattr(parse, "MOST_CHARACTERS", len(explained.mended[MAIN]))
    found = told(tmp_path / "wrong", explained.wrong, explained.command)
    assert {code for _, code in found} == {explained.code}
    severities = {severity for severity, _ in found}
    assert (severities == {"error"}) == (explained.code not in WARNINGS)
    assert told(tmp_path / "mended", explained.mended) == []


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    folder = REPOSITORY / "netdsl" / "diagnostics" / "explained"
    assert {path.stem for path in folder.iterdir()} == set(CODES)
    for code in CODES:
        assert written(code).startswith(f"# {code}\n\n")
        assert bool(explanation(code).wrong) == (code not in WITHOUT_SPECS)


def test_the_documentation_has_all_of_them() -> None:
    docs = (REPOSITORY / "docs" / "diagnostics.md").read_text(encoding="utf-8")
    assert docs == page()
    assert all(f"\n## {code}\n" in docs for code in CODES)


def test_the_command_shows_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "stride-skips", "import-circle"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("warning[stride-skips]: ")
    assert "conv(8, 3, stride=4)" in text and "conv(8, 5, stride=4)" in text
    assert "# parts.net" in text
    assert "\x1b" not in text


def test_the_command_lists_all_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(CODES)


def test_the_command_knows_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "unknown-nmae"]) == 2
    assert "did you mean unknown-name?" in capsys.readouterr().err
