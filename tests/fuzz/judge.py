"""One spec through everything that `netdsl check` does, within its bounds of time and memory."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netdsl.analyze.as_json import failure
from netdsl.cli.check import Check
from netdsl.diagnostics import Diagnostic, SpecError, UserError
from netdsl.diagnostics.edit import edited
from netdsl.diagnostics.github import github
from netdsl.diagnostics.render import plain
from netdsl.diagnostics.sarif import sarif
from netdsl.elaborate.limits import Limits
from netdsl.format.format import format_text
from tests.format.meaning import tree_of

SECONDS = 5.0  # of the processor: other processes may be at work beside
MEMORY = 1 << 30


def judge(path: Path, content: bytes) -> None:
    """Fails unless a file of this content gives a graph or diagnostics, in time and memory.

    Whatever is raised beside the two errors that carry what a user should read is a failure.
    """
    path.write_bytes(content)
    start = time.process_time()
    _judge_format(content)
    try:
        check = Check(str(path), {}, {}, Limits(), None)
        analysis = check.run(None, 1)
        assert analysis.net.graph.nodes is not None
        told = check.diagnostics
    except SpecError as error:
        told = error.diagnostics
        assert any(diagnostic.severity == "error" for diagnostic in told)
    except UserError as error:
        assert str(error)
        return
    for diagnostic in told:
        _render(diagnostic)
    json.dumps(failure(told))
    json.dumps(sarif(told, "0"))
    seconds = time.process_time() - start
    assert seconds < SECONDS, f"{seconds:.1f} seconds"


def _judge_format(content: bytes) -> None:
    """Formatting is idempotent and keeps the tree, and so whatever graph is made of it."""
    try:
        text = content.decode("utf-8-sig")
        formatted = format_text(text)
    except (UnicodeDecodeError, SpecError):
        return
    assert format_text(formatted) == formatted
    assert tree_of(formatted) == tree_of(text)


def _render(diagnostic: Diagnostic) -> None:
    for width in (20, 100):
        assert f"[{diagnostic.code}]" in plain(diagnostic, width)
    assert "\n" not in github(diagnostic)
    for help in diagnostic.help:
        text = edited(help)
        assert text is None or help.span is None or text != help.span.source.text


@contextmanager
def within_memory() -> Iterator[None]:
    """A process that may take a gibibyte more than it has."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
