"""The keywords of the language: the words that its grammar spells out."""

from __future__ import annotations

from netdsl.syntax.tables import MEMO

# The x of `8 x 8` is a name everywhere else.
_NAMES_TOO = frozenset({"x"})


def keywords() -> frozenset[str]:
    """Every word that no name should have."""
    patterns = [
        entry["pattern"] for entry in MEMO.values() if entry.get("__type__") == "TerminalDef"
    ]
    words = {found["value"] for found in patterns if found["__type__"] == "PatternStr"}
    return frozenset(word for word in words if word.isalpha()) - _NAMES_TOO
