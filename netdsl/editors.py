"""Grammars and snippets for editors: written from templates and from the words of the language."""

from __future__ import annotations

import json
import re
from pathlib import Path

from netdsl.lsp.completion import ITEMS, STEPS
from netdsl.wordlists import groups

_PLACE = re.compile(r"@(\w+)@")


def filled(template: Path, separator: str) -> str:
    """A template with words, in order and with what separates them, for each `@group@`."""
    words = groups()

    def listed(found: re.Match[str]) -> str:
        return separator.join(sorted(words[found.group(1)]))

    return _PLACE.sub(listed, template.read_text(encoding="utf-8"))


def snippets() -> str:
    """The server's snippets of items and of bodies, for VS Code without it."""
    bodies = {word: body.split("\n") for word, body in (ITEMS | STEPS).items() if "$" in body}
    found = {word: {"prefix": word, "body": body} for word, body in bodies.items()}
    return json.dumps(found, indent=2) + "\n"
