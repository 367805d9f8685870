"""Every command in the documentation runs, and prints what the page shows of it.

`sh` fences have commands, `console` fences commands behind `$ ` with what they print; console.py
says how they are compared, prepared.py what is there before and what is not run here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import click
import pytest

from netdsl.cli.main import group
from tests.conftest import REPOSITORY
from tests.docs.console import agree, commands, run
from tests.docs.pages import PAGES, fences, inline_commands, title
from tests.docs.prepared import BEFORE, BESIDE, ELSEWHERE
from tests.test_pictures import script

# What trainings of the examples have left there.
RESULTS = shutil.ignore_patterns("pretrained", "runs")

# A page with commands or Python.
TRIED = [page for page in PAGES if {f.language for f in fences(page)} & {"console", "sh", "python"}]


def elsewhere(command: str) -> str | None:
    """Where a command is run, if not here: its beginning, as the table has it."""
    drawn = re.fullmatch(r"netdsl draw (.+) -o (\S+)", command)
    if drawn is not None:
        make = script()
        if {**make.PICTURES, **make.TABLES}.get(drawn[2]) == drawn[1]:
            return "tests/test_pictures.py"
    return next((where for start, where in ELSEWHERE.items() if command.startswith(start)), None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the repository's specs and examples, in which commands are run."""
    for name in ("examples", "specs"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=RESULTS)
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as of `python`
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.mark.parametrize("page", TRIED, ids=title)
def test_commands_do_what_the_page_says(
    page: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(BESIDE, folder, dirs_exist_ok=True)
    for step in BEFORE.get(title(page), ()):
        if not isinstance(step, str):
            step()
            continue
        status, printed = run(step, capsys)
        assert status == 0, printed
    wrong = list(_wrong(page, capsys))
    assert wrong == [], "\n".join(wrong)


def _wrong(page: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """What does not go as the page says."""
    space: dict[str, object] = {}
    for fence in fences(page):
        if fence.name:
            Path(fence.name).parent.mkdir(parents=True, exist_ok=True)
            Path(fence.name).write_text(fence.text, encoding="utf-8")
        elif fence.language == "python":
            exec(compile(fence.text, f"{page.name}:{fence.line}", "exec"), space)
        elif fence.language in ("sh", "console"):
            for command, shown in commands(fence.text, fence.language == "console"):
                if elsewhere(command) is None:
                    yield from _tried(command, shown, fence.language == "console", capsys)


def _tried(
    command: str, shown: str, compared: bool, capsys: pytest.CaptureFixture[str]
) -> Iterator[str]:
    status, printed = run(command, capsys)
    if not compared and status != 0:
        yield f"{command} ends with {status}: {printed}"
    if compared and not agree(command, shown, printed):
        lines = unified_diff(shown.splitlines(), printed.splitlines(), "shown", "printed", "")
        yield "\n".join([command, *lines])


def test_what_runs_elsewhere_is_in_a_page() -> None:
    every = [
        command
        for page in PAGES
        for fence in fences(page)
        if fence.language in ("sh", "console")
        for command, _ in commands(fence.text, fence.language == "console")
    ]
    for start, where in ELSEWHERE.items():
        assert any(command.startswith(start) for command in every), start
        for file in re.findall(r"tests/\S+\.py", where):
            assert (REPOSITORY / file).is_file(), file


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_commands_in_prose_exist(page: Path) -> None:
    for text in inline_commands(page):
        words = text.split()[1:]
        context = click.Context(group)
        if words[0].startswith("-") or words[0].isupper():
            continue
        command = group.get_command(context, words[0])
        assert command is not None, text
        if isinstance(command, click.Group) and len(words) > 1:
            command = command.get_command(click.Context(command), words[1])
            assert command is not None, text
        known = {option for each in command.get_params(context) for option in each.opts}
        given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= known, f"{text}: {sorted(given - known)}"
