"""`--set name=value`: parameters of a net and settings of its training."""

from __future__ import annotations

from collections.abc import Iterable

import click


def overrides_of(sets: Iterable[str]) -> dict[str, str]:
    """Each value by its name, as it was written; what has no `=` is a mistake of usage."""
    overrides: dict[str, str] = {}
    for text in sets:
        name, separator, value = text.partition("=")
        if not separator or not name.strip() or not value.strip():
            raise click.UsageError(f"--set takes name=value, not {text}")
        overrides[name.strip()] = value.strip()
    return overrides
