"""Every bundled net and example is without a mistake or warning and keeps what it promises."""

from __future__ import annotations

from pathlib import Path

import pytest

import netdsl
from netdsl.analyze.cost import Costs
from netdsl.analyze.expectations import promises
from tests.conftest import REPOSITORY
from tests.specs.bundled import FILES, SPECS, bundled, places

WORKED = REPOSITORY / "examples" / "worked.net"


def of_worked() -> list[str]:
    """The nets of the worked example."""
    return list(netdsl.read(str(WORKED)).ready_names)


@pytest.mark.parametrize("path", [*FILES, WORKED], ids=lambda path: path.name)
def test_a_file_has_nothing_to_be_told(path: Path) -> None:
    spec = netdsl.read(str(path))
    for name in spec.ready_names:
        assert spec.elaborate(name) is not None
    assert [diagnostic.message for diagnostic in spec.diagnostics] == []


@pytest.mark.parametrize("place", places())
def test_a_bundled_net_keeps_exact_promises(place: str) -> None:
    net = bundled(place)
    found = promises(net.expectations, net.graph, Costs().graph(net.graph))
    assert found.diagnostics == ()
    promised = {promise.expectation.name for promise in found.kept_or_missed}
    assert "macs" in promised
    assert promised & {"params", "total"}
    assert all(isinstance(promise.expectation.value, int) for promise in found.kept_or_missed)


@pytest.mark.parametrize("name", of_worked())
def test_the_worked_example_keeps_its_promises(name: str) -> None:
    net = netdsl.load(f"{WORKED}:{name}").elaborated
    found = promises(net.expectations, net.graph, Costs().graph(net.graph))
    assert found.kept_or_missed
    assert found.diagnostics == ()


def test_a_promise_that_is_wrong_would_be_told() -> None:
    text = (SPECS / "lenet.net").read_text(encoding="utf-8").replace("61_706", "61_707")
    net = netdsl.load("lenet.net", text=text).elaborated
    (missed,) = promises(net.expectations, net.graph, Costs().graph(net.graph)).diagnostics
    assert missed.message == "params should be 61,707, but is 61,706"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_cites_its_paper(path: Path) -> None:
    comment = path.read_text(encoding="utf-8").partition("\n\n")[0]
    assert all(line.startswith("#") for line in comment.splitlines())
    assert any(str(year) in comment for year in range(1943, 2027))
