"""The files that an open spec imports, read again only where they changed.

What is open in the editor counts as it stands there, saved or not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from netdsl.diagnostics import Diagnostic
from netdsl.elaborate.report import Report
from netdsl.elaborate.scope import Files, Scope, read_text
from netdsl.source import Source
from netdsl.syntax import tree

# The text of a file that is open in the editor; None for any other.
Opened = Callable[[str], str | None]


class Library(Files):
    """Files whose scopes outlive an edit of the one that imports them."""

    def __init__(self, root: str, most: int, opened: Opened) -> None:
        super().__init__(Report(), root, most)
        self._opened = opened
        self._stamps: dict[str, object] = {}
        self._told: dict[str, tuple[Diagnostic, ...]] = {}
        self._met: set[str] = set()
        # Another one whenever a file that is imported may say something else than before.
        self.token = object()

    def again(self, report: Report, main: str) -> None:
        """Begins anew with another report; forgets the files that changed, and who imports them."""
        self.report = report
        self._met = {main}
        stale = {path for path, stamp in self._stamps.items() if self._stamp(path) != stamp}
        if stale:
            self.token = object()
        for path in self._importers_of(stale) - {main}:
            self.scopes.pop(path, None)
            self._stamps.pop(path, None)
        kept = set(self.scopes)
        self._importers = {
            path: importers & kept - {main}
            for path, importers in self._importers.items()
            if path in kept
        }

    def text(self, path: str) -> str:
        """The text of a file, as the editor has it where it is open."""
        opened = self._opened(path)
        self._stamps[path] = self._stamp(path)
        return read_text(path) if opened is None else opened

    def add(self, source: Source, path: str) -> Scope:
        """The scope of a text; its mistakes are told whenever it is imported anew."""
        mark = self.report.mark()
        scope = super().add(source, path)
        self._told[path] = self.report.since(mark)
        self._met.add(path)
        return scope

    def imported(self, importer: Scope, statement: tree.Import, name: tree.Name) -> Scope:
        """The scope that an import names, as it was where its file did not change."""
        scope = super().imported(importer, statement, name)
        if scope.path not in self._met:
            self._met.add(scope.path)
            for diagnostic in self._told.get(scope.path, ()):
                self.report.once(diagnostic)
        return scope

    def _stamp(self, path: str) -> object:
        """What changes when a file does."""
        opened = self._opened(path)
        if opened is not None:
            return opened
        try:
            status = os.stat(path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _importers_of(self, paths: Iterable[str]) -> set[str]:
        """Files, and those that import them, directly or not."""
        found: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path not in found:
                found.add(path)
                waiting.extend(self._importers.get(path, ()))
        return found
