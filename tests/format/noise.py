"""Texts that say the same with other spaces, ends of lines and comments."""

from __future__ import annotations

from random import Random

from netdsl.source import Source
from netdsl.syntax.parse import read_tokens

# After these a line may end within a statement.
_CONTINUE = frozenset(
    "-> , + - * / // % ** == != < <= > >= = and or not in ( [ {".split()  # noqa: SIM905
)
_SPACES = ("", " ", "  ", "\t", "   ")


def noisy(text: str, random: Random, comments: bool) -> str:
    """A text of the same tokens, with further comments among them if wanted."""
    tokens, mistakes = read_tokens(Source("noisy", text))
    assert mistakes == []
    parts: list[str] = []
    open_brackets: list[str] = []
    end, before = 0, "_NL"
    for token in tokens:
        if token.type == "_NL":
            before = "_NL"
            continue
        gap = text[end : token.start_pos]
        inside = open_brackets and open_brackets[-1] != "{"
        if before == "_NL":
            parts.append(_between_statements(gap, random, comments and bool(parts)))
        elif "#" in gap:
            parts.append(gap)
        elif (inside or before in _CONTINUE or token == "->") and random.random() < 0.15:
            parts.append(_end_of_line(random, comments))
        elif "\n" in gap and random.random() < 0.5:
            parts.append(gap)
        else:
            parts.append(_on_a_line(gap, before, str(token), random))
        parts.append(str(token))
        if token in ("(", "[", "{"):
            open_brackets.append(str(token))
        elif token in (")", "]", "}"):
            open_brackets.pop()
        end, before = token.end_pos or 0, str(token)
    return "".join([*parts, text[end:]])


def _between_statements(gap: str, random: Random, comments: bool) -> str:
    comment = "  # behind" if comments and random.random() < 0.2 else ""
    return comment + gap + "\n" * random.choice((0, 0, 0, 1, 2)) + random.choice(_SPACES)


def _end_of_line(random: Random, comments: bool) -> str:
    text = random.choice(_SPACES)
    for number in range(random.choice((1, 1, 1, 2, 3))):
        text += random.choice(("", "# a word", f"#{number}")) if comments else ""
        text += random.choice(("\n", "\n", "\r\n")) + random.choice(_SPACES)
    return text


def _on_a_line(gap: str, before: str, after: str, random: Random) -> str:
    """Spaces between two tokens of a line; none at all only where there were none."""
    if gap == "":
        apart = "x" not in (before, after) and "." not in (before, after)
        return random.choice(("", "", " ", "  ")) if apart else ""
    return random.choice((" ", " ", "  ", "\t"))
