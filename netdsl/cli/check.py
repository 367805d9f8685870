"""`netdsl check`: everything that can be known of a spec without running it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from netdsl import api
from netdsl.analyze.analysis import Analysis, Judged, analyze, judge
from netdsl.analyze.expectations import Promises
from netdsl.cli.overrides import depth_of, limits_of, numbers_of, overrides_of
from netdsl.diagnostics import Diagnostic, SpecError
from netdsl.diagnostics.allow import is_allowed
from netdsl.elaborate.limits import Limits
from netdsl.graph import ElaboratedNet

if TYPE_CHECKING:
    from netdsl.analyze.phases import Trained
    from netdsl.catalog.settings import Training

_SETTING = "train."


@click.command("check")
@click.argument("spec")
@click.option("--json", "json_", is_flag=True, help="One object for programs instead of the table.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["plain", "json", "github", "sarif"]),
    help="How mistakes are told: without colours, or for programs.",
)
@click.option(
    "--depth", default="1", callback=depth_of, metavar="N", help="Levels of blocks to open, or all."
)
@click.option("--batch", type=click.IntRange(min=1), default=1, help="For the memory; 1.")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter or setting.")
@click.option(
    "--size", "sizes", multiple=True, metavar="NAME=N", help="A size that the net leaves open."
)
@click.option("--train", "section", metavar="NAME", help="Whose optimizer counts in the memory.")
@click.option("--limit", "limits", multiple=True, metavar="NAME=N", help="A larger bound.")
@click.option("--root", type=click.Path(file_okay=False), help="A wider folder for imports.")
def command(
    spec: str,
    json_: bool,
    form: str | None,
    depth: int | None,
    batch: int,
    sets: tuple[str, ...],
    sizes: tuple[str, ...],
    section: str | None,
    limits: tuple[str, ...],
    root: str | None,
) -> int:
    """Check SPEC: shapes, weights, multiply-adds, memory, and every mistake with its place.

    Every net of the file that needs no arguments is checked, one is shown: the one asked for by
    file.net:Name, else the only one, the one named like the file, or the first.
    """
    form = "json" if json_ else form
    overrides, numbers, bounds = overrides_of(sets), numbers_of(sizes, "--size"), limits_of(limits)
    try:
        with api.uncollected():
            check = Check(spec, overrides, numbers, bounds, root)
            analysis = check.run(section, batch)
    except SpecError as error:
        if form == "json":
            from netdsl.analyze.as_json import failure

            _print_json(failure(error.diagnostics))
        else:
            _tell(error.diagnostics, form)
        return 1
    told = check.diagnostics
    if form == "json":
        from netdsl.analyze.as_json import report

        _print_json(report(analysis, told))
    else:
        if form in (None, "plain"):
            from netdsl.cli.check_text import show

            show(analysis, check.others, depth)
        _tell(told, form)
    return int(any(diagnostic.severity == "error" for diagnostic in told))


class Check:
    """A spec under check: the net that is shown, and the others of its file."""

    def __init__(
        self,
        request: str,
        overrides: Mapping[str, str],
        sizes: Mapping[str, int],
        limits: Limits,
        root: str | None,
    ) -> None:
        path, self._name = api.locate(request)
        self._spec = api.read(path, limits=limits, root=root)
        self._sizes = sizes
        self._arguments = {k: v for k, v in overrides.items() if not k.startswith(_SETTING)}
        self._settings = {
            k.removeprefix(_SETTING): v for k, v in overrides.items() if k.startswith(_SETTING)
        }
        self._promises: list[Promises] = []
        # The file's further nets that need no arguments.
        self.others: list[Judged] = []

    @property
    def sources(self) -> Mapping[str, str]:
        """The text of every file that was read, by path."""
        return self._spec.sources

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Mistakes, warnings, and what is to be told of the promises of every net, once."""
        told = {_key(diagnostic): diagnostic for diagnostic in self._spec.diagnostics}
        for promises in self._promises:
            # Nets of a family share the promises of their body.
            for diagnostic in promises.diagnostics:
                if not is_allowed(diagnostic):
                    told.setdefault(_key(diagnostic), diagnostic)
        return tuple(told.values())

    def run(self, section: str | None, batch: int) -> Analysis:
        """The figures of the net that is shown; raises `SpecError` where the spec is wrong."""
        spec = self._spec
        shown = spec.elaborate(self._name, self._arguments, self._sizes)
        training = self._training(section, shown)
        changed = bool(self._arguments or self._sizes)
        # A net that was asked for by name stands alone.
        names = spec.ready_names if self._name is None else ()
        others = [spec.elaborate(name) for name in names if shown is None or name != shown.name]
        if shown is None or spec.failed:
            raise SpecError(spec.diagnostics)
        optimizer = training.settings.optimizer if training is not None else None
        analysis = analyze(shown, batch, optimizer, changed, self._phases(shown, training))
        self.others = [judge(other, analysis.costs) for other in others if other is not None]
        self._promises = [analysis.promises, *(other.promises for other in self.others)]
        return analysis

    def _phases(self, shown: ElaboratedNet, training: Training | None) -> tuple[Trained, ...]:
        """What each phase trains, where the section is for the net that is shown."""
        if training is None or training.settings.net is not None:
            return ()
        from netdsl.analyze.phases import trained

        return trained(shown, training)

    def _training(self, section: str | None, net: ElaboratedNet | None) -> Training | None:
        """The section asked for, else the first; all are read."""
        names = [train.name.name if train.name else None for train in self._spec.scope.trains]
        if section is not None or self._settings:
            names = [section, *(name for name in names if name != section)]
        found: Training | None = None
        for at, name in enumerate(names):
            training = self._spec.training(name, self._settings if at == 0 else None)
            if training is not None:
                self._spec.check_parts(name, training, self._name)
                if net is not None:
                    self._spec.check_method(name, training, net)
            if at == 0:
                found = training
        return found


def _key(diagnostic: Diagnostic) -> tuple[str, str, int]:
    """What makes two diagnostics the same for a reader."""
    return diagnostic.message, diagnostic.label.span.source.name, diagnostic.label.span.start


def _print_json(value: object) -> None:
    import json

    click.echo(json.dumps(value, ensure_ascii=False))


def _tell(diagnostics: tuple[Diagnostic, ...], form: str | None) -> None:
    """Tells of diagnostics: to people on standard error, to programs on standard output."""
    if form == "sarif":
        from netdsl.diagnostics.sarif import sarif

        _print_json(sarif(diagnostics, _version()))
    elif form == "github":
        from netdsl.diagnostics.github import github

        for diagnostic in diagnostics:
            click.echo(github(diagnostic))
    elif diagnostics and form == "plain":
        from netdsl.diagnostics.render import plain

        click.echo("\n\n".join(map(plain, diagnostics)), err=True)
    elif diagnostics:
        from netdsl.diagnostics.render import terminal

        terminal(diagnostics)


def _version() -> str:
    from importlib.metadata import version

    return version("netdsl")
