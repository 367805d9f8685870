"""Every code of a diagnostic, with what it means in one line."""

from __future__ import annotations

CODES = {
    "expect-missed": "a number that the spec promises is another",
    "expect-skipped": "a promise holds for the net as written, not with arguments set from outside",
    "expect-unknown": "a promise names a figure that there is not",
    "file-too-large": "the file has more text than the bound allows",
    "nested-too-deeply": "brackets stand in brackets beyond the bound",
    "number-too-large": "a number is written with more digits than the bound allows",
    "syntax": "what is written is not a sentence of the language",
    "unclosed": "a bracket or brace is opened and never closed",
}


def known(code: str) -> str:
    """The code itself; an unknown one is a failure of ours, not of the spec."""
    assert code in CODES, f"{code} is missing in netdsl/diagnostics/codes.py"
    return code
