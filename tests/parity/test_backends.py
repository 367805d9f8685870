"""Bundled nets give the same numbers on every backend.

A third of them is measured; docs/backends_parity.md has more, and `make parity-backends` measures
what is missing there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from multiprocessing import get_context

import keras
import pytest

from netdsl.api import load
from netdsl.parity.judge import TOLERANCES
from tests.parity.backends import (
    RESULTS,
    Result,
    chosen,
    measure,
    measure_at_once,
    names_of_nets,
    parse,
    render,
)
from tests.parity.small import small
from tests.parity.third import file_of, third

NAMES = names_of_nets()
# Through compiled graphs, as training does it: quick ones, of which each has something that the
# others have not: gates, maxout, inception, auxiliary outputs, linear bottlenecks, projections,
# attention, unpooling, noise of several kinds.
CHOSEN = [
    "densenet40_12",
    "fractalnet_depth5",
    "googlenet",
    "highway_mnist10",
    "lenet5",
    "mlp_maxout",
    "mobilenet_v2",
    "perceptron",
    "resnet20_cifar",
    "segnet",
    "swapout20_2",
    "vgg11_lrn",
]
COMPILED = chosen(CHOSEN)
THIRD = third(COMPILED)
# Compared in the forward pass alone.
LARGEST = "vit.net:ViTH14"


class Process:
    """A process for what TensorFlow computes at once, which is so for a whole process."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Starts one, which now and then is replaced for the memory of large nets."""
        self.pool = ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=16)

    def measure(self, net: str) -> Result:
        """What there is measured of a net; where it ends the process, the next net has another."""
        try:
            return self.pool.submit(measure_at_once, NAMES[net][0]).result()
        except BrokenExecutor:
            self.start()
            raise


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    made = Process()
    yield made
    made.pool.shutdown()


@pytest.mark.parametrize("name", CHOSEN)
def test_backends_agree(name: str) -> None:
    keras.utils.clear_session()
    assert measure(name).diverged == ()


@pytest.mark.parametrize("net", THIRD)
def test_backends_agree_at_once(net: str, process: Process) -> None:
    assert process.measure(net).diverged == ()


def test_a_third_of_the_nets_is_measured() -> None:
    measured = [*COMPILED, *THIRD]
    assert 3 * len(set(measured)) >= len(NAMES)


def test_files_without_a_net_that_is_measured_are_known() -> None:
    measured = [*COMPILED, *THIRD]
    # Those whose every net has too many weights.
    assert set(map(file_of, NAMES)) - set(map(file_of, measured)) == {
        "inception_resnet_v2.net",
        "pyramidnet_imagenet.net",
        "vit.net",
    }


def test_what_is_written_is_within_the_tolerances() -> None:
    _, results = parse(RESULTS.read_text("utf-8"))
    assert results.keys() <= NAMES.keys()
    for result in results.values():
        for forward in (result.keras, result.onnx):
            assert forward <= TOLERANCES["forward"]
        if result.gradients == result.gradients:
            assert result.gradients <= TOLERANCES["gradients"]
            assert max(result.sgd, result.adam) <= TOLERANCES["weights"]


def test_what_is_written_is_read() -> None:
    text = RESULTS.read_text("utf-8")
    assert render(*parse(text)) == text


def test_names_of_one_net_are_one_line() -> None:
    assert chosen(["vgg16", "keras/VGG16", "torchvision/vgg16", "vgg.net:VGG16"]) == [
        "vgg.net:VGG16"
    ]


@pytest.mark.parametrize(
    ("name", "side"), [("resnet50", 64), ("googlenet", 96), ("mobilenet", 64), ("nin", 32)]
)
def test_inputs_are_small(name: str, side: int) -> None:
    assert small(name).elaborated.inputs[0].type.shape == (side, side, 3)
    assert small(name).name == load(name).name


def test_no_net_lacks_a_line() -> None:
    _, results = parse(RESULTS.read_text("utf-8"))
    assert [net for net in NAMES if net not in results] == []
    without = [net for net, one in results.items() if math.isnan(one.gradients)]
    assert without == ["perceptron.net:Perceptron", "perceptron.net:PerceptronMnist", LARGEST]
