"""The bundled nets by name: what `specs/zoo.json` says of each.

The file is written by hand, one line for each name: its net as `file.net:Net`, and the reference
whose figures the net is proved to have, `keras:KEY`, `torchvision:KEY` or `papers:KEY` of
tests/reference, or none.
"""

from __future__ import annotations

import json
import os.path

from netdsl.record import Record
from netdsl.resources import specs_folder


class Entry(Record):
    """A bundled name: `file.net:Net`, and the key of its reference figures, None without any."""

    net: str
    reference: str | None


def bundled(name: str) -> tuple[str, str] | None:
    """The path and the net of a bundled name; None where there is none."""
    found = bundled_nets().get(name)
    if found is None:
        return None
    path, _, net = found.net.partition(":")
    return os.path.join(specs_folder(), path), net


def bundled_nets() -> dict[str, Entry]:
    """Every bundled name with its entry, in the order of the file."""
    with open(os.path.join(specs_folder(), "zoo.json"), encoding="utf-8") as file:
        return {name: Entry(**entry) for name, entry in json.load(file).items()}
