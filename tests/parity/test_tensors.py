"""The tensors that parity compares are those of the layers that it names, and noise is silent."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import netdsl
from netdsl.backends.onnx.engine import make_model
from netdsl.backends.torch import build
from netdsl.elaborate.quiet import quiet
from netdsl.graph import named_weights
from netdsl.parity.differences import gap
from netdsl.parity.numbers import inputs, settled, weights
from netdsl.parity.tensors import opened
from netdsl.training.draws import drawing

SPEC = """\
block pair { rescale(2) as first -> rescale(1, offset=1) }
block outer { pair as inside -> repeat 2 { pair } }

net Numbers {
  input x: 3
  shared same_one = { rescale(3) -> rescale(0.5) }
  repeat 3 { pair }
  outer as out
  same_one -> same_one
  add(it, out.inside.first) as tapped
}
"""
NOISY = """\
net Noisy {
  input x: 8 x 8 x 3
  shared drop = dropout(0.5)
  conv(4, 3) -> drop -> spatial_dropout(0.5) -> drop_path(0.5) -> drop -> gaussian_noise(2)
  flatten -> dense(3) as means
  sample(means, means -> dense(3))
}
"""


def elaborated(text: str) -> netdsl.graph.ElaboratedNet:
    return netdsl.load("test.net", text=text).elaborated


def tensors(text: str, depth: int | None) -> dict[str, float]:
    """The numbers of the layers' tensors where one flows in."""
    tapped = opened(elaborated(text), depth)
    model = make_model(tapped.net, "", "cpu")
    model.put_weights({})
    found = model.predict([np.ones((1, 3), np.float32)])
    return {tapped.names[name]: float(values[0, 0]) for name, values in found.items()}


def test_rounds_are_told_one_by_one() -> None:
    assert tensors(SPEC, 1) == {
        "pair1": 3, "pair2": 7, "pair3": 15, "out": 127, "same_one": 285.75, "tapped": 315.75
    }  # fmt: skip


def test_blocks_are_opened_to_a_depth() -> None:
    found = tensors(SPEC, 2)
    assert [name for name in found if name.startswith("out")] == [
        "out.inside", "out.pair1", "out.pair2"
    ]  # fmt: skip
    assert [found["pair1.first"], found["pair2.first"], found["pair3.first"]] == [2, 6, 14]
    assert found["out.inside"] == 31
    assert found["tapped"] == 315.75


def test_all_blocks_are_opened() -> None:
    found = tensors(SPEC, None)
    assert found["out.inside.first"] == 30
    assert found["out.pair2.first"] == 126
    assert found["out.pair2.rescale1"] == 127


def test_what_the_spec_asks_a_block_for_is_handed_out_too() -> None:
    text = "block pair { rescale(2) as first -> rescale(3) }\n"
    text += "net N {\n input x: 3\n pair as made\n add(it, made.first)\n}"
    assert tensors(text, None) == {"made.first": 2, "made.rescale1": 6, "add1": 8}


@pytest.mark.parametrize("silent", [True, False])
def test_noise_is_silent(silent: bool) -> None:
    net = elaborated(NOISY)
    model = build(drawing(quiet(net) if silent else net)).train()
    image = torch.ones(2, 3, 8, 8)
    drawn = torch.ones(2, 3)
    assert torch.equal(model(image, drawn), model(image, drawn)) == silent


def test_every_weight_stays_where_noise_is_silent() -> None:
    net = elaborated(NOISY)
    names = [named.name for named in named_weights(net.graph)]
    assert [named.name for named in named_weights(quiet(net).graph)] == names


def test_nothing_is_constant() -> None:
    graph = netdsl.load("resnet20_cifar").elaborated.graph
    for values in weights(graph, 0).values():
        assert values.std() > 0.05 or values.size == 1 or values.ndim > 1


def test_running_statistics_are_those_of_the_batch_moved() -> None:
    graph = elaborated("net N { input x: 4; batchnorm(momentum=0.75) }".replace(";", "\n")).graph
    before = weights(graph, 0)
    mean, variance = np.full(4, 30, np.float32), np.full(4, 9, np.float32)
    after = before | {
        "batchnorm1.running_mean": 0.75 * before["batchnorm1.running_mean"] + 0.25 * mean,
        "batchnorm1.running_var": 0.75 * before["batchnorm1.running_var"] + 0.25 * variance,
    }
    found = settled(graph, before, after, 0)
    assert np.abs(found["batchnorm1.running_mean"] - 30).max() < 3
    assert 4 < found["batchnorm1.running_var"].min() < found["batchnorm1.running_var"].max() < 14
    assert np.array_equal(found["batchnorm1.weight"], before["batchnorm1.weight"])


def test_whole_numbers_are_below_every_vocabulary() -> None:
    net = elaborated("net N {\n input x: 500 of int\n concat(embedding(9, 4), one_hot(5))\n}")
    (numbers,) = inputs(net, 2, 0)
    assert set(numbers.ravel()) == set(range(5))


def test_a_difference_is_a_share_of_the_largest() -> None:
    expected = np.array([1.0, -4.0])
    assert gap(expected + 0.5, expected).share() == 0.125
    assert gap(expected, expected).share(nothing=8.0) == 0
    assert gap(expected + 0.5, expected).share(nothing=8.0) == 0.0625
    assert gap(np.zeros(2), np.zeros(2)).share() == 0
    assert gap(np.ones(2), np.zeros(2)).share() == 1
    assert not gap(np.array([np.nan, -4.0]), expected).share() <= 1
