"""The names of a file: its items, what it imports, and the defaults that hold in all of it."""

from __future__ import annotations

import os
import re
import stat
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from typing import Any

from netdsl import plugins
from netdsl.diagnostics import Diagnostic, Help, Label, UserError
from netdsl.elaborate.report import Mistake, Report
from netdsl.elaborate.suggest import did_you_mean, nearest
from netdsl.elaborate.values import Definition
from netdsl.resources import specs_folder
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.parse import MOST_CHARACTERS, parse

Named = tree.Let | tree.Function | tree.Block | tree.Net


class Scope:
    """The items of one file by name. Equal by identity: one file is one scope."""

    def __init__(
        self, file: tree.File, path: str, files: Files, mistakes: tuple[Span, ...] = ()
    ) -> None:
        self.path = path
        self.files = files
        self.read(file, mistakes)

    def read(self, file: tree.File, mistakes: tuple[Span, ...]) -> None:
        """Takes the items of a file, also in place of those that it had before an edit."""
        self.file = file
        self.items: dict[str, Named] = {}
        self.imports: dict[str, tuple[tree.Import, tree.ImportedName]] = {}
        self.trains: list[tree.Train] = []
        self.defaults: list[tree.Default] = []
        # Values of file-level `let` names, filled as they are needed.
        self.lets: dict[str, Any] = {}
        self.used: set[str] = set()
        # Where the text could not be read, and what may have been defined there.
        self.mistakes = mistakes
        self._collect(self.files.report)
        unread = _unread_words(file.source.text, mistakes) if mistakes else ()
        self.unread = frozenset(unread) - {*self.items, *self.imports}
        # After `import *`, which there is not, any name may have been meant to come from there.
        self.names_everything = bool(mistakes) and bool(_EVERYTHING.search(file.source.text))

    def may_define(self, name: str) -> bool:
        """Whether a name may have been defined where the text could not be read."""
        return self.names_everything or name in self.unread

    def broken(self, node: tree.TreeNode) -> bool:
        """Whether a part of an item could not be read: then nothing is to be said of its flow."""
        source, start, end = node.span
        return any(m.source is source and start <= m.start < end for m in self.mistakes)

    @property
    def nets(self) -> list[tree.Net]:
        """The nets of the file, in order of writing."""
        return [item for item in self.items.values() if isinstance(item, tree.Net)]

    def _collect(self, report: Report) -> None:
        for item in self.file.items:
            if isinstance(item, tree.Import):
                for imported in item.names:
                    if self._first(imported.alias, report):
                        self.imports[imported.alias.name] = (item, imported)
            elif isinstance(item, tree.Train):
                self.trains.append(item)
            elif isinstance(item, tree.Default):
                self.defaults.append(item)
            elif isinstance(item, tree.Let):
                for name in bound_names(item.pattern):
                    if self._first(name, report):
                        self.items[name.name] = item
            else:
                _parameters_once(item, report)
                if self._first(item.name, report):
                    self.items[item.name.name] = item

    def _first(self, name: tree.Name, report: Report) -> bool:
        before = self.items.get(name.name)
        if before is None and name.name not in self.imports:
            return True
        place = before.span if before is not None else self.imports[name.name][1].span
        secondary = (Label(place, "first defined here"),)
        report.add(
            Diagnostic(
                "defined-twice", f"{name.name} is defined twice", Label(name.span), secondary
            )
        )
        return False

    def find(self, name: str) -> tuple[Named, Scope] | None:
        """The item of a name and the scope that it belongs to; follows imports."""
        if name in self.items:
            self.used.add(name)
            return self.items[name], self
        if name in self.imports:
            self.used.add(name)
            statement, imported = self.imports[name]
            try:
                scope = self.files.imported(self, statement, imported.name)
            except Mistake:
                if isinstance(statement.origin, tree.Name):
                    self._meant(imported.name, _blocks_of(statement.origin))
                raise
            found = scope.find(imported.name.name)
            if found is None:
                self._meant(imported.name, scope.items)
                raise Mistake(
                    "unknown-name",
                    f"{os.path.basename(scope.path)} has no {imported.name.name}",
                    imported.name.span,
                    help=did_you_mean(imported.name, scope.items),
                )
            return found
        return None

    def _meant(self, name: tree.Name, possible: Iterable[str]) -> None:
        """What an import with a slip in it likely meant is not told as unknown where it is used."""
        near = nearest(name.name, possible)
        if near is not None:
            self.unread |= {near}

    def check_imports(self) -> None:
        """Tells of imports that lead nowhere, also where nothing uses what they bring."""
        for name in self.imports:
            try:
                self.find(name)
            except Mistake as mistake:
                self.files.report.once(mistake.diagnostic)

    def definition(self, name: str) -> Definition | tree.Let | None:
        """A block, net or function to be called, or a `let`."""
        found = self.find(name)
        if found is None:
            return None
        item, scope = found
        return item if isinstance(item, tree.Let) else Definition(item, scope)


def _parameters_once(item: tree.Block | tree.Net | tree.Function, report: Report) -> None:
    """Tells of parameters that have the name of an earlier one."""
    first: dict[str, tree.Name] = {}
    for parameter in item.parameters:
        name = parameter.name
        before = first.setdefault(name.name, name)
        if before is not name:
            place = (Label(before.span, "the first"),)
            message = f"{item.name.name} has two parameters {name.name}"
            report.add(Diagnostic("defined-twice", message, Label(name.span), place))


def bound_names(pattern: tree.Pattern) -> list[tree.Name]:
    """The names that a pattern binds."""
    if isinstance(pattern, tree.Name):
        return [pattern]
    return [name for item in pattern.items for name in bound_names(item)]


_EVERYTHING = re.compile(r"^\s*from\b.*\bimport\s*\*", re.MULTILINE)
_DEFINITION = re.compile(r"^\s*(?:block|net|fn|let|from)\b(.*)", re.MULTILINE)


def _unread_words(text: str, mistakes: Iterable[Span]) -> set[str]:
    """What may be named where the text could not be read.

    Words of lines that define something, for items, and of the lines with a mistake in them.
    """
    defining = [line.partition("=")[0].partition("{")[0] for line in _DEFINITION.findall(text)]
    wrong = [m.source.line(m.line).partition("#")[0] for m in mistakes]
    return {word for line in (*defining, *wrong) for word in re.findall(r"[^\W\d]\w*", line)}


# The collection of blocks that comes with netdsl.
STD = "std"


def _blocks_of(origin: tree.Name) -> list[str]:
    """The blocks of a collection; none where there is no such collection."""
    try:
        return blocks_of(_collection(origin))
    except Mistake:
        return []


class Files:
    """Reads the files that a spec names, each once, none outside of `root`."""

    def __init__(self, report: Report, root: str | None, most: int) -> None:
        self.report = report
        self.root = root
        self.most = most
        self.scopes: dict[str, Scope] = {}
        # The folders of the collections that something was imported from.
        self.collections: set[str] = set()
        self._importers: dict[str, set[str]] = {}

    def main(self, path: str) -> Scope:
        """The scope of the file that the user names; raises `UserError` where it cannot be read."""
        absolute = os.path.realpath(path)
        if self.root is None:
            self.root = os.path.dirname(absolute)
        try:
            text = self.text(absolute)
        except NoText as error:
            return self._no_text(Source(path, error.text), absolute, error)
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: {reason(error)}") from None
        return self.add(Source(path, text), absolute)

    def _no_text(self, source: Source, path: str, error: NoText) -> Scope:
        """The empty scope of a file that is no text, which is told at the place where it is not."""
        place = Span(source, error.at, error.at + 1)
        self.report.add(Diagnostic(error.code, str(error), Label(place)))
        self.scopes[path] = Scope(tree.File(source, ()), path, self, (place,))
        return self.scopes[path]

    def add(self, source: Source, path: str) -> Scope:
        """The scope of a text."""
        file, diagnostics = parse(source)
        for diagnostic in diagnostics:
            self.report.add(diagnostic)
        mistakes = tuple([diagnostic.label.span for diagnostic in diagnostics])
        scope = Scope(file, path, self, mistakes)
        self.scopes[path] = scope
        return scope

    def text(self, path: str) -> str:
        """The text of a file; raises as `read_text` does."""
        return read_text(path)

    def texts(self) -> Mapping[str, str]:
        """Every file that was read, by path."""
        return {path: scope.file.source.text for path, scope in self.scopes.items()}

    def imported(self, importer: Scope, statement: tree.Import, name: tree.Name) -> Scope:
        """The scope that an import names; a `Mistake` where there is none to be had."""
        path, shown = self._path(importer, statement, name)
        if path in self._chain(importer):
            raise Mistake("import-circle", "these files import one another", statement.origin.span)
        if path not in self.scopes:
            if len(self.scopes) >= self.most:
                raise Mistake("limit", f"more than {self.most} files", statement.origin.span)
            try:
                text = self.text(path)
            except (OSError, ValueError) as error:
                if isinstance(statement.origin, tree.Name):
                    raise _unknown_block(statement.origin, name) from None
                raise Mistake(
                    "import-missing",
                    f"{shown} cannot be read: {reason(error)}",
                    statement.origin.span,
                    help=_near_file(path, statement.origin),
                ) from None
            self.add(Source(shown, text), path)
        scope = self.scopes[path]
        self._importers.setdefault(path, set()).add(importer.path)
        return scope

    def _chain(self, scope: Scope) -> set[str]:
        """The files that import a file, directly or not, and the file itself."""
        found, open_paths = set(), [scope.path]
        while open_paths:
            path = open_paths.pop()
            if path not in found:
                found.add(path)
                open_paths.extend(self._importers.get(path, ()))
        return found

    def _path(self, importer: Scope, statement: tree.Import, name: tree.Name) -> tuple[str, str]:
        origin = statement.origin
        if isinstance(origin, tree.Name):
            folder = _collection(origin)
            self.collections.add(folder)
            return os.path.join(folder, f"{name.name}.net"), f"{origin.name}/{name.name}.net"
        written = str(origin.value)
        folder = os.path.dirname(importer.path)
        path = os.path.realpath(os.path.join(folder, written))
        root = os.path.realpath(self.root or folder)
        # A file of a collection may name those beside it.
        own = [folder] if folder in self.collections else []
        allowed = (root, os.path.realpath(specs_folder()), *own)
        if not any(path.startswith(os.path.join(place, "")) for place in allowed):
            raise Mistake(
                "import-outside",
                f"{written} is outside the folder of the main spec",
                origin.span,
                help="a wider folder is allowed with --root",
            )
        shown = os.path.join(os.path.dirname(importer.file.source.name), written)
        return path, os.path.normpath(shown)


def _collection(origin: tree.Name) -> str:
    """The folder of a collection of blocks: that of netdsl, or a plugin's."""
    if origin.name == STD:
        return os.path.realpath(os.path.join(specs_folder(), STD))
    try:
        folder = plugins.folder(origin.name)
    except UserError as error:
        raise Mistake("import-missing", str(error), origin.span) from None
    if folder is None:
        raise Mistake(
            "import-missing",
            f"there is no collection {origin.name}",
            origin.span,
            help=(Help("a file stands in quotes", origin.span, f'"{origin.name}.net"'),),
        )
    return folder


def _unknown_block(origin: tree.Name, name: tree.Name) -> Mistake:
    possible = blocks_of(_collection(origin))
    message = f"{origin.name} has no {name.name}"
    return Mistake("unknown-name", message, name.span, help=did_you_mean(name, possible))


def _near_file(path: str, origin: tree.Name | tree.Literal) -> tuple[Help, ...]:
    """The file beside the one that is named which was likely meant."""
    folder, name = os.path.split(path)
    try:
        files = sorted(file for file in os.listdir(folder) if file.endswith(".net"))
    except OSError:
        return ()
    near = nearest(name, files)
    if near is None or near == name:
        return ()
    written = origin.span.text.strip('"')
    meant = f'"{written[: len(written) - len(name)]}{near}"' if written.endswith(name) else ""
    return (Help(f"did you mean {near}?", origin.span, meant),) if meant else ()


def blocks_of(folder: str) -> list[str]:
    """The names of the blocks of a collection."""
    return [file[:-4] for file in sorted(os.listdir(folder)) if file.endswith(".net")]


TOO_LARGE = "file-too-large"
# How much of a file that is too large a message can be about.
_SHOWN = 1_000


class NoText(ValueError):
    """A file is no text that could be a spec: what can be shown of it, and where it goes wrong."""

    def __init__(self, message: str, text: str, at: int, code: str = "not-text") -> None:
        super().__init__(message)
        self.text = text
        self.at = at
        self.code = code


def read_text(path: str) -> str:
    """The text of a spec; raises `OSError` or `ValueError` with the reason."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("not a file")
    with open(path, "rb") as file:
        content = file.read(4 * MOST_CHARACTERS + 1).removeprefix(BOM_UTF8)
    if len(content) > 4 * MOST_CHARACTERS:
        first = content[:_SHOWN].decode("utf-8", "replace")
        raise NoText(f"more than {MOST_CHARACTERS:,} characters", first, 0, TOO_LARGE)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        at = len(content[: error.start].decode("utf-8"))
        shown = content.decode("utf-8", "replace")
        raise NoText(f"not UTF-8 at byte {error.start}", shown, at) from None
    if "\0" in text:
        raise NoText("not a text: it contains a NUL", text, text.index("\0"))
    return text


def reason(error: Exception) -> str:
    """Why a file could not be read, in a few words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, OSError):
        return (error.strerror or "it cannot be read").lower()
    return str(error)


def whole(source: Source) -> Span:
    """The first character of a source, for what concerns all of it."""
    return Span(source, 0, min(1, len(source.text)))
