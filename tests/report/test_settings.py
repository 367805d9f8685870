"""Settings as a spec would write them, and the phases that change some."""

from __future__ import annotations

import pytest

from netdsl import api
from netdsl.report.settings import Row, phases, rows

SPEC = """\
net Points {
  input point: 2
  dense(8) as body -> relu
  auxiliary { dense(2) -> softmax } as aux
  dense(2) -> softmax
}
train {
  data      = circles(n=100)
  split     = [0.8, 0.1, 0.1]
  loss      = cross_entropy(output, label) + 0.3 * cross_entropy(aux, label)
  optimizer = sgd(lr=0.1, momentum=0.9)
  epochs    = 3
  phase head { freeze = body }
  phase {
    optimizer = sgd(lr=0.01)
    epochs    = 5
  }
}
"""


@pytest.fixture(scope="module")
def found() -> dict[str, Row]:
    spec = api.read("points.net", text=SPEC)
    training, net = spec.training(set={"epochs": "4"}), spec.elaborate()
    assert training is not None and net is not None
    read = spec.prepared(None, training, net)
    assert read is not None
    return {row.name: row for row in rows(read.training.settings, {"train.epochs": "4"})}


def written(row: Row) -> str:
    """The value with what is a default in braces."""
    text = "".join(f"{{{piece.text}}}" if piece.default else piece.text for piece in row.value)
    return text.replace("}{", "")


@pytest.mark.parametrize(
    ("name", "value", "origin"),
    [
        ("data", "circles(n=100{, noise=0.1})", "spec"),
        ("split", "[0.8, 0.1, 0.1]", "spec"),
        (
            "loss",
            "cross_entropy(output, label{, reduce=mean, smoothing=0, weights=none}) + "
            "0.3 * cross_entropy(aux, label{, reduce=mean, smoothing=0, weights=none})",
            "spec",
        ),
        ("epochs", "4", "--set"),
        ("batch", "32", "default"),
        ("init", "none", "default"),
        ("fast", "false", "default"),
    ],
)
def test_a_value_and_where_it_is_from(
    found: dict[str, Row], name: str, value: str, origin: str
) -> None:
    assert (written(found[name]), found[name].origin) == (value, origin)


def test_what_is_given_stands_out(found: dict[str, Row]) -> None:
    assert written(found["optimizer"]).startswith("sgd(lr=0.1, momentum=0.9{, nesterov=false")


def test_phases_tell_what_they_change() -> None:
    training = api.read("points.net", text=SPEC).training()
    assert training is not None
    told = [(name, [row.name for row in changed]) for name, changed in phases(training)]
    assert told == [("head", ["freeze"]), ("phase2", ["optimizer", "epochs"])]
