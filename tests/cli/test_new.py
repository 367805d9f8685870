"""`netdsl new`: what it writes passes `check` without a word and trains as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import netdsl
from netdsl.cli.main import main
from netdsl.cli.new import TASKS, starting_point
from netdsl.format.format import format_text
from netdsl.resources import specs_folder

Capture = pytest.CaptureFixture[str]

# For each task a training of a few seconds, and a figure of its test share that it beats.
SHORT = {
    "classifier": (["train.epochs=2", "train.augment=none"], "accuracy", 0.6),
    "autoencoder": (["train.epochs=2"], "loss", 0.45),
    "text": (["train.steps=20", "train.split=[0.98, 0.01, 0.01]"], "bits", 5.5),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_task_has_a_file() -> None:
    files = sorted(path.stem for path in (Path(specs_folder()) / "new").iterdir())
    assert files == sorted(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_it_is_checked_without_a_word(task: str, capsys: Capture) -> None:
    assert main(["new", "mine", "--task", task]) == 0
    out = capsys.readouterr().out
    assert out == "wrote mine.net; next: netdsl check mine.net, netdsl train mine.net\n"
    assert main(["check", "mine.net"]) == 0
    assert capsys.readouterr().err == ""
    text = Path("mine.net").read_text(encoding="utf-8")
    assert format_text(text) == text
    assert f"{task}.net" not in text


@pytest.mark.parametrize("task", TASKS)
def test_it_trains(task: str, capsys: Capture) -> None:
    settings, figure, bound = SHORT[task]
    assert main(["new", "mine", "--task", task]) == 0
    assert main(["train", "mine.net", *(f"--set={one}" for one in settings)]) == 0
    capsys.readouterr()
    found = json.loads(Path("runs/Mine-1/test.json").read_text(encoding="utf-8"))[figure]
    assert found > bound if figure == "accuracy" else found < bound


@pytest.mark.parametrize(
    ("name", "net"),
    [
        ("flowers", "Flowers"),
        ("my-flowers", "MyFlowers"),
        ("two_words", "TwoWords"),
        ("VGG", "VGG"),
        ("3d", "Net3d"),
        ("blüten", "Blüten"),
    ],
)
def test_the_net_is_called_by_the_file(name: str, net: str) -> None:
    assert main(["new", name]) == 0
    assert netdsl.load(f"{name}.net").name == net


def test_an_ending_is_no_part_of_the_name() -> None:
    assert main(["new", "flowers.net"]) == 0
    assert Path("flowers.net").is_file()


def test_a_file_that_is_there_is_left_alone(capsys: Capture) -> None:
    Path("mine.net").write_text("mine", encoding="utf-8")
    assert main(["new", "mine"]) == 1
    assert "mine.net is there already" in capsys.readouterr().err
    assert Path("mine.net").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(("name", "told"), [("a/b", "no folder a"), ("___", "no letter")])
def test_a_name_that_cannot_be_taken(name: str, told: str, capsys: Capture) -> None:
    assert main(["new", name]) == 1
    assert told in capsys.readouterr().err


def test_an_unknown_task(capsys: Capture) -> None:
    assert main(["new", "mine", "--task", "poet"]) == 2
    assert "'classifier', 'autoencoder', 'text'" in capsys.readouterr().err


@pytest.mark.parametrize("task", TASKS)
def test_the_comments_name_the_file(task: str) -> None:
    text = starting_point("mine", task)
    assert "#   netdsl train mine.net" in text
    assert "runs/Mine-1" in text
