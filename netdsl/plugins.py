"""What other packages add by entry points, looked for only where netdsl itself does not know more.

The groups, and what a name in them means (docs/plugins.md):

`netdsl.layers`       a word of the language, to the record of its layer
`netdsl.collections`  where blocks can be imported from, to the package whose folder has them
`netdsl.rows.torch`   a word, to the module that registers PyTorch's row of its layer; and so for
                      `netdsl.rows.keras` and `netdsl.rows.onnx`

What netdsl has wins. Two packages with the same name in a group are an error where it is used.
"""

from __future__ import annotations

import os.path
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from netdsl.diagnostics import UserError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LAYERS = "netdsl.layers"
COLLECTIONS = "netdsl.collections"
ROWS = "netdsl.rows"


@cache
def _points(group: str) -> dict[str, list[EntryPoint]]:
    # Slow to import, and nothing that a spec without a plugin waits for.
    from importlib.metadata import entry_points

    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        # An installation in two places on the path is the same plugin twice.
        others = found.setdefault(point.name, [])
        if all(point.value != other.value for other in others):
            others.append(point)
    return found


def names(group: str) -> frozenset[str]:
    """The names that packages add to a group."""
    return frozenset(_points(group))


def _point(group: str, name: str) -> EntryPoint | None:
    """The entry point of a name; a `UserError` where two packages have it."""
    found = _points(group).get(name, [])
    if len(found) > 1:
        owners = " and ".join(sorted(map(owner, found)))
        raise UserError(f"{name} is added by {owners}; one of them must be uninstalled")
    return found[0] if found else None


def owner(point: EntryPoint) -> str:
    """The package that has an entry point."""
    return point.dist.name if point.dist is not None else point.module


def owned_by(group: str, name: str) -> str:
    """The package that adds a name to a group."""
    point = _point(group, name)
    assert point is not None
    return owner(point)


def load(group: str, name: str) -> Any:
    """What a name in a group stands for, None where there is none; imports the package.

    Raises `UserError` where that fails: the fault is the package's.
    """
    point = _point(group, name)
    if point is None:
        return None
    try:
        return point.load()
    except Exception as error:
        raise UserError(
            f"{name} belongs to the plugin {owner(point)}, which cannot be loaded:"
            f" {type(error).__name__}: {error}"
        ) from error


def folder(name: str) -> str | None:
    """The folder of a collection of blocks, None where there is none; nothing is imported."""
    point = _point(COLLECTIONS, name)
    if point is None:
        return None
    top, *rest = point.module.split(".")
    spec = find_spec(top)
    places = (spec.submodule_search_locations if spec is not None else None) or ()
    for place in places:
        found = os.path.join(place, *rest)
        if os.path.isdir(found):
            return os.path.realpath(found)
    raise UserError(f"the plugin {owner(point)} has no folder {point.module} with blocks")
