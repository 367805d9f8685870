"""Files of a run that were cut off or garbled: a sentence with the file and a way out.

What is not damaged enough to be noticed must be read; nothing else may come out.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from netdsl.cli.main import main
from netdsl.diagnostics import UserError
from netdsl.training.run import RunFolder
from tests.faults.runs import Whole, result

FILES = ("state.safetensors", "weights.safetensors", "settings.json", "log.jsonl")


@pytest.fixture
def run(torch_run: Whole, tmp_path: Path) -> Path:
    """A copy of the undisturbed run."""
    return Path(shutil.copytree(torch_run.run, tmp_path / "run"))


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def flip(content: bytes, chance: random.Random) -> bytes:
    """Three bytes changed, where a file says what it holds."""
    changed = bytearray(content)
    for _ in range(3):
        changed[chance.randrange(min(len(content), 400))] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("damage", [cut, flip])
@pytest.mark.parametrize("name", FILES)
def test_reading_never_fails_in_another_way(
    run: Path, name: str, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    content = (run / name).read_bytes()
    found = 0
    for seed in range(200):
        (run / name).write_bytes(damage(content, random.Random(seed)))
        folder = RunFolder(run)
        try:
            folder.settings(), folder.log(), folder.state(), folder.kept(), folder.weights()
        except UserError as error:
            found += 1
            assert str(run / name) in str(error)
            assert ";" in str(error) or "another version" in str(error)
            assert "\n" not in str(error)
    # A log that grows may end in the middle of a line: what is cut off is left out.
    assert (found == 0) if (name, damage) == ("log.jsonl", cut) else (found > 50)


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line that a command which fails ends with."""
    assert main([*map(str, arguments), "--device", "cpu"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_damaged_state(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "state.safetensors").write_bytes(b"nothing")
    told = said(capsys, "train", "--resume", run)
    assert told.startswith(f"error: {run}/state.safetensors is damaged: ")
    way = f"eval and predict still use {run}/weights.safetensors, and a new run can start from it: "
    assert told.endswith(f'{way}init = pretrained("{run.resolve()}/weights.safetensors")')
    assert main(["eval", str(run), "--device", "cpu"]) == 0


def test_damaged_weights_come_back_from_the_state(
    torch_run: Whole, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "weights.safetensors").write_bytes(b"nothing")
    told = said(capsys, "eval", run)
    assert told.startswith(f"error: {run}/weights.safetensors is damaged: ")
    assert told.endswith(f"; netdsl train --resume {run} writes it anew")
    assert main(["train", "--resume", str(run), "--device", "cpu"]) == 0
    assert "is written anew from the state" in capsys.readouterr().out
    assert result(run) == torch_run.result


def test_damaged_weights_of_an_earlier_epoch_are_lost(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.dumps({**json.loads(log[-1]), "kept": False})
    (run / "log.jsonl").write_text("\n".join([*log[:-1], last, ""]), encoding="utf-8")
    (run / "weights.safetensors").write_bytes(b"nothing")
    assert said(capsys, "eval", run).endswith("; train anew")


def test_damaged_settings(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "settings.json").write_text("{", encoding="utf-8")
    for arguments in (["train", "--resume", run], ["eval", run]):
        told = said(capsys, *arguments)
        assert told.startswith(f"error: {run}/settings.json is damaged: ")
        assert told.endswith("; train anew")


def test_a_damaged_line_of_the_log(
    torch_run: Whole, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    lines[2] = lines[2][:20] + "\n"
    (run / "log.jsonl").write_text("".join(lines), encoding="utf-8")
    told = said(capsys, "train", "--resume", run)
    assert f"{run}/log.jsonl is damaged in line 3; delete that line" in told
    (run / "log.jsonl").write_text("".join(lines[:2] + lines[3:]), encoding="utf-8")
    assert main(["train", "--resume", str(run), "--device", "cpu"]) == 0
    made = result(run)
    assert len(made["log"]) == len(torch_run.result["log"]) - 1
    assert made["test"] == torch_run.result["test"]


def test_a_run_without_its_log_still_ends(
    torch_run: Whole, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "log.jsonl").unlink()
    assert main(["train", "--resume", str(run), "--device", "cpu"]) == 0
    assert result(run)["test"] == torch_run.result["test"]
