"""What could be written at a place, told from the tokens before it: the text is broken there.

From: the text of a segment up to the cursor. To: a `Context`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from netdsl.record import Record

# item: at file level. statement: where a step or statement may begin. value: inside an expression.
# setting: where a setting of a train section may begin. member: after a dot. import: a name after
# `import`. origin: after `from`. file: in the string of an import. promise: after `expect`.
# callable: after `default`. net: after `net X =`. number: after `of`. new: a name is invented here.
Kind: TypeAlias = Literal[
    "item", "statement", "value", "setting", "member", "import", "origin", "file", "promise",
    "callable", "net", "number", "new", "nothing",
]  # fmt: skip

_TOKEN = re.compile(
    r'(?P<comment>#[^\n]*)|(?P<string>"[^"\n]*"?)|(?P<newline>\r?\n)|(?P<name>[^\W\d]\w*)'
    r"|(?P<number>\d[\w.]*)|(?P<sign>->|\*\*|//|[<>=!]=|\S)"
)
_CLOSES = {")": "(", "]": "[", "}": "{"}
# A newline after one of these ends no statement.
_CONTINUES = frozenset(
    ("->", ",", "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "=",
     "and", "or", "not", "in", "(", "[", "{")
)  # fmt: skip
_DEFINING = ("block", "fn", "net")
# A name that stands after one of these is invented there.
_NAMING = (*_DEFINING, "as", "let", "for", "input", "shared", "train", "phase")


class Call(Record):
    """The call around a place: who is called, which argument stands there and which are given.

    `index` counts arguments without a name; `argument` is the name of the one at the place.
    `start` is where the name of the callee begins; `default` says that it is that of a default.
    """

    callee: str
    start: int
    index: int
    argument: str | None
    given: tuple[str, ...]
    default: bool = False


class Context(Record):
    """What could stand at a place; `owner` is what is before a dot or after `from`, and `phase` for
    a setting of one.

    `setting` is that of a train section whose value is written there.
    """

    kind: Kind
    word: str = ""
    call: Call | None = None
    setting: str | None = None
    owner: str = ""


class _Open:
    """A bracket that is open, and what was written in it so far."""

    def __init__(self, sign: str, before: list[_Token]) -> None:
        self.sign = sign
        self.before = before
        # The tokens of the statement or argument that is being written.
        self.current: list[_Token] = []
        self.index = 0
        self.given: list[str] = []

    @property
    def settings(self) -> bool:
        """Whether the braces hold settings."""
        return self.sign == "{" and any(t.text in ("train", "phase") for t in self.before[-2:])


class _Token(Record):
    text: str
    kind: str
    start: int


def context(text: str, offset: int) -> Context:
    """What could stand at an offset of a text."""
    tokens = list(_tokens(text[:offset]))
    last = tokens[-1] if tokens else None
    ends_here = last is not None and last.start + len(last.text) == offset
    if last is not None and ends_here and last.kind == "comment":
        return Context("nothing")
    if last is not None and last.kind == "string" and _is_open(last, offset):
        return _in_string(tokens)
    word = ""
    if last is not None and ends_here and last.kind == "name":
        word = last.text
        tokens.pop()
    elif last is not None and ends_here and last.kind == "number":
        return Context("nothing")
    return _context(tokens, word)


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        yield _Token(found.group(), found.lastgroup or "", found.start())


def _is_open(token: _Token, offset: int) -> bool:
    closed = len(token.text) > 1 and token.text.endswith('"')
    return not closed and token.start + len(token.text) == offset


def _in_string(tokens: list[_Token]) -> Context:
    imported = len(tokens) > 1 and tokens[-2].text == "from"
    return Context("file", tokens[-1].text.lstrip('"')) if imported else Context("nothing")


def _context(tokens: list[_Token], word: str) -> Context:
    stack = _open_brackets(tokens)
    here = stack[-1]
    current = here.current
    before = current[-1].text if current else ""
    setting = _setting(stack)
    call = _call(here)
    if before == ".":
        owner = current[-2].text if len(current) > 1 and current[-2].kind == "name" else ""
        return Context("member", word, owner=owner)
    if before in _NAMING or _is_parameter(here):
        return Context("new", word)
    if before == "of":
        return Context("number", word)
    first = current[0].text if current else ""
    if first == "from":
        return _import(current, word)
    if any(token.text == "expect" for token in current) and before in ("expect", ","):
        return Context("promise", word)
    if first == "default" and before in ("default", ",") and here.sign != "(":
        return Context("callable", word)
    if here.sign == "" and not current:
        return Context("item", word)
    if here.sign == "" and first == "net" and before == "=":
        return Context("net", word)
    if here.settings and not current:
        phase = any(token.text == "phase" for token in here.before[-2:])
        return Context("setting", word, owner="phase" if phase else "")
    if here.sign == "{" and (not current or before == "->") and not here.settings:
        return Context("statement", word, setting=setting)
    return Context("value", word, call, setting)


def _is_parameter(here: _Open) -> bool:
    """Whether the name of a parameter is invented in a bracket."""
    defining = len(here.before) == 2 and here.before[0].text in _DEFINING
    return here.sign == "(" and defining and not here.current


def _import(current: list[_Token], word: str) -> Context:
    if len(current) == 1:
        return Context("origin", word)
    texts = [token.text for token in current]
    if "import" in texts and texts[-1] in ("import", ","):
        return Context("import", word, owner=texts[1])
    return Context("nothing" if "import" in texts else "value", word)


def _open_brackets(tokens: list[_Token]) -> list[_Open]:
    """The brackets that are open at the end, the file's own level first."""
    stack = [_Open("", [])]
    previous = ""
    for token in tokens:
        here = stack[-1]
        if token.kind == "comment":
            continue
        if token.kind == "newline":
            if here.sign in ("", "{") and previous not in _CONTINUES:
                here.current = []
            continue
        if token.text in ("(", "[", "{"):
            inner = _Open(token.text, list(here.current))
            here.current.append(token)
            stack.append(inner)
        elif token.text in _CLOSES:
            if len(stack) > 1 and here.sign == _CLOSES[token.text]:
                stack.pop()
            stack[-1].current.append(token)
            if token.text == "}" and stack[-1].sign == "":
                stack[-1].current = []
        elif token.text == "," and here.sign in ("(", "["):
            _next_argument(here)
        else:
            here.current.append(token)
        previous = token.text if token.kind != "string" else ""
    return stack


def _next_argument(here: _Open) -> None:
    name = _named(here.current)
    if name is not None:
        here.given.append(name)
    else:
        here.index += 1
    here.current = []


def _named(current: list[_Token]) -> str | None:
    """The name of an argument that is given by name."""
    named = len(current) > 1 and current[0].kind == "name" and current[1].text == "="
    return current[0].text if named else None


def _call(here: _Open) -> Call | None:
    """The call whose arguments stand in a bracket."""
    if here.sign != "(" or not here.before or here.before[-1].kind != "name":
        return None
    callee = here.before[-1]
    first = here.before[0].text
    if first in _DEFINING and len(here.before) == 2:
        return None  # these are parameters
    if callee.text in ("and", "or", "not", "in", "if", "else", "for", "repeat"):
        return None
    return Call(
        callee.text, callee.start, here.index, _named(here.current), tuple(here.given),
        first == "default",
    )  # fmt: skip


def _setting(stack: list[_Open]) -> str | None:
    """The setting whose value is being written."""
    for outer in reversed(stack):
        if outer.settings:
            return _named(outer.current)
    return None


def call_at(text: str, offset: int) -> Call | None:
    """The innermost call around an offset."""
    for here in reversed(_open_brackets(list(_tokens(text[:offset])))):
        found = _call(here)
        if found is not None:
            return found
        if here.sign == "{":
            return None
    return None
