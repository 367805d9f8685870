"""The bundled nets by name. `specs/zoo.json` is written by hand: name, then file and net."""

from __future__ import annotations

import json
import os.path

from netdsl.resources import specs_folder


def bundled(name: str) -> tuple[str, str] | None:
    """The path and the net of a bundled name; None where there is none."""
    names = bundled_names()
    if name not in names:
        return None
    path, _, net = names[name].partition(":")
    return os.path.join(specs_folder(), path), net


def bundled_names() -> dict[str, str]:
    """Every bundled name, and `file.net:Net` that it stands for."""
    with open(os.path.join(specs_folder(), "zoo.json"), encoding="utf-8") as file:
        names: dict[str, str] = json.load(file)
    return names
