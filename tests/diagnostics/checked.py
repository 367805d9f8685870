"""Every diagnostic of a spec as `netdsl check` finds them, and those that it announces."""

from __future__ import annotations

import re

from netdsl.checking import Check
from netdsl.diagnostics import Diagnostic, SpecError
from netdsl.elaborate.limits import Limits

_AT_END = re.compile(r"(error|warning): \[([a-z-]+)\]")
_ON_LINE = re.compile(r"(error|warning) on line (\d+): \[([a-z-]+)\]")


def checked(path: str, text: str | None = None) -> tuple[Diagnostic, ...]:
    """What `netdsl check` tells of a file, or of a text in its place."""
    check = Check(path, {}, {}, Limits(), None, text)
    try:
        check.run(None, 1)
    except SpecError as error:
        return error.diagnostics
    return check.diagnostics


def announced(text: str) -> list[tuple[str, int, str]]:
    """Severity, line and code of what a spec announces."""
    at_end = [
        (severity, number, code)
        for number, line in enumerate(text.splitlines(), 1)
        for severity, code in _AT_END.findall(line)
    ]
    named = [(severity, int(line), code) for severity, line, code in _ON_LINE.findall(text)]
    return at_end + named
