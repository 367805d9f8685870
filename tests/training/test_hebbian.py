"""Patterns are stored by the Hebbian rule and recalled, on every backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netdsl.cli.specs import open_spec
from netdsl.diagnostics import UserError
from netdsl.training import judging, session
from netdsl.training.hebbian import hebbian
from tests.training.nets import Silent

TEXT = """block sign { step -> rescale(2, offset=-1) }

net Hopfield {
  input pattern: 40
  shared weights = dense(40, bias=false)
  sign
  repeat 10 { weights -> sign }
}

train {
  data   = synthetic(40, n=4)
  split  = [1, 0, 0]
  method = hebbian(flipped=0.1, trials=300)
}
"""


def begun(folder: Path, name: str, text: str = TEXT, out: str = "run") -> session.Session:
    """A run of the spec that has not begun to learn."""
    path = folder / "hopfield.net"
    path.write_text(text, encoding="utf-8")
    return session.start(open_spec(str(path), {}, None), name, folder / out, "cpu")


def test_the_weights_are_sums_of_products() -> None:
    patterns = np.array([[1, -1, 1], [1, 1, -1]], np.float32)
    assert hebbian(patterns).tolist() == [[0, 0, 0], [0, 0, -2], [0, -2, 0]]


@pytest.mark.parametrize("name", ["torch", "keras"])
def test_what_is_stored_is_recalled(name: str, tmp_path: Path) -> None:
    made = begun(tmp_path, name)
    made.train(Silent())
    bits = np.where(made.plan.data.fields["features"].array > 0, 1.0, -1.0)
    wanted = sum(np.outer(one, one) for one in bits) - 4 * np.eye(40)
    (weight,) = made.run.weights().values()
    assert np.array_equal(weight, wanted)
    result = made.finish()
    assert result["share"] == "train"
    assert result["recalled"] == recalled_by_hand(bits, wanted, made.plan.settings.seed)
    assert 0.9 < result["overlap"] <= 1
    assert judging.judge(tmp_path / "run", "cpu", open_spec) == {
        key: value for key, value in result.items() if key != "epoch"
    }


def recalled_by_hand(bits: np.ndarray, weights: np.ndarray, seed: int) -> float:
    """The share of the spec's trials that end in their pattern."""
    generator = np.random.default_rng([seed, 8])
    right = 0
    for count in (256, 44):
        start = 300 - 44 if count == 44 else 0
        patterns = bits[np.arange(start, start + count) % 4]
        flips = generator.random((count, 40)).argsort(axis=1)[:, :4]
        state = patterns.copy()
        np.put_along_axis(state, flips, -np.take_along_axis(state, flips, axis=1), axis=1)
        for _ in range(10):
            state = np.where(state @ weights > 0, 1.0, -1.0)
        right += int((state == patterns).all(axis=1).sum())
    return right / 300


def test_backends_recall_the_same(tmp_path: Path) -> None:
    # More than it can hold, so that not all is recalled.
    crowded = TEXT.replace("n=4", "n=9")
    results = []
    for name in ("torch", "keras"):
        made = begun(tmp_path, name, crowded, name)
        made.train(Silent())
        results.append(made.finish())
    assert results[0] == results[1]
    assert 0 < results[0]["recalled"] < 0.9
    judged = judging.judge(tmp_path / "torch", "cpu", open_spec, "onnx")
    assert judged["recalled"] == results[0]["recalled"]


def test_pictures_are_mirrored_in_their_middle(tmp_path: Path) -> None:
    text = (
        TEXT.replace("pattern: 40", "image: 8 x 8 x 1")
        .replace("dense(40", "dense(64")
        .replace("  sign\n", "  flatten -> rescale(2, offset=-1) -> sign\n")
        .replace("synthetic(40, n=4)", "digits(classes=[0, 1])")
        .replace("[1, 0, 0]", "[0.006, 0, 0.994]")
    )
    made = begun(tmp_path, "torch", text)
    made.train(Silent())
    assert len(made.plan.split.train) == 2
    assert made.finish()["recalled"] == 1


def test_a_stop_changes_nothing(tmp_path: Path) -> None:
    whole, stopped = begun(tmp_path, "torch"), begun(tmp_path, "torch", out="stopped")
    whole.train(Silent())
    again = session.resume(tmp_path / "stopped", {}, "cpu", open_spec)
    again.train(Silent())
    assert stopped.run.log()[0].keys() == {
        *("epoch", "recalled", "overlap", "seconds", "kept"),
    }
    assert whole.finish() == again.finish()


def test_what_is_no_pattern_is_told(tmp_path: Path) -> None:
    made = begun(tmp_path, "torch", TEXT.replace("  sign\n  repeat", "  repeat"))
    with pytest.raises(UserError, match="a pattern is of -1 and 1, but"):
        made.train(Silent())
