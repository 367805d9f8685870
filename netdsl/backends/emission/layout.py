"""Lays out emitted statements as `ruff format` does: 88 columns, one argument a line where needed.

Statements that fit stand as they are. Of those that do not, the last pair of brackets is opened
before which the line fits: what is inside goes on a line of its own, or item by item with a comma
after the last. A chain of methods is put in brackets instead, on one line or a line for each call.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from netdsl.record import Record

WIDTH = 88
INDENT = "    "

# What stands before the expression of a statement that can be put in brackets.
_LEAD = re.compile(r"return |\w+ = ")
# A chain of so many calls, `x.mean(1).relu()`, is laid out like any other call.
_FEW = 2


class Line(Record):
    """A statement, and how deep it is indented."""

    depth: int
    text: str


def text_of(lines: Sequence[Line], depth: int) -> list[str]:
    """Statements as lines of text, indented from a depth on."""
    return [text for line in lines for text in statement(line.text, depth + line.depth)]


def statement(text: str, depth: int) -> list[str]:
    """The lines of a statement, indented by `depth` levels; a header may end with a colon."""
    lead = INDENT * depth
    if len(lead) + len(text) <= WIDTH:
        return [lead + text]
    before = _LEAD.match(text)
    calls = _chain(text[before.end() :]) if before else []
    if before and len(calls) > _FEW:
        return [f"{lead}{before[0]}(", *_chained(calls, depth + 1), f"{lead})"]
    opening = _opening(text, WIDTH - len(lead))
    if opening is None:
        return [lead + text]
    start, end = opening
    head, inside, tail = text[: start + 1], text[start + 1 : end], text[end:]
    return [lead + head, *_inside(inside, depth + 1, _literal(text, start)), lead + tail]


def _chain(text: str) -> list[str]:
    """The calls of a chain of methods, each from its dot on; the whole where it is no chain."""
    calls: list[str] = []
    start, depth = 0, 0
    for at, sign in enumerate(text):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif depth == 0 and sign == "." and text[at - 1] in ")]":
            calls.append(text[start:at])
            start = at
        elif depth == 0 and not (sign.isalnum() or sign in "._"):
            return [text]
    return [*calls, text[start:]]


def _chained(calls: list[str], depth: int) -> list[str]:
    """A chain of methods in brackets: on one line if it fits, else a line for each call."""
    lead = INDENT * depth
    whole = lead + "".join(calls)
    return [whole] if len(whole) <= WIDTH else [lead + call for call in calls]


def _inside(text: str, depth: int, literal: bool) -> list[str]:
    """What stands in opened brackets: arguments on one line if they fit, else item by item."""
    lead = INDENT * depth
    items = split(text)
    clauses = _clauses(text)
    if (not literal or len(clauses) > 1) and len(lead) + len(text) <= WIDTH:
        return [lead + text]
    lines: list[str] = []
    if len(clauses) > 1:
        for clause in clauses:
            lines += statement(clause, depth)
        return lines
    for item in items:
        lines += _item(item, depth)
    return lines


def _clauses(text: str) -> list[str]:
    """What a comprehension makes and its `for`, which takes no comma; else the whole."""
    depth = 0
    for at, sign in enumerate(text):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif depth == 0 and text.startswith(" for ", at):
            return [text[:at], text[at + 1 :]]
    return [text]


def _literal(text: str, start: int) -> bool:
    """Whether a bracket begins a list, tuple or dictionary, whose items never share a line."""
    return not (text[start - 1 : start].isidentifier() or text[start - 1 : start] in (")", "]"))


def _item(text: str, depth: int) -> list[str]:
    lead = INDENT * depth
    fits = len(lead) + len(text) + 1 <= WIDTH
    opening = None if fits else _opening(text, WIDTH - len(lead))
    if opening is None:
        return [f"{lead}{text},"]
    start, end = opening
    inner = _inside(text[start + 1 : end], depth + 1, _literal(text, start))
    return [lead + text[: start + 1], *inner, f"{lead}{text[end:]},"]


def split(text: str) -> list[str]:
    """The items of a text between brackets, at its commas outside of inner brackets."""
    items: list[str] = []
    depth, start, quoted = 0, 0, False
    for at, sign in enumerate(text):
        if sign == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted and sign in "([{":
            depth += 1
        elif not quoted and sign in ")]}":
            depth -= 1
        elif not quoted and sign == "," and depth == 0:
            items.append(text[start:at].strip())
            start = at + 1
    rest = text[start:].strip()
    return [*items, rest] if rest else items


def _opening(text: str, width: int) -> tuple[int, int] | None:
    """The places of the last outermost pair of brackets with something in it.

    One before which the text fits into the width is taken, where there is one.
    """
    found: list[tuple[int, int]] = []
    stack: list[int] = []
    quoted = False
    for at, sign in enumerate(text):
        if sign == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif sign in "([{":
            stack.append(at)
        elif sign in ")]}":
            start = stack.pop()
            if not stack and at > start + 1:
                found.append((start, at))
    fitting = [pair for pair in found if pair[0] < width]
    return (fitting or found)[-1] if found else None


def encloses(template: str, place: str) -> bool:
    """Whether a name stands alone in a template: as an argument, an item or the whole."""
    tree = ast.parse(template, mode="eval")
    for node in ast.walk(tree):
        operands = [*ast.iter_child_nodes(node)]
        if any(isinstance(child, ast.Name) and child.id == place for child in operands):
            within = (ast.Call, ast.List, ast.Tuple, ast.keyword, ast.Expression)
            if not isinstance(node, within):
                return False
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == place:
                return False
    return True


def compound(text: str) -> bool:
    """Whether an expression needs brackets before a method or an operator can follow."""
    return not isinstance(
        ast.parse(text, mode="eval").body,
        (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant, ast.List, ast.Tuple),
    )
