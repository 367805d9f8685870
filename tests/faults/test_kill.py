"""A run that is killed at any moment goes on, and ends in the weights of one that was not.

`make faults` tries fifty moments in place of CI's few (the variable NETDSL_FAULTS).
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.runs import EPOCHS, Whole, check_files, check_finished, drafts, result, told

MOMENTS = int(os.environ.get("NETDSL_FAULTS", "5"))
# What a run does with files in each epoch.
FILE_EVENTS = 13


def disturbed(whole: Whole, folder: Path, seed: int) -> dict[str, Any]:
    """The result of a run that is killed, for odd seeds again while it goes on."""
    chance = random.Random(seed)
    run, output = folder / "run", folder / "output"
    output.touch()
    arguments: list[object] = [whole.spec, "--backend", whole.netdsl.backend, "--out", run]
    for _ in range(1 + seed % 2):
        dies = {"moment": chance.randrange(1, FILE_EVENTS * max(1, EPOCHS - told(output)))}
        if chance.random() < 0.5:
            dies = {"seconds": chance.uniform(0.3, 0.9) * whole.seconds}
        options = ["--device", "cpu"]
        whole.netdsl.start("train", *arguments, *options, output=output, folder=run, **dies)
        ends = (0, -signal.SIGKILL, -signal.SIGPROF)
        assert whole.netdsl.wait() in ends, output.read_text(encoding="utf-8")
        if run.is_dir():
            check_files(run)
        if not (run / "settings.json").is_file():
            # Nothing was begun that could go on, which is said.
            assert whole.netdsl.train("--resume", run, output=output) == 1
            assert f"{run} is no run folder" in output.read_text(encoding="utf-8")
            run = run.with_name(f"{run.name}-anew")
            arguments[-1] = run
            continue
        check_finished(run, output)
        arguments = ["--resume", run]
    assert whole.netdsl.train(*arguments, output=output) == 0, output.read_text(encoding="utf-8")
    assert drafts(run) == []
    check_files(run)
    check_finished(run, output)
    return result(run)


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_a_killed_run_of_pytorch_ends_the_same(
    phased_run: Whole, tmp_path: Path, seed: int
) -> None:
    assert disturbed(phased_run, tmp_path, seed) == phased_run.result


@pytest.mark.parametrize("seed", range(MOMENTS // 2))
def test_killed_adversaries_end_the_same(contest_run: Whole, tmp_path: Path, seed: int) -> None:
    assert len(contest_run.result["pictures"]) == EPOCHS
    assert disturbed(contest_run, tmp_path, seed) == contest_run.result


@pytest.mark.parametrize("seed", range(MOMENTS // 5))
def test_a_killed_run_of_keras_ends_the_same(keras_run: Whole, tmp_path: Path, seed: int) -> None:
    assert disturbed(keras_run, tmp_path, seed) == keras_run.result
