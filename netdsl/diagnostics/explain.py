"""What a code means, with a spec that fails and the same spec mended.

The texts are the Markdown files in `explained/`, one for each code; docs/diagnostics.md is made
from them, and tests check every spec in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from netdsl.diagnostics.codes import CODES, WARNINGS
from netdsl.record import Record

_FOLDER = Path(__file__).parent / "explained"
MAIN = "spec.net"

_PART = re.compile(r"^## (Wrong|Mended)\n", re.MULTILINE)
_SPEC = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```net\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^With `(netdsl [^`]+)`:$", re.MULTILINE)


class Explanation(Record):
    """A code in words; the files of a spec that fails and of one that does not, the main one first.

    Without a spec where it takes more than a file to show the mistake. `command` is what tells of
    it, where that is not a plain `netdsl check spec.net`.
    """

    code: str
    text: str
    wrong: Mapping[str, str]
    mended: Mapping[str, str]
    command: str

    @property
    def kind(self) -> str:
        """Whether the code is that of an error or of a warning."""
        return "warning" if self.code in WARNINGS else "error"


def explanation(code: str) -> Explanation:
    """The explanation of a code, which must be one."""
    page = written(code)
    title, *parts = _PART.split(page)
    text = title.partition("\n")[2].strip()
    specs = {name: _specs(part) for name, part in zip(parts[::2], parts[1::2], strict=True)}
    command = _COMMAND.search(page)
    return Explanation(
        code,
        text,
        specs.get("Wrong", {}),
        specs.get("Mended", {}),
        command[1] if command is not None else "",
    )


def written(code: str) -> str:
    """The page of a code as it is written."""
    return file(code).read_text(encoding="utf-8")


def file(code: str) -> Path:
    """Where the page of a code is written."""
    return _FOLDER / f"{code}.md"


def _specs(part: str) -> dict[str, str]:
    return {name or MAIN: text for name, text in _SPEC.findall(part)}


def page() -> str:
    """All explanations as one page of the documentation."""
    sections = [_section(code) for code in sorted(CODES)]
    return (
        "# Diagnostics\n\n"
        "Every code that `netdsl` tells, with a spec that fails and the same spec mended;\n"
        "`netdsl explain CODE` shows one. A warning is left out by `# netdsl: allow CODE` at the\n"
        "end of its line, or on a line of its own above the statement or item that it is about.\n\n"
        "<!-- netdsl/generate.py writes this from netdsl/diagnostics/explained -->\n\n"
        + "\n".join(sections)
    )


def _section(code: str) -> str:
    text = re.sub(r"^#", "##", written(code), flags=re.MULTILINE)
    if code not in WARNINGS:
        return text
    title, _, rest = text.partition("\n")
    return f"{title}\n\n*A warning.*\n{rest}"
