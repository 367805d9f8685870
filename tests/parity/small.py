"""Bundled nets at small inputs, so that every backend runs each of them within a minute."""

from __future__ import annotations

import re
from pathlib import Path

from netdsl.api import Net, load, locate
from netdsl.diagnostics import SpecError

# Sides of images: a net gets the first that it takes.
SIDES = (64, 96, 128, 160, 192, 224)
# How a spec says the side of an image that is large: itself, or by a parameter.
_SIDE = re.compile(r"(?:(?<=: )\d{3} x \d{3}(?= x )|\bsize ?= ?\d{3}\b)")


def small(name: str) -> Net:
    """A bundled net at the smallest side that it takes; as it is where its input is small."""
    path, net = locate(name)
    text = Path(path).read_text("utf-8")
    for side in SIDES if _SIDE.search(text) else ():
        smaller = _SIDE.sub(lambda found, side=side: _written(found[0], side), text)  # type: ignore[misc]
        try:
            return load(f"{path}:{net}", text=smaller)
        except SpecError:
            continue
    return load(name)


def _written(found: str, side: int) -> str:
    """The text that says a side, with another."""
    return f"size={side}" if found.startswith("size") else f"{side} x {side}"
