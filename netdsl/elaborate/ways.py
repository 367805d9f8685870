"""Ways out of a rejection, as edits of what is written.

From: what a record of the catalogue says would fit. To: help with the place and the text of the
edit; where an edit would change more than it says, the sentence alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from netdsl.catalog.arguments import Rejection, Way
from netdsl.diagnostics import Help
from netdsl.record import Record
from netdsl.source import Span
from netdsl.syntax import tree


class Use(Record):
    """A use of a layer as it is written.

    `inputs` are the expressions of the tensors that it merges, None for what is not written there;
    `declared` is the declaration of the input that flows in, where it comes straight from one.
    """

    word: str
    span: Span
    arguments: Mapping[str, tree.Expression]
    inputs: Sequence[Span | None] = ()
    declared: tree.Input | None = None


def helps(rejection: Rejection, use: Use) -> tuple[Help, ...]:
    """The ways of a rejection as help, each with its edit where there is one."""
    return tuple(_help(way, use) for way in rejection.ways)


def of_argument(rejection: Rejection, source: Span) -> tuple[Help, ...]:
    """The ways of a rejection that is about the value of one argument, which is written there."""
    return tuple(
        Help(way.text, source, way.value.replace("{}", source.text))
        if way.argument and way.value
        else Help(way.text)
        for way in rejection.ways
    )


def _help(way: Way, use: Use) -> Help:
    edit = _edit(way, use)
    return Help(way.text, *edit) if edit is not None else Help(way.text)


def _edit(way: Way, use: Use) -> tuple[Span, str] | None:
    """Where something is to be written, and what."""
    if way.declare is not None:
        return _declaration(way.declare, use.declared)
    if way.input is not None:
        place = use.inputs[way.input] if way.input < len(use.inputs) else None
        return joined(place, "", way.after) if place is not None and way.after else None
    if not (way.before or way.argument or way.instead) or not _is_call(use):
        return None
    if way.before:
        return joined(use.span, way.before, "")
    if way.instead:
        return use.span, way.instead
    return given(use, way.argument, way.value)


def _declaration(number: str, declared: tree.Input | None) -> tuple[Span, str] | None:
    if declared is None:
        return None
    sizes = declared.dimensions
    source = declared.span.source
    end = sizes[-1].span.end if sizes else declared.name.span.end + 1
    last = declared.number.span.end if declared.number is not None else end
    # A size in parentheses ends before its bracket.
    end += len(re.match(r"[ \t]*\)*", source.text[end:])[0].rstrip())  # type: ignore[index]
    return Span(source, end, max(last, end)), number


def given(use: Use, argument: str, value: str) -> tuple[Span, str] | None:
    """The edit that gives an argument in a call, or, for an empty value, takes it away."""
    written = use.arguments.get(argument)
    if written is not None and _inside(written.span, use.span):
        if value:
            return written.span, value.replace("{}", written.span.text)
        return without(written.span)
    if not value or "{}" in value:
        return None
    text = use.span.text
    if not text.endswith(")"):
        return Span(use.span.source, use.span.end, use.span.end), f"({argument}={value})"
    inside = text[:-1].rstrip()
    end = use.span.start + len(inside)
    comma = "" if inside.endswith("(") else " " if inside.endswith(",") else ", "
    return Span(use.span.source, end, end), f"{comma}{argument}={value}"


def without(value: Span) -> tuple[Span, str]:
    """The edit that takes an argument away, with its name and the comma before or after it."""
    text = value.source.text
    named = re.search(r"\w+\s*=\s*$", text[: value.start])
    start = named.start() if named else value.start
    before = re.search(r",\s*$", text[:start])
    if before:
        return Span(value.source, before.start(), value.end), ""
    after = re.match(r"\s*,\s*", text[value.end :])
    return Span(value.source, start, value.end + (after.end() if after else 0)), ""


def joined(place: Span, before: str, after: str) -> tuple[Span, str]:
    """The edit that puts steps before or after an expression."""
    first = f"{before} -> " if before else ""
    last = f" -> {after}" if after else ""
    if not _stands_alone(place):
        return place, f"({first}{place.text}{last})"
    at = place.start if before else place.end
    return Span(place.source, at, at), first or last


def in_place(place: Span, steps: str) -> str:
    """Steps that are written in place of an expression, in brackets where they need them."""
    return steps if _stands_alone(place) else f"({steps})"


# What may stand before and after a step that others can be joined to, on its line.
_BEFORE = re.compile(r"(?:^|[\n{(\[,]|->|(?<![=<>!])=|\boutput|\bauxiliary)[ \t]*$")
_AFTER = re.compile(r"[ \t]*(?:$|[\r\n#})\],]|->|as\b|for\b)")


def _stands_alone(place: Span) -> bool:
    text = place.source.text
    line = text.rfind("\n", 0, place.start)
    return bool(_BEFORE.search(text[max(line, 0) : place.start])) and bool(
        _AFTER.match(text, place.end)
    )


def _is_call(use: Use) -> bool:
    """Whether the layer's own word, alone or called, is all that stands there."""
    text = use.span.text
    if not text.startswith(use.word):
        return False
    rest = text[len(use.word) :].strip()
    return not rest or (rest[0] == "(" and _closes_last(rest))


def _closes_last(text: str) -> bool:
    """Whether the bracket at the start of a text is closed by its last character."""
    depth = 0
    for at, character in enumerate(re.sub(r'"[^"\n]*"', lambda s: "_" * len(s[0]), text)):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return at == len(text) - 1
    return False


def _inside(inner: Span, outer: Span) -> bool:
    return inner.source is outer.source and outer.start <= inner.start and inner.end <= outer.end
