"""A run from its start to a prediction, through the functions that the commands call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from netdsl.catalog.layers.activation import Softmax
from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.shape import Flatten
from netdsl.catalog.optimizers import Adam
from netdsl.catalog.settings import Training
from netdsl.catalog.sources import Csv, Digits
from netdsl.diagnostics import UserError
from netdsl.training import answering, backends, curves, judging, session
from netdsl.training.spec import Opener, Spec
from tests.training.nets import HandBackend, Silent, chain, spec

DRAW = curves.draw


@pytest.fixture(autouse=True)
def hand_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules written by hand, and no curves, which take longer than the training here."""
    monkeypatch.setattr(backends, "backend", lambda name: HandBackend)
    monkeypatch.setattr(backends, "runtime", lambda name: HandBackend)
    monkeypatch.setattr(curves, "draw", lambda path, log, kept: None)


def opener(made: Spec) -> Opener:
    """What loads the spec again, with its epochs overridden."""

    def open_spec(request: str, overrides: Mapping[str, str], section: str | None) -> Spec:
        epochs = int(overrides.get("train.epochs", made.settings.epochs))
        settings = made.settings.replace(epochs=epochs)
        return Spec(None, overrides, section, made.net, Training.in_one(settings), made.sources)

    return open_spec


def run_of(made: Spec, out: Path) -> dict[str, Any]:
    current = session.start(made, "torch", out, "cpu")
    current.train(Silent())
    return current.finish()


def test_the_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "draw", DRAW)
    made = spec(tmp_path)
    result = run_of(made, tmp_path / "run")
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == [
        ".lock",
        "curves.png",
        "log.jsonl",
        "points.net",
        "settings.json",
        "state.safetensors",
        "test.json",
        "weights.safetensors",
    ]
    assert (tmp_path / "run/points.net").read_text(encoding="utf-8") == "# a net\n"
    assert json.loads((tmp_path / "run/test.json").read_text(encoding="utf-8")) == result
    stored = json.loads((tmp_path / "run/settings.json").read_text(encoding="utf-8"))
    assert stored["settings"]["split"] == [0.7, 0.1, 0.2]
    assert stored["settings"]["metrics"] == [{"name": "accuracy"}]
    assert stored["data"]["shares"] == {"train": 84, "validation": 12, "test": 24}
    weights = load_file(tmp_path / "run/weights.safetensors")
    assert "batchnorm1.running_mean" in weights
    assert "batchnorm1.num_batches_tracked" not in weights
    with Image.open(tmp_path / "run/curves.png") as picture:
        assert picture.width > 500


def test_the_result_counts_every_example(tmp_path: Path) -> None:
    result = run_of(spec(tmp_path), tmp_path / "run")
    confusion = np.array(result["confusion"])
    assert (result["share"], result["examples"], confusion.sum()) == ("test", 24, 24)
    assert result["accuracy"] == pytest.approx(np.trace(confusion) / 24)
    assert result["classes"]["0"]["recall"] == pytest.approx(confusion[0, 0] / confusion[0].sum())


def test_evaluation_repeats_the_result(tmp_path: Path) -> None:
    made = spec(tmp_path)
    result = run_of(made, tmp_path / "run")
    del result["epoch"]
    assert judging.judge(tmp_path / "run", "cpu", opener(made)) == result


def test_going_on_with_more_epochs(tmp_path: Path) -> None:
    made = spec(tmp_path, epochs=4)
    run_of(made, tmp_path / "whole")
    run_of(spec(tmp_path, epochs=2), tmp_path / "run")
    again = opener(spec(tmp_path, epochs=2))
    current = session.resume(tmp_path / "run", {"train.epochs": "4"}, "cpu", again)
    current.train(Silent())
    current.finish()
    one, other = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "run"))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    stored = json.loads((tmp_path / "run/settings.json").read_text(encoding="utf-8"))
    assert stored["settings"]["epochs"] == 4


@pytest.mark.parametrize(("name", "value"), [("seed", 7), ("split", (0.6, 0.2, 0.2))])
def test_going_on_keeps_the_shares(tmp_path: Path, name: str, value: object) -> None:
    made = spec(tmp_path, epochs=1)
    result = run_of(made, tmp_path / "run")
    changed = replace(made, training=Training.in_one(made.settings.replace(**{name: value})))
    with pytest.raises(UserError, match=f"keeps its {name}"):
        session.resume(tmp_path / "run", {f"train.{name}": "…"}, "cpu", lambda *_: changed)
    assert json.loads((tmp_path / "run/test.json").read_text(encoding="utf-8")) == result
    assert judging.judge(tmp_path / "run", "cpu", opener(made))["loss"] == result["loss"]


def test_the_files_of_a_spec_keep_their_places(tmp_path: Path) -> None:
    made = spec(tmp_path / "nets")
    sources = {tmp_path / "nets/points.net": "main", tmp_path / "shared/blocks.net": "blocks"}
    moved = Spec(None, {}, None, made.net, made.training, sources)
    session.start(moved, "torch", tmp_path / "run", "cpu")
    assert (tmp_path / "run/nets/points.net").read_text(encoding="utf-8") == "main"
    assert (tmp_path / "run/shared/blocks.net").read_text(encoding="utf-8") == "blocks"


def test_folders_are_numbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [session.start(spec(tmp_path), "torch", None, "cpu").run.path for _ in range(2)]
    assert paths == [Path("runs/Points-1"), Path("runs/Points-2")]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UserError, match=r"there is something in .* already; give another --out$"):
        session.start(spec(tmp_path), "torch", tmp_path / "run", "cpu")


def test_a_run_in_the_way_can_go_on(tmp_path: Path) -> None:
    session.start(spec(tmp_path), "torch", tmp_path / "run", "cpu")
    with pytest.raises(UserError, match="or go on with --resume"):
        session.start(spec(tmp_path), "torch", tmp_path / "run", "cpu")


def table_spec(folder: Path) -> Spec:
    rows = "\n".join(
        f"{i},{'red' if i % 2 else 'blue'},{'odd' if i % 2 else 'even'}" for i in range(60)
    )
    (folder / "t.csv").write_text(f"size,colour,kind\n{rows}\n", encoding="utf-8")
    net = chain(Dense(units=2), Softmax(), shape=(3,), name="Table")
    return spec(folder, net, data=Csv(file="t.csv", target="kind"), optimizer=Adam(0.1), epochs=20)


def test_predictions_need_no_training_data(tmp_path: Path) -> None:
    made = table_spec(tmp_path)
    run_of(made, tmp_path / "run")
    (tmp_path / "t.csv").unlink()
    (tmp_path / "new.csv").write_text("colour,size\nred,3\nblue,50\n", encoding="utf-8")
    told = answering.predict(tmp_path / "run", [tmp_path / "new.csv"], "cpu", opener(made))
    assert [answer["class"] for answer in told] == ["odd", "even"]
    assert told[0]["input"].endswith("new.csv:2")
    assert all(0.5 < answer["probability"] <= 1 for answer in told)


def test_data_that_changed_is_told(tmp_path: Path) -> None:
    made = table_spec(tmp_path)
    run_of(made, tmp_path / "run")
    with (tmp_path / "t.csv").open("a", encoding="utf-8") as file:
        file.write("7,red,odd\n")
    with pytest.raises(UserError, match=r"t\.csv has changed since this run was begun"):
        judging.judge(tmp_path / "run", "cpu", opener(made))


def test_a_net_that_changed_is_told(tmp_path: Path) -> None:
    made = spec(tmp_path)
    run_of(made, tmp_path / "run")
    other = spec(tmp_path, chain(Dense(units=2), Softmax(), shape=(2,), name="Points"))
    with pytest.raises(UserError, match=r"batchnorm1\.bias is \(16,\) in the run, but missing in"):
        session.resume(tmp_path / "run", {}, "cpu", opener(other))


def test_pictures_are_predicted(tmp_path: Path) -> None:
    net = chain(Conv(filters=4, kernel=3), Flatten(), Dense(units=10), Softmax(), shape=(8, 8, 1))
    made = spec(tmp_path, net, data=Digits(), epochs=1)
    run_of(made, tmp_path / "run")
    Image.new("L", (8, 8), 255).save(tmp_path / "new.png")
    told = answering.predict(tmp_path / "run", [tmp_path / "new.png"], "cpu", opener(made))
    assert told[0]["class"] in list("0123456789")


def test_without_a_test_share_another_is_judged(tmp_path: Path) -> None:
    made = spec(tmp_path, split=(0.8, 0.2, 0.0))
    assert run_of(made, tmp_path / "run")["share"] == "validation"


@pytest.mark.parametrize("name", ["settings.json", "weights.safetensors", "state.safetensors"])
def test_a_damaged_run(tmp_path: Path, name: str) -> None:
    made = spec(tmp_path, epochs=1)
    run_of(made, tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(b"\x80 cut off")
    with pytest.raises(UserError, match=f"{name} is damaged"):
        if name == "weights.safetensors":
            judging.judge(tmp_path / "run", "cpu", opener(made))
        else:
            session.resume(tmp_path / "run", {}, "cpu", opener(made))


@pytest.mark.parametrize("text", [b"what is this\n", b"\x80\n"])
def test_a_damaged_log(tmp_path: Path, text: bytes) -> None:
    made = spec(tmp_path, epochs=1)
    run_of(made, tmp_path / "run")
    (tmp_path / "run/log.jsonl").write_bytes(text)
    with pytest.raises(UserError, match=r"log\.jsonl is damaged"):
        session.resume(tmp_path / "run", {}, "cpu", opener(made)).train(Silent())


def test_weights_in_the_place_of_the_state(tmp_path: Path) -> None:
    made = spec(tmp_path, epochs=1)
    run_of(made, tmp_path / "run")
    weights = (tmp_path / "run/weights.safetensors").read_bytes()
    (tmp_path / "run/state.safetensors").write_bytes(weights)
    with pytest.raises(UserError, match="does not say where the run stands"):
        session.resume(tmp_path / "run", {}, "cpu", opener(made))


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no run folder"):
        judging.judge(tmp_path, "cpu", opener(spec(tmp_path)))
