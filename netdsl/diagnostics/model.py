"""A diagnostic is data: a code, a message, a place, further places, help. Renderers are apart."""

from __future__ import annotations

from typing import Literal

from netdsl.record import Record
from netdsl.source import Span

Severity = Literal["error", "warning", "note"]


class Label(Record):
    """A place, and what is to be said about it."""

    span: Span
    text: str = ""


class Help(Record):
    """A way out: a sentence, and where there is one, the edit that takes it."""

    text: str
    span: Span | None = None
    replacement: str | None = None


class Diagnostic(Record):
    """One thing that a user should know, with its place."""

    code: str
    message: str
    label: Label
    secondary: tuple[Label, ...] = ()
    help: tuple[Help, ...] = ()
    severity: Severity = "error"
    instances: int = 1


class SpecError(Exception):
    """A spec is at fault: carries every diagnostic found, warnings included."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        super().__init__(diagnostics)

    def __str__(self) -> str:
        from netdsl.diagnostics.render import plain

        return "\n\n".join(plain(diagnostic) for diagnostic in self.diagnostics)

    def _render_traceback_(self) -> list[str]:
        """What IPython and Jupyter show: the diagnostics, in place of where netdsl raised them."""
        from netdsl.diagnostics.render import coloured

        return coloured(self.diagnostics).splitlines()


class UserError(Exception):
    """A mistake that has no place in a spec (a missing extra, file or argument): one sentence."""
