"""Collects diagnostics: each mistake once, with the number of instances in which it was met."""

from __future__ import annotations

from collections.abc import Iterable

from netdsl.diagnostics import Diagnostic, Help, Label, Severity
from netdsl.diagnostics.allow import is_allowed
from netdsl.source import Source, Span


class Mistake(Exception):
    """A mistake of the spec's author, as a diagnostic; caught where the next statement begins."""

    def __init__(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        secondary: tuple[Label, ...] = (),
        help: tuple[Help, ...] | str = (),
    ) -> None:
        self.diagnostic = Diagnostic(code, message, Label(span, label), secondary, _helps(help))
        super().__init__(message)


def _helps(help: tuple[Help, ...] | str) -> tuple[Help, ...]:
    """Help as it is told, also where it is given as a sentence."""
    if isinstance(help, str):
        return (Help(help),) if help else ()
    return help


_Key = tuple[str, Source, int, int]

MOST_DIAGNOSTICS = 200


class Report:
    """The diagnostics of one elaboration, in the order of being found."""

    def __init__(self) -> None:
        self._found: dict[_Key, Diagnostic] = {}
        # What was told from reading alone: met again in elaboration, it is the same instance.
        self._read: set[_Key] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        """Tells of a mistake; met again at the same place it counts as one more instance."""
        if is_allowed(diagnostic):
            return
        span = diagnostic.label.span
        key = (diagnostic.code, span.source, span.start, span.end)
        known = self._found.get(key)
        if known is not None and key in self._read:
            self._read.discard(key)
        elif known is not None:
            self._found[key] = known.replace(instances=known.instances + 1)
        elif len(self._found) < MOST_DIAGNOSTICS:
            self._found[key] = diagnostic

    def say(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        secondary: tuple[Label, ...] = (),
        help: tuple[Help, ...] | str = (),
        severity: Severity = "warning",
    ) -> None:
        """Adds what reading alone tells, a warning or note unless `severity` says else, once."""
        if not self.told_at(code, span):
            helps = _helps(help)
            self.add(Diagnostic(code, message, Label(span, label), secondary, helps, severity))
            self._read.add((code, span.source, span.start, span.end))

    def once(self, diagnostic: Diagnostic) -> None:
        """Tells of a mistake that is met wherever the file is used, and is the same one there."""
        if not self.told_at(diagnostic.code, diagnostic.label.span):
            self.add(diagnostic)

    def told_at(self, code: str, span: Span) -> bool:
        """Whether this was told of this place."""
        return (code, span.source, span.start, span.end) in self._found

    def mark(self) -> int:
        """A point in time, for `since`."""
        return len(self._found)

    def since(self, mark: int) -> tuple[Diagnostic, ...]:
        """What was told first after a mark."""
        return tuple(self._found.values())[mark:]

    def again(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Counts one more instance for each."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(found.severity == "error" for found in self._found.values())

    def all(self) -> tuple[Diagnostic, ...]:
        """Every diagnostic, in the order of the text within each file."""
        order: dict[Source, int] = {}
        for found in self._found.values():
            order.setdefault(found.label.span.source, len(order))
        return tuple(
            sorted(
                self._found.values(),
                key=lambda d: (order[d.label.span.source], d.label.span.start),
            )
        )
