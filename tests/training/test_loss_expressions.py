"""Losses over any tensors of a net: what they mean, on both backends, and what is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

import netdsl
from netdsl.backends.engine import Array
from netdsl.backends.keras import train as keras_train
from netdsl.backends.onnx import engine as onnx_engine
from netdsl.backends.torch import train as torch_train
from netdsl.catalog.settings import Training
from netdsl.catalog.sources import DataSource, Digits, Iris, Pairs, Spirals, Triplets
from netdsl.cli.main import main
from netdsl.cli.specs import open_spec
from netdsl.data.read import read
from netdsl.diagnostics import SpecError, UserError
from netdsl.graph import named_weights
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches
from netdsl.training.plan import Plan, make_plan
from tests.backends.keras.engines import difference

ENCODER = """
block encoder(n) {
  flatten -> dense(24) -> tanh as body
  dense(n) as centre
  body -> dense(n) as logvar
  centre
}

net VAE {
  input image: 8x8x1
  encoder(4) as code
  auxiliary dense(10) as aux1
  auxiliary dense(24) -> tanh -> dense(10) -> softmax as aux2
  dense(24) -> tanh as hidden
  hidden -> dense(64) -> sigmoid -> unflatten(8, 8, 1) as decoded
  output code -> dense(10) -> softmax as kind
  decoded
}
"""


def planned(loss: str, items: str = "") -> Plan:
    """The plan of the net above on digits with a loss."""
    text = (
        f"{items}\n{ENCODER}\ntrain {{\n  data = digits\n  loss = {loss}\n"
        "  optimizer = adam(lr=0.01)\n}\n"
    )
    found = netdsl.load("vae.net", text=text)
    training = found.spec.training()
    assert training is not None
    read = found.spec.prepared(None, training, found.elaborated)
    if read is None:
        raise SpecError(found.spec.diagnostics)
    return make_plan(read.trained, read.training, Path())


def tensors(made: Plan, rows: Any) -> dict[str, Array]:
    """What PyTorch says of every tensor by the names of the net, in double precision."""
    weights = {k: v.astype(np.float64) for k, v in initial_weights(made.net.graph, 0).items()}

    def dense(flow: Array, name: str) -> Array:
        return flow @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    image = made.arrays["image"][rows].reshape(len(rows), -1).astype(np.float64)
    found = {"image": image, "body": np.tanh(dense(image, "code.dense1"))}
    found["mean"] = dense(found["body"], "code.centre")
    found["logvar"] = dense(found["body"], "code.logvar")
    return found


KL = "kl_divergence(code.centre, code.logvar, reduce=sum)"
RECONSTRUCTION = "binary_cross_entropy(decoded, image, reduce=sum)"
# A loss, what may stand before the net, and a loss that means the same.
SAME: list[tuple[str, str, str]] = [
    ("mse(decoded -> flatten, image -> flatten)", "", "mse(decoded, image)"),
    ("mse(decoded, image) / 4", "", "0.25 * mse(decoded, image)"),
    (
        "-(mse(decoded, image) - 2 * mae(decoded, image))",
        "",
        "2*mae(decoded,image)-mse(decoded,image)",
    ),
    (
        "sum(share * cross_entropy(a, label) for a in [aux1, aux2]) + mse(decoded, image)",
        "let share = 0.3",
        "0.3 * cross_entropy(aux1, label) + mse(decoded, image) + cross_entropy(aux2, label) * 0.3",
    ),
    (
        "sum([mse(decoded, image), mae(decoded, image)])",
        "",
        "mse(decoded, image) + mae(decoded, image)",
    ),
    (
        "both",
        "let both = mse(decoded, image) + penalty(code.centre, 0.5)\n"
        "fn penalty(tensor, weight = 1) = weight * mse(tensor * 1, tensor - tensor)",
        "mse(decoded, image) + 0.5 * mse(code.centre, code.centre * 0)",
    ),
    (
        f"{RECONSTRUCTION} + {KL}",
        "",
        f"{RECONSTRUCTION} + kl_divergence(logvar=code.logvar, reduce=sum, mean=code)",
    ),
    (
        "mse(gram(hidden -> reshape(6, 4)), gram(hidden -> reshape(6, 4) -> tanh))",
        "",
        "mse(hidden -> reshape(6, 4) -> gram, hidden -> reshape(6, 4) -> tanh -> gram)",
    ),
    (
        "mse(decoded, image) if deep else mae(decoded, image)",
        "let deep = false",
        "mae(decoded, image)",
    ),
]


@pytest.mark.parametrize(("loss", "items", "other"), SAME)
def test_losses_that_mean_the_same(loss: str, items: str, other: str) -> None:
    figures = []
    for made in (planned(loss, items), planned(other)):
        engine = torch_train.make_engine(made.net, made.task, made.examples(), "cpu")
        engine.put_weights(initial_weights(made.net.graph, 0))
        rows = made.split.train[:64]
        figures.append(
            (engine.evaluate(rows)["loss"], engine.train([rows], [1.0], 0, lambda n: None)["loss"])
        )
    assert figures[0] == pytest.approx(figures[1], rel=1e-6)


def test_members_are_the_tensors_inside_a_block() -> None:
    made = planned(f"mse(decoded, image) + {KL}")
    rows = made.split.test
    engine = torch_train.make_engine(made.net, made.task, made.examples(), "cpu")
    engine.put_weights(initial_weights(made.net.graph, 0))
    with_kl = engine.evaluate(rows)["loss"]
    plain = planned("mse(decoded, image)")
    engine = torch_train.make_engine(plain.net, plain.task, plain.examples(), "cpu")
    engine.put_weights(initial_weights(plain.net.graph, 0))
    found = tensors(made, rows)
    mean, logvar = found["mean"], found["logvar"]
    wanted = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum() / len(rows)
    assert with_kl - engine.evaluate(rows)["loss"] == pytest.approx(wanted, rel=1e-5)


def test_an_epoch_of_both_backends_and_an_evaluation_of_three() -> None:
    made = planned(
        f"{RECONSTRUCTION} + {KL} + sum(0.3 * cross_entropy(a, label) for a in [aux1, aux2]) "
        "+ cross_entropy(kind, label, weights=balanced, smoothing=0.1) + dice(kind, label) / 3"
    )
    assert made.task.folded == {"output", "aux2", "kind"}
    weights = initial_weights(made.net.graph, 0)
    cut = batches(made.split.train, 64, 0, 1)
    engines = [
        backend.make_engine(made.net, made.task, made.examples(), "cpu")
        for backend in (torch_train, keras_train)
    ]
    figures = []
    for engine in engines:
        engine.put_weights(weights)
        figures.append(engine.train(cut, [1.0] * len(cut), 1, lambda count: None))
    assert figures[1] == pytest.approx(figures[0], rel=1e-5)
    trained = engines[0].weights()
    assert difference(engines[1].weights(), trained) < 1e-3
    onnx = onnx_engine.make_engine(made.net, made.task, made.examples(), "cpu")
    found = []
    for judge in (*engines, onnx):
        judge.put_weights(trained)
        found.append(judge.evaluate(made.split.test))
    assert found[1] == pytest.approx(found[0], rel=1e-5)
    assert found[2] == pytest.approx(found[0], rel=1e-5)


def test_weights_of_classes_are_those_of_the_field_that_is_compared(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rare = (generator.random(60) < 0.2).astype(np.int64)
    image = generator.standard_normal((60, 4)).astype(np.float32)
    np.savez(tmp_path / "two.npz", image=image, kind=np.arange(60) % 5, rare=rare)
    given = {}
    for weights in ("balanced", "[1, 3]"):
        (tmp_path / "n.net").write_text(
            "net N {\n  input image: 4\n  output dense(5) -> softmax as kind\n"
            "  dense(2) -> softmax as rare\n}\n"
            'train {\n  data = npz("two.npz", target="kind")\n  optimizer = adam\n'
            "  loss = cross_entropy(kind, kind)"
            f" + cross_entropy(rare, rare, weights={weights})\n}}\n",
            encoding="utf-8",
        )
        spec = open_spec(str(tmp_path / "n.net"), {}, None)
        made = make_plan(spec.trained, spec.training, spec.folder)
        given[weights] = made.task.terms[1].loss.weights  # type: ignore[attr-defined]
    of_training = rare[made.split.train]
    wanted = compute_class_weight("balanced", classes=np.arange(2), y=of_training)
    assert given["balanced"] == pytest.approx(tuple(wanted))
    assert given["[1, 3]"] == (1, 3)


def test_weights_and_outputs_of_the_author_stay(tmp_path: Path) -> None:
    file = tmp_path / "vae.net"
    loss = f"{RECONSTRUCTION} + {KL}"
    file.write_text(
        f"{ENCODER}\ntrain {{\n data = digits\n loss = {loss}\n optimizer = adam\n}}\n",
        encoding="utf-8",
    )
    spec = open_spec(str(file), {}, None)
    own, extended = spec.net.graph, spec.trained.graph
    assert [output.name for output in own.outputs] == ["aux1", "aux2", "kind", "output"]
    assert {output.name for output in extended.outputs} > {output.name for output in own.outputs}
    names = [[named.name for named in named_weights(graph)] for graph in (own, extended)]
    assert names[0] == names[1]


def test_a_field_stands_in_the_place_of_a_target_where_an_output_has_its_name() -> None:
    named = "net N {\n  input image: 8x8x1\n  flatten -> dense(10) -> softmax as label\n}\n"
    text = (
        named
        + "train {\n  data = digits\n  loss = cross_entropy(label, label)\n  optimizer = adam\n}"
    )
    found = netdsl.load("n.net", text=text)
    made = make_plan(found.elaborated, Training.in_one(found.settings()), Path())
    (term,) = made.task.terms
    assert [(operand.name, operand.field) for operand in term.operands] == [
        ("label", False),
        ("label", True),
    ]


MISTAKES = [
    (
        "mse(decodet, image)",
        r"loss uses decodet, .* no tensor of VAE .*\n.*\n.*\n.*decodet.*\n.*\n.*decoded",
    ),
    ("mse(code.men, image)", "this tensor has no men"),
    ("mse(decodet -> flatten, image)", "decodet is not known here"),
    ("kl_divergence(code.centre)", "kl_divergence takes 2 tensors, not 1"),
    ("cross_entropy(kind)", "cross_entropy compares a tensor of the net with a field"),
    ("crossentropy", r"there is no loss crossentropy[\s\S]*did you mean cross_entropy"),
    ("mse(decoded, image) * mae(decoded, image)", "losses are added, not multiplied"),
    ("mse(decoded, image) / 0", "division by zero"),
    ("2 / mse(decoded, image)", "a loss is divided by a number"),
    ("mse(decoded, 3)", "a tensor stands here, not 3"),
    ("mse([decoded, decoded], image)", "one tensor stands here, not 2"),
    ("sum(mse(a, image) for a in decoded)", "goes through a list, not a tensor"),
    ("mse(hidden -> dense(4), code.centre)", "dense has weights, and a loss has none of its own"),
    ("huber(decoded, image, delta=0)", "delta expects a number above 0, not 0"),
    ("cross_entropy(kind, label, weights=[1, 2])", "has 2 weights, but there are 10 classes"),
    ("cross_entropy(kind, label, weights=even)", "a number of at least 0 for each class"),
    ("mse(hidden, code)", "mse needs two equal shapes: hidden of VAE is 24, but code of VAE is 4"),
    ("cosine(label, label)", "cosine takes no tensor of the net"),
    ("contrastive(hidden, hidden, image) + mse(decoded, image)", "one number for each example"),
    ("cross_entropy(aux1, label)", "auxiliary outputs alone"),
    ("loop", "loop depends on itself"),
    ("3", "a loss stands here"),
]


@pytest.mark.parametrize(("loss", "told"), MISTAKES)
def test_mistakes(loss: str, told: str) -> None:
    with pytest.raises((SpecError, UserError)) as caught:
        planned(loss, "let loop = 2 * loop" if loss == "loop" else "")
    assert re.search(told, str(caught.value)), caught.value


def test_every_term_tells_its_mistake() -> None:
    with pytest.raises(SpecError) as caught:
        planned("mse(code.men, image) + kl_divergence(code) - huber(decoded, image, delta=-1)")
    told = [found.code for found in caught.value.diagnostics if found.severity == "error"]
    assert told == ["unknown-name", "operands", "wrong-value"]


def test_a_tensor_that_only_a_loss_uses_is_used() -> None:
    text = (
        "net N {\n  input point: 2\n  extra = dense(2)\n  dense(2) -> softmax\n}\n"
        "train {\n  data = spirals\n  loss = cross_entropy + 0.1 * mse(extra, label)\n"
        "  optimizer = adam\n}\n"
    )
    assert netdsl.load("n.net", text=text).diagnostics == ()
    without = text.replace(" + 0.1 * mse(extra, label)", "")
    (found,) = netdsl.load("n.net", text=without).diagnostics
    assert found.code == "unused-tensor"


def test_check_knows_the_fields_of_some_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "vae.net"
    train = "train {\n data = digits\n loss = mse(decoded, imagee)\n optimizer = adam\n}\n"
    text = ENCODER + train
    file.write_text(text, encoding="utf-8")
    assert main(["check", str(file)]) != 0
    told = capsys.readouterr().err
    assert "imagee, which is no tensor of VAE and no field of digits" in told
    assert "did you mean image?" in told
    file.write_text(text.replace("imagee", "image"), encoding="utf-8")
    assert main(["check", str(file)]) == 0
    file.write_text(text.replace("digits", 'npz("n.npz")'), encoding="utf-8")
    assert main(["check", str(file)]) == 0


@pytest.mark.parametrize(
    "source", [Digits(), Iris(), Spirals(), Pairs(source=Digits()), Triplets(source=Digits())]
)
def test_sources_give_the_fields_that_they_say(source: DataSource) -> None:
    assert set(read(source, Path(), 0).fields) == set(source.gives)
