"""Where reading goes on after a mistake of syntax."""

from __future__ import annotations

import re
from bisect import bisect_right

_STRING = re.compile(r'"[^"\n]*"?')
_COMMENT = re.compile(r"#[^\n]*")
_BLANK = re.compile(r"(?:[ \t\r\f]*(?:#[^\n]*)?\n)*[ \t\r\f]*")
_CONTINUED = re.compile(r"->|else\b")
_ITEM = re.compile(r"(?:from|fn|block|net|train)\b")
_LINE_OF_ITEM = re.compile(r"^(?:from|let|default|fn|block|net|train)\b", re.MULTILINE)
_FILE_ITEM = re.compile(r"(?:from|let|default|fn|block|net|train)\b")


def begins_item(text: str, offset: int) -> int | None:
    """The start of the line of `offset`, where an item begins there that no block may contain."""
    start = text.rfind("\n", 0, offset) + 1
    return start if _ITEM.match(text, start) else None


def item_around(text: str, offset: int) -> tuple[int, int]:
    """Where the item around an offset begins, and where the next one does.

    Items begin at the start of a line.
    """
    starts = [match.start() for match in _LINE_OF_ITEM.finditer(text)]
    at = bisect_right(starts, offset)
    return (starts[at - 1] if at else 0), (starts[at] if at < len(starts) else len(text))


def next_start(text: str, offset: int, inside: bool) -> int:
    """Where the next statement starts after `offset`, or the brace that ends the body.

    Inside a body that is the next line of the same depth or the closing brace; at file level the
    next line that begins an item. At the end of the text it is its length.
    """
    depth = 0
    at = offset
    while at < len(text):
        character = text[at]
        if character == '"':
            at = _matched(_STRING, text, at)
            continue
        if character == "#":
            at = _matched(_COMMENT, text, at)
            continue
        if inside and depth == 0 and character == "}":
            return at
        if character == "\n":
            start = _matched(_BLANK, text, at + 1)
            if _starts(text, start, depth, inside):
                return start
            at = max(start, at + 1)
            continue
        if character == "{":
            depth += 1
        elif character == "}":
            depth = max(depth - 1, 0)
        at += 1
    return len(text)


def _starts(text: str, start: int, depth: int, inside: bool) -> bool:
    if inside and depth == 0:
        return not _CONTINUED.match(text, start)
    return not inside and bool(_FILE_ITEM.match(text, start))


def _matched(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    assert match is not None
    return match.end()
