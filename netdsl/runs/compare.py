"""Runs side by side: the settings that differ, and the figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from netdsl.runs.summary import Summary

# A setting that a run has not.
ABSENT = None


def differences(runs: Sequence[Summary]) -> dict[str, list[Any]]:
    """What differs between runs, by name: one value for each run, None where it has none."""
    tables = [dict(_described(run)) for run in runs]
    names = dict.fromkeys(name for table in tables for name in table)
    columns = {name: [table.get(name, ABSENT) for table in tables] for name in names}
    return {
        name: values
        for name, values in columns.items()
        if any(value != values[0] for value in values)
    }


def figure_names(runs: Sequence[Summary]) -> list[str]:
    """The names of the figures that any of the runs has, in the order of the logs."""
    return list(dict.fromkeys(name for run in runs for name in run.figures))


def _described(run: Summary) -> Iterator[tuple[str, Any]]:
    """Every setting of a run by a dotted name, with what makes it what it is besides."""
    stored = run.stored
    yield "net", stored["net"]
    yield from stored["arguments"].items()
    yield "backend", stored["backend"]
    yield "train", stored["section"]
    for name, value in stored["settings"].items():
        if name != "net":
            yield from _flat(name, value)
    for number, phase in enumerate(stored["phases"], start=1):
        yield from _flat(f"phase {number}", phase)
    yield "checksum of the data", stored["data"]["digest"]


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A setting's value, its arguments by dotted names: `optimizer` and `optimizer.lr`."""
    if isinstance(value, dict):
        if "name" in value:
            yield name, value["name"]
        for key, item in value.items():
            if key != "name":
                yield from _flat(f"{name}.{key}", item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value, start=1):
            yield from _flat(name if len(value) == 1 else f"{name} {number}", item)
    else:
        yield name, value
