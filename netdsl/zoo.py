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

    @property
    def path(self) -> str:
        """The path of the file."""
        return os.path.join(specs_folder(), self.net.partition(":")[0])

    @property
    def net_name(self) -> str:
        """The name of the net in its file."""
        return self.net.partition(":")[2]


def bundled(name: str) -> tuple[str, str] | None:
    """The path and the net of a bundled name; None where there is none."""
    found = bundled_nets().get(name)
    return None if found is None else (found.path, found.net_name)


def bundled_nets() -> dict[str, Entry]:
    """Every bundled name with its entry, in the order of the file."""
    with open(os.path.join(specs_folder(), "zoo.json"), encoding="utf-8") as file:
        return {name: Entry(**entry) for name, entry in json.load(file).items()}
