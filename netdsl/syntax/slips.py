"""Slips that people make who come from other languages, each with the edit that mends it.

From: a line that could not be read, and where in it. To: the edits that are likely meant, the
likeliest first. Which of them reads is found by trying (mend.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from netdsl.diagnostics import Help
from netdsl.record import Record
from netdsl.source import Span

Written: TypeAlias = "str | Callable[[re.Match[str]], str]"


class Slip(Record):
    """What is written, as a pattern; what is said of it; what is to be written instead.

    With `everywhere` all of the line is mended, else the one place. An empty `written` with
    `advice` set is a sentence alone.
    """

    pattern: re.Pattern[str]
    text: str
    written: Written
    everywhere: bool = False
    advice: bool = False


def _slip(pattern: str, text: str, written: Written, everywhere: bool = False) -> Slip:
    return Slip(re.compile(pattern), text, written, everywhere)


def _advice(pattern: str, text: str) -> Slip:
    return Slip(re.compile(pattern), text, "", advice=True)


def _sizes(match: re.Match[str]) -> str:
    first, second = match[1], match[2]
    return first if first == second else f"({first}, {second})"


def _by_x(match: re.Match[str]) -> str:
    sizes = re.split(r"\s*[,*]\s*", match[2].strip().strip("[]()").strip().strip(","))
    return f"{match[1]}{' x '.join(sizes)}"


def _as_path(dotted: str) -> str:
    return re.sub(r"[./\\]", "/", dotted.removesuffix(".net")) + ".net"


_BLANKS = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_UNSEEN = "\u200b-\u200f\u2060\ufeff\u00ad"
_WIDE = {"（": "(", "）": ")", "，": ",", "：": ":", "＝": "=", "｛": "{", "｝": "}"}
_COMMENT = r"(?P<comment>\s*(?:#.*)?)$"

SLIPS = (
    # Characters that only look right
    _slip(
        "[“”„«‘‚']([^“”„«»‘’'\"\\n]*)[“”»’']", 'strings stand in "straight quotes"', r'"\1"', True
    ),
    _slip('[“”„]([^“”„"\\n]*)"', 'strings stand in "straight quotes"', r'"\1"'),
    _slip(f"[{_BLANKS}]", "this is a blank of another kind; write a plain one", " ", True),
    _slip(f"[{_UNSEEN}]", "this character cannot be seen; leave it out", "", True),
    _slip(
        f"[{''.join(_WIDE)}]",
        "write the plain character",
        lambda match: _WIDE[match[0]],
        True,
    ),
    _slip(r"(\w)\s*×\s*(?=[\w?(])", "write x", r"\1 x ", True),
    _slip(r"\b([1-9]\d*)\s*[×x]\s*(\d+)", "one size for all axes, or (3, 5)", _sizes),
    # Arrows
    _slip(r"\s*-+>\s*-+>\s*", "one arrow joins two steps", " -> "),
    _slip(
        r"\s*(?:=+>|\|>|\|(?!\|)|--+>|[–—]+>|-\s+>|[→⟶➔➜⇒]|>>|~>)\s*",
        "steps are joined with ->",
        " -> ",
        True,
    ),
    _slip(r"[–—−]", "write -", "-", True),
    _slip(r"\s*->\s*(?=\})", "nothing follows this arrow", " "),
    # Comments
    _slip(r"/\*+\s*(.*?)\s*\*+/\s*$", "a comment begins with #", r"# \1"),
    _slip(r"/\*.*?\*/\s*", "a comment begins with #, and ends with the line", ""),
    _slip(r"//+\s*(.*)$", "a comment begins with #", r"# \1"),
    _slip(r'"""+\s*(.*?)\s*(?:"""+)?\s*$', "a comment begins with #", r"# \1"),
    # Conditions
    _slip(r"\b(?:elif|elsif|elseif)\b", "written else if", "else if"),
    _slip(r"\s*&&?\s*", "written and", " and ", True),
    _slip(r"\s*\|\|\s*", "written or", " or ", True),
    _slip(r"!(?!=)\s*", "written not", "not ", True),
    _slip(r"<>", "written !=", "!="),
    _slip(r"[=!]==", "a comparison is written ==", lambda match: f"{match[0][0]}="),
    _slip(
        r"([\w.]+(?:\s*[=<>!]+\s*[\w.]+)?)\s*\?\s*([^:?]+?)\s*:\s*([^,)}\]]+)",
        "a choice is written a if condition else b",
        r"\2 if \1 else \3",
    ),
    # Numbers
    _slip(r"\^", "a power is written **", "**", True),
    _slip(
        r"\b(\d+(?:\.\d+)?)\s*%(?!\s*[\w(])",
        "a share is a number below 1",
        lambda match: f"{float(match[1]) / 100:g}",
    ),
    _slip(r"\b(\w+)\s*\.\.[.<=]?\s*(\w+)", "range(a, b) counts from a up to b", r"range(\1, \2)"),
    _slip(r"(?<![\w.)\]])\.(\d)", "a number begins with a digit", r"0.\1", True),
    _slip(r"\b(\d+)\.(?![\d.])", "a digit follows the point", r"\1.0", True),
    _slip(
        r"\b0[xX]([0-9a-fA-F]+)\b",
        "numbers are decimal",
        lambda match: str(int(match[1], 16)) if len(match[1]) < 12 else match[0],
    ),
    # Items of other languages
    _slip(
        r"\b(?:def|func|function|fun)\s+(\w+\s*\([^)]*\))\s*[:{]\s*return\s+([^}]*?)\s*\}?\s*$",
        "a function is written fn name(…) = value",
        r"fn \1 = \2",
    ),
    _slip(
        r"\bfn\s+(\w+\s*\([^)]*\))\s*(?:->|:|=>)\s*(?=[^\s{])",
        "a function is written fn name(…) = value",
        r"fn \1 = ",
    ),
    _slip(
        r"\bfn\s+(\w+\s*\([^)]*\))\s*=?\s*\{\s*(?:return\s+)?(.*?)\s*\}",
        "a function is written fn name(…) = value",
        r"fn \1 = \2",
    ),
    _slip(r"\b(?:def|func|function|fun)\s+", "a function is written fn name(…) = value", "fn "),
    _slip(r"\bnet\s*(?=\{)", "a net has a name", "net Name "),
    _slip(r"\bblock\s*(?=[({])", "a block has a name", "block name"),
    _slip(r"\b(?:var|const|local|auto|val|set)\s+(?=\w+\s*=)", "a name is given with let", "let "),
    _slip(r"\b(?:class|module|layer|def)\s+(?=\w+\s*[({])", "a part is called block", "block "),
    _slip(r"\b(?:model|network)\s+(?=\w+\s*[({])", "a whole net is called net", "net "),
    _slip(
        r"\bimport\s+([\w, ]+?)\s+from\s+(\"[^\"]+\"|\w+)",
        "written from … import …",
        r"from \2 import \1",
    ),
    _slip(
        r"\bfrom\s+(\w+(?:[./\\]\w+)*)\s+import",
        "a file stands in quotes",
        lambda match: f'from "{_as_path(match[1])}" import',
    ),
    _advice(r"\bimport\s+\*", "names are imported one by one: from std import bottleneck"),
    _slip(r"\bimport\s+std\.(\w+)", "written from std import …", r"from std import \1"),
    _slip(r"\breturn\s+", "what flows at the end comes out, without a word", ""),
    _advice(r"\bwhile\b\s*\S*", "loops are repeat n { … } and for x in list { … }"),
    _advice(r"\blambda\b[^:]*", "a function is an item of the file: fn f(x) = …"),
    _slip(
        r"\b(\w+)\s*([-+*/])=\s*",
        "arithmetic with a tensor is a step; let n = n + 1 sets a number again",
        r"\1 \2 ",
    ),
    _slip(r"^(\s*)let\s+(\w+)\s*:=?\s*", "a name is given with =", r"\1let \2 = "),
    _slip(r":=", "a name is given with =", "="),
    # Inputs
    _slip(r"\s*,\s*(?=[a-z_]\w*\s*[=:])", "what follows stands on a line of its own", "\n  ", True),
    _slip(
        r"(\binput\s+\w+\s*:\s*)([\[(]?\s*\w+(?:\s*[,*]\s*\w+)+\s*[\])]?)",
        "sizes are joined with x",
        _by_x,
    ),
    _slip(r"\b(input\s+\w+)\s*[=:]*\s*(?=[\d(?])", "a colon stands before the sizes", r"\1: "),
    _slip(r"\binput\s*:\s*", "an input has a name", "input x: "),
    _slip(r"\binput\s+(?=\d)", "an input has a name", "input x: "),
    _slip(r"\s+(?:of\s+)?(int|float)\d+\b", "numbers are int or float", r" of \1"),
    _slip(r"(?<!of)\s+(int|float)\b", "the kind of numbers is written of int", r" of \1"),
    # Calls and names
    _slip(r"\s+as\s+\"(\w+)\"", "a name stands without quotes", r" as \1"),
    _slip(r"\b(\w+)\s+as\s+(\w+\([^()]*\))", "the name comes after as", r"\2 as \1"),
    _slip(r"\b([a-z]\w*)\s*\[([^\]\n]*)\]", "arguments stand in ( )", r"\1(\2)"),
    _slip(r"\b([a-z]\w*)\s*\{([^{}\n]*)\}", "arguments stand in ( )", r"\1(\2)"),
    _slip(r"\bdefault\s*\(\s*(\w+)\s*,\s*([^)]*)\)", "written default conv(…)", r"default \1(\2)"),
    _slip(
        r"\b(default\s+[\w, ]+?)\s+(\w+\s*=[^#\n]*?)(?=\s*(?:#|$))",
        "arguments stand in ( )",
        r"\1(\2)",
    ),
    _slip(
        r"\b((?!input|let|output|repeat|for|if|as|net|block)[a-z]\w*)\s+"
        r"((?:\w+\s*=\s*)?[\d.]+(?:\s*,\s*(?:\w+\s*=\s*)?[\w.]+)*)",
        "arguments stand in ( )",
        r"\1(\2)",
    ),
    _slip(r"\b(\w+)\s*:\s*(?=[^\s{])", "an argument is given with =", r"\1=", True),
    # What parts one thing from the next
    _slip(r"\s*,\s*$", "nothing parts two lines but their end", ""),
    _slip(r"\s*;\s*" + _COMMENT, "a line ends without a sign", r"\g<comment>"),
    _slip(r"\s*;\s*", "a new line or -> ends a step", "\n  ", True),
    _slip(r"\s*\\\s*$", "a line that begins with -> goes on by itself", ""),
    _slip(r"[@$`]", "leave it out", "", True),
)


# What nobody writes by hand is not searched.
_LONGEST_LINE = 1_000


def slips(line: Span, at: int) -> Iterator[Help]:
    """What is likely meant by a line with a mistake at an offset of its source.

    The line's span goes without its end.
    """
    if line.end - line.start > _LONGEST_LINE:
        return
    column = at - line.start
    text = line.text
    for slip in SLIPS:
        for match in slip.pattern.finditer(text):
            if match.start() <= column <= match.end() and match[0]:
                yield _help(slip, match, line)
                break


def _changed(line: Span, text: str) -> tuple[Span, str]:
    """The part of a line that another text changes, and what is there then."""
    before = _alike(line.text, text)
    after = _alike(line.text[before:][::-1], text[before:][::-1])
    span = Span(line.source, line.start + before, line.end - after)
    return span, text[before : len(text) - after]


def _alike(first: str, second: str) -> int:
    """How many characters two texts have in common at their start."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(first), len(second)))


def _help(slip: Slip, match: re.Match[str], line: Span) -> Help:
    if slip.advice:
        return Help(slip.text)
    if slip.everywhere:
        return Help(slip.text, *_changed(line, slip.pattern.sub(slip.written, line.text)))
    written = match.expand(slip.written) if isinstance(slip.written, str) else slip.written(match)
    start = line.start + match.start()
    return Help(slip.text, Span(line.source, start, line.start + match.end()), written)
