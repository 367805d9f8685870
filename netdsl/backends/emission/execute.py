"""Runs emitted source as it is: what is trained is what `netdsl export` prints."""

from __future__ import annotations

import linecache
from itertools import count
from typing import Any

_numbers = count(1)


def execute(source: str, title: str, module: str) -> dict[str, Any]:
    """The names that a source defines, run as a module of that name.

    Tracebacks show the source's lines, under a title in angle brackets.
    """
    file = f"<netdsl {title} {next(_numbers)}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    space: dict[str, Any] = {"__name__": f"netdsl_{module}"}
    exec(compile(source, file, "exec"), space)
    return space
