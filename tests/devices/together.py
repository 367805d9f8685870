"""Trains specs one after the other, in one of the processes that torchrun starts, or alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from netdsl.backends.team import ALONE, Team
from netdsl.cli.specs import open_spec
from netdsl.training import curves, session
from netdsl.training.devices import gather, quiet
from tests.training.nets import Silent


def train(out: Path, specs: Sequence[Path], team: Team = ALONE) -> None:
    """Trains each spec into a folder of its name."""
    for spec in specs:
        opened = open_spec(str(spec), {}, None)
        current = session.start(opened, "torch", out / spec.stem, "cpu", team=team)
        current.train(Silent())
        current.finish()


if __name__ == "__main__":
    curves.draw = lambda path, log, kept: None  # takes longer than the training
    gathered = gather("torch", None, sys.argv[1], "cpu")
    assert gathered is not None and gathered.size == 2
    with quiet(gathered):
        train(Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]], gathered)
