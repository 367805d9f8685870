"""`netdsl watch`: a spec checked again at each save."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping

import click

from netdsl import api
from netdsl.analyze.analysis import Analysis
from netdsl.analyze.difference import difference, reshaped
from netdsl.checking import Check
from netdsl.cli.diff import page
from netdsl.cli.nets import net_options
from netdsl.cli.overrides import depth_of, limits_of, numbers_of, overrides_of
from netdsl.diagnostics import Diagnostic, SpecError, UserError
from netdsl.diagnostics.render import terminal
from netdsl.elaborate.scope import read_text

# Seconds between two looks at the files. To ask a few files for their times costs nothing, and
# works where an editor puts a new file in place of the old one and on drives of other machines.
_PAUSE = 0.1

_ARROW = "\N{RIGHTWARDS ARROW}"


@click.command("watch")
@click.argument("spec")
@click.option(
    "--depth", default="1", callback=depth_of, metavar="N", help="Levels of blocks to open, or all."
)
@net_options
def command(
    spec: str,
    depth: int | None,
    sets: tuple[str, ...],
    sizes: tuple[str, ...],
    limits: tuple[str, ...],
    root: str | None,
) -> None:
    """Check SPEC now and whenever it, or a file that it imports, is saved; Ctrl-C ends it.

    First comes the table of `netdsl check`, then after each save what changed since the spec was
    right last: layers, shapes, weights and multiply-adds. Mistakes are told as `check` tells them.
    """
    overrides, numbers, bounds = overrides_of(sets), numbers_of(sizes, "--size"), limits_of(limits)
    watch = _Watch(depth)
    files: tuple[str, ...] = ()
    before: tuple[object, ...] = ()
    try:
        while True:
            try:
                check = Check(spec, overrides, numbers, bounds, root)
            except UserError as error:
                if not files:
                    raise
                click.echo(f"error: {error}")
                before = _state(files)
            else:
                watch.show(check)
                files = tuple(check.sources)
                before = _state(files)
                if _is_stale(check.sources):
                    continue
            _wait(files, before)
    except KeyboardInterrupt:
        click.echo()


class _Watch:
    """What was right last, against which the next version is shown."""

    def __init__(self, depth: int | None) -> None:
        self._depth = depth
        self._right: Analysis | None = None
        self._began = False

    def show(self, check: Check) -> None:
        """Shows what a check finds: its table the first time, then what changed."""
        if self._began:
            click.secho(f"\n{time.strftime('%H:%M:%S')}", dim=True)
        self._began = True
        try:
            with api.uncollected():
                analysis = check.run(None, 1)
        except SpecError as error:
            _tell(error.diagnostics)
            return
        if self._right is None:
            from netdsl.cli.check_text import show

            show(analysis, check.others, self._depth)
        else:
            for line in _changes(self._right, analysis):
                click.echo(line)
        self._right = analysis
        _tell(check.diagnostics)


def _changes(before: Analysis, after: Analysis) -> Iterator[str]:
    """What changed, as `netdsl diff` shows it, and below it the shapes."""
    yield from page([before.cost, after.cost], difference(before.net, after.net), None)
    shapes = reshaped(before.net, after.net)
    if shapes:
        yield ""
    names = [
        shape.first if shape.first == shape.last else f"{shape.first} to {shape.last}"
        for shape in shapes
    ]
    for name, shape in zip(names, shapes, strict=True):
        yield f"{name:<{max(map(len, names))}}  {shape.before} {_ARROW} {shape.after}"


def _tell(diagnostics: tuple[Diagnostic, ...]) -> None:
    """Tells of diagnostics where the changes are told, so that the order is that of events."""
    if diagnostics:
        terminal(diagnostics, sys.stdout)
    sys.stdout.flush()


def _is_stale(sources: Mapping[str, str]) -> bool:
    """Whether a file was saved while it was checked."""
    for path, text in sources.items():
        try:
            if read_text(path) != text:
                return True
        except (OSError, ValueError):
            continue  # it is looked at again when it comes back
    return False


def _wait(files: tuple[str, ...], before: tuple[object, ...]) -> None:
    """Returns when one of the files is not what it was, and all of them have come to rest."""
    now = before
    while now == before or now != _state(files):
        now = _state(files)
        time.sleep(_PAUSE)


def _state(files: Iterable[str]) -> tuple[object, ...]:
    """What tells a saved file from the one before it; nothing of a file that is not there."""
    found: list[object] = []
    for file in files:
        try:
            status = os.stat(file)
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
