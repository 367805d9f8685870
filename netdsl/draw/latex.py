"""Text for LaTeX: what it would read as an order, or print as another letter, is written out."""

from __future__ import annotations

import re

# What text fonts of LaTeX have as another letter beside one like it, or as a bitmap alone, too.
ESCAPES = str.maketrans(
    {letter: f"\\{letter}" for letter in "#$%&_{}"}
    | {
        "\\": r"\textbackslash{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "'": r"\textquotesingle{}",
        "`": r"\textasciigrave{}",
        # What follows a `\\` would be taken for its argument.
        "[": "{[}",
        "]": "{]}",
        "*": "{*}",
        "×": r"$\times$",
        "…": r"\ldots{}",
        "←": r"$\leftarrow$",
        "↑": r"$\uparrow$",
        "→": r"$\rightarrow$",
        "↓": r"$\downarrow$",
    }
)


def escaped(text: str) -> str:
    """The text of a LaTeX document that prints as this one."""
    # Two hyphens would become a dash, two commas a quotation mark.
    return re.sub(r"([-,])(?=\1)", r"\1{}", text.translate(ESCAPES))
