"""From text to tree. From: a `Source`. To: a `tree.File` and the mistakes of syntax in it.

Every mistake is told in one run: after one the parser goes on at the next statement or item. What
could not be read is missing from the tree; what was read is as written. Nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import isinf
from threading import local
from typing import Any

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken

from netdsl.diagnostics import Diagnostic, Help, Label
from netdsl.source import Source, Span
from netdsl.syntax import explain, tree
from netdsl.syntax.build import Build
from netdsl.syntax.explain import Unexpected
from netdsl.syntax.lexer import FewContexts
from netdsl.syntax.mend import Mender
from netdsl.syntax.precedence import TooDeep
from netdsl.syntax.recovery import begins_item, next_start
from netdsl.syntax.tables import DATA, MEMO

MOST_CHARACTERS = 2_000_000
MOST_DIGITS = 30
DEEPEST_NESTING = 100

# A newline after one of these does not end a statement, nor does one after a bracket opens.
_CONTINUES = frozenset(
    ("->", ",", "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "=",
     "and", "or", "not", "in", "(", "[", "{")
)  # fmt: skip
_CLOSES = {")": "(", "]": "[", "}": "{"}


def parse(source: Source) -> tuple[tree.File, list[Diagnostic]]:
    """The tree of a file and its mistakes of syntax, in the order of the text."""
    if len(source.text) > MOST_CHARACTERS:
        return tree.File(source, ()), [_too_large(source)]
    parser = _Parser(source)
    items = parser.run()
    return tree.File(source, items), _mended(source, parser.diagnostics, parser.edits)


# Help is looked for in the first mistakes alone; who has as many mends them one after another.
_MOST_MENDED = 10


def _mended(
    source: Source, diagnostics: list[Diagnostic], edits: dict[int, Iterable[Help]]
) -> list[Diagnostic]:
    """The diagnostics, each with the edit that was likely meant, if one is found that reads."""
    if not edits:
        return diagnostics
    mender = Mender(source, lambda text: _mistakes(source.name, text))
    found = list(diagnostics)
    for index, likely in list(edits.items())[:_MOST_MENDED]:
        found[index] = mender.mended(found[index], likely)
    return found


def _mistakes(name: str, text: str) -> int:
    """How many mistakes of syntax there are in a text."""
    parser = _Parser(Source(name, text))
    parser.run()
    return len(parser.diagnostics)


def _forgotten(bracket: Span, found: Span, accepts: frozenset[str]) -> bool:
    """Whether a bracket was meant to be closed on its line, and something else follows below."""
    if bracket.text == "{" or not accepts & {"RPAR", "RSQB"}:
        return False
    line = explain.line_of(bracket)
    follows = line.source.text[bracket.end : line.end].partition("#")[0].strip()
    return found.start > line.end and bool(follows)


def read_tokens(source: Source) -> tuple[list[Token], list[Diagnostic]]:
    """The tokens of a file in order, and its mistakes of syntax.

    A newline that ends a statement is a token, one that ends nothing is none.
    """
    if len(source.text) > MOST_CHARACTERS:
        return [], [_too_large(source)]
    heard: list[Token] = []
    parser = _Parser(source, heard)
    parser.run()
    return heard, parser.diagnostics


def _too_large(source: Source) -> Diagnostic:
    message = f"the file has more than {MOST_CHARACTERS:,} characters"
    return Diagnostic("file-too-large", message, Label(Span(source, 0, 1)))


class _Newlines:
    """Takes away newlines that end nothing; keeps the brackets that are open."""

    always_accept = ("_NL",)

    def __init__(self) -> None:
        self.open: list[Token] = []
        self.previous = ""

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        for token in stream:
            text = str.__str__(token)
            if token.type == "_NL":
                inside = self.open and self.open[-1] != "{"
                if inside or self.previous in _CONTINUES:
                    continue
            elif text in ("(", "[", "{"):
                self.open.append(token)
            elif text in _CLOSES and self.open and self.open[-1] == _CLOSES[text]:
                self.open.pop()
            self.previous = text if token.type != "STRING" else ""
            yield token


class _Machine:
    """lark's parser, loaded from its tables, with what it calls; one for each thread."""

    def __init__(self) -> None:
        self.build = Build()
        self.newlines = _Newlines()
        load: Callable[..., Lark] = Lark._load_from_dict
        self.lark = load(
            DATA,
            MEMO,
            transformer=self.build,
            postlex=self.newlines,
            _plugins={"ContextualLexer": FewContexts},
        )


_machines = local()


def _machine() -> _Machine:
    machine: _Machine | None = getattr(_machines, "machine", None)
    if machine is None:
        machine = _machines.machine = _Machine()
    return machine


class _Parser:
    """One run over a source, with recovery at statements."""

    def __init__(self, source: Source, heard: list[Token] | None = None) -> None:
        self.source = source
        self.heard = heard
        self.diagnostics: list[Diagnostic] = []
        # By the number of a diagnostic, the edits that may mend it.
        self.edits: dict[int, Iterable[Help]] = {}
        machine = _machine()
        machine.build.source = source
        self.newlines = machine.newlines
        self.newlines.open = []
        self.newlines.previous = ""
        # lark's interactive parser and lexer carry no types of their own.
        self.interactive: Any = machine.lark.parse_interactive(source.text)
        self.state = self.interactive.parser_state
        self.lexer: Any = self.interactive.lexer_thread
        # Where to go on after a mistake: open brackets, and the heights of the parser's stacks.
        self.points: list[tuple[int, int, int]] = []
        # Where reading went on last: each time it is further on, so that it ends.
        self.resumed = -1

    def run(self) -> tuple[Any, ...]:
        self._mark()
        while True:
            try:
                for token in self.lexer.lex(self.state):
                    self._feed(token)
                return self.state.feed_token(Token("$END", ""), True)  # type: ignore[no-any-return]
            except UnexpectedToken as unexpected:
                if unexpected.token.type == "$END":
                    self._unfinished(self._end())
                    break
                self._recover(self._told(unexpected))
            except UnexpectedCharacters as unexpected:
                self._recover(self._told_character(unexpected.pos_in_stream or 0))
            except TooDeep as deep:
                label = Label(deep.span)
                self.diagnostics.append(Diagnostic("nested-too-deeply", deep.message, label))
                break
        return self._read()

    def _feed(self, token: Token) -> None:
        if self.heard is not None:
            self.heard.append(token)
        if token.type in ("INT", "FLOAT") and (
            len(token) > MOST_DIGITS or (token.type == "FLOAT" and isinf(float(token)))
        ):
            place = Label(self._span(token))
            message = "this number has too many digits"
            self._tell(Diagnostic("number-too-large", message, place))
            token = token.update(value="1")
        if len(self.newlines.open) > DEEPEST_NESTING:
            raise TooDeep(self._span(token), "brackets are nested too deeply")
        self.state.feed_token(token)
        while self.points[-1][0] > len(self.newlines.open):
            self.points.pop()
        if token.type == "_NL" or token == "{":
            self._mark()

    def _mark(self) -> None:
        depth = len(self.newlines.open)
        while self.points and self.points[-1][0] >= depth:
            self.points.pop()
        self.points.append((depth, len(self.state.state_stack), len(self.state.value_stack)))

    def _read(self) -> tuple[Any, ...]:
        """What stands on the parser's stack where it did not finish: the items before."""
        items: list[Any] = []
        for value in self.state.value_stack[: self.points[0][2]]:
            found = value.children if isinstance(value, Tree) else [value]
            items.extend(item for item in found if isinstance(item, tree.TreeNode))
        return tuple(items)

    # Telling

    def _tell(self, diagnostic: Diagnostic, edits: Iterable[Help] = ()) -> None:
        if edits:
            self.edits[len(self.diagnostics)] = edits
        self.diagnostics.append(diagnostic)

    def _span(self, token: Token) -> Span:
        start = token.start_pos or 0
        return Span(self.source, start, start + max(len(token.rstrip()), 1))

    def _end(self) -> int:
        return len(self.source.text)

    def _told(self, unexpected: UnexpectedToken) -> int:
        """Tells of a token that cannot stand where it does; returns where it starts."""
        token = unexpected.token
        start = token.start_pos or 0
        item = begins_item(self.source.text, start)
        if (
            item is not None
            and self.newlines.open
            and item > (self.newlines.open[0].start_pos or 0)
        ):
            self._unfinished(item)
            return item
        span = self._span(token)
        accepts = frozenset(self.interactive.accepts())
        bracket = self._span(self.newlines.open[-1]) if self.newlines.open else None
        if bracket is not None and _forgotten(bracket, span, accepts):
            self._unclosed(bracket, start, Label(span, "this is no part of what it opens"))
            return start
        found = Unexpected(str(token), token.type, span, accepts, bracket)
        message, label = explain.told(found)
        opened = bracket is not None and bracket.text != "{"
        second = (Label(bracket, "opened here"),) if bracket is not None and opened else ()
        self._tell(Diagnostic("syntax", message, Label(span, label), second), explain.edits(found))
        return start

    def _told_character(self, at: int) -> int:
        span = Span(self.source, at, at + 1)
        message = explain.told_of_character(self.source.text[at])
        self._tell(Diagnostic("syntax", message, Label(span)), explain.edits_of_character(span))
        return at + 1

    def _unfinished(self, end: int) -> None:
        """A body or the text ends too early: blame the innermost bracket that is open, if any."""
        if not self.newlines.open:
            last = max(len(self.source.text[:end].rstrip()) - 1, 0)
            place = Label(Span(self.source, last, last + 1))
            self.diagnostics.append(Diagnostic("syntax", "the text ends too early", place))
            return
        self._unclosed(self._span(self.newlines.open[-1]), end)

    def _unclosed(self, bracket: Span, end: int, *second: Label) -> None:
        message = f"this {bracket.text} is never closed"
        label = Label(bracket, "opened here")
        found = Diagnostic("unclosed", message, label, second)
        self._tell(found, explain.closings(bracket, end))

    # Going on

    def _recover(self, offset: int) -> None:
        """Goes back to the last place where a statement could begin, and on to the next one."""
        at_item = begins_item(self.source.text, offset) == offset
        if at_item:
            del self.points[1:]
        while len(self.points) > 1 and self.points[-1][0] > len(self.newlines.open):
            self.points.pop()
        depth, states, values = self.points[-1]
        del self.state.state_stack[states:]
        del self.state.value_stack[values:]
        del self.newlines.open[depth:]
        self.newlines.previous = "{"
        if not at_item:
            offset = next_start(self.source.text, offset, inside=depth > 0)
        if offset <= self.resumed:
            offset = next_start(self.source.text, self.resumed + 1, inside=depth > 0)
        self.resumed = offset
        self.lexer.state.line_ctr.char_pos = offset
