"""`netdsl runs`: folders in a list and side by side, and what is told of damaged ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from netdsl.cli.main import main
from netdsl.runs.compare import differences
from netdsl.runs.summary import summary
from netdsl.training.files import sole_writer
from netdsl.training.run import VERSION
from tests.conftest import Golden
from tests.runs.folders import write


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs in `runs`: finished, stopped after an epoch, finished with other settings."""
    monkeypatch.chdir(tmp_path)
    write(Path("runs/points-2"))
    write(Path("runs/points-10"), epochs=1, tested=False)
    changed = {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}, "batch": "all"}
    write(
        Path("runs/wide/points"),
        kept=1,
        settings=changed,
        arguments={"width": "64"},
        backend="keras",
        section="quick",
    )


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["runs", *arguments]) == status
    return capsys.readouterr().out


def test_a_list(capsys: pytest.CaptureFixture[str], golden: Golden) -> None:
    golden("runs/list.txt", said(capsys))


def test_side_by_side(capsys: pytest.CaptureFixture[str], golden: Golden) -> None:
    golden("runs/compare.txt", said(capsys, "runs/points-2", "runs/wide/points"))


def test_all_of_a_folder_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    head = said(capsys, "runs", "--compare").splitlines()[0]
    assert head.split() == ["runs/points-2", "runs/points-10", "runs/wide/points"]


@pytest.mark.parametrize(
    ("column", "first"),
    [
        ("val_loss", "runs/points-2"),
        ("test_accuracy", "runs/points-2"),
        ("loss", "runs/points-2"),
        ("epochs", "runs/points-2"),
        ("time", "runs/points-10"),
        ("state", "runs/points-2"),
        ("backend", "runs/wide/points"),
    ],
)
def test_the_order(column: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--sort", column).splitlines()
    assert lines[2].startswith(first + " ")


def test_a_column_that_no_run_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--sort", "val_los"]) == 1
    assert "no run has a column val_los; did you mean val_loss?" in capsys.readouterr().err


def test_figures_that_are_missing_are_last(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--sort", "test_loss").splitlines()
    assert lines[-1].startswith("runs/points-10 ")


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "--json", "--compare"))
    assert told["damaged"] == []
    assert told["differences"]["batch"] == [32, 32, "all"]
    first = told["runs"][0]
    assert (first["run"], first["state"], first["seconds"]) == ("runs/points-2", "finished", 60.0)
    assert (first["epochs_done"], first["epochs"], first["kept_epoch"]) == (3, 3, 2)
    assert first["figures"]["val_loss"] == 0.5
    assert first["figures"]["test_accuracy"] == 0.75


def test_what_differs_is_named_by_its_place() -> None:
    runs = [summary(Path("runs/points-2")), summary(Path("runs/wide/points"))]
    assert differences(runs) == {
        "width": ["8", "64"],
        "backend": ["torch", "keras"],
        "train": [None, "quick"],
        "optimizer": ["adam", "sgd"],
        "optimizer.lr": [0.001, 0.1],
        "optimizer.momentum": [None, 0.9],
        "batch": [32, "all"],
    }


def test_a_run_is_running_as_long_as_a_process_has_it() -> None:
    path = Path("runs/points-10")
    with sole_writer(path):
        assert summary(path).state == "running"
    assert summary(path).state == "stopped"


def test_a_run_that_went_on_after_its_test_is_not_finished() -> None:
    shutil.rmtree("runs/points-2")
    write(Path("runs/points-2"), kept=3)
    result = json.loads(Path("runs/points-2/test.json").read_text(encoding="utf-8"))
    Path("runs/points-2/test.json").write_text(json.dumps(result | {"epoch": 2}), encoding="utf-8")
    assert summary(Path("runs/points-2")).state == "stopped"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("settings.json", "{", "settings.json is damaged"),
        ("settings.json", f'{{"version": {VERSION}}}', "something is missing"),
        ("settings.json", '{"version": 99}', "was written by another version of netdsl"),
        ("log.jsonl", "[]\n", "log.jsonl is damaged in line 1"),
        ("log.jsonl", '{"epoch": 1}\n', "is damaged: settings.json or the log lacks"),
        ("log.jsonl", "what?\n", "log.jsonl is damaged"),
        ("test.json", "[1", "test.json is damaged"),
        ("settings.json", None, "is no run folder: it has no settings.json"),
    ],
)
def test_damage_is_told_in_a_line_beside_the_others(
    name: str, text: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path("runs/points-10") / name
    file.unlink(missing_ok=True)
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert main(["runs"]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()[2:]] == [
        "runs/points-2",
        "runs/wide/points",
    ]
    assert err.count("\n") == 1
    assert err.startswith("error: runs/points-10")
    assert told in err


def test_a_line_that_was_cut_off_is_no_damage() -> None:
    with Path("runs/points-10/log.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"epoch": 2, "lo')
    assert len(summary(Path("runs/points-10")).log) == 1


def test_where_there_is_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Path("empty").mkdir()
    assert main(["runs", "empty"]) == 0
    assert capsys.readouterr().err == "there are no runs below empty\n"
    assert main(["runs", "nowhere"]) == 1
    assert capsys.readouterr().err == "error: there is no folder nowhere\n"
    shutil.rmtree("runs")
    assert main(["runs"]) == 1
    assert "there is no folder runs here" in capsys.readouterr().err
