"""`check`: everything that can be known of a spec without running it, for Python and the commands.

checked = netdsl.check("vgg16.net")
checked.figures["macs"]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netdsl import api
from netdsl.analyze.analysis import Analysis, Judged, analyze, judge
from netdsl.analyze.expectations import Promises, shown
from netdsl.diagnostics import Diagnostic, SpecError
from netdsl.diagnostics.allow import is_allowed
from netdsl.elaborate.limits import Limits
from netdsl.graph import ElaboratedNet

if TYPE_CHECKING:
    from netdsl.analyze.phases import Trained
    from netdsl.catalog.settings import Training

_SETTING = "train."


def check(
    spec: str,
    *,
    text: str | None = None,
    set: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
    train: str | None = None,
    batch: int = 1,
    root: str | None = None,
    limits: Limits | None = None,
) -> Checked:
    """What `netdsl check` tells of a spec: a file, `file.net:Name` or the name of a bundled net.

    `text` is checked in place of a file, and shown under the name `spec`. `set` gives arguments of
    the net and settings (`train.epochs`) as expressions of the language, `sizes` numbers for `?`;
    memory is that at a `batch`, with the optimizer of the section `train`.

    Raises `SpecError` with every diagnostic where the spec is wrong or misses a promise, and
    `UserError` where the file or the net is not to be had.
    """
    found = Check(spec, set or {}, sizes or {}, limits or Limits(), root, text)
    with api.uncollected():
        analysis = found.run(train, batch)
    told = found.diagnostics
    if any(diagnostic.severity == "error" for diagnostic in told):
        raise SpecError(told)
    return Checked(analysis, found, told)


class Checked:
    """A spec without mistakes: the net that is meant, its figures, and the warnings."""

    def __init__(
        self, analysis: Analysis, check: Check, diagnostics: tuple[Diagnostic, ...]
    ) -> None:
        self.analysis = analysis
        self.diagnostics = diagnostics
        self._check = check

    @property
    def net(self) -> api.Net:
        """The net that is meant, to be built and drawn."""
        return api.Net(self._check.spec, self.analysis.net)

    @property
    def nets(self) -> dict[str, api.Net]:
        """That net and the others of the spec that need no arguments, by their names."""
        others = [other.net for other in self._check.others]
        return {net.name: api.Net(self._check.spec, net) for net in (self.analysis.net, *others)}

    @property
    def figures(self) -> dict[str, Any]:
        """The object that `netdsl check --json` prints (docs/check.md)."""
        from netdsl.analyze.as_json import report

        return report(self.analysis, self.diagnostics)

    def _repr_html_(self) -> str:
        """The table, the warnings and the drawing, as Jupyter shows them."""
        from netdsl.draw.notebook import html

        return html(self.analysis, self.diagnostics)

    def __repr__(self) -> str:
        cost = self.analysis.cost
        figures = f"{cost.trainable:,} weights, {shown(cost.macs)} MACs"
        count = len(self.diagnostics)
        warnings = f", {count} warning{'' if count == 1 else 's'}" if count else ""
        return f"<checked {self.net.name}: {figures}{warnings}>"


class Check:
    """A spec under check: the net that is shown, and the others of its file.

    `request` is a file, `file.net:Name` or a bundled name; with `text` the name, or `name:Net`,
    under which messages show that text.
    """

    def __init__(
        self,
        request: str,
        overrides: Mapping[str, str],
        sizes: Mapping[str, int],
        limits: Limits,
        root: str | None,
        text: str | None = None,
    ) -> None:
        path, self._name = api.locate(request, text is not None)
        self.spec = api.read(path, text=text, limits=limits, root=root)
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
        return self.spec.sources

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Mistakes, warnings, and what is to be told of the promises of every net, once."""
        told = {_key(diagnostic): diagnostic for diagnostic in self.spec.diagnostics}
        for promises in self._promises:
            # Nets of a family share the promises of their body.
            for diagnostic in promises.diagnostics:
                if not is_allowed(diagnostic):
                    told.setdefault(_key(diagnostic), diagnostic)
        return tuple(told.values())

    def run(self, section: str | None, batch: int) -> Analysis:
        """The figures of the net that is shown; raises `SpecError` where the spec is wrong."""
        spec = self.spec
        shown = spec.elaborate(self._name, self._arguments, self._sizes)
        training = self._training(section, shown)
        changed = bool(self._arguments or self._sizes)
        # A net that was asked for by name stands alone.
        names = spec.ready_names if self._name is None else ()
        others = [spec.elaborate(name) for name in names if shown is None or name != shown.name]
        if shown is None or spec.failed:
            raise SpecError(spec.diagnostics)
        optimizer = training.settings.optimizer if training is not None else None
        phases = self._phases(shown, training)
        analysis = analyze(shown, batch, optimizer, changed, phases, self._method)
        self.others = [judge(other, analysis.costs) for other in others if other is not None]
        self._promises = [analysis.promises, *(other.promises for other in self.others)]
        return analysis

    def _phases(self, shown: ElaboratedNet, training: Training | None) -> tuple[Trained, ...]:
        """What each phase trains, where the section is for the net that is shown."""
        if training is None or training.settings.net is not None or self._method:
            return ()
        from netdsl.analyze.phases import trained

        return trained(shown, training)

    def _training(self, section: str | None, net: ElaboratedNet | None) -> Training | None:
        """The section asked for, else the first; all are read."""
        names = [train.name.name if train.name else None for train in self.spec.scope.trains]
        if section is not None or self._settings:
            names = [section, *(name for name in names if name != section)]
        found: Training | None = None
        self._method = ""
        for at, name in enumerate(names):
            training = self.spec.training(name, self._settings if at == 0 else None)
            if training is not None:
                self.spec.check_parts(name, training, self._name)
                if net is not None:
                    told = self.spec.check_method(name, training, net)
                    self._method = told if at == 0 else self._method
            if at == 0:
                found = training
        return found


def _key(diagnostic: Diagnostic) -> tuple[str, str, int]:
    """What makes two diagnostics the same for a reader."""
    return diagnostic.message, diagnostic.label.span.source.name, diagnostic.label.span.start
