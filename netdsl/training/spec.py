"""A spec as training needs it: the one place that loads specs for training."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import netdsl
from netdsl.catalog.settings import Settings
from netdsl.graph import ElaboratedNet
from netdsl.resources import specs_folder


@dataclass(frozen=True, slots=True)
class Spec:
    """A net, what its `train` section says, and the files that both were read from.

    `request` is what was asked for (`file.net:Net`), `sources` the text of each file by path.
    """

    request: str
    overrides: Mapping[str, str]
    section: str | None
    net: ElaboratedNet
    settings: Settings
    sources: Mapping[Path, str]

    @property
    def file(self) -> Path:
        """The main file of the spec."""
        return next(iter(self.sources))

    @property
    def folder(self) -> Path:
        """The folder that paths in the section are relative to."""
        return self.file.parent


def open_spec(request: str, overrides: Mapping[str, str], section: str | None) -> Spec:
    """Loads a spec: `request` as on the command line, `overrides` by name, also `train.epochs`."""
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
