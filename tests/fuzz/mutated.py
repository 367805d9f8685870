"""Bundled specs with bytes and tokens changed."""

from __future__ import annotations

import re
from random import Random

from tests.conftest import REPOSITORY

_TOKEN = re.compile(rb"\w+|->|\*\*|//|[^\w\s]|\s+")
# What breaks something wherever it stands.
_NASTY = (
    b"(", b")", b"[", b"]", b"{", b"}", b"->", b",", b"=", b'"', b"#", b"?", b"\0", b"\xff", b"\r",
    b"9 ** 9 ** 9", b"10 ** 12", b"9" * 50, b"1e999", b"-1", b"0", b"0.5", b"none", b"true", b"it",
    b"repeat 10 ** 12 {", b"for i in range(10 ** 9) {", b"if true {", b"else", b"as x", b"input",
    b"let n = n", b"unit", b"conv", b"(" * 200, b"-" * 200, b"\xe2\x80\x9c", b"\xc3\x97", b"\t",
    b"from std import residual", b"\xef\xbb\xbf", b"\\", b"'", b";", b"[" * 99,
)  # fmt: skip
_FOLDERS = ("specs", "specs/std", "examples", "tests/diagnostics/wrong")
# Larger ones, families of many nets, take longer and say no more.
_LONGEST = 4_000


def corpus() -> list[bytes]:
    """The bundled specs, examples and wrong specs that are not long."""
    texts = [
        path.read_bytes()
        for folder in _FOLDERS
        for path in sorted((REPOSITORY / folder).glob("*.net"))
    ]
    return [text for text in texts if len(text) <= _LONGEST]


def mutated(random: Random, texts: list[bytes]) -> bytes:
    """One of the texts with noise in its bytes, or with tokens changed."""
    text = random.choice(texts)
    if random.random() < 0.3:
        return _noise(random, text)
    tokens = _TOKEN.findall(text) or [b" "]
    others = _TOKEN.findall(random.choice(texts)) or [b" "]
    for _ in range(random.randint(1, 4)):
        _change(random, tokens, others)
    return b"".join(tokens)


def _noise(random: Random, text: bytes) -> bytes:
    found = bytearray(text)
    for _ in range(random.randint(1, 12)):
        at = random.randrange(len(found) + 1)
        match random.randrange(3):
            case 0:
                found[at:at] = random.randbytes(random.randint(1, 3))
            case 1:
                del found[at : at + random.randint(1, 8)]
            case _:
                found[at : at + 1] = random.randbytes(1)
    return bytes(found)


def _change(random: Random, tokens: list[bytes], others: list[bytes]) -> None:
    at, other = random.randrange(len(tokens)), random.randrange(len(tokens))
    match random.randrange(6):
        case 0:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case 1:
            tokens[at] = b""
        case 2:
            tokens[at] *= 2
        case 3:
            tokens[at] = random.choice(others)
        case 4:
            tokens[at] = random.choice(_NASTY)
        case _:
            tokens[at] += b" " + random.choice((*_NASTY, *others)) + b" "
