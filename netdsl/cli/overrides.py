"""Options that several commands take: `--set`, `--size`, `--limit` and `--depth`."""

from __future__ import annotations

from collections.abc import Iterable

import click

from netdsl.elaborate.limits import Limits


def overrides_of(sets: Iterable[str]) -> dict[str, str]:
    """Each value by its name, as it was written; what has no `=` is a mistake of usage."""
    overrides: dict[str, str] = {}
    for text in sets:
        name, separator, value = text.partition("=")
        if not separator or not name.strip() or not value.strip():
            raise click.UsageError(f"--set takes name=value, not {text}")
        overrides[name.strip()] = value.strip()
    return overrides


def numbers_of(given: Iterable[str], option: str) -> dict[str, int]:
    """`name=128` of an option, each."""
    numbers: dict[str, int] = {}
    for text in given:
        name, _, value = text.partition("=")
        digits = value.strip().replace("_", "")
        if not name.strip() or not digits.isdecimal() or int(digits) < 1:
            raise click.UsageError(f"{option} takes name=number, not {text}")
        numbers[name.strip()] = int(digits)
    return numbers


def limits_of(given: Iterable[str]) -> Limits:
    """The bounds with those that `--limit` raises; an unknown one is a mistake of usage."""
    numbers = numbers_of(given, "--limit")
    for name in numbers:
        if name not in Limits.fields:
            known = ", ".join(Limits.fields)
            raise click.UsageError(f"--limit: there is no bound {name}; there is {known}")
    return Limits(**numbers)


def depth_of(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """How many levels of blocks are opened: a whole number from 1; None for `all`."""
    if value == "all":
        return None
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value} is neither a whole number from 1 nor all", ctx, param)
    return int(value)
