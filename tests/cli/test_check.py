"""`netdsl check`: the table, the object for programs, options and exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY, Golden

SPECS = REPOSITORY / "specs"

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A spec of two nets, one of which misses what it promises."""
    path = tmp_path / "pair.net"
    path.write_text(
        "net First(units = 4) {\n  input x: 10\n  dense(units)\n  expect params = 44\n}\n"
        "net Second {\n  input y: ? x 3\n  conv(2, 3)\n  expect params = 21\n}\n"
    )
    return path


def as_json(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and object of `check --json`, which prints nothing else."""
    status = main(["check", *arguments, "--json"])
    printed = capsys.readouterr()
    assert printed.err == ""
    found: dict[str, Any] = json.loads(printed.out)
    return status, found


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("lenet", ["lenet.net:LeNet"]),
        ("resnet50", ["resnet.net:ResNet50", "--batch", "32"]),
        ("resnet50-depth2", ["resnet.net:ResNet50", "--depth", "2"]),
        ("googlenet", ["googlenet.net:GoogLeNet"]),
    ],
)
def test_the_table(name: str, arguments: list[str], capsys: Capture, golden: Golden) -> None:
    assert main(["check", str(SPECS / arguments[0]), *arguments[1:]]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert all(len(line) <= 80 for line in printed.out.splitlines())
    golden(f"check/{name}.txt", printed.out)


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_no_row_is_broken_in_two(
    columns: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def table() -> list[str]:
        main(["check", str(SPECS / "resnet.net:ResNet50")])
        return capsys.readouterr().out.split("\n\n")[1].splitlines()

    rows = len(table())
    monkeypatch.setenv("COLUMNS", str(columns))
    assert len(table()) == rows
    assert columns < 60 or max(map(len, table())) <= columns


def test_what_cannot_be_shown_is_written_in_plain_characters() -> None:
    command = [sys.executable, "-m", "netdsl", "check", str(SPECS / "resnet.net:ResNet50")]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert b"2 x bottleneck(64)" in done.stdout
    assert b"+ params" in done.stdout


def test_every_net_that_needs_no_arguments_is_checked(spec: Path, capsys: Capture) -> None:
    assert main(["check", str(spec)]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("First\n")
    assert printed.out.endswith("✗ Second  20  params\n")
    assert printed.err.startswith("error[expect-missed]: params should be 21, but is 20\n")


def test_a_net_that_is_asked_for_stands_alone(spec: Path, capsys: Capture) -> None:
    assert main(["check", f"{spec}:First"]) == 0
    assert "Second" not in capsys.readouterr().out


def test_json(spec: Path, capsys: Capture) -> None:
    status, found = as_json(capsys, f"{spec}:First", "--batch", "3")
    assert (status, found["net"], found["diagnostics"]) == (0, "First", [])
    assert found["memory"]["batch"] == 3
    status, found = as_json(capsys, str(spec))
    assert (status, found["net"]) == (1, "First")
    (told,) = found["diagnostics"]
    assert (told["code"], told["line"]) == ("expect-missed", 9)


def test_a_wrong_spec(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "wrong.net"
    path.write_text("net A {\n  input x: 4\n  rely\n  dense(0)\n}\n")
    status, found = as_json(capsys, str(path))
    assert (status, found["net"], found["layers"], found["version"]) == (1, None, [], 1)
    assert [told["line"] for told in found["diagnostics"]] == [3, 4]
    assert main(["check", str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("error[") == 2


def test_arguments_change_the_net_and_its_promises_are_skipped(spec: Path, capsys: Capture) -> None:
    status, found = as_json(capsys, f"{spec}:First", "--set", "units=5")
    assert (status, found["params"]["trainable"]) == (0, 55)
    assert [told["code"] for told in found["diagnostics"]] == ["expect-skipped"]
    assert found["expectations"] == []


def test_open_sizes_can_be_given(spec: Path, capsys: Capture) -> None:
    _, found = as_json(capsys, f"{spec}:Second")
    assert (found["macs"], found["memory"]) == ("18 * length - 36", None)
    _, found = as_json(capsys, f"{spec}:Second", "--size", "length=10")
    assert (found["macs"], found["inputs"]) == (144, {"y": [10, 3]})
    assert found["memory"]["activations"] == 4 * (30 + 16)


def test_the_optimizer_is_that_of_the_train_section(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "trained.net"
    path.write_text(
        "net A {\n  input x: 4\n  dense(3)\n}\n"
        "train { data = iris\n loss = mse\n optimizer = adam }\n"
        "train slow { data = iris\n loss = mse\n optimizer = sgd(0.1, momentum=0.9) }\n"
    )

    def optimizer(*arguments: str) -> tuple[str, int]:
        status, found = as_json(capsys, str(path), *arguments)
        assert (status, found["diagnostics"]) == (0, [])
        return found["memory"]["optimizer"], found["memory"]["optimizer_state"]

    assert optimizer() == ("adam", 2 * 4 * 15)
    assert optimizer("--train", "slow") == ("sgd", 4 * 15)
    assert optimizer("--set", "train.optimizer=sgd(0.1)") == ("sgd", 0)


def test_bounds_can_be_raised(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "long.net"
    path.write_text("net A {\n  input x: 4\n  for n in range(30) { dense(n + 1) }\n}\n")
    status, found = as_json(capsys, str(path), "--limit", "layers=20")
    assert (status, [told["code"] for told in found["diagnostics"]]) == (1, ["limit"])
    status, _ = as_json(capsys, str(path), "--limit", "layers=30")
    assert status == 0


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--depth", "0", "0 is neither a whole number from 1 nor all"),
        ("--depth", "some", "some is neither a whole number from 1 nor all"),
        ("--batch", "0", "0 is not in the range"),
        ("--set", "units", "--set takes name=value"),
        ("--size", "x=many", "--size takes name=number"),
        ("--limit", "layer=3", "there is no bound layer"),
    ],
)
def test_mistakes_of_the_command_line(
    option: str, value: str, message: str, spec: Path, capsys: Capture
) -> None:
    assert main(["check", str(spec), option, value]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.net"], "missing.net"),
        (["nothing"], "neither a .net file nor a bundled net"),
        (["vg16"], "did you mean vgg16?"),
    ],
)
def test_a_spec_that_is_not_there(arguments: list[str], message: str, capsys: Capture) -> None:
    assert main(["check", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert len(printed.err.splitlines()) == 1


def test_imports_from_a_wider_folder(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "blocks.net").write_text("block unit(n) { dense(n) }\n", encoding="utf-8")
    spec = tmp_path / "nets" / "a.net"
    spec.write_text(
        'from "../blocks.net" import unit\nnet A {\n  input x: 8\n  unit(4)\n}\n', encoding="utf-8"
    )
    assert main(["check", str(spec)]) == 1
    assert "--root" in capsys.readouterr().err
    for command in (["check"], ["export", "--to", "torch"]):
        assert main([*command, str(spec), "--root", str(tmp_path)]) == 0


def test_what_each_phase_trains_is_told(tmp_path: Path, capsys: Capture) -> None:
    spec = tmp_path / "net.net"
    section = (
        "train {\n data = iris\n loss = cross_entropy\n optimizer = adam\n"
        " phase head {\n  freeze = body\n }\n phase {\n  epochs = 2\n }\n}\n"
    )
    spec.write_text(
        f"net Net {{\n input x: 4\n dense(8) as body -> dense(3) -> softmax\n}}\n{section}", "utf-8"
    )
    assert main(["check", str(spec)]) == 0
    out = capsys.readouterr().out
    assert "phase head: 27 of 67 weights, without body" in out
    assert "phase phase2: all weights" in out
    assert as_json(capsys, str(spec))[1]["phases"] == [
        {"phase": "head", "weights": 27, "frozen": ["body"]},
        {"phase": "phase2", "weights": 67, "frozen": []},
    ]
