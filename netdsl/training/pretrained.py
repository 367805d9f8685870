"""Weights that a run starts with from a file, as `init = pretrained(…)` says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netdsl.backends.engine import Array
from netdsl.catalog.settings import Pretrained
from netdsl.graph import ElaboratedNet
from netdsl.weights.fit import Fit, fit


@dataclass(frozen=True, slots=True)
class Started:
    """The weights by their full names, what settings.json says of them, and what a person sees."""

    weights: Mapping[str, Array]
    note: Mapping[str, Any] | None
    sentence: str


def started(net: ElaboratedNet, init: Pretrained | None, base: Path) -> Started:
    """Reads the file of `init`, whose path is relative to `base`; without one all is empty.

    Raises `UserError` that lists what does not fit.
    """
    if init is None:
        return Started({}, None, "")
    path = base / init.file
    found = fit(net, path, init.into or "", init.partial)
    note = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "tensors": len(found.weights),
        "unused": list(found.unused),
        "fresh": list(found.fresh),
    }
    return Started(found.weights, note, _sentence(init, found))


def _sentence(init: Pretrained, found: Fit) -> str:
    """How many tensors come from the file and, with `partial`, what it did not fit."""
    text = f"{len(found.weights)} tensors start from {init.file}"
    if found.unused:
        text += f"; {len(found.unused)} of it are not used ({_some(list(found.unused))})"
    if found.fresh:
        text += f"; {len(found.fresh)} start as usual ({_some(list(found.fresh))})"
    return text


def _some(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
