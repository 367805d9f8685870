"""The edit of a help, carried out."""

from __future__ import annotations

from netdsl.diagnostics.model import Help


def edited(help: Help) -> str | None:
    """The text of the file after the edit of a help; None for one that is a sentence alone."""
    if help.span is None or help.replacement is None:
        return None
    text, span = help.span.source.text, help.span
    return text[: span.start] + help.replacement + text[span.end :]
