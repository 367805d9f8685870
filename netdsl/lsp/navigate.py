"""Where a name is defined and where it is used, and what it takes to give it another one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from netdsl.diagnostics import Diagnostic, UserError
from netdsl.lsp import names
from netdsl.lsp.document import Document
from netdsl.lsp.meanings import DataField, Global, LanguageWord, Local, MainOutput, Meaning
from netdsl.lsp.occurrences import Occurrence, occurrences
from netdsl.lsp.workspace import Specs, is_inside
from netdsl.record import Record
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.syntax.keywords import keywords

_NAME = re.compile(r"[^\W\d]\w*\Z")


class Place(Record):
    """A stretch of a file, in offsets of its text."""

    path: str
    start: int
    end: int


def definition(document: Document, offset: int) -> list[Place]:
    """Where what is named at an offset is defined; of an import's file its start."""
    found = document.occurrence_at(offset)
    if found is None:
        return _imported_file(document, offset)
    meaning = names.meaning(document.scope, *found)
    match meaning:
        case Global():
            return [place_of(document, meaning.scope.path, meaning.name.span)]
        case Local():
            return [
                place_of(document, meaning.scope.path, name.span) for name in meaning.bindings[:1]
            ]
    return []


def place_of(document: Document, path: str, span: Span) -> Place:
    """A span of this document or of a file that it imports."""
    here = document.place(span)
    return Place(document.path, *here) if here else Place(path, span.start, span.end)


def _imported_file(document: Document, offset: int) -> list[Place]:
    begin, _ = document.segment_at(offset)
    item = document.item_at(offset)
    if not isinstance(item, tree.Import):
        return []
    if not item.origin.span.start <= offset - begin <= item.origin.span.end:
        return []
    paths = {
        found.scope.path
        for name in item.names
        if isinstance(found := names.named(document.scope, None, name.alias.name, False), Global)
    }
    return [Place(path, 0, 0) for path in sorted(paths)]


def references(specs: Specs, document: Document, offset: int, declared: bool) -> list[Place]:
    """Where what is named at an offset is used; `declared` adds where it is defined."""
    found = document.occurrence_at(offset)
    meaning = names.meaning(document.scope, *found) if found else None
    if found is None or meaning is None:
        return []
    defines = ("item", "bind")
    return [
        place
        for _, place, occurrence in _everywhere(specs, document, meaning, found[1].name.name)
        if declared or occurrence.role not in defines
    ]


def _everywhere(
    specs: Specs, document: Document, meaning: Meaning, word: str
) -> Iterator[tuple[Document, Place, Occurrence]]:
    """The occurrences of a meaning in a document, and where others can see it in theirs.

    An item is found by the names that files which import it give it, too.
    """
    if not isinstance(meaning, Global | Local):
        yield from _in(document, meaning, {word})
        return
    for each in (document, *specs.others(document, meaning.word)):
        yield from _in(each, meaning, {meaning.word} | _aliases(each, meaning))


def _aliases(document: Document, meaning: Meaning) -> set[str]:
    """What a document calls an item of a file that it imports."""
    if not isinstance(meaning, Global):
        return set()
    imports = document.scope.imports.items()
    return {alias for alias, (_, each) in imports if each.name.name == meaning.word}


def _in(
    document: Document, meaning: Meaning, words: set[str]
) -> Iterator[tuple[Document, Place, Occurrence]]:
    wanted = _key(document, meaning)
    seen: set[tuple[int, int]] = set()
    for item in document.scope.file.items:
        for occurrence in occurrences(item):
            if occurrence.name.name not in words:
                continue
            found = names.meaning(document.scope, item, occurrence)
            place = document.place(occurrence.name.span)
            if found is None or place is None or place in seen:
                continue
            if _key(document, found) == wanted:
                seen.add(place)
                yield document, Place(document.path, *place), occurrence


def _key(document: Document, meaning: Meaning) -> object:
    """What makes two meanings the same, also in files that were read apart."""
    match meaning:
        case Global():
            return Global, meaning.scope.path, meaning.word
        case Local():
            item = meaning.item
            named = item.name.name if isinstance(item, _NAMED) else item.span.text
            return Local, meaning.scope.path, named, meaning.word
    return meaning


_NAMED = (tree.Block, tree.Net, tree.Function)


# Renaming


def renamed(specs: Specs, document: Document, offset: int, new: str) -> dict[str, list[Place]]:
    """The places of each file where another name is to stand for what is named at an offset.

    An alias is that of one file, and renamed there alone. Raises `UserError` where a name cannot
    be given: the sentence says why.
    """
    found = document.occurrence_at(offset)
    meaning = names.meaning(document.scope, *found) if found else None
    word = found[1].name.name if found else ""
    _check_name(new)
    _check_meaning(document, meaning, word)
    assert meaning is not None
    edits: dict[str, list[Place]] = {}
    for other, place, occurrence in _everywhere(specs, document, meaning, word):
        if occurrence.name.name != word or (_is_alias(meaning, word) and other is not document):
            continue
        if place.path not in edits:
            _check_free(other, meaning, new)
        edits.setdefault(place.path, []).append(place)
    _check_right(specs, document, edits, word, new)
    return edits


def _check_right(
    specs: Specs, document: Document, edits: dict[str, list[Place]], word: str, new: str
) -> None:
    """Refuses another name with which a spec that is right would not be.

    An argument may be that of several blocks: of those of a default, of those that a parameter is
    given.
    """
    before = {path: specs.with_texts(document, path, {}) for path in edits}
    texts = {path: _replaced(before[path].text, places, new) for path, places in edits.items()}
    for path, was in before.items():
        mistakes = _errors(specs.with_texts(document, path, texts))
        if mistakes and not _errors(was):
            span = mistakes[0].label.span
            message = f"{mistakes[0].message} ({os.path.basename(path)}: {span.text})"
            raise UserError(f"{word} cannot be renamed alone: {message}")


def _replaced(text: str, places: list[Place], new: str) -> str:
    for place in sorted(places, key=lambda place: -place.start):
        text = text[: place.start] + new + text[place.end :]
    return text


def _errors(document: Document) -> list[Diagnostic]:
    return [each for each in document.checked().diagnostics if each.severity == "error"]


def _is_alias(meaning: Meaning, word: str) -> bool:
    return isinstance(meaning, Global) and word != meaning.word


def can_rename(document: Document, offset: int) -> tuple[int, int] | None:
    """The place of a name that can be given another one; None where there is none."""
    found = document.occurrence_at(offset)
    if found is None:
        return None
    try:
        _check_meaning(document, names.meaning(document.scope, *found), found[1].name.name)
    except UserError:
        return None
    return document.place(found[1].name.span)


def _check_name(new: str) -> None:
    if not _NAME.match(new):
        raise UserError(f"{new!r} is not a name: letters, digits and _, not first a digit")
    if new in keywords() or new == "it":
        raise UserError(f"{new} is a word of the language")


def _check_meaning(document: Document, meaning: Meaning | None, word: str) -> None:
    if meaning is None:
        raise UserError("there is no name of a spec here")
    if isinstance(meaning, LanguageWord):
        raise UserError(f"{word} is a word of the language, and cannot be renamed")
    if isinstance(meaning, MainOutput | DataField):
        raise UserError(f"{word} is named by no spec, and cannot be renamed")
    if not isinstance(meaning, Global | Local):
        raise UserError(f"{word} is a word of the catalogue, which cannot be renamed")
    if _is_alias(meaning, word):
        return
    path = meaning.scope.path
    if path != document.path and not is_inside(path, document.library.root or ""):
        where = os.path.basename(path)
        raise UserError(f"{word} is defined in {where}, outside of the folder that is open")


def _check_free(document: Document, meaning: Meaning | None, new: str) -> None:
    """Refuses a name that means something already where it would stand."""
    items = document.scope.file.items
    if isinstance(meaning, Local):
        items = tuple([item for item in items if item is meaning.item])
    for item in items:
        for occurrence in occurrences(item):
            if occurrence.name.name == new and occurrence.role in _MEANT:
                line = document.positions.line_of((document.place(occurrence.name.span) or (0,))[0])
                raise UserError(f"{new} means something else already, on line {line + 1}")


_MEANT = ("bind", "use", "call", "item", "import")
