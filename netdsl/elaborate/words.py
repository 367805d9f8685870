"""Words of the catalogue: a word leads to the one module that has it."""

from __future__ import annotations

from importlib import import_module

from netdsl import plugins
from netdsl.catalog.arguments import Entry
from netdsl.catalog.base import Layer
from netdsl.catalog.index import WORDS
from netdsl.diagnostics import UserError
from netdsl.elaborate.report import Mistake
from netdsl.syntax import tree

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


def added(name: tree.Name) -> type[Layer] | None:
    """The record of a layer that a plugin adds; asked last, where a name means nothing else.

    A `Mistake` at the name where the plugin is at fault.
    """
    try:
        return added_layer(name.name)
    except UserError as error:
        raise Mistake("unknown-name", str(error), name.span) from None


def added_layer(word: str) -> type[Layer] | None:
    """The same for a word; raises `UserError` where the plugin is at fault."""
    found = _added.get(word)
    if found is None:
        loaded = plugins.load(plugins.LAYERS, word)
        if loaded is None:
            return None
        if not (isinstance(loaded, type) and issubclass(loaded, Layer)) or loaded.word != word:
            raise UserError(f"{word} is added by a plugin as something that is no layer {word}")
        found = _added[word] = loaded
    return found


def known_entry(kind: str, word: str) -> type[Entry] | None:
    """The record of a word, of a plugin's too where it can be loaded."""
    found = entry_named(kind, word)
    if found is not None or kind != Layer.category:
        return found
    try:
        return added_layer(word)
    except UserError:
        return None


_added: dict[str, type[Layer]] = {}


def layer_words() -> set[str]:
    """The words of all layers, those of plugins too."""
    return {*WORDS["layer"], *plugins.names(plugins.LAYERS)}
