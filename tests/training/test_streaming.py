"""Training on pictures that are read as it goes gives what training on arrays gives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from netdsl.backends.engine import Engine
from netdsl.catalog.layers.activation import Relu, Softmax
from netdsl.catalog.layers.conv import Conv
from netdsl.catalog.layers.linear import Dense
from netdsl.catalog.layers.noise import Dropout
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.layers.shape import Flatten
from netdsl.catalog.losses import LossSum, LossTerm, MeanSquaredError
from netdsl.catalog.optimizers import Sgd
from netdsl.catalog.sources import Folder, Masks
from netdsl.data.examples import Examples
from netdsl.data.streamed import Streamed
from netdsl.training import answering, backends, curves, judging, session
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches
from netdsl.training.plan import Plan
from netdsl.training.result import evaluate
from tests.data.photographs import cut_up
from tests.training.nets import HandBackend, Silent, chain, plan, spec
from tests.training.test_session import opener

SIZE = 12


def net() -> Any:
    return chain(
        Conv(filters=4, kernel=3),
        BatchNorm(),
        Relu(),
        Flatten(),
        Dropout(0.2),
        Dense(units=2),
        Softmax(),
        shape=(SIZE, SIZE, 3),
    )


def of_pictures(folder: Path, **changes: Any) -> Plan:
    cut_up(folder / "data", 60, SIZE)
    return plan(net(), folder, data=Folder(directory="data"), batch=8, **changes)


def in_memory(made: Plan) -> Plan:
    """The same plan with every picture in memory, as float32 from 0 to 1."""
    values = made.data.fields["image"].values
    assert isinstance(values, Streamed)
    pixels, good = values.read(np.arange(len(values)))
    assert good.all()
    numbers = pixels.astype(np.float32) / np.float32(255)
    image = replace(made.data.fields["image"], values=numbers)
    return replace(made, data=made.data.with_field(image))


def trained(made: Plan, examples: Examples, engine: Engine) -> list[Any]:
    """The figures of two epochs and of an evaluation, and the weights."""
    engine.put_weights(initial_weights(made.net.graph, 0))
    told: list[Any] = []
    for epoch in (1, 2):
        cut = batches(made.split.train, 8, 0, epoch)
        told.append(engine.train(cut, [1.0] * len(cut), epoch, lambda count: None))
    told.append(engine.evaluate(made.split.test))
    examples.close()
    return [told, engine.weights()]


def by_torch(made: Plan, workers: int) -> list[Any]:
    examples = made.examples(workers)
    engine = HandBackend.make_engine(made.net, made.task, examples, "cpu")
    return trained(made, examples, engine)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_same_weights_bit_for_bit(tmp_path: Path, workers: int) -> None:
    made = of_pictures(tmp_path)
    (told, weights), (expected, resident) = by_torch(made, workers), by_torch(in_memory(made), 0)
    assert told == expected
    assert all(np.array_equal(weights[name], resident[name]) for name in resident)


def test_keras_the_same(tmp_path: Path) -> None:
    from netdsl.backends.keras.train import make_engine
    from tests.backends.keras.engines import difference  # fmt: skip
    from tests.backends.keras.engines import plan as spec_plan

    cut_up(tmp_path / "data", 60, SIZE)
    body = f"input image: {SIZE} x {SIZE} x 3\nconv(4, 3) -> relu -> flatten -> dense(2) -> softmax"
    made = spec_plan(
        body, base=tmp_path, data=Folder(directory="data"), batch=8, optimizer=Sgd(0.1)
    )
    results = []
    for one in (made, in_memory(made)):
        examples = one.examples(1)
        results.append(trained(one, examples, make_engine(one.net, one.task, examples, "cpu")))
    (told, weights), (expected, resident) = results
    for figures, others in zip(told, expected, strict=True):
        assert figures == pytest.approx(others, rel=1e-5)
    assert difference(weights, resident) < 1e-5


def test_bytes_in_memory_are_from_0_to_1(tmp_path: Path) -> None:
    made = of_pictures(tmp_path)
    numbers = in_memory(made)
    pixels = (numbers.data.fields["image"].array * 255).round().astype(np.uint8)
    image = replace(made.data.fields["image"], values=pixels)
    as_bytes = replace(made, data=made.data.with_field(image))
    assert by_torch(as_bytes, 0)[0] == by_torch(numbers, 0)[0]


def test_pictures_as_targets(tmp_path: Path) -> None:
    cut_up(tmp_path / "data", 20, SIZE)
    copying = chain(Conv(filters=3, kernel=1), shape=(SIZE, SIZE, 3))
    loss = LossSum((LossTerm(MeanSquaredError(), ("output", "image")),))
    made = plan(copying, tmp_path, data=Folder(directory="data"), loss=loss)
    engine = HandBackend.make_engine(made.net, made.task, made.examples(), "cpu")
    weights = initial_weights(made.net.graph, 0)
    engine.put_weights({name: np.zeros_like(values) for name, values in weights.items()})
    images = in_memory(made).data.fields["image"].array[made.split.test]
    assert engine.evaluate(made.split.test)["loss"] == pytest.approx(np.square(images).mean())


def test_a_run_from_start_to_prediction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backends, "backend", lambda name: HandBackend)
    monkeypatch.setattr(backends, "runtime", lambda name: HandBackend)
    monkeypatch.setattr(curves, "draw", lambda path, log, kept: None)
    paths = cut_up(tmp_path / "data", 60, SIZE)
    paths[5].write_bytes(paths[5].read_bytes()[:400])
    source = Folder(directory="data", size=SIZE, corrupt=0.05)
    made = spec(tmp_path, net(), data=source, epochs=3, batch=8)
    current = session.start(made, "torch", tmp_path / "run", "cpu", workers=1)
    current.train(Silent())
    result = current.finish()
    assert capsys.readouterr().err.count(f"{paths[5].name} cannot be read") == 1
    assert current.engines.examples.unreadable() == 1
    confusion = np.array(result["confusion"])
    assert result["examples"] == confusion.sum()
    assert result["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
    again = judging.judge(tmp_path / "run", "cpu", opener(made))
    assert again == {name: value for name, value in result.items() if name != "epoch"}
    stored = json.loads((tmp_path / "run/settings.json").read_text(encoding="utf-8"))
    assert stored["settings"]["data"]["corrupt"] == 0.05
    Image.open(paths[0]).resize((40, 30)).save(tmp_path / "new.png")
    told = answering.predict(tmp_path / "run", [tmp_path / "new.png"], "cpu", opener(made))
    assert told[0]["class"] in ("china", "flower")


def segmenting(folder: Path) -> Plan:
    """A plan over pictures with masks, a third of whose pixels do not count."""
    generator = np.random.default_rng(0)
    paths = cut_up(folder / "all", 12, SIZE, "png")
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for path in paths:
        path.rename(folder / "images" / path.name)
        numbers = generator.choice(np.array([0, 1, 255], np.uint8), (SIZE, SIZE))
        Image.fromarray(numbers).save(folder / "masks" / path.name)
    body = chain(Conv(filters=2, kernel=1), shape=(SIZE, SIZE, 3))
    source = Masks(images="images", masks="masks")
    return plan(body, folder, data=source, optimizer=Sgd(0.1), split=(0.5, 0.0, 0.5))


def test_pixels_that_do_not_count(tmp_path: Path) -> None:
    from netdsl.backends.keras.scoring import Scorer
    from netdsl.backends.onnx.scoring import loss_of, right_of

    made = segmenting(tmp_path)
    engine = HandBackend.make_engine(made.net, made.task, made.examples(), "cpu")
    engine.put_weights(initial_weights(made.net.graph, 0))
    rows = made.split.test
    (batch,) = made.examples().batches([rows])
    image, mask = batch["image"] / np.float32(255), batch["mask"]
    logits = engine.predict([image])["output"]
    kept = mask != -100
    assert 0.5 < kept.mean() < 0.8
    expected = F.cross_entropy(
        torch.tensor(logits).movedim(-1, 1), torch.tensor(mask), ignore_index=-100
    ).item()
    accuracy = (logits.argmax(-1) == mask)[kept].mean()
    figures = engine.evaluate(rows)
    assert figures == {"loss": pytest.approx(expected, rel=1e-5), "accuracy": accuracy}
    (term,) = made.task.terms
    outputs, fields = {"output": logits}, {"mask": mask}
    assert loss_of(term, outputs, fields) == pytest.approx(expected, rel=1e-5)
    assert right_of(term, outputs, fields).mean() == accuracy
    given = {"output": keras.ops.convert_to_tensor(logits)}
    aimed = {"mask": keras.ops.convert_to_tensor(mask.astype(np.int32))}
    scorer = Scorer(term)
    assert float(scorer.loss(given, aimed)) == pytest.approx(expected, rel=1e-5)
    right, counted = (np.asarray(x) for x in (scorer.right(given, aimed), scorer.counted(aimed)))
    assert right[counted].mean() == accuracy
    told = evaluate(made, engine, made.examples(), rows)
    assert np.array(told["confusion"]).sum() == kept.sum()


def test_a_mask_of_which_nothing_counts_teaches_nothing(tmp_path: Path) -> None:
    made = segmenting(tmp_path)
    for path in (tmp_path / "masks").iterdir():
        Image.fromarray(np.full((SIZE, SIZE), 255, np.uint8)).save(path)
    engine = HandBackend.make_engine(made.net, made.task, made.examples(), "cpu")
    before = initial_weights(made.net.graph, 0)
    engine.put_weights(before)
    assert engine.train([made.split.train], [1.0], 0, lambda count: None)["loss"] == 0
    assert all(np.array_equal(engine.weights()[name], before[name]) for name in before)
