"""Two processes on CPUs, by gloo, give what one gives, whether they hold weights whole or in parts.

Sums are taken in another order, so that the last digits differ.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from netdsl.training import curves
from netdsl.training.run import RunFolder
from tests.conftest import REPOSITORY
from tests.devices import specs, together

Runs = dict[str, Path]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The folders of the runs by who has trained them."""
    folder = tmp_path_factory.mktemp("devices")
    paths = specs.write(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "draw", lambda path, log, kept: None)
        together.train(folder / "alone", paths)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    for strategy in ("ddp", "fsdp"):
        words = ["-m", "tests.devices.together", strategy, folder / strategy, *paths]
        subprocess.run([*torchrun, *words], cwd=REPOSITORY, check=True)
    return {name: folder / name for name in ("alone", "ddp", "fsdp")}


CASES = [(strategy, name) for strategy in ("ddp", "fsdp") for name in specs.SPECS]


@pytest.mark.parametrize(("strategy", "name"), CASES)
def test_the_weights_are_those_of_one_process(runs: Runs, strategy: str, name: str) -> None:
    for file in ("weights.safetensors", "state.safetensors"):
        alone = load_file(runs["alone"] / name / file)
        shared = load_file(runs[strategy] / name / file)
        assert alone.keys() == shared.keys()
        for key, values in alone.items():
            assert values.dtype == shared[key].dtype
            assert np.abs(values - shared[key]).max() < 1e-5, key


@pytest.mark.parametrize(("strategy", "name"), CASES)
def test_the_figures_are_those_of_one_process(runs: Runs, strategy: str, name: str) -> None:
    alone, shared = (RunFolder(runs[who] / name) for who in ("alone", strategy))
    for one, other in zip(alone.log(), shared.log(), strict=True):
        assert without_time(other) == pytest.approx(without_time(one), abs=1e-6)
    tested = [json.loads((run.path / "test.json").read_text("utf-8")) for run in (alone, shared)]
    assert tested[0].pop("confusion") == tested[1].pop("confusion")
    assert tested[0].pop("classes") == tested[1].pop("classes")
    assert tested[1].pop("share") == tested[0].pop("share")
    assert tested[1] == pytest.approx(tested[0], abs=1e-6)


def without_time(entry: dict[str, Any]) -> dict[str, float]:
    """The numbers of a line of the log that training determines."""
    return {n: v for n, v in entry.items() if n != "seconds" and not isinstance(v, str)}
