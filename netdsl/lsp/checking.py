"""The check of a spec that is edited: what an edit did not touch is not elaborated anew.

From: the items of a text, of which those that were not edited are the nodes of before. To: what
`netdsl check` tells of it, and the graphs. An item is kept where all that it depends on is as it
was and nothing was told of any of it; a mistake is found again, so that it is told as it would be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netdsl.analyze.advice import advise
from netdsl.analyze.cost import Costs
from netdsl.analyze.expectations import promises
from netdsl.api import Spec, uncollected
from netdsl.diagnostics import Diagnostic, Help, UserError
from netdsl.diagnostics.allow import is_allowed
from netdsl.elaborate.frame import Elaboration
from netdsl.elaborate.limits import Limits
from netdsl.elaborate.lint import lint, unused_tensors
from netdsl.elaborate.nets import choose, elaborate_net, ready
from netdsl.elaborate.report import Report
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.settings import choose_train
from netdsl.graph import ElaboratedNet, Graph
from netdsl.lsp.library import Library
from netdsl.lsp.reach import Reach, reaches
from netdsl.record import Record
from netdsl.source import Source
from netdsl.syntax import tree

# What somebody waits for who types; `netdsl check` goes on ten times as far.
LIMITS = Limits(steps=200_000, layers=20_000, rounds=1_000_000)
_LOWERED = ("steps", "layers", "rounds")
# Figures of more bodies than this are not kept from edit to edit.
_MOST_COSTS = 5_000


class CheckedNet(Record):
    """A net, None where it has mistakes, and what is told of its graph."""

    elaborated: ElaboratedNet | None
    told: tuple[Diagnostic, ...]


class Checked(Record):
    """What is known of a spec: its nets that need no arguments, and every diagnostic.

    `unfinished` are bodies with mistakes, as far as they came.
    """

    nets: Mapping[str, ElaboratedNet | None]
    unfinished: tuple[Graph, ...]
    diagnostics: tuple[Diagnostic, ...]


class Checker:
    """Checks one file again and again."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._elaboration = Elaboration(library.report, library, LIMITS, {})
        self._elaboration.unfinished = []
        self._reaches: dict[tree.Item, Reach] = {}
        # Items of which nothing was told, nor of what they depend on.
        self._clean: set[tree.Item] = set()
        # Sources of imported files in which something is wrong.
        self._spoilt: set[Source] = set()
        self._defaults: list[tree.Default] = []
        self._nets: dict[tree.Net, CheckedNet] = {}
        self._trains: dict[tree.Train, tuple[ElaboratedNet | None, tuple[Diagnostic, ...]]] = {}
        self.costs = Costs()

    def check(self, scope: Scope) -> Checked:
        """Everything that is known of a file whose items were read, with its mistakes so far."""
        with uncollected():
            return self._check(scope)

    def _check(self, scope: Scope) -> Checked:
        report = self._library.report
        scope.check_imports()
        kept = self._begin(scope)
        for net in scope.nets:
            if ready(scope, net) and net not in self._nets:
                self._nets[net] = CheckedNet(self._elaborated(scope, net), ())
        self._remember(scope, report.since(0))
        told = list(self._of_graphs(scope, kept))
        told += self._of_trains(scope, kept)
        lint(scope, report)
        nets = {net.name.name: found.elaborated for net, found in self._nets.items()}
        unfinished = tuple(self._elaboration.unfinished or ())
        return Checked(nets, unfinished, _once([*report.all(), *told]))

    def _begin(self, scope: Scope) -> set[tree.Item]:
        """Finds what can be kept, and forgets the rest."""
        found = reaches(scope, self._library.token)
        kept = {
            item
            for item, reach in found.items()
            if item in self._clean and self._reaches.get(item) == reach
        }
        by_source: dict[Source, list[tree.Item]] = {}
        for item in scope.file.items:
            by_source.setdefault(item.span.source, []).append(item)
        sources = {source for source, items in by_source.items() if kept.issuperset(items)}
        foreign = {
            other.file.source for other in self._library.scopes.values() if other is not scope
        } - self._spoilt
        same_defaults = scope.defaults == self._defaults and kept.issuperset(scope.defaults)
        self._defaults = scope.defaults
        self._elaboration.again(
            self._library.report,
            (sources | foreign).__contains__,
            lambda other: same_defaults if other is scope else other.file.source in foreign,
        )
        self._reaches = found
        self._nets = {net: known for net, known in self._nets.items() if net in kept}
        if len(self.costs) > _MOST_COSTS:
            self.costs = Costs()
        return kept

    def _elaborated(self, scope: Scope, net: tree.Net) -> ElaboratedNet | None:
        self._elaboration.next_net()
        return elaborate_net(self._elaboration, scope, net, {})

    def _remember(self, scope: Scope, told: Iterable[Diagnostic]) -> None:
        """Notes of which items nothing was told so far."""
        wrong = {diagnostic.label.span.source for diagnostic in told}
        wrong |= {mistake.source for mistake in scope.mistakes}
        foreign = {scope.file.source for scope in self._library.scopes.values()}
        self._spoilt = wrong & foreign
        self._clean = {
            item
            for item, reach in self._reaches.items()
            if wrong.isdisjoint({node.span.source for node in reach.nodes})
            and not (reach.imports is not None and self._spoilt)
        }

    def _of_graphs(self, scope: Scope, kept: set[tree.Item]) -> Iterator[Diagnostic]:
        """What is told of the nets' graphs: of one that was kept, what was told before."""
        same_trains = kept.issuperset(scope.trains)
        for net, known in list(self._nets.items()):
            if known.elaborated is not None and not (net in kept and same_trains):
                told = self._of_graph(scope, known.elaborated)
                known = self._nets[net] = known.replace(told=told)
            yield from known.told

    def _of_graph(self, scope: Scope, net: ElaboratedNet) -> tuple[Diagnostic, ...]:
        own = Report()
        unused_tensors(net.graph, scope, own)
        advise(net.graph, own)
        promised = promises(net.expectations, net.graph, self.costs.graph(net.graph))
        return (*own.all(), *(each for each in promised.diagnostics if not is_allowed(each)))

    def _of_trains(self, scope: Scope, kept: set[tree.Item]) -> Iterator[Diagnostic]:
        """What is told of the train sections."""
        trains: dict[tree.Train, tuple[ElaboratedNet | None, tuple[Diagnostic, ...]]] = {}
        nets = {net.name.name: known.elaborated for net, known in self._nets.items()}
        try:
            shown = nets.get(choose(scope, None).name.name)
        except UserError:
            shown = None
        # Of two sections without a name the first one is meant.
        for train in dict.fromkeys(choose_train(scope, _name(each)) for each in scope.trains):
            known = self._trains.get(train)
            if known is None or train not in kept or known[0] is not shown:
                known = (shown, self._of_train(scope, train, nets, shown))
            trains[train] = known
            yield from known[1]
        self._trains = trains

    def _of_train(
        self,
        scope: Scope,
        train: tree.Train,
        nets: Mapping[str, ElaboratedNet | None],
        shown: ElaboratedNet | None,
    ) -> tuple[Diagnostic, ...]:
        own = Report()
        spec = _Elaborated(scope, own, self._library, LIMITS)
        spec.nets = nets
        name = _name(train)
        training = spec.training(name)
        if training is not None and shown is not None:
            spec.check_parts(name, training, None)
            spec.check_method(name, training, shown)
        return own.all()


class _Elaborated(Spec):
    """A spec whose nets are there already."""

    nets: Mapping[str, ElaboratedNet | None]

    def elaborate(
        self,
        name: str | None = None,
        set: Mapping[str, str] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> ElaboratedNet | None:
        return self.nets.get(choose(self.scope, name).name.name)


def _name(train: tree.Train) -> str | None:
    return train.name.name if train.name is not None else None


def _once(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each thing told once at each place."""
    found: dict[tuple[str, str, Source, int, int], Diagnostic] = {}
    for diagnostic in diagnostics:
        source, start, end = diagnostic.label.span
        key = (diagnostic.code, diagnostic.message, source, start, end)
        found.setdefault(key, _lowered(diagnostic))
    return tuple(found.values())


def _lowered(diagnostic: Diagnostic) -> Diagnostic:
    """A bound that is broken is no mistake where `netdsl check` has a higher one."""
    told = " ".join(help.text for help in diagnostic.help)
    if diagnostic.code != "limit" or not any(f"--limit {name}=" in told for name in _LOWERED):
        return diagnostic
    help = Help("that is for an editor: netdsl check goes ten times as far")
    return diagnostic.replace(help=(help,), severity="note")
