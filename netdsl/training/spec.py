"""A spec as training needs it. Who calls brings the function that loads one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from netdsl.catalog.settings import Settings, Training
from netdsl.graph import ElaboratedNet


@dataclass(frozen=True, slots=True)
class Spec:
    """A net, what its `train` section says, and the files that both were read from.

    `asked` is the name of the net, where the command line gave one (`file.net:Net`); `sources` is
    the text of each file by path, the main one first. `extended` is the net with further outputs,
    where the loss uses tensors that the net does not hand out.
    """

    asked: str | None
    overrides: Mapping[str, str]
    section: str | None
    net: ElaboratedNet
    training: Training
    sources: Mapping[Path, str]
    extended: ElaboratedNet | None = None

    @property
    def trained(self) -> ElaboratedNet:
        """The net that is trained and evaluated; predictions are those of `net`."""
        return self.extended or self.net

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self.training.settings

    @property
    def folder(self) -> Path:
        """The folder that paths in the section are relative to."""
        return next(iter(self.sources)).parent


# Loads a request with overrides by name (`classes`, `train.epochs`) and the name of a section.
Opener: TypeAlias = Callable[[str, Mapping[str, str], str | None], Spec]
