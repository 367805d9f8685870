"""A picture between the content of one and the style of another, beside PyTorch by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from netdsl.backends.engine import Array
from netdsl.catalog.settings import Training
from netdsl.cli.specs import open_spec
from netdsl.diagnostics import UserError
from netdsl.parity.backends import in_double
from netdsl.training import session
from netdsl.training.backends import backend
from netdsl.training.initial import initial_weights
from netdsl.training.pictures import first_picture
from netdsl.training.plan import Plan, make_plan
from tests.data.photographs import photograph
from tests.training.nets import Silent
from tests.training.test_phases import StopsAfter

TEXT = """net Eye(width = 6) {
  input image: ? x ? x 3
  conv(width, 3, pad=1) -> tanh as early
  avgpool(2) -> dropout(0.5) -> conv(8, 3, pad=1) -> tanh as late
}

train {
  net       = Eye(width=5)
  method    = stylize(
    content="content.png", style="style.png", content_layers=late,
    style_layers=[early, late], content_weight=3, style_weight=1e4, size=(16, 20), every=4
    FURTHER)
  optimizer = adam(lr=0.05)
  steps     = 12
}
"""


def written(folder: Path, further: str = "") -> str:
    """The path of the spec, with two real photographs beside it."""
    for name, source in (("content", "flower.jpg"), ("style", "china.jpg")):
        photograph(source).resize((50, 40)).save(folder / f"{name}.png")
    path = folder / "style.net"
    path.write_text(TEXT.replace("FURTHER", further), encoding="utf-8")
    return str(path)


def plan_of(path: str) -> Plan:
    """The plan of a spec."""
    spec = open_spec(path, {}, None)
    return make_plan(spec.trained, spec.training, spec.folder)


def start_of(plan: Plan) -> dict[str, Array]:
    """The weights that a run starts with."""
    return initial_weights(plan.net.graph, 0) | first_picture(plan)


class ByHand:
    """The losses of Gatys, Ecker and Bethge (2016), for the net of the spec."""

    def __init__(self, plan: Plan) -> None:
        start = {name: torch.from_numpy(v).double() for name, v in start_of(plan).items()}
        self.weights = [
            (start[f"eye.conv{number}.weight"], start[f"eye.conv{number}.bias"])
            for number in (1, 2)
        ]
        fields = plan.data.fields
        self.content, self.style = (
            torch.from_numpy(fields[name].array).double().movedim(-1, 1) / 255
            for name in ("content", "style")
        )

    def seen(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        early = functional.conv2d(picture, *self.weights[0], padding=1).tanh()
        pooled = functional.avg_pool2d(early, 2)
        return early, functional.conv2d(pooled, *self.weights[1], padding=1).tanh()

    def loss(self, picture: Tensor) -> Tensor:
        seen, content, style = (self.seen(p) for p in (picture, self.content, self.style))
        total = 3 * ((seen[1] - content[1]) ** 2).sum() / 2
        for one, other in zip(seen, style, strict=True):
            channels, positions = one.shape[1], one[0, 0].numel()
            grams = [t.reshape(channels, positions) @ t.reshape(channels, positions).T
                     for t in (one, other)]  # fmt: skip
            squares = ((grams[0] - grams[1]) ** 2).sum()
            total = total + 1e4 / 2 * squares / (4 * channels**2 * positions**2)
        return total


@pytest.mark.parametrize("name", ["torch", "keras"])
def test_losses_and_steps_are_those_of_the_paper(name: str, tmp_path: Path) -> None:
    plan = plan_of(written(tmp_path))
    hand = ByHand(plan)
    picture = torch.from_numpy(start_of(plan)["picture.weight"][None]).double().requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=0.05)
    losses = []
    for _ in range(4):
        loss = hand.loss(picture)
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    rows = [np.zeros(1, np.int64)] * 4
    with in_double(name):
        task = plan.task.replace(precision="float64")
        engine = backend(name).make_engine(plan.net, task, plan.examples(), "cpu")
        engine.put_weights(start_of(plan))
        told = engine.train(rows, [1.0] * 4, 0, lambda count: None)
        found = engine.weights()
    # What is trained is the picture alone, and the net's dropout is silent.
    assert told["loss"] == pytest.approx(np.mean(losses), rel=1e-9)
    wanted = picture.detach().numpy()[0]
    assert np.abs(found["picture.weight"] - wanted).max() < 1e-9
    before = start_of(plan)
    assert all(np.array_equal(v, before[n]) for n, v in found.items() if n.startswith("eye."))


def test_the_picture_is_written_and_the_loss_falls(tmp_path: Path) -> None:
    spec = open_spec(written(tmp_path), {}, None)
    made = session.start(spec, "torch", tmp_path / "run", "cpu")
    first = made.run.state().weights["picture.weight"]
    assert np.array_equal(first, np.moveaxis(shown(tmp_path / "content.png"), -1, 0))
    made.train(Silent())
    log = made.run.log()
    assert [entry["epoch"] for entry in log] == [1, 2, 3]
    assert log[2]["loss"] < 0.7 * log[0]["loss"]
    result = made.finish()
    assert (result["share"], result["examples"]) == ("train", 1)
    with Image.open(tmp_path / "run/pictures/0003.png") as picture:
        pixels = np.asarray(picture) / 255
    weight = np.moveaxis(made.run.weights()["picture.weight"], 0, -1)
    assert pixels.shape == (16, 20, 3)
    assert np.abs(pixels - weight.clip(0, 1)).max() <= 0.5 / 255 + 1e-6


def shown(path: Path) -> Any:
    """A picture as the run reads it."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").resize((20, 16), Image.Resampling.BILINEAR)
        return np.asarray(small, np.float32) / np.float32(255)


@pytest.mark.parametrize("name", ["torch", "keras"])
def test_a_stop_changes_nothing(name: str, tmp_path: Path) -> None:
    spec = open_spec(written(tmp_path, ", from_noise=true"), {}, None)
    whole = session.start(spec, name, tmp_path / "whole", "cpu")
    whole.train(Silent())
    stopped = session.start(spec, name, tmp_path / "stopped", "cpu")
    with pytest.raises(KeyboardInterrupt):
        stopped.train(StopsAfter(1))
    again = session.resume(tmp_path / "stopped", {}, "cpu", open_spec)
    again.train(Silent())
    one, other = whole.run.state(), again.run.state()
    for wanted, found in ((one.weights, other.weights), (one.optimizer, other.optimizer)):
        assert wanted.keys() == found.keys()
        assert all(np.array_equal(values, found[key]) for key, values in wanted.items())


def test_the_net_starts_from_given_weights(tmp_path: Path) -> None:
    path = written(tmp_path)
    first = session.start(open_spec(path, {}, None), "torch", tmp_path / "first", "cpu")
    first.train(Silent())
    eye = {n.removeprefix("eye."): v + 1 for n, v in first.run.weights().items() if "eye" in n}
    from safetensors.numpy import save_file

    save_file(eye, tmp_path / "eye.safetensors")
    sets = {"train.init": 'pretrained("eye.safetensors")'}
    second = session.start(open_spec(path, sets, None), "torch", tmp_path / "second", "cpu")
    weights = second.run.state().weights
    assert all(np.array_equal(values, weights[f"eye.{name}"]) for name, values in eye.items())


def test_pictures_of_scikit_image_are_known_by_name(tmp_path: Path) -> None:
    path = Path(written(tmp_path))
    text = path.read_text("utf-8").replace('"style.png"', '"rocket"')
    path.write_text(text, encoding="utf-8")
    assert plan_of(str(path)).data.fields["style"].array.shape == (1, 16, 20, 3)
    path.write_text(text.replace("rocket", "rockett"), encoding="utf-8")
    with pytest.raises(UserError, match=r"has no picture rockett; did you mean rocket\?"):
        plan_of(str(path))
    path.write_text(text.replace("rocket", "rocket.jpg"), encoding="utf-8")
    with pytest.raises(UserError, match="there is no such file"):
        plan_of(str(path))


def test_the_section_that_is_trained_is_a_plain_one(tmp_path: Path) -> None:
    training: Training = open_spec(written(tmp_path), {}, None).training
    assert training.settings.freeze == ("eye",)
    assert len(training.settings.loss.terms) == 3
