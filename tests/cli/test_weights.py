"""`netdsl weights convert`: what it writes, what it tells, and that it writes all or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from netdsl.cli.main import main

SPEC = "net Own(units = 2) {\n  input x: 4\n  dense(3) -> relu -> dense(units)\n}\n"
MAP = '{"torchvision": [["dense#", "layers.#"]], "timm": "torchvision"}'
STATE = {
    "layers.0.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "layers.0.bias": np.ones(3, np.float32),
    "layers.2.weight": np.zeros((2, 3), np.float32),
    "layers.2.bias": np.full(2, 7, np.float32),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec with its map, and a checkpoint for it, in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("own.net").write_text(SPEC, encoding="utf-8")
    Path("own.weights.json").write_text(MAP, encoding="utf-8")
    save_file(STATE, "theirs.safetensors")


def convert(*options: str, file: str = "theirs.safetensors", out: str = "ours.safetensors") -> int:
    """Runs the command; later options win over these."""
    given = ["--from", "torchvision", "--net", "own.net", "-o", out, *options]
    return main(["weights", "convert", file, *given])


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_a_checkpoint_is_written_under_our_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert() == 0
    assert capsys.readouterr().out == "ours.safetensors: 4 tensors, 23 numbers of Own\n"
    found = load_file("ours.safetensors")
    assert sorted(found) == ["dense1.bias", "dense1.weight", "dense2.bias", "dense2.weight"]
    np.testing.assert_array_equal(found["dense1.weight"], STATE["layers.0.weight"])
    with safe_open("ours.safetensors", framework="np") as file:
        assert file.metadata() == {"net": "Own", "spec": "own.net", "source": "torchvision"}
    assert names() == ["ours.safetensors", "own.net", "own.weights.json", "theirs.safetensors"]


def test_json_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("--from", "timm", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "net": "Own",
        "source": "timm",
        "file": "ours.safetensors",
        "tensors": 4,
        "numbers": 23,
    }


def test_a_parameter_can_be_set() -> None:
    changed = {"layers.2.weight": np.zeros((5, 3), np.float32), "layers.2.bias": np.zeros(5)}
    state = {name: torch.from_numpy(values) for name, values in {**STATE, **changed}.items()}
    torch.save({"state_dict": state}, "theirs.pth")
    assert convert(file="theirs.pth") == 1
    assert convert("--set", "units=5", file="theirs.pth") == 0
    assert load_file("ours.safetensors")["dense2.bias"].shape == (5,)


def test_what_does_not_fit_leaves_the_old_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("ours.safetensors").write_text("old", encoding="utf-8")
    assert convert("--set", "units=5") == 1
    assert capsys.readouterr().err == (
        "error: theirs.safetensors does not fit: layers.2.weight is 2 x 3, but dense2.weight of "
        "Own is 5 x 3\n"
    )
    assert Path("ours.safetensors").read_text(encoding="utf-8") == "old"


def test_the_checkpoint_is_not_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("theirs.safetensors").read_bytes()
    Path("link.safetensors").symlink_to("theirs.safetensors")
    for out in ("theirs.safetensors", "./theirs.safetensors", "link.safetensors"):
        assert convert(out=out) == 1
        assert "is the checkpoint itself" in capsys.readouterr().err
    assert Path("theirs.safetensors").read_bytes() == before


def test_an_unknown_source_lists_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("--from", "caffe") == 1
    assert capsys.readouterr().err == (
        "error: there is no source caffe; there is torchvision, timm, keras\n"
    )


@pytest.mark.parametrize(
    ("file", "out", "told"),
    [
        ("missing.pth", "ours.safetensors", "error: missing.pth: No such file or directory\n"),
        (".", "ours.safetensors", "error: .: Is a directory\n"),
        ("own.net", "ours.safetensors", "error: own.net is no checkpoint: it begins neither"),
        ("theirs.safetensors", "no/ours.safetensors", "error: no/ours.safetensors: No such file"),
    ],
)
def test_files_that_are_not_to_be_had(
    file: str, out: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(file=file, out=out) == 1
    assert capsys.readouterr().err.startswith(told)
    assert names() == ["own.net", "own.weights.json", "theirs.safetensors"]


def test_an_unknown_net_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert convert("--net", "resnet5") == 1
    assert "is neither a .net file nor a bundled net" in capsys.readouterr().err


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights"]) == 2
    assert "convert" in "".join(capsys.readouterr())
