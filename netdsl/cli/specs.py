"""Loads specs for the commands that train, evaluate and predict."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import netdsl
from netdsl.resources import specs_folder
from netdsl.training.spec import Spec


def open_spec(request: str, overrides: Mapping[str, str], section: str | None) -> Spec:
    """Loads `request`, as on the command line; `overrides` are by name, also `train.epochs`."""
    loaded = netdsl.load(request, set=dict(overrides))
    settings = loaded.settings(section)
    net = loaded.elaborated if settings.net is None else settings.net
    return Spec(request, overrides, section, net, settings, _own(loaded.sources))


def _own(sources: Mapping[str, str]) -> dict[Path, str]:
    """The files without those that every netdsl brings along, unless the spec is one of them."""
    bundled = Path(specs_folder())
    files = {Path(os.path.abspath(path)): text for path, text in sources.items()}
    if next(iter(files)).is_relative_to(bundled):
        return files
    return {path: text for path, text in files.items() if not path.is_relative_to(bundled)}
