"""What a line of a source looks like on a terminal: its visible cut, and places under it.

Columns here count characters from 0; offsets and rooms count the cells of a terminal, where a
wide character takes two and a combining one none.
"""

from __future__ import annotations

from textwrap import wrap
from unicodedata import category, east_asian_width

from netdsl.record import Record

_TAB = " " * 4
_CUT = "…"
# A label narrower than this would be a column of single words.
_LEAST_TEXT = 28


# Combining characters take no cell of their own; of many nobody sees any.
_MOST_PER_CELL = 4


class View(Record):
    """The part of a line that is shown, with the cells where its marked place begins and ends."""

    text: str
    start: int
    end: int


def visible(text: str) -> str:
    """The text with tabs as blanks and control characters as pictures of themselves.

    A spec cannot send escape sequences to the terminal of whoever checks it.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def cells(text: str) -> int:
    """How many cells of a terminal a visible text takes."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def view(line: str, first: int, last: int, room: int) -> View:
    """The line, cut to `room` cells where it is longer, so that the place stays in sight.

    `first` and `last` are the columns where the place begins and ends.
    """
    # Of a long line no more is looked at than can be seen.
    skipped = max(first - room, 0)
    there = line[skipped : skipped + 3 * room]
    beyond = len(line) > skipped + len(there)
    first, last = first - skipped, max(last - skipped, 0)
    pieces = [visible(character) for character in there]
    if not skipped and not beyond and sum(map(cells, pieces)) <= room:
        low, high = 0, len(pieces)
    else:
        low, high = _window(pieces, min(first, len(pieces)), room)
    before = _CUT if low or skipped else ""
    after = _CUT if high < len(pieces) or beyond else ""
    shown = before + "".join(pieces[low:high]) + after
    start = cells(before + "".join(pieces[low:first]))
    end = start + cells("".join(pieces[first : min(last, high)]))
    return View(shown, start, max(end, start + 1))


def fits(line: str, room: int) -> bool:
    """Whether a line can be shown whole in `room` cells."""
    return len(line) <= room * _MOST_PER_CELL and cells(visible(line)) <= room


def underline(place: View, sign: str, text: str, room: int) -> list[str]:
    """The place underlined by `sign`, the text beside it, or below it where it does not fit."""
    marked = " " * place.start + sign * (place.end - place.start)
    text = visible(text)
    if not text:
        return [marked]
    if cells(marked) + 1 + cells(text) <= room:
        return [f"{marked} {text}"]
    indent = " " * max(0, min(place.start, room - _LEAST_TEXT))
    width = max(room - len(indent), _LEAST_TEXT)
    return [marked, *(indent + part for part in wrap(text, width))]


def _window(pieces: list[str], first: int, room: int) -> tuple[int, int]:
    """Which characters to show: a third of the room before the place, what fits after."""
    low, left = first, room // 3
    while low and left >= (taken := cells(pieces[low - 1])):
        low, left = low - 1, left - taken
    high, left = low, room - 2 * len(_CUT)
    while high < len(pieces) and left >= (taken := cells(pieces[high])):
        high, left = high + 1, left - taken
    # At the end of the line the room that is left goes to what stands before.
    while high == len(pieces) and low and left >= (taken := cells(pieces[low - 1])):
        low, left = low - 1, left - taken
    return low, high


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    if character < " ":
        return chr(0x2400 + ord(character))
    # Cc: delete and the second row of control characters; Cf: joiners and direction marks, which
    # can make a line read otherwise than it is; Zl, Zp: ends of lines; Cs: halves of a pair.
    return "\ufffd" if category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs") else character


def _cells(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1
