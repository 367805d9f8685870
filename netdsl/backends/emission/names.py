"""Names of emitted code: what Python and its linters allow, and which are free."""

from __future__ import annotations

import keyword
import re
import unicodedata

# Linters refuse names that look like digits.
_AMBIGUOUS = ("I", "O", "l")


def camel_case(name: str) -> str:
    """A class's name for a block's: `dense_layer` is DenseLayer."""
    parts = [part for part in name.split("_") if part]
    text = "".join(part[0].upper() + part[1:] for part in parts) or "Block"
    return f"{text}_" if text in _AMBIGUOUS or keyword.iskeyword(text) else text


def identifier(name: str) -> str:
    """A name for a variable: the name itself where Python allows it."""
    text = unicodedata.normalize("NFKC", re.sub(r"\W", "_", name)) or "value"
    if keyword.iskeyword(text) or text.startswith("__") or text in _AMBIGUOUS:
        return f"{text}_"
    return text


class Names:
    """Hands out names, each once; a name met again is followed by 2, 3, …"""

    def __init__(self, taken: frozenset[str] | set[str] = frozenset()) -> None:
        self.taken = set(taken)

    def new(self, name: str) -> str:
        """The name, or the name with the first number that makes it new."""
        found, count = name, 1
        while found in self.taken:
            count += 1
            found = f"{name}{count}"
        self.taken.add(found)
        return found
