"""Finds every entry of the catalogue by importing its modules; the index is written from it."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from netdsl import catalog
from netdsl.catalog.arguments import SET_APART, Argument, Entry


def entries() -> Iterator[type[Entry]]:
    """Every final entry, of every kind, in order of modules and definition."""
    for found in sorted(
        pkgutil.walk_packages(catalog.__path__, "netdsl.catalog."), key=lambda m: m.name
    ):
        if found.name.endswith((".index", ".collect")):
            continue
        module = import_module(found.name)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Entry)
                and value.__module__ == found.name
                and "word" in vars(value)
            ):
                yield value


def collect() -> tuple[dict[str, dict[str, str]], set[str]]:
    """Modules by kind and word, and all symbols. Two owners of a word of one kind are an error."""
    words: dict[str, dict[str, str]] = {}
    symbols: set[str] = set()
    for entry in entries():
        of_kind = words.setdefault(entry.category, {})
        where = f"{entry.__module__}:{entry.__name__}"
        if entry.word in of_kind:
            raise ValueError(f"{entry.category} {entry.word}: {of_kind[entry.word]} and {where}")
        of_kind[entry.word] = where
        for argument in entry.arguments().values():
            assert isinstance(argument, Argument), f"{where}.{argument.name}"
            if entry.category not in SET_APART:
                symbols.update(argument.symbols)
    return words, symbols
