"""Tables of the bundled nets, each made once for the tests beside this file."""

from __future__ import annotations

from functools import cache

from netdsl.draw.table import Table, rows_table
from tests.specs.bundled import bundled


@cache
def rows_of(place: str) -> Table:
    """The rows of the net at `file.net:Net`."""
    return rows_table(bundled(place))
