"""Diagnostics as workflow commands of GitHub Actions, which shows them beside the changed lines.

GitHub, "Workflow commands for GitHub Actions": `::error file=…,line=…::message`.
"""

from __future__ import annotations

from netdsl.diagnostics.model import Diagnostic

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def github(diagnostic: Diagnostic) -> str:
    """The command for a diagnostic, one line."""
    span = diagnostic.label.span
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(max(span.end, span.start + 1))
    place = {"file": span.source.name, "line": line, "endLine": end_line}
    if end_line == line:
        # Columns of a stretch over several lines are refused.
        place |= {"col": column, "endColumn": end_column}
    place["title"] = diagnostic.code
    shown = ",".join(f"{key}={_property(str(value))}" for key, value in place.items())
    return f"::{_COMMANDS[diagnostic.severity]} {shown}::{_data(_message(diagnostic))}"


def _message(diagnostic: Diagnostic) -> str:
    """The message, with what is seen at the place and the help, which an annotation can show."""
    label = f"\n{diagnostic.label.text}" if diagnostic.label.text else ""
    helps = "".join(f"\nhelp: {help.text}" for help in diagnostic.help)
    return f"{diagnostic.message}{label}{helps}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
