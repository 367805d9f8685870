"""The patterns of a map: names of layers with `#`, `*` and `[…]` in them.

`#` is a whole number, `*` one level of a name (no dot in it), `[…]` a part that may be missing;
everything else stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

# The numbers that a pattern met, from left to right; one in a missing part is ABSENT.
Numbers: TypeAlias = tuple[int, ...]
ABSENT = -1

_WORDS = {"#": r"(\d+)", "*": r"[^.]+", "[": "(?:", "]": ")?"}
# A prefix ends where a number ends, not within it: `block1` is no prefix of `block12.conv1`.
_BOUNDARY = r"(?!(?<=\d)\d)"


def whole(pattern: str, name: str) -> Numbers | None:
    """The numbers of a name that the pattern meets from end to end; None where it does not."""
    found = compiled(pattern).fullmatch(name)
    return None if found is None else _numbers(found)


def prefixes(pattern: str, name: str) -> tuple[str, Numbers] | None:
    """The beginning of a name that the pattern meets, and its numbers; None where it does not."""
    found = compiled(pattern, True).match(name)
    return None if found is None else (found.group(), _numbers(found))


@lru_cache(maxsize=1024)
def compiled(pattern: str, prefix: bool = False) -> re.Pattern[str]:
    """The regular expression of a pattern; `ValueError` says in words what is wrong with it."""
    return re.compile("".join(_pieces(pattern)) + _BOUNDARY * prefix)


def _pieces(pattern: str) -> Iterator[str]:
    depth = 0
    for at, sign in enumerate(pattern):
        depth += (sign == "[") - (sign == "]")
        if depth < 0:
            raise ValueError(f"] closes nothing in {pattern}")
        if sign in "#*" and pattern[at + 1 : at + 2] == sign:
            raise ValueError(f"{sign}{sign} in {pattern} does not say where the first one ends")
        yield _WORDS.get(sign, re.escape(sign))
    if depth:
        raise ValueError(f"[ is never closed in {pattern}")


def _numbers(found: re.Match[str]) -> Numbers:
    return tuple(ABSENT if digits is None else int(digits) for digits in found.groups())
