"""What a text is cut into, and which number each piece has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from netdsl.data.streamed import Array

Unit = Literal["character", "word", "byte"]

PADDING, UNKNOWN = "<padding>", "<unknown>"
# A word, or a character of its own that is no blank.
_WORDS = re.compile(r"\w+|[^\w\s]")


def pieces(text: str, unit: Unit) -> Sequence[Any]:
    """A text cut into its units: characters, words and signs, or numbers from 0 to 255."""
    if unit == "word":
        return _WORDS.findall(text)
    return text.encode("utf-8") if unit == "byte" else text


@dataclass(frozen=True)
class Vocabulary:
    """The units that have a number, in order; those of `byte` are all of them.

    `units` starts with `<padding>` where short texts are filled up, and, but for bytes, with
    `<unknown>` for what the training share has not.
    """

    unit: Unit
    units: tuple[str, ...]
    _number: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = {unit: number for number, unit in enumerate(self.units)}
        object.__setattr__(self, "_number", numbers)

    def __len__(self) -> int:
        return len(self.units)

    @property
    def padded(self) -> bool:
        """Whether 0 stands for padding."""
        return self.units[0] == PADDING

    def numbers(self, text: str) -> Array:
        """The number of each unit of a text, int64."""
        first = int(self.padded)
        if self.unit == "byte":
            return np.frombuffer(text.encode("utf-8"), np.uint8).astype(np.int64) + first
        if self.unit == "word":
            found = (self._number.get(word, first) for word in pieces(text, "word"))
            return np.fromiter(found, np.int64)
        # A table over all of Unicode: texts are long.
        table = np.full(0x110000, first, np.int64)
        for character, number in self._number.items():
            if len(character) == 1:
                table[ord(character)] = number
        return np.asarray(table[_code_points(text)])

    def text(self, numbers: Iterable[int]) -> str:
        """Units as the text that they are a cut of; words stand apart by blanks."""
        units = [self.units[number] for number in numbers if self.units[number] != PADDING]
        if self.unit == "byte":
            return bytes.fromhex("".join(units)).decode("utf-8", "replace")
        return (" " if self.unit == "word" else "").join(units)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {"unit": self.unit, "units": list(self.units)}

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Vocabulary:
        """The vocabulary that `to_json` wrote."""
        return Vocabulary(stored["unit"], tuple(stored["units"]))


def learn(
    texts: Sequence[str], unit: Unit, most: int | None = None, padded: bool = False
) -> Vocabulary:
    """The vocabulary of texts, at most so many units: the most frequent ones, which come first."""
    special = (PADDING,) if padded else ()
    if unit == "byte":
        return Vocabulary(unit, (*special, *(f"{number:02x}" for number in range(256))))
    special = (*special, UNKNOWN)
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(pieces(text, unit))
    order = sorted(counted, key=lambda piece: (-counted[piece], piece))
    kept = order if most is None else order[: max(most - len(special), 0)]
    return Vocabulary(unit, (*special, *kept))


def _code_points(text: str) -> Array:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
