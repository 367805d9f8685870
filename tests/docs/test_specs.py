"""Every spec in the documentation is checked, and everything else that is fenced can be read.

A `net` fence is a whole spec without mistakes and warnings, unless a comment above it says more:

- `<!-- in: NAME -->`: it stands at the `…` of around/NAME.net;
- `<!-- fails: shape, syntax -->`: it has mistakes or warnings of these codes and no others.

A fence under the name of an example or a bundled spec has its text; fences under other names are
beside one another while the page is read. A word of a plugin is unknown here.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

import netdsl
from netdsl.diagnostics import Diagnostic, SpecError
from tests.conftest import REPOSITORY
from tests.docs.pages import PAGES, Fence, fences, title

AROUND = Path(__file__).parent / "around"
LANGUAGES = {
    "console", "elisp", "json", "lua", "net", "python", "sh", "text", "toml", "vim",
}  # fmt: skip
SHOWN = ("examples/", "specs/")
# Pages whose specs other tests check.
ELSEWHERE = {"docs/diagnostics.md": "tests/diagnostics/test_explain.py"}


def told(folder: Path, fence: Fence) -> Sequence[Diagnostic]:
    """All that is told of a spec, which is among the files of a folder."""
    kind, said = fence.mark
    text = fence.text
    if kind == "in":
        around = (AROUND / f"{said}.net").read_text(encoding="utf-8")
        (line,) = (line for line in around.splitlines(keepends=True) if line.strip() == "…")
        text = around.replace(line, text)
    path = folder / (fence.name or "spec.net")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        return netdsl.check(str(path)).diagnostics
    except SpecError as error:
        return error.diagnostics


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_specs_are_checked(page: Path, tmp_path: Path) -> None:
    if title(page) in ELSEWHERE:
        assert (REPOSITORY / ELSEWHERE[title(page)]).is_file()
        return
    wrong = {}
    for fence in (fence for fence in fences(page) if fence.language == "net"):
        kind, said = fence.mark
        expected = set(said.split(", ")) if kind == "fails" else set()
        found = told(tmp_path, fence)
        if {diagnostic.code for diagnostic in found} != expected:
            wrong[fence.line] = [f"{each.code}: {each.message}" for each in found]
    assert wrong == {}


@pytest.mark.parametrize(
    ("fence", "expected"),
    [
        (Fence(1, "net", "net N {\n  input x: 4\n  dens(2)\n}\n"), {"unknown-name"}),
        (Fence(1, "net", "dens(2)\n", mark=("in", "variational")), {"unknown-name"}),
        (Fence(1, "net", "dense(2)\n", mark=("in", "variational")), set()),
    ],
)
def test_a_wrong_spec_is_found(fence: Fence, expected: set[str], tmp_path: Path) -> None:
    assert {diagnostic.code for diagnostic in told(tmp_path, fence)} == expected


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_files_of_the_repository_are_shown_as_they_are(page: Path) -> None:
    for fence in fences(page):
        if fence.name.startswith(SHOWN):
            file = REPOSITORY / fence.name
            assert fence.text == file.read_text(encoding="utf-8"), fence.name


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_every_fence_says_its_language(page: Path) -> None:
    for fence in fences(page):
        assert fence.language in LANGUAGES, f"line {fence.line}: {fence.language or 'none'}"
        assert fence.mark[0] in ("", "in", "fails") or fence.language != "net"
        if fence.language == "json":
            json.loads(fence.text)
        elif fence.language == "toml":
            tomllib.loads(fence.text)
        elif fence.language == "text":
            assert "netdsl " not in fence.text, f"line {fence.line} is a command"


def test_every_surrounding_is_used() -> None:
    used = {fence.mark[1] for page in PAGES for fence in fences(page) if fence.mark[0] == "in"}
    assert {file.stem for file in AROUND.iterdir()} == used
