"""Places of a text as editors count them: lines from 0, columns in code units.

Clients count in UTF-16 unless they ask for another encoding: a character beyond the basic plane,
such as an emoji, takes two columns there.
"""

from __future__ import annotations

from bisect import bisect_right

from lsprotocol import types


class Positions:
    """Offsets in a text to positions of a client, and back."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self._encoding = encoding.lower()
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)
        # Where every character is one unit, in any encoding.
        self._plain = text.isascii()

    @property
    def lines(self) -> int:
        """How many lines the text has."""
        return len(self._starts)

    def line_of(self, offset: int) -> int:
        """The line of an offset, from 0."""
        return bisect_right(self._starts, offset) - 1

    def start(self, line: int) -> int:
        """The offset where a line begins; the end of the text after its last line."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        return self.text[self.start(number) : self.start(number + 1)].rstrip("\r\n")

    def position(self, offset: int) -> types.Position:
        """The position of an offset."""
        offset = max(0, min(offset, len(self.text)))
        line = self.line_of(offset)
        before = self.text[self._starts[line] : offset]
        return types.Position(line, self._units(before))

    def range(self, start: int, end: int) -> types.Range:
        """The range between two offsets."""
        return types.Range(self.position(start), self.position(end))

    def offset(self, position: types.Position) -> int:
        """The offset of a position; one beyond the end of its line is that end."""
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        line = self.line(position.line)
        if self._plain:
            return start + min(position.character, len(line))
        left = position.character
        for index, character in enumerate(line):
            left -= self._units(character)
            if left < 0:
                return start + index
        return start + len(line)

    def _units(self, text: str) -> int:
        if self._plain or self._encoding == "utf-32":
            return len(text)
        if self._encoding == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
