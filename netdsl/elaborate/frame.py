"""Where an expression is evaluated: names, the flow, the body under construction, defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from netdsl.elaborate.builder import Builder
from netdsl.elaborate.limits import Limits, Meter
from netdsl.elaborate.report import Mistake, Report
from netdsl.elaborate.scope import Files, Scope
from netdsl.elaborate.values import (
    POISON,
    Definition,
    Poison,
    Poisoned,
    Tensor,
)
from netdsl.graph import Expectation, Graph, Shared
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.tensor import Dim


class Instance:
    """A body that was elaborated: to be had again for the same arguments and input types."""

    __slots__ = ("diagnostics", "graph", "sources")

    def __init__(self, graph: Graph | None, diagnostics: tuple[Any, ...]) -> None:
        self.graph = graph
        self.diagnostics = diagnostics
        # Where its block and what it is given are written, once somebody asked.
        self.sources: frozenset[Source] | None = None


class Elaboration:
    """What one run of the elaborator shares: the report, the bounds, the bodies made so far."""

    def __init__(self, report: Report, files: Files, limits: Limits, sizes: Mapping[str, int]):
        self.report = report
        self.files = files
        self.meter = Meter(limits)
        self.sizes = sizes
        self.instances: dict[Any, Instance] = {}
        # The calls of the blocks that are being elaborated, the innermost last.
        self.calls: list[Span] = []
        # Sizes that must be equal at run time, and by index where that was found.
        self.pairs: list[tuple[Dim, Dim]] = []
        self.pair_spans: dict[int, Span] = {}
        self.file_frames: dict[Scope, Frame] = {}
        # Which of the given sizes were used, and which input each unknown size belongs to.
        self.size_names: set[str] = set()
        self.symbols: dict[str, tree.Input] = {}
        # Blocks that stand for shared groups and pipelines, and the defaults in force in them.
        self.closures: dict[tree.Expression, tree.Block] = {}
        self.block_defaults: dict[tree.Block | tree.Net, Defaults | None] = {}
        # Where somebody asks for them: bodies with mistakes, as far as they came.
        self.unfinished: list[Graph] | None = None

    def again(
        self, report: Report, kept: Callable[[Source], bool], same: Callable[[Scope], bool]
    ) -> None:
        """Begins anew after an edit, with another report.

        Bodies stay that stand in sources which are `kept`, with everything that they are given,
        and the frames of files whose defaults are the `same`.
        """
        self.report = report
        self.calls = []
        self.unfinished = [] if self.unfinished is not None else None
        self.instances = {
            key: instance
            for key, instance in self.instances.items()
            if all(map(kept, _sources_of(key, instance)))
        }
        self.closures = {
            expression: block
            for expression, block in self.closures.items()
            if kept(expression.span.source)
        }
        self.block_defaults = {
            block: found for block, found in self.block_defaults.items() if kept(block.span.source)
        }
        self.file_frames = {
            scope: frame for scope, frame in self.file_frames.items() if same(scope)
        }

    def next_net(self) -> None:
        """Forgets what is counted and noted for one net alone."""
        self.meter = Meter(self.meter.limits)
        self.symbols = {}
        self.pairs = []
        self.pair_spans = {}


def _sources_of(key: Any, instance: Instance) -> frozenset[Source]:
    if instance.sources is None:
        instance.sources = frozenset(_sources(key))
    return instance.sources


def _sources(key: Any) -> Iterator[Source]:
    """Where the parts of an instance's key are written."""
    if isinstance(key, tuple) and not isinstance(key, Span):
        for part in key:
            yield from _sources(part)
    elif isinstance(key, tree.TreeNode | Shared):
        yield key.span.source
    elif isinstance(key, Definition):
        yield key.node.span.source


class Defaults:
    """A `default` statement in force, and those around it, the innermost first."""

    __slots__ = ("cache", "frame", "outer", "statement", "targets")

    def __init__(
        self, statement: tree.Default, targets: list[Any], frame: Frame, outer: Defaults | None
    ) -> None:
        self.statement = statement
        self.targets = targets
        self.frame = frame
        self.outer = outer
        # Values by what they are for and the argument's name.
        self.cache: dict[tuple[Any, str], Any] = {}


class Frame:
    """The names of a block's instance, of a net or of a file, and what flows there."""

    __slots__ = (
        "builder",
        "defaults",
        "elaboration",
        "expectations",
        "flow",
        "is_net",
        "names",
        "owner",
        "scope",
    )

    def __init__(
        self,
        elaboration: Elaboration,
        scope: Scope,
        names: dict[str, Any],
        builder: Builder | None = None,
        flow: Tensor | Poison | None = None,
        defaults: Defaults | None = None,
        owner: tree.Block | tree.Net | None = None,
        is_net: bool = False,
    ) -> None:
        self.elaboration = elaboration
        self.scope = scope
        self.names = names
        self.builder = builder
        self.flow = flow
        self.defaults = defaults
        self.owner = owner
        self.is_net = is_net
        self.expectations: list[Expectation] = []

    def current(self, span: Span) -> Tensor:
        """The tensor that flows here, which is called `it`."""
        if self.flow is None:
            raise Mistake(
                "no-flow",
                "nothing flows here yet",
                span,
                help="a net begins with `input name: 8 x 8 x 1`" if self.builder else "",
            )
        if isinstance(self.flow, Poison):
            raise Poisoned
        return self.flow

    def body(self, span: Span) -> Builder:
        """The body under construction; a `Mistake` where there is none (a file-level `let`)."""
        if self.builder is None:
            raise Mistake("no-flow", "a layer cannot be applied here", span)
        return self.builder

    def child(self, names: dict[str, Any], defaults: Defaults | None) -> Frame:
        """A frame for a closure of this one: the same file, other names, no flow of its own."""
        return Frame(
            self.elaboration, self.scope, names, self.builder, None, defaults, self.owner, False
        )


def bind(frame: Frame, pattern: tree.Pattern, value: Any) -> None:
    """Binds the names of a pattern; a `Mistake` where the value has not as many parts."""
    if isinstance(pattern, tree.Name):
        frame.names[pattern.name] = value
        return
    if isinstance(value, Poison):
        for item in pattern.items:
            bind(frame, item, POISON)
        return
    if not isinstance(value, tuple) or len(value) != len(pattern.items):
        found = f"{len(value)} parts" if isinstance(value, tuple) else "one value"
        raise Mistake(
            "pattern",
            f"this takes apart {len(pattern.items)} parts, but {found} came",
            pattern.span,
        )
    for item, part in zip(pattern.items, value, strict=True):
        bind(frame, item, part)
