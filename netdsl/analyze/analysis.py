"""Everything that `netdsl check` says of a net, found once."""

from __future__ import annotations

from netdsl.analyze.cost import Cost, Costs
from netdsl.analyze.depth import Depth, depth
from netdsl.analyze.expectations import Promises, promises
from netdsl.analyze.memory import Memory, memory
from netdsl.analyze.phases import Trained
from netdsl.analyze.receptive import ReceptiveField, receptive_field
from netdsl.catalog.arguments import Entry
from netdsl.graph import ElaboratedNet
from netdsl.record import Record


class Judged(Record):
    """A net, what it costs, and the promises that it keeps or misses."""

    net: ElaboratedNet
    cost: Cost
    promises: Promises


class Analysis(Record):
    """A net and its figures; `costs` has those of its blocks."""

    net: ElaboratedNet
    costs: Costs
    cost: Cost
    depth: Depth
    receptive_field: ReceptiveField | None
    memory: Memory | None
    promises: Promises
    phases: tuple[Trained, ...]
    method: str


def judge(net: ElaboratedNet, costs: Costs) -> Judged:
    """A net as written, beside others whose `costs` are shared."""
    cost = costs.graph(net.graph)
    return Judged(net, cost, promises(net.expectations, net.graph, cost))


def analyze(
    net: ElaboratedNet,
    batch: int = 1,
    optimizer: Entry | None = None,
    changed: bool = False,
    phases: tuple[Trained, ...] = (),
    method: str = "",
) -> Analysis:
    """The figures of a net; memory at a batch size, with an optimizer or plain SGD.

    `changed` says that its arguments were set from outside, so that its promises do not count;
    `method` is what a train section does with it, where that is more than to make a loss small.
    """
    costs = Costs()
    cost = costs.graph(net.graph)
    return Analysis(
        net=net,
        costs=costs,
        cost=cost,
        depth=depth(net.graph, costs),
        receptive_field=receptive_field(net.graph),
        memory=memory(net.graph, cost, batch, optimizer),
        promises=promises(net.expectations, net.graph, cost, changed),
        phases=phases,
        method=method,
    )
