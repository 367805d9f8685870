"""A page for each other kind of word: what a train section says, and how weights start."""

from __future__ import annotations

from parts import entry_parts

from netdsl.catalog.arguments import Entry
from netdsl.catalog.base import Layer
from netdsl.catalog.collect import entries


def navigation() -> list[object]:
    """The pages in the navigation."""
    return [{_title(kind): _name(kind)} for kind in _kinds()]


def word_pages() -> dict[str, str]:
    """The texts of these pages by their names."""
    return {_name(kind): _page(kind, found) for kind, found in _kinds().items()}


def _kinds() -> dict[str, list[type[Entry]]]:
    """The entries by what they are, the settings first."""
    found: dict[str, list[type[Entry]]] = {"settings": []}
    for entry in entries():
        if not issubclass(entry, Layer):
            found.setdefault(entry.category, []).append(entry)
    return found


def _page(kind: str, found: list[type[Entry]]) -> str:
    parts = [f"# {_title(kind)}"]
    for entry in found:
        parts += entry_parts(entry, f"## {entry.word}")
    return "\n\n".join(parts) + "\n"


def _title(kind: str) -> str:
    return kind.capitalize()


def _name(kind: str) -> str:
    return f"words/{kind.replace(' ', '_')}.md"
