"""What may be written at a place, in lists: words of the catalogue, names in scope, keywords."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from netdsl import plugins
from netdsl.catalog.arguments import Argument, Entry, Flag
from netdsl.catalog.describe import operands, parameter, parameters, signature
from netdsl.catalog.index import WORDS
from netdsl.catalog.metrics import Metric
from netdsl.catalog.settings import OF_RUN, Settings
from netdsl.diagnostics import UserError
from netdsl.elaborate.builtins import BUILTINS
from netdsl.elaborate.families import parameters_of
from netdsl.elaborate.scope import STD, Scope, blocks_of
from netdsl.elaborate.static import survey
from netdsl.elaborate.values import Definition
from netdsl.elaborate.words import known_entry, layer_words
from netdsl.lsp.hover import heading, one_line
from netdsl.lsp.meanings import Global
from netdsl.record import Record
from netdsl.resources import specs_folder
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parse import parse

Sort: TypeAlias = Literal[
    "layer", "entry", "block", "function", "local", "argument", "symbol", "keyword", "file",
    "member",
]  # fmt: skip


class Candidate(Record):
    """A word that may stand at a place.

    `snippet` is what it is written as, with places to fill in (`$1`); `kind` is that of an entry of
    the catalogue, whose page is its documentation.
    """

    label: str
    sort: Sort
    detail: str = ""
    snippet: str = ""
    kind: str = ""
    doc: str = ""


def entries(kind: str, called: bool = True) -> Iterator[Candidate]:
    """The words of a kind of the catalogue; `called` writes the arguments that must be given."""
    sort: Sort = "layer" if kind == "layer" else "entry"
    for word in sorted(layer_words()) if kind == "layer" else WORDS[kind]:
        entry = known_entry(kind, word)
        if entry is not None:
            snippet = _call(entry) if called else ""
            yield Candidate(word, sort, signature(entry), snippet, kind)


def _call(entry: type[Entry]) -> str:
    """A call of an entry with places for what must be given; empty where it needs none."""
    required = [
        (f"{name}=" if argument.keyword else "", f":{name}")
        for name, argument in parameters(entry)
        if argument.required
    ]
    if operands(entry):
        required.insert(0, ("", ""))
    places = [f"{name}${{{number}{doc}}}" for number, (name, doc) in enumerate(required, 1)]
    return f"{entry.word}({', '.join(places)})" if places else ""


def items(scope: Scope, kinds: tuple[type[tree.TreeNode], ...]) -> Iterator[Candidate]:
    """The items of a file of some kinds, and what it imports."""
    for word, item in scope.items.items():
        if isinstance(item, kinds):
            yield _item(Global(item, scope, word))
    for alias, (statement, imported) in scope.imports.items():
        origin = statement.origin.span.text
        yield Candidate(alias, "block", f"{imported.name.name} from {origin}")


def _item(item: Global) -> Candidate:
    node = item.item
    sort: Sort = "local" if isinstance(node, tree.Let) else "block"
    if isinstance(node, tree.Function):
        sort = "function"
    return Candidate(item.word, sort, heading(item), doc=node.doc)


def locals_of(item: tree.Item | None, before: str) -> Iterator[Candidate]:
    """The names that an item binds, and those that are bound in the text before a place."""
    found = dict.fromkeys(name for each in _BINDING.findall(before) for name in each if name)
    if item is not None and not isinstance(item, tree.Let):
        found |= dict.fromkeys(survey(item).bound)
    return (Candidate(name, "local") for name in found)


_BINDING = re.compile(
    r"\bas[ \t]+(\w+)|\b(?:let|input|shared)[ \t]+(\w+)|^[ \t]+(\w+)[ \t]*=(?!=)", re.MULTILINE
)


def arguments(entry: type[Entry], given: Iterable[str]) -> Iterator[Candidate]:
    """The arguments of an entry that are not given yet, by name."""
    left_out = set(given)
    for name, argument in parameters(entry):
        if name not in left_out:
            detail = parameter(name, argument)
            yield Candidate(
                f"{name}=", "argument", detail, doc=f"{argument.doc}; {argument.expects}"
            )


def parameters_by_name(item: Global, given: Iterable[str]) -> Iterator[Candidate]:
    """The parameters of a block, net or function that are not given yet, by name."""
    if isinstance(item.item, tree.Let):
        return
    left_out = set(given)
    for found in parameters_of(Definition(item.item, item.scope)):
        if found.name.name not in left_out:
            yield Candidate(f"{found.name.name}=", "argument", one_line(found))


def values(argument: Argument) -> Iterator[Candidate]:
    """The words that an argument takes."""
    for symbol in argument.symbols:
        yield Candidate(symbol, "symbol", argument.doc)
    if isinstance(argument, Flag):
        yield from (Candidate(word, "symbol", argument.doc) for word in ("true", "false"))
    if argument.default is None:
        yield Candidate("none", "symbol", argument.doc)


def builtins() -> Iterator[Candidate]:
    """The functions that the language brings."""
    for name, function in BUILTINS.items():
        yield Candidate(name, "function", doc=function.__doc__ or "")


def settings(section: tree.Item | None, phase: bool) -> Iterator[Candidate]:
    """The settings that a train section has not yet; of a phase those that it may override."""
    written = section.settings if isinstance(section, tree.Train) else ()
    there = {item.name.name for item in written if isinstance(item, tree.Setting)}
    for name, argument in Settings.arguments().items():
        if name not in (OF_RUN if phase else there):
            detail = parameter(name, argument)
            doc = f"{argument.doc}; {argument.expects}"
            yield Candidate(name, "argument", detail, f"{name} = $0", doc=doc)
    if not phase:
        yield Candidate("phase", "keyword", snippet="phase ${1:name} {\n  $0\n}")


def figures() -> Iterator[Candidate]:
    """The figures of the validation share that training may tell."""
    for figure in ("loss", *sorted(WORDS[Metric.category])):
        yield Candidate(f"val_{figure}", "symbol", "of the validation share")


def keywords(words: dict[str, str]) -> Iterator[Candidate]:
    """Keywords with what is written after them."""
    return (Candidate(word, "keyword", snippet=snippet) for word, snippet in words.items())


def origins() -> Iterator[Candidate]:
    """Where blocks can be imported from by name."""
    yield Candidate(STD, "file", "the blocks that come with netdsl")
    for name in sorted(plugins.names(plugins.COLLECTIONS)):
        yield Candidate(name, "file", "the blocks of a plugin")


def imported(scope: Scope, origin: str) -> Iterator[Candidate]:
    """What the file or collection of an import has."""
    if not origin.startswith('"'):
        folder = _collection(origin)
        for name in blocks_of(folder) if folder is not None else ():
            yield Candidate(name, "block", f"from {origin}")
        return
    path = os.path.join(os.path.dirname(scope.path), origin.strip('"'))
    try:
        text = scope.files.text(os.path.realpath(path))
    except (OSError, ValueError):
        return
    read, _ = parse(Source(path, text))
    for item in read.items:
        if isinstance(item, tree.Block | tree.Net | tree.Function):
            yield _item(Global(item, scope, item.name.name))


def _collection(name: str) -> str | None:
    """The folder of a collection of blocks; None where there is none to be had."""
    if name == STD:
        return os.path.join(specs_folder(), STD)
    try:
        return plugins.folder(name)
    except UserError:
        return None


def files(scope: Scope, written: str) -> Iterator[Candidate]:
    """The files that an import may name, below the folder of the one that imports."""
    folder = os.path.join(os.path.dirname(scope.path), os.path.dirname(written))
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if name.endswith(".net") and path != scope.path:
            yield Candidate(name, "file")
        elif os.path.isdir(path) and not name.startswith("."):
            yield Candidate(f"{name}/", "file")
