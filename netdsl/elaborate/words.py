"""Words of the catalogue: a word leads to the one module that has it."""

from __future__ import annotations

from importlib import import_module

from netdsl.catalog.arguments import Entry
from netdsl.catalog.index import WORDS

_entries: dict[tuple[str, str], type[Entry]] = {}


def entry_named(kind: str, word: str) -> type[Entry] | None:
    """The catalogue's record of a word; its module is imported when first asked for."""
    found = _entries.get((kind, word))
    if found is None:
        where = WORDS.get(kind, {}).get(word)
        if where is None:
            return None
        module, _, name = where.partition(":")
        found = getattr(import_module(module), name)
        _entries[kind, word] = found
    return found
