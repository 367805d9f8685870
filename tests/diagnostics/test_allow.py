"""A warning is allowed by the edit that says so, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.diagnostics import Diagnostic
from netdsl.diagnostics.allow import allowing
from netdsl.diagnostics.edit import edited
from netdsl.format.format import format_text
from tests.conftest import REPOSITORY
from tests.diagnostics.checked import checked

WRONG = sorted((REPOSITORY / "tests" / "diagnostics" / "wrong").glob("*.net"))
WARNED = [
    (path, number)
    for path in WRONG
    for number, found in enumerate(checked(str(path)))
    if allowing(found) is not None and found.label.span.source.name == str(path)
]


def told(found: tuple[Diagnostic, ...]) -> list[tuple[str, int]]:
    """The codes and lines of diagnostics."""
    return sorted((each.code, each.label.span.line) for each in found)


def test_there_are_warnings() -> None:
    assert len({path for path, _ in WARNED}) >= 10


@pytest.mark.parametrize(
    ("path", "number"), WARNED, ids=[f"{path.stem}-{number}" for path, number in WARNED]
)
def test_a_warning_that_is_allowed_is_not_told(path: Path, number: int) -> None:
    before = checked(str(path))
    warning = before[number]
    allowed = allowing(warning)
    assert allowed is not None
    text = edited(allowed)
    assert text is not None
    line, code = warning.label.span.line, warning.code
    left = [each for each in before if (each.code, each.label.span.line) != (code, line)]
    assert told(checked(str(path), text)) == told(tuple(left))
    assert not text.splitlines()[line - 1].endswith(" ")


@pytest.mark.parametrize("path", WRONG[::4], ids=lambda path: path.stem)
def test_an_error_is_not_allowed(path: Path) -> None:
    for found in checked(str(path)):
        comment = found.label.span.source.line(found.label.span.line).lstrip().startswith("#")
        assert (allowing(found) is None) == (found.severity == "error" or comment)


def test_what_is_written_is_in_the_one_style() -> None:
    (warning,) = checked("spec.net", "net N {\n  input x: 4\n  a = dense(3)\n  dense(2)\n}\n")
    allowed = allowing(warning)
    assert allowed is not None
    text = edited(allowed)
    assert text is not None and format_text(text) == text
