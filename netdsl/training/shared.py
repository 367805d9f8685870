"""What the first process of a team reads of a run, and the others hear from it.

So they need no file system in common. What goes from one to another is JSON and safetensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

from netdsl.backends.engine import Array, Figures
from netdsl.backends.team import Team
from netdsl.data.examples import Examples
from netdsl.training.run import IN_METADATA, RunFolder, State


def first_path(team: Team, path: Path) -> Path:
    """The path that the first process gives."""
    return Path(team.first(str(path).encode()).decode())


def first_weights(team: Team, run: RunFolder) -> dict[str, Array]:
    """The weights of a run that are to be used."""
    if team.size == 1:
        return run.weights()
    return _arrays(team, run.weights() if team.rank == 0 else {})


def first_figures(team: Team, figures: Figures) -> Figures:
    """The figures as the first process has them: by them all decide alike when training ends."""
    if team.size == 1:
        return figures
    told: Figures = json.loads(team.first(json.dumps(figures).encode()))
    return told


def share_unreadable(team: Team, examples: Examples) -> None:
    """Has each process know which examples the others could not read."""
    for data in team.gathered(json.dumps(examples.bad()).encode()):
        examples.add_bad(json.loads(data))


def first_state(team: Team, run: RunFolder) -> State:
    """Where a run stands."""
    if team.size == 1:
        return run.state()
    state = run.state() if team.rank == 0 else State(0, 0, 0, {}, {}, {}, {})
    rest = {name: getattr(state, name) for name in IN_METADATA}
    return State(
        weights=_arrays(team, state.weights),
        optimizer=_arrays(team, state.optimizer),
        **json.loads(team.first(json.dumps(rest).encode())),
    )


def _arrays(team: Team, arrays: Mapping[str, Array]) -> dict[str, Array]:
    ordered = {name: np.asarray(values, order="C") for name, values in arrays.items()}
    # In the same order everywhere: who holds parts of them puts them in their places together.
    return dict(sorted(load(team.first(save(ordered))).items()))
