"""Which bundled nets the tests measure on every backend: a third of all, chosen by a rule.

Of each file it is the net with most kinds of layers, the cheapest of such, and then the cheapest
of all that are left. Nets with many weights are left out, for two at once would need more memory
than there is; so no ViT is among them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from itertools import groupby

from netdsl.analyze.cost import Costs
from netdsl.record import Record
from tests.parity.backends import names_of_nets
from tests.parity.small import small
from tests.specs.bundled import layers

# What takes as long as one layer, by measurements of nets of all families; a layer takes about a
# thirtieth of a second.
_MACS, _WEIGHTS = 7e6, 45e3
# What is compared of a net in double precision takes some hundred bytes for each weight.
_MOST_WEIGHTS = 40e6


class Candidate(Record):
    """A net as `file.net:Net`: words of its layers, its weights, how long it takes in layers."""

    net: str
    words: frozenset[str]
    weights: int
    cost: float


def third(beside: Collection[str]) -> list[str]:
    """The nets to measure, as `file.net:Net`, beside those that are measured in another way."""
    every = sorted(candidates(), key=lambda each: (each.cost, each.net))
    by_cost = [each for each in every if each.weights <= _MOST_WEIGHTS]
    wanted = {_richest(of_file) for of_file in _by_file(by_cost)} | set(beside)
    others = [each.net for each in by_cost if each.net not in wanted]
    wanted.update(others[: max(0, -(-len(every) // 3) - len(wanted))])
    return [each.net for each in by_cost if each.net in wanted and each.net not in beside]


@cache
def candidates() -> tuple[Candidate, ...]:
    """Every bundled net, at its small input."""
    return tuple(_candidate(net, names[0]) for net, names in names_of_nets().items())


def _candidate(net: str, name: str) -> Candidate:
    graph = small(name).elaborated.graph
    words = [layer.word for *_, layer in layers(graph)]
    cost = Costs().graph(graph)
    assert isinstance(cost.macs, int), f"{net} has open sizes"
    in_layers = len(words) + cost.macs / _MACS + cost.weights / _WEIGHTS
    return Candidate(net, frozenset(words), cost.weights, in_layers)


def file_of(net: str) -> str:
    """The file of `file.net:Net`."""
    return net.partition(":")[0]


def _by_file(nets: list[Candidate]) -> Iterator[list[Candidate]]:
    in_order = sorted(nets, key=lambda each: file_of(each.net))
    for _, of_file in groupby(in_order, key=lambda each: file_of(each.net)):
        yield list(of_file)


def _richest(nets: list[Candidate]) -> str:
    """The one with most kinds of layers, of several the first."""
    return max(nets, key=lambda each: len(each.words)).net
