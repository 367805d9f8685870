"""The outline of a spec, and what of it can be folded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from netdsl.lsp.document import Document
from netdsl.lsp.hover import one_line
from netdsl.lsp.occurrences import occurrences
from netdsl.record import Record
from netdsl.syntax import tree

Sort: TypeAlias = Literal["net", "block", "function", "train", "phase", "let", "name", "parameter"]


class Symbol(Record):
    """An entry of the outline; places are offsets: of all of it, and of its name."""

    name: str
    sort: Sort
    detail: str
    whole: tuple[int, int]
    place: tuple[int, int]
    inside: tuple[Symbol, ...] = ()


def symbols(document: Document) -> list[Symbol]:
    """The items of a spec with the names that they give."""
    return [symbol for item in document.scope.file.items for symbol in _of_item(document, item)]


def _of_item(document: Document, item: tree.Item) -> Iterator[Symbol]:
    match item:
        case tree.Block() | tree.Net() | tree.Function():
            sort: Sort = "net" if isinstance(item, tree.Net) else "block"
            if isinstance(item, tree.Function):
                sort = "function"
            given = ", ".join(one_line(each) for each in item.parameters)
            inside = tuple(_names(document, item))
            yield _symbol(document, item, item.name, sort, f"({given})" if given else "", inside)
        case tree.Train():
            yield _symbol(document, item, item.name, "train", "", tuple(_phases(document, item)))
        case tree.Let():
            for name in _bound(item):
                yield _symbol(document, item, name, "let", one_line(item.value))
        case _:
            pass


def _names(document: Document, item: tree.Item) -> Iterator[Symbol]:
    """The parameters of an item and the names that it gives, each where it is given first."""
    parameters = {each.name.name for each in getattr(item, "parameters", ())}
    seen: set[str] = set()
    for name in _bound(item):
        if name.name not in seen:
            seen.add(name.name)
            sort: Sort = "parameter" if name.name in parameters else "name"
            yield _symbol(document, name, name, sort, "")


def _bound(item: tree.Item) -> list[tree.Name]:
    return [found.name for found in occurrences(item) if found.role == "bind"]


def _phases(document: Document, section: tree.Train) -> Iterator[Symbol]:
    for item in section.settings:
        if isinstance(item, tree.Phase):
            yield _symbol(document, item, item.name, "phase", "")


def _symbol(
    document: Document,
    node: tree.TreeNode,
    name: tree.Name | None,
    sort: Sort,
    detail: str,
    inside: tuple[Symbol, ...] = (),
) -> Symbol:
    whole = document.place(node.span)
    place = document.place((name or node).span)
    assert whole is not None and place is not None
    whole = whole[0], min(whole[1], len(document.text))
    if name is None:  # a train section without a name begins with its keyword
        place = whole[0], min(whole[0] + len(sort), whole[1])
    return Symbol(name.name if name is not None else sort, sort, detail, whole, place, inside)


class Fold(Record):
    """Lines that can be folded to the first of them, counted from 0."""

    first: int
    last: int
    comment: bool = False


_BRACKET = re.compile(r'"[^"\n]*"?|#[^\n]*|[()\[\]{}]')


def folds(document: Document) -> list[Fold]:
    """What stands in brackets over several lines, and comments of several lines."""
    positions = document.positions
    found: list[Fold] = []
    waiting: list[tuple[str, int]] = []
    for match in _BRACKET.finditer(document.text):
        sign = match.group()
        if sign in "([{":
            waiting.append((sign, positions.line_of(match.start())))
        elif sign in _OPENS and waiting and waiting[-1][0] == _OPENS[sign]:
            first = waiting.pop()[1]
            # The closing bracket stays to be seen.
            last = positions.line_of(match.start()) - 1
            if last > first and all(fold.first != first for fold in found):
                found.append(Fold(first, last))
    return found + list(_comments(document))


_OPENS = {")": "(", "]": "[", "}": "{"}


def _comments(document: Document) -> Iterator[Fold]:
    positions = document.positions
    first: int | None = None
    for line in range(positions.lines + 1):
        commented = line < positions.lines and positions.line(line).lstrip().startswith("#")
        if commented and first is None:
            first = line
        elif not commented and first is not None:
            if line - 1 > first:
                yield Fold(first, line - 1, comment=True)
            first = None
