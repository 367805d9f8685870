"""The lexer for Pygments: every word of the language has its colour, every spec its letters."""

from __future__ import annotations

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, String, _TokenType

from netdsl.catalog.index import SYMBOLS, WORDS
from netdsl.highlight import NetLexer
from netdsl.syntax.keywords import keywords
from tests.format.test_bundled import SPECS, name, read

LEXER = NetLexer()


def tokens(text: str) -> list[tuple[_TokenType, str]]:
    """The tokens of a text that are more than spaces."""
    return [
        (kind, word) for _, kind, word in LEXER.get_tokens_unprocessed(text) if word.strip(" \n")
    ]


def kind_of(word: str, text: str) -> _TokenType:
    return next(kind for kind, found in tokens(text) if found == word)


@pytest.mark.parametrize("file", SPECS, ids=name)
def test_specs_are_read_to_the_last_letter(file: object) -> None:
    text = read(file)  # type: ignore[arg-type]
    found = list(LEXER.get_tokens_unprocessed(text))
    assert "".join(word for _, _, word in found) == text
    assert [word for _, kind, word in found if kind is Error] == []


@pytest.mark.parametrize("word", sorted(WORDS["layer"]))
def test_layers(word: str) -> None:
    assert kind_of(word, f"net N {{\n  it -> {word}(3)\n}}\n") is Name.Builtin


@pytest.mark.parametrize("kind", sorted(set(WORDS) - {"layer", "settings"}))
def test_whatever_else_is_called(kind: str) -> None:
    for word in WORDS[kind]:
        assert kind_of(word, f"train {{\n  x = {word}(1)\n}}\n") is Name.Builtin


@pytest.mark.parametrize("word", sorted(SYMBOLS - {"none"} - set(WORDS["layer"])))
def test_symbols(word: str) -> None:
    assert kind_of(word, f"conv(8, pad={word})") is Name.Constant


# Each where it is a keyword.
KEYWORDS = {
    **{word: f"let a = 1 {word} 2" for word in ("and", "or", "in")},
    **{word: f"let a = {word}" for word in ("true", "false", "none")},
    **{word: f"net N {{\n  {word} x\n}}" for word in ("auxiliary", "default", "assert", "expect")},
    **{word: f"net N {{ {word} x = 3 }}" for word in ("input", "output", "let", "shared")},
    **{word: f"{word} a" for word in ("block", "fn", "net", "train", "from")},
    "as": "relu as x",
    "else": "if a { b } else { c }",
    "for": "[a for a in b]",
    "if": "if a { b }",
    "import": "from std import a",
    "int": "net N { input x: int }",
    "not": "let a = not b",
    "of": "net N { input x: 3 of int }",
    "phase": "train {\n  phase a { }\n}",
    "repeat": "net N { repeat 2 { relu } }",
    "tensor": "block b(c: tensor) { }",
}


def test_every_keyword_is_among_them() -> None:
    assert set(KEYWORDS) == keywords()


@pytest.mark.parametrize(("word", "text"), KEYWORDS.items(), ids=KEYWORDS)
def test_keywords(word: str, text: str) -> None:
    kind = kind_of(word, text)
    assert kind in Keyword or kind is Operator.Word


@pytest.mark.parametrize(
    ("word", "text", "kind"),
    [
        ("output", "train {\n  loss = cross_entropy(output, label)\n}", Name),
        ("expect", "net A = B(1)  expect params = 3", Keyword),
        ("expect", "let a = expect", Name),
        ("N", "net N { relu }", Name.Class),
        ("step", "fn step(a) = a", Name.Class),
        ("image", "net N { input image: 8 x 8 x 1 }", Name.Variable),
        ("x", "net N { input image: 8x8x1 }", Operator),
        ("x", "let x = 3", Name.Variable),
        ("8", "net N { input image: 8x8x1 }", Number.Integer),
        ("stride", "conv(8, 3, stride=2)", Name.Attribute),
        ("stride", "conv(8, 3, stride = 2 * n)", Name.Attribute),
        ("stride", "if stride == 2 { relu }", Name),
        ("channels", "let a = it.channels", Name.Attribute),
        ("it", "let a = it.channels", Name.Builtin.Pseudo),
        ("2e-3", "adam(lr=2e-3)", Number.Float),
        ("138_357_544", "let a = 138_357_544", Number.Integer),
        ('"a # b"', 'assert a, "a # b"', String.Double),
        ("# why", "relu  # why", Comment.Single),
        ("relu", "unrelu", None),
        ("->", "a -> b", Operator),
    ],
)
def test_places(word: str, text: str, kind: _TokenType | None) -> None:
    assert {found: kind for kind, found in reversed(tokens(text))}.get(word) is kind
