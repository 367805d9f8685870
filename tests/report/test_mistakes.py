"""Which examples a net is worst at, beside losses computed by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import log_loss

from netdsl.backends.engine import Array
from netdsl.catalog.layers.activation import Relu, Sigmoid, Softmax
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.shape import Flatten, Unflatten
from netdsl.catalog.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    LossSum,
    LossTerm,
    MeanSquaredError,
)
from netdsl.catalog.sources import Csv, Digits, Npz
from netdsl.report.examples import Picture, Values, as_picture, shown
from netdsl.report.mistakes import worst
from netdsl.training.plan import Plan
from tests.training.nets import chain, plan


class Told:
    """A judge that gives these outputs, whatever it is asked."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        assert len(inputs[0]) == len(self.values)
        return {"output": self.values}

    def weights(self) -> dict[str, Array]:
        raise NotImplementedError

    def put_weights(self, weights: object) -> None:
        raise NotImplementedError

    def evaluate(self, examples: Array) -> dict[str, float]:
        raise NotImplementedError


def target(made: Plan) -> Array:
    return made.arrays[made.data.target][made.split.test]


def test_classes_are_ordered_by_their_loss() -> None:
    made = plan()
    right = target(made)
    chances = np.random.default_rng(0).dirichlet([1, 1], size=len(right))
    found = worst(made, Told(chances), made.split.test, 6)
    losses = np.array(
        [log_loss([label], [row], labels=[0, 1]) for label, row in zip(right, chances, strict=True)]
    )
    order = np.argsort(-losses)[:6]
    assert [one.example for one in found] == list(made.split.test[order])
    assert [one.loss for one in found] == pytest.approx(losses[order], rel=1e-5)
    for one, at in zip(found, order, strict=True):
        chosen = int(chances[at].argmax())
        assert (one.truth, one.answer) == (str(right[at]), str(chosen))
        assert one.right == (chosen == right[at])
        assert one.likely[0] == (str(chosen), pytest.approx(chances[at].max()))


def test_one_unit_for_two_classes() -> None:
    net = chain(Dense(units=1), Sigmoid(), shape=(2,))
    made = plan(net, loss=LossSum((LossTerm(BinaryCrossEntropy()),)))
    right = target(made)
    chances = np.random.default_rng(1).random((len(right), 1), dtype=np.float32)
    (first,) = worst(made, Told(chances), made.split.test, 1)
    losses = [log_loss([y], [p], labels=[0, 1]) for y, p in zip(right, chances[:, 0], strict=True)]
    assert first.example == made.split.test[int(np.argmax(losses))]
    assert first.loss == pytest.approx(max(losses), rel=1e-5)
    assert sum(chance for _, chance in first.likely) == pytest.approx(1)


def test_logits_are_made_probabilities() -> None:
    net = chain(Dense(units=2), shape=(2,))
    made = plan(net)
    right = target(made)
    logits = np.random.default_rng(2).normal(size=(len(right), 2)).astype(np.float32)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    (first,) = worst(made, Told(logits), made.split.test, 1)
    losses = -np.log(chances[np.arange(len(right)), right])
    assert first.loss == pytest.approx(losses.max(), rel=1e-5)
    assert first.likely[0][1] == pytest.approx(chances[int(losses.argmax())].max(), rel=1e-5)


def test_classes_without_probabilities_have_the_wrong_ones_first() -> None:
    net = chain(Dense(units=2), shape=(2,))
    made = plan(net, loss=LossSum((LossTerm(MeanSquaredError()),)))
    right = target(made)
    values = np.eye(2, dtype=np.float32)[right]
    values[3] = [0.9, 0.1] if right[3] else [0.1, 0.9]
    values[7] = [0.8, 0.3] if right[7] else [0.3, 0.8]
    found = worst(made, Told(values), made.split.test, 3)
    assert [one.example for one in found[:2]] == list(made.split.test[[3, 7]])
    assert [one.right for one in found] == [False, False, True]
    assert found[0].likely == ()


def table(folder: Path) -> Plan:
    rows = "\n".join(f"{i},{'red' if i % 2 else 'blue'},{i * 0.5}" for i in range(60))
    (folder / "t.csv").write_text(f"size,colour,price\n{rows}\n", encoding="utf-8")
    net = chain(Dense(units=4), Relu(), Dense(units=1), shape=(3,))
    loss = LossSum((LossTerm(MeanSquaredError()),))
    return plan(net, folder, data=Csv(file="t.csv", target="price"), loss=loss)


def test_a_regression_is_ordered_by_its_error(tmp_path: Path) -> None:
    made = table(tmp_path)
    right = target(made)
    values = right[:, None] + np.linspace(-1, 2, len(right), dtype=np.float32)[:, None]
    found = worst(made, Told(values), made.split.test, 2)
    assert [one.example for one in found] == list(made.split.test[[-1, -2]])
    assert found[0].loss == pytest.approx(2, rel=1e-5)
    assert (found[0].truth, found[0].answer) == (f"{right[-1]:.4g}", f"{right[-1] + 2:.4g}")
    assert found[0].right is None


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    for number in range(30):
        Image.new("L", (3, 2), number).save(tmp_path / f"{number}.png")
    lines = [f"{number}.png,{'odd' if number % 2 else 'even'}" for number in range(30)]
    (tmp_path / "t.csv").write_text("\n".join(["file,kind", *lines]), encoding="utf-8")
    net = chain(Flatten(), Dense(units=2), Softmax(), shape=(2, 3, 1))
    made = plan(net, tmp_path, data=Csv(file="t.csv", target="kind", images="file"))
    test = made.split.test
    (tmp_path / f"{test[1]}.png").write_bytes(b"no picture")
    left = np.delete(test, 1)
    right = made.arrays["kind"][left]
    chances = np.eye(2)[right] * 0.8 + 0.1
    chances[2] = chances[2, ::-1]
    found = worst(made, Told(chances), test, len(test))
    assert found[0].example == left[2]
    assert not found[0].right
    assert sorted(one.example for one in found) == sorted(left)


def test_bytes_of_a_target_are_numbers_from_0_to_1(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (20, 2, 3), dtype=np.uint8)
    np.savez(tmp_path / "grey.npz", image=grey, label=np.arange(20) % 2)
    net = chain(Flatten(), Dense(units=6), Unflatten(sizes=(2, 3, 1)), shape=(2, 3, 1))
    loss = LossSum((LossTerm(MeanSquaredError(), ("output", "image")),))
    made = plan(net, tmp_path, data=Npz(file="grey.npz"), loss=loss)
    restored = grey[made.split.test][..., None] / 255
    restored[1] += 0.25
    first = worst(made, Told(restored), made.split.test, 1)[0]
    assert first.example == made.split.test[1]
    assert first.loss == pytest.approx(0.25, rel=1e-5)


def test_the_values_of_a_row_are_those_of_the_table(tmp_path: Path) -> None:
    made = table(tmp_path)
    for example in (0, 17):
        (found,) = shown(made, example)
        assert isinstance(found, Values)
        assert found.rows == (("size", f"{example}"), ("colour", "red" if example % 2 else "blue"))


def test_classes_of_positions(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    np.savez(
        tmp_path / "masks.npz",
        image=generator.random((20, 4, 4, 1), dtype=np.float32),
        label=generator.integers(0, 3, (20, 4, 4)),
    )
    net = chain(Flatten(), Dense(units=48), Unflatten(sizes=(4, 4, 3)), Softmax(), shape=(4, 4, 1))
    made = plan(
        net, tmp_path, data=Npz(file="masks.npz"), loss=LossSum((LossTerm(CrossEntropy()),))
    )
    right = target(made)
    values = np.full((*right.shape, 3), 0.05, dtype=np.float32)
    np.put_along_axis(values, right[..., None], 0.9, axis=-1)
    values[1] = np.roll(values[1], 1, axis=-1)
    first = worst(made, Told(values), made.split.test, 2)[0]
    assert first.example == made.split.test[1]
    assert first.answer == "0.0 % of positions right"
    assert first.loss == pytest.approx(-np.log(0.05), rel=1e-5)


def test_pictures_have_the_pixels_of_the_data() -> None:
    import base64
    import io

    from PIL import Image

    made = plan(chain(Flatten(), Dense(units=10), Softmax(), shape=(8, 8, 1)), data=Digits())
    (found,) = shown(made, 5)
    assert isinstance(found, Picture)
    assert found.squares
    kind, _, data = found.address.partition(";base64,")
    assert kind == "data:image/png"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert (np.asarray(picture) == np.round(made.arrays["image"][5, ..., 0] * 255)).all()


@pytest.mark.parametrize(
    ("shape", "kind", "squares"),
    [((8, 8, 3), "png", True), ((300, 200, 3), "jpeg", False), ((300, 200, 1), "png", False)],
)
def test_pictures_by_their_size(shape: tuple[int, ...], kind: str, squares: bool) -> None:
    found = as_picture(np.zeros(shape, dtype=np.uint8), "a picture")
    assert found is not None
    assert found.address.startswith(f"data:image/{kind};")
    assert found.squares == squares


def test_other_numbers_are_no_pictures() -> None:
    assert as_picture(np.zeros((4, 4, 2)), "") is None
    assert as_picture(np.zeros((4,)), "") is None
