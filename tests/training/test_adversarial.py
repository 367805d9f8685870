"""Two nets against one another: the steps are those of the papers' formulas, on both backends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file
from torch import Tensor, nn
from torch.nn import functional

import netdsl
from netdsl.backends.contest import FIRST, SECOND, SHARE
from netdsl.cli.specs import open_spec
from netdsl.diagnostics import UserError
from netdsl.parity.backends import in_double
from netdsl.training import answering, engines, session
from netdsl.training.backends import backend
from netdsl.training.codes import samples
from netdsl.training.initial import initial_weights
from netdsl.training.plan import Plan, make_plan
from tests.training.nets import Silent
from tests.training.test_phases import StopsAfter

# Without a kink at zero: where a number rounds to its other side, gradients differ by percents.
TEXT = """net Painter {
  input noise: 5
  dense(12) -> BETWEEN -> tanh -> dense(64) -> sigmoid -> unflatten(8, 8, 1)
}

net Critic {
  input image: 8 x 8 x 1
  flatten -> dense(16) -> tanh as features
  dense(1) END
}

train {
  method    = adversarial(generator=Painter, discriminator=Critic, objective=OBJECTIVE, FURTHER)
  data      = digits
  optimizer = sgd(lr=0.1)
  batch     = 16
  epochs    = 3
  split     = [0.06, 0.02, 0.92]
}
"""
SIGMOID = "sigmoid"


def written(
    folder: Path,
    objective: str = "non_saturating",
    further: str = "samples=9",
    end: str = "",
    between: str = "identity",
) -> str:
    """The path of the spec."""
    text = TEXT.replace("OBJECTIVE", objective).replace("FURTHER", further)
    text = text.replace("END", f"-> {end}" if end else "").replace("BETWEEN", between)
    path = folder / "gan.net"
    path.write_text(text, encoding="utf-8")
    return str(path)


def plan_of(path: str) -> Plan:
    """The plan of a spec."""
    spec = open_spec(path, {}, None)
    return make_plan(spec.trained, spec.training, spec.folder)


# What D and G make small, as the papers write it: of probabilities for the first two.
Formula = tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]
FORMULAS: dict[str, Formula] = {
    "minimax": (
        lambda real, made: -(real.sigmoid().log() + (1 - made.sigmoid()).log()).mean(),
        lambda made: (1 - made.sigmoid()).log().mean(),
    ),
    "non_saturating": (
        lambda real, made: -(real.sigmoid().log() + (1 - made.sigmoid()).log()).mean(),
        lambda made: -made.sigmoid().log().mean(),
    ),
    "least_squares": (
        lambda real, made: (
            functional.mse_loss(real, torch.ones_like(real)) / 2
            + functional.mse_loss(made, torch.zeros_like(made)) / 2
        ),
        lambda made: functional.mse_loss(made, torch.ones_like(made)) / 2,
    ),
    "wgan_gp(7)": (lambda real, made: made.mean() - real.mean(), lambda made: -made.mean()),
}


class ByHand:
    """The spec's nets and steps, written by hand."""

    def __init__(self, plan: Plan, formula: Formula, penalty: float) -> None:
        self.generator = nn.Sequential(
            nn.Linear(5, 12), nn.Tanh(), nn.Linear(12, 64), nn.Sigmoid()
        ).double()
        self.critic = nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 1)).double()
        start = initial_weights(plan.net.graph, 0)
        for role, net in (("generator", self.generator), ("discriminator", self.critic)):
            own = [v for name, v in start.items() if name.startswith(role)]
            for weight, values in zip(net.parameters(), own, strict=True):
                weight.data = torch.from_numpy(values).double()
        self.formula, self.penalty = formula, penalty
        self.movers = [torch.optim.SGD(n.parameters(), 0.1) for n in (self.generator, self.critic)]

    def discriminate(self, real: Tensor, noise: Tensor, share: Tensor) -> float:
        made = self.generator(noise).detach()
        loss = self.formula[0](self.critic(real), self.critic(made))
        added = torch.zeros(())
        if self.penalty:
            between = (share * made + (1 - share) * real).requires_grad_()
            (slope,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
            added = self.penalty * ((slope.norm(dim=1) - 1) ** 2).mean()
        self.move(1, loss + added)
        return float(loss.detach())

    def generate(self, noise: Tensor) -> float:
        loss = self.formula[1](self.critic(self.generator(noise)))
        self.move(0, loss)
        return float(loss.detach())

    def move(self, which: int, loss: Tensor) -> None:
        self.movers[which].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.movers[which].step()

    def weights(self) -> list[Any]:
        nets = self.generator, self.critic
        return [weight.detach().numpy() for net in nets for weight in net.parameters()]


@pytest.mark.parametrize("name", ["torch", "keras"])
@pytest.mark.parametrize(("objective", "end"), [
    ("minimax", ""), ("minimax", SIGMOID), ("non_saturating", SIGMOID), ("least_squares", ""),
    ("wgan_gp(7)", ""),
])  # fmt: skip
def test_steps_are_those_of_the_formulas(
    name: str, objective: str, end: str, tmp_path: Path
) -> None:
    plan = plan_of(written(tmp_path, objective, "critic_steps=2", end))
    contest, rows = plan.task.contest, np.split(plan.split.train[:64], 4)
    assert contest is not None
    hand = ByHand(plan, FORMULAS[objective], 7 if objective.startswith("wgan") else 0)
    judged, made = [], []
    images = torch.from_numpy(plan.data.fields["image"].array).double().flatten(1)
    for number, batch in enumerate(rows):
        drawn = {n: torch.from_numpy(v).double() for n, v in contest.draw(16, 5, number).items()}
        judged.append(hand.discriminate(images[batch], drawn[FIRST], drawn[SHARE]))
        if number % 2:
            made.append(hand.generate(drawn[SECOND]))
    with in_double(name):
        task = plan.task.replace(precision="float64")
        engine = backend(name).make_engine(plan.net, task, plan.examples(), "cpu")
        engine.put_weights(initial_weights(plan.net.graph, 0))
        ticks: list[int] = []
        told = engine.train(rows, [1.0] * 4, 5, ticks.append)
        found = engine.weights()
        evaluated = engine.evaluate(plan.split.validation)
    assert ticks == [16] * 4
    assert told["discriminator_loss"] == pytest.approx(np.mean(judged), abs=1e-12)
    assert told["generator_loss"] == pytest.approx(np.mean(made), abs=1e-12)
    for (which, values), wanted in zip(found.items(), hand.weights(), strict=True):
        assert np.abs(values - wanted).max() < 1e-11, which
    noise = torch.from_numpy(contest.noise(len(plan.split.validation), 0)).double()
    with torch.no_grad():
        answers = hand.critic(hand.generator(noise))
        real = hand.critic(images[plan.split.validation])
        assert evaluated["generator_loss"] == pytest.approx(float(hand.formula[1](answers)))
        wanted = float(hand.formula[0](real, answers))
        assert evaluated["discriminator_loss"] == pytest.approx(wanted)


@pytest.mark.parametrize("name", ["torch", "keras"])
def test_each_net_has_its_optimizer_and_its_running_mean(name: str, tmp_path: Path) -> None:
    further = "generator_optimizer=adam(lr=0.01), discriminator_optimizer=sgd(lr=0.1, momentum=0.5)"
    path = Path(written(tmp_path, "least_squares", further))
    text = path.read_text("utf-8").replace("  optimizer = sgd(lr=0.1)\n", "  ema = 0.5\n")
    path.write_text(text, encoding="utf-8")
    made = session.start(open_spec(str(path), {}, None), name, tmp_path / "run", "cpu")
    made.train(Silent())
    state = made.run.state()
    kept: dict[str, set[str]] = {"generator": set(), "discriminator": set()}
    for key in state.optimizer:
        kept[key.partition(".")[0]].add(key.rpartition(".")[2])
    assert kept["generator"] == {"exp_avg", "exp_avg_sq", "step", "ema"}
    assert kept["discriminator"] == {"momentum_buffer", "ema"}
    weights = made.run.weights()
    assert weights.keys() == state.weights.keys()
    mean = state.optimizer["generator.dense1.weight.ema"]
    assert np.array_equal(weights["generator.dense1.weight"], mean)
    assert not np.array_equal(mean, state.weights["generator.dense1.weight"])


@pytest.mark.parametrize("name", ["torch", "keras"])
def test_a_stop_changes_nothing(name: str, tmp_path: Path) -> None:
    spec = open_spec(written(tmp_path, "wgan_gp", "critic_steps=2", between="batchnorm"), {}, None)
    whole = session.start(spec, name, tmp_path / "whole", "cpu")
    whole.train(Silent())
    stopped = session.start(spec, name, tmp_path / "stopped", "cpu")
    with pytest.raises(KeyboardInterrupt):
        stopped.train(StopsAfter(2))
    again = session.resume(tmp_path / "stopped", {}, "cpu", open_spec)
    again.train(Silent())
    one, other = whole.run.state(), again.run.state()
    for wanted, found in ((one.weights, other.weights), (one.optimizer, other.optimizer)):
        assert wanted.keys() == found.keys()
        assert all(np.array_equal(values, found[key]) for key, values in wanted.items())
    assert whole.finish() == again.finish()
    for epoch in ("0001", "0002", "0003"):
        pictures = [tmp_path / run / f"pictures/{epoch}.png" for run in ("whole", "stopped")]
        assert pictures[0].read_bytes() == pictures[1].read_bytes()


def test_backends_start_alike_and_go_on_from_one_another(tmp_path: Path) -> None:
    path = written(tmp_path, "least_squares", between="batchnorm")
    logs = []
    for name in ("torch", "keras"):
        made = session.start(open_spec(path, {}, None), name, tmp_path / name, "cpu")
        with pytest.raises(KeyboardInterrupt):
            made.train(StopsAfter(1))
        logs.append(made.run.log()[0])
    for figure in ("discriminator_loss", "generator_loss"):
        assert logs[0][figure] == pytest.approx(logs[1][figure], rel=1e-4)
    other = session.resume(tmp_path / "torch", {}, "cpu", open_spec, "keras")
    other.train(Silent())
    assert [entry["epoch"] for entry in other.run.log()] == [1, 2, 3]


def test_the_run_shows_samples_and_has_both_nets(tmp_path: Path) -> None:
    path = written(tmp_path, "least_squares", "samples=6")
    made = session.start(open_spec(path, {}, None), "torch", tmp_path / "run", "cpu")
    made.train(Silent())
    result = made.finish()
    assert result.keys() >= {"share", "discriminator_loss", "generator_loss"}
    with Image.open(tmp_path / "run/pictures/0003.png") as picture:
        assert picture.size == (3 * (48 + 2) + 2, 2 * (48 + 2) + 2)
    both = load_file(tmp_path / "run/weights.safetensors")
    for role in ("generator", "discriminator"):
        own = load_file(tmp_path / f"run/{role}.safetensors")
        assert {f"{role}.{name}" for name in own} == {n for n in both if n.startswith(role)}
    generator = netdsl.load(f"{path}:Painter").torch(tmp_path / "run/generator.safetensors")
    contest = made.plan.task.contest
    assert contest is not None
    with torch.no_grad():
        wanted = generator(torch.from_numpy(contest.noise(4, seed=1))).movedim(1, -1)
    for name in ("torch", "keras", "onnx"):
        found = samples(tmp_path / "run", 4, 1, "cpu", open_spec, name)
        assert np.abs(found - wanted.numpy()).max() < 1e-5
    stored = json.loads((tmp_path / "run/settings.json").read_text("utf-8"))["settings"]
    assert stored["method"]["generator"] == "Painter"
    assert not stored.keys() & {"loss", "augment", "precision", "early_stopping"}


CLASSIFIER = """net Classifier {
  input image: 8 x 8 x 1
  flatten -> dense(16) -> tanh as features
  dense(10) -> softmax
}

train {
  data      = digits
  loss      = cross_entropy
  optimizer = adam(lr=0.01)
  init      = pretrained("run/discriminator.safetensors", partial=true)
  freeze    = dense1
  epochs    = 1
}
"""


def test_the_discriminator_becomes_a_classifier(tmp_path: Path) -> None:
    path = written(tmp_path, "least_squares")
    made = session.start(open_spec(path, {}, None), "torch", tmp_path / "run", "cpu")
    made.train(Silent())
    made.finish()
    (tmp_path / "classifier.net").write_text(CLASSIFIER, encoding="utf-8")
    spec = open_spec(str(tmp_path / "classifier.net"), {}, None)
    classifier = session.start(spec, "torch", tmp_path / "classifier", "cpu")
    classifier.train(Silent())
    assert "2 tensors start from" in classifier.started
    first = load_file(tmp_path / "run/weights.safetensors")["discriminator.dense1.weight"]
    assert np.array_equal(classifier.run.weights()["dense1.weight"], first)


def test_what_does_not_fit_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, further="critic_steps=8")
    with pytest.raises(UserError, match="leaves the generator no step: an epoch has 7 batches"):
        plan_of(path)
    with pytest.raises(UserError, match="the nets stand in this section's method"):
        open_spec(f"{path}:Painter", {}, None)
    with pytest.raises(UserError, match=r"method = adversarial does not use loss"):
        open_spec(path, {"train.loss": "mse"}, None)
    plan = plan_of(written(tmp_path))
    with pytest.raises(UserError, match="--backend onnx runs one net"):
        from netdsl.backends.onnx.engine import make_engine

        make_engine(plan.net, plan.task, plan.examples(), "cpu")


def test_predictions_say_what_there_is_instead(tmp_path: Path) -> None:
    made = session.start(open_spec(written(tmp_path), {}, None), "torch", tmp_path / "run", "cpu")
    made.train(Silent())
    with pytest.raises(UserError, match="--samples 64"):
        answering.predict(tmp_path / "run", [], "cpu", open_spec)


def test_several_devices_are_refused(tmp_path: Path) -> None:
    team: Any = SimpleNamespace(size=2)
    with pytest.raises(UserError, match="method = adversarial trains on one device"):
        engines.Engines("torch", plan_of(written(tmp_path)), "cpu", 0, team)
