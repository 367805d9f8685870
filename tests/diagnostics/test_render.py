"""The three forms of a diagnostic, on every kind of place."""

from __future__ import annotations

import io
import re

import pytest

from netdsl.diagnostics import Diagnostic, Help, Label, Severity, SpecError
from netdsl.diagnostics.render import as_json, plain, terminal
from netdsl.source import Source, Span
from tests.conftest import Golden

SPEC = """\
default conv(pad=same)

net Digits(classes = 10) {
  input image: 8 x 8 x 1
  conv(32, 3, strid=2)
  conv(32, 3)
  dense(classes)
}
"""
DIGITS = Source("digits.net", SPEC)


def at(text: str, source: Source = DIGITS) -> Span:
    """The place where a text first stands in a source."""
    start = source.text.index(text)
    return Span(source, start, start + len(text))


def diagnostic(
    label: Label,
    *secondary: Label,
    help: tuple[Help, ...] = (),
    severity: Severity = "error",
    instances: int = 1,
) -> Diagnostic:
    """A diagnostic whose message does not matter."""
    return Diagnostic("syntax", "something is wrong", label, secondary, help, severity, instances)


def written(text: str, start: int, end: int, label: str = "here") -> Diagnostic:
    """A diagnostic at a place of a file of its own."""
    return diagnostic(Label(Span(Source("a.net", text), start, end), label))


BLOCKS = Source("blocks.net", "# Blocks.\n\nblock unit(channels) {\n  conv(channels, 3)\n}\n")
LONG = "concat(" + ", ".join(f"conv({i}, 1)" for i in range(40)) + ")\n"
LONG_FILE = Source("long.net", LONG)

CASES = {
    "one-place": diagnostic(Label(at("strid"), "conv has no argument of this name")),
    "no-label": diagnostic(Label(at("strid"))),
    "warning-in-instances": diagnostic(Label(at("conv(32, 3)")), severity="warning", instances=16),
    "edit": diagnostic(
        Label(at("strid")), help=(Help("did you mean stride?", at("strid"), "stride"),)
    ),
    "edit-that-inserts-a-line": diagnostic(
        Label(at("dense(classes)"), "an image of 8 x 8 x 32 flows in"),
        help=(
            Help(
                "flatten it first",
                Span(DIGITS, at("  dense").start, at("  dense").start),
                "  flatten\n",
            ),
        ),
    ),
    "edit-that-removes": diagnostic(
        Label(at(", strid=2")), help=(Help("leave it out", at(", strid=2"), ""),)
    ),
    "edit-in-another-file": diagnostic(
        Label(at("conv(32, 3)")), help=(Help("take fewer", at("channels, 3", BLOCKS), "8, 3"),)
    ),
    "help-of-several-lines": diagnostic(
        Label(at("dense")), help=(Help("either flatten\nor pool"), Help("see docs"))
    ),
    "further-lines": diagnostic(
        Label(at("dense(classes)"), "needs a vector"),
        Label(at("conv(32, 3)\n"), "8 x 8 x 32 comes out of this"),
        Label(at("8 x 8 x 1"), "the image"),
        Label(at("pad=same"), "set here"),
    ),
    "two-on-one-line": diagnostic(
        Label(at("strid"), "no such argument"), Label(at("conv(32"), "of this layer")
    ),
    "another-file": diagnostic(
        Label(at("conv(channels, 3)", BLOCKS), "in this block"),
        Label(at("dense(classes)"), "called from here"),
        Label(at("block unit", BLOCKS), "unit is this"),
    ),
    "tabs": written("net A {\n\t\tconv(3,\t1)\n}\n", 15, 19),
    "wide": written("let 幅 = 3 + 高さ # 画像\n", 10, 12, "幅 is unknown"),
    "combining": written("let e\u0301te\u0301 = x\n", 10, 11),
    "control": written("conv(\x1b[31m, \u202e3)\n", 5, 6),
    "carriage-returns": written("conv(1)\r\nconv(2)\r\n", 9, 13),
    "several-lines": written("concat(\n  relu,\n  tanh\n)\n", 0, 24),
    "empty-span": written("conv(, 3)\n", 5, 5, "a number is missing"),
    "end-of-line": written("conv(3\nrelu\n", 6, 7, "not closed"),
    "end-of-file": written("net A {\n  relu\n", 15, 15, "the file ends here"),
    "end-of-file-without-newline": written("net A {\n  relu", 14, 14, "the file ends here"),
    "empty-file": written("", 0, 0, "there is no net"),
    "beyond-the-end": written("net", 3, 9),
    "long-line": written(LONG, LONG.index("conv(20"), LONG.index("conv(20") + 11),
    "long-line-start": written(LONG, 0, 6),
    "long-line-end": written(LONG, len(LONG) - 2, len(LONG) - 1),
    "long-line-whole": written(LONG, 0, len(LONG)),
    "long-line-twice": diagnostic(
        Label(at("conv(30, 1)", LONG_FILE), "this"),
        Label(at("conv(1, 1)", LONG_FILE), "and this"),
    ),
    "long-label": written("relu -> conv(3)\n", 8, 15, "a label that says much " * 6),
}


@pytest.mark.parametrize("name", CASES)
def test_plain(name: str, golden: Golden) -> None:
    golden(f"diagnostics/{name}.txt", plain(CASES[name]) + "\n")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [1, 40, 100])
def test_excerpts_keep_to_the_width_and_the_place_is_underlined(name: str, width: int) -> None:
    text = plain(CASES[name], width)
    assert "^" in text
    excerpts = [line for line in text.splitlines() if line.lstrip(" 0123456789").startswith("|")]
    # A label's text may be wider than a page that has no room for words.
    assert all(len(line) <= max(width, 36) for line in excerpts)


def test_no_line_ends_in_blanks_and_nothing_can_steer_the_terminal() -> None:
    for case in CASES.values():
        for line in plain(case).split("\n"):
            assert line == line.rstrip()
            assert line.isprintable()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, width: int, *names: str) -> str:
    """What a terminal of this width receives."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    stream = _Terminal()
    terminal([CASES[name] for name in names], stream)
    return stream.getvalue()


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = printed(monkeypatch, 80, "one-place")
    assert "\x1b[1;31merror[syntax]\x1b[0m" in text


def test_a_narrow_terminal_breaks_sentences_and_cuts_excerpts(
    monkeypatch: pytest.MonkeyPatch, golden: Golden
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    names = "long-line", "edit-that-inserts-a-line", "long-label"
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed(monkeypatch, 40, *names)).splitlines()
    assert all(len(line) <= 40 for line in lines)
    golden("diagnostics/narrow-terminal.txt", "\n".join(line.rstrip() for line in lines) + "\n")


def test_a_pipe_gets_plain_text_with_a_blank_line_between() -> None:
    stream = io.StringIO()
    both = CASES["one-place"], CASES["edit"]
    terminal(both, stream)
    assert stream.getvalue() == f"{plain(both[0])}\n\n{plain(both[1])}\n"


def test_a_spec_error_reads_as_its_diagnostics() -> None:
    both = CASES["one-place"], CASES["edit"]
    assert str(SpecError(both)) == f"{plain(both[0])}\n\n{plain(both[1])}"


def test_json_has_every_place() -> None:
    assert as_json(CASES["another-file"].replace(help=CASES["edit"].help)) == {
        "code": "syntax",
        "severity": "error",
        "message": "something is wrong",
        "file": "blocks.net",
        "line": 4,
        "column": 3,
        "end": {"line": 4, "column": 20},
        "label": "in this block",
        "instances": 1,
        "help": [
            {
                "text": "did you mean stride?",
                "edit": {
                    "file": "digits.net",
                    "line": 5,
                    "column": 15,
                    "end": {"line": 5, "column": 20},
                    "replacement": "stride",
                },
            }
        ],
        "secondary": [
            {
                "file": "digits.net",
                "line": 7,
                "column": 3,
                "end": {"line": 7, "column": 17},
                "label": "called from here",
            },
            {
                "file": "blocks.net",
                "line": 3,
                "column": 1,
                "end": {"line": 3, "column": 11},
                "label": "unit is this",
            },
        ],
    }


def test_json_of_help_without_an_edit() -> None:
    assert as_json(CASES["help-of-several-lines"])["help"][1] == {"text": "see docs", "edit": None}
