"""Bundled nets give the numbers of the models that they are named after.

A chosen few with fresh weights; docs/parity.md has all, and `make parity` measures them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

import netdsl
from netdsl.api import Net, locate
from tests.parity.references import Array, Size, figures, reference
from tests.parity.results import PAGES, Document, Page, parse, read, render
from tests.parity.transplant import (
    DOUBLE,
    Result,
    converted,
    difference,
    give,
    logits,
    measure,
    model_of,
)

# Quick ones of several families; each form of file is read for both libraries.
CHOSEN = [
    ("keras/InceptionV3", ".h5"),
    ("keras/MobileNet_alpha0.25", ".keras"),
    ("keras/MobileNetV2_alpha0.35", ".h5"),
    ("keras/ResNet50V2", ".h5"),
    ("torchvision/densenet121", ".pt"),
    ("torchvision/googlenet", ".pt"),
    ("torchvision/inception_v3", ".pt"),
    ("torchvision/mobilenet_v2", ".safetensors"),
    ("torchvision/resnet18", ".pt"),
]
WRITTEN = {backend: read(page) for backend, page in PAGES.items()}
WIRED = "keras/NASNetMobile"


class Wired(NamedTuple):
    """A reference's images, what it makes of them in double precision, its weights as ours."""

    images: Array
    logits: Array
    weights: dict[str, Array]

    def difference(self, net: Net) -> float:
        """How far a net with these weights is off."""
        return difference(logits(give(model_of(net), self.weights), self.images, True), self.logits)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads wait for one another at every layer, which takes long on a machine that is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def nasnet() -> Wired:
    """NASNetMobile, whose wiring between cells shows in numbers alone."""
    peer = reference(WIRED)
    return Wired(peer.images, peer.logits(double=True), converted(peer, WIRED))


@pytest.mark.parametrize(("name", "ending"), CHOSEN)
def test_the_logits_are_those_of_the_reference(name: str, ending: str) -> None:
    assert measure(name, ending).is_close


def test_so_they_are_where_wiring_alone_makes_a_net(nasnet: Wired) -> None:
    assert nasnet.difference(netdsl.load(WIRED)) <= DOUBLE


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("add(h -> avgpool(3), prev)", "add(prev -> avgpool(3), h)"),
        ("b,\n    c,", "c,\n    b,"),
        ("if not skip_reduction {", "if skip_reduction {"),
        ("eps=1e-3", "eps=1.001e-3"),
    ],
    ids=["branches", "order", "cells", "epsilon"],
)
def test_a_net_that_counts_the_same_and_is_another_is_seen(
    nasnet: Wired, written: str, instead: str
) -> None:
    spec, name = locate(WIRED)
    text = Path(spec).read_text("utf-8")
    assert text.count(written) == 1
    net = netdsl.load(f"{spec}:{name}", text=text.replace(written, instead))
    assert nasnet.difference(net) > DOUBLE


def test_a_changed_weight_is_seen(nasnet: Wired) -> None:
    name, values = next(iter(nasnet.weights.items()))
    weights = nasnet.weights | {name: values * np.float32(1.0001)}
    assert nasnet._replace(weights=weights).difference(netdsl.load(WIRED)) > DOUBLE


def test_a_small_difference_is_seen_and_outputs_that_hide_it_are_refused() -> None:
    numbers = torch.linspace(-2, 2, 5).numpy()
    assert difference(numbers, numbers) == 0
    assert difference(numbers + 2e-4, numbers) == pytest.approx(1e-4, rel=1e-2)
    with pytest.raises(AssertionError, match="largest logit"):
        difference(numbers * 1e-4, numbers * 1e-4)
    with pytest.raises(AssertionError, match="against"):
        difference(numbers[:4], numbers)


def test_a_reference_has_another_number_in_each_tensor_s_every_place() -> None:
    peer = reference("keras/MobileNet_alpha0.25")
    assert peer.size == peer.expected == Size(470_072, 5_472)
    for tensor in converted(peer, "keras/MobileNet_alpha0.25").values():
        assert np.unique(tensor).size > 0.99 * tensor.size


def test_every_model_has_a_line_in_the_results() -> None:
    assert sorted(WRITTEN["torch"].results) == sorted(PAGES["torch"].names)
    assert sorted(WRITTEN["keras"].results) == sorted(PAGES["keras"].names)


def test_the_results_are_of_all_models_that_the_backend_has_a_reference_for() -> None:
    assert len(PAGES["torch"].names) == len(figures("keras")) + len(figures("torchvision"))
    assert len(PAGES["keras"].names) == len(figures("keras"))


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(result, id=f"{backend}-{name}")
        for backend, document in WRITTEN.items()
        for name, result in document.results.items()
    ],
)
def test_no_model_is_further_off_than_it_may_be(result: Result) -> None:
    assert result.is_close


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_the_results_are_as_they_are_written(page: Page) -> None:
    assert render(page, read(page)) == page.file.read_text("utf-8")


def test_a_result_is_read_as_it_is_written() -> None:
    row = Result("keras/VGG16", 2.3e-6, 1.1e-14, 15.6)
    document = Document("Keras 3", {row.name: row})
    assert parse(render(PAGES["torch"], document)) == document
    assert not row._replace(single=2e-4).is_close
    assert not row._replace(double=1e-8).is_close
