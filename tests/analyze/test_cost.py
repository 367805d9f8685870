"""Weights, state and multiply-adds, against figures that can be checked by hand."""

from __future__ import annotations

import time

import pytest

from netdsl.analyze.cost import Costs
from netdsl.tensor import Size, at
from tests.analyze.nets import bundled, chain, cost, net
from tests.catalog.torch_rows import catalogue


@pytest.mark.parametrize(
    ("shape", "steps", "weights"),
    [
        # The bottleneck and the dense layer that REFERENCE works out, biases left out.
        (
            "56x56x256",
            "conv(64, 1, bias=false) -> conv(64, 3, pad=1, bias=false) -> conv(256, 1, bias=false)",
            69_632,
        ),
        ("56x56x256", "conv(256, 3, bias=false)", 589_824),
        ("64x64x3", "flatten -> dense(1000, bias=false)", 12_288_000),
        ("28x28x1", "conv(6, 5, pad=2)", 156),
    ],
)
def test_worked_numbers(shape: str, steps: str, weights: int) -> None:
    found = Costs().graph(chain(shape, steps))
    assert (found.trainable, found.state, found.total) == (weights, 0, weights)


def test_batchnorm_has_as_much_state_as_weights() -> None:
    found = Costs().graph(chain("7x7x16", "batchnorm -> batchnorm(scale=false)"))
    assert (found.trainable, found.state, found.total) == (48, 64, 112)
    assert found.layers == 2


def test_a_layer_without_weights_of_its_own_but_state_counts_as_a_layer_with_weights() -> None:
    assert Costs().graph(chain("16", "batchnorm(scale=false, center=false)")).layers == 1


def test_a_shared_layer_has_its_weights_once_and_its_multiply_adds_at_each_use() -> None:
    found = cost("""
net Shared {
  input x: 8x8x4
  shared tower = { conv(4, 3, pad=same) -> relu }
  tower -> tower -> tower
}
""")
    assert (found.trainable, found.macs, found.layers) == (148, 3 * 64 * 144, 1)


def test_a_shared_layer_of_a_block_is_its_own_in_each_instance() -> None:
    found = cost(
        """
block twice { shared one = conv(4, 1); one -> one }
net Nested { input x: 8x8x4; twice -> twice }
""".replace(";", "\n")
    )
    assert (found.trainable, found.macs) == (2 * 20, 4 * 64 * 16)


def test_a_tied_layer_borrows() -> None:
    found = cost("""
net Tied {
  input words: 12 of int
  embedding(100, 8) as table
  dense(100, bias=false, tie=table)
}
""")
    assert (found.trainable, found.macs) == (800, 12 * 8 * 100)


def test_what_exists_in_training_only_has_weights_and_no_multiply_adds() -> None:
    found = cost("""
net Auxiliary {
  input x: 10
  dense(10) -> relu
  auxiliary dense(3) -> softmax as aux
  dense(2)
}
""")
    assert (found.trainable, found.macs, found.layers) == (110 + 33 + 22, 120, 2)


def test_a_run_multiplies_without_being_expanded() -> None:
    graph = net(
        """
block unit { dense(8, bias=false) -> batchnorm -> relu }
net Deep { input x: 8; repeat 100_000 { unit } }
""".replace(";", "\n")
    ).graph
    started = time.perf_counter()
    found = Costs().graph(graph)
    assert time.perf_counter() - started < 0.02
    assert (found.trainable, found.state) == (100_000 * 80, 100_000 * 16)
    assert (found.macs, found.layers) == (100_000 * 64, 200_000)


def test_multiply_adds_of_an_open_size_are_an_expression() -> None:
    graph = net("net Open {\n input x: ? x 4\n conv(8, 3, pad=same, stride=2)\n}").graph
    macs = Costs().graph(graph).macs
    assert isinstance(macs, Size)
    assert [at(macs, {"length": n}) for n in (7, 8)] == [4 * 96, 4 * 96]


@pytest.mark.parametrize(
    "spec", ["vgg.net:VGG16", "resnet.net:ResNet50", "googlenet.net:GoogLeNet", "alexnet.net"]
)
def test_promises_of_the_bundled_specs_are_kept(spec: str) -> None:
    promises = bundled(spec).promises
    assert promises.kept_or_missed
    assert promises.diagnostics == ()


def test_no_elementwise_layer_costs_anything() -> None:
    # The fold passes them by.
    for entry in catalogue().values():
        if entry.__mro__[1].__name__ == "Elementwise":
            assert "weights" not in vars(entry) and "macs" not in vars(entry)
