"""Parts of a net that a train section names: layers, instances of blocks, named levels."""

from __future__ import annotations

from netdsl.elaborate.report import Mistake, Report
from netdsl.elaborate.suggest import with_suggestion
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.syntax import tree


def no_such_part(net: ElaboratedNet, part: str) -> str | None:
    """The sentence for a name that is no part of the net with weights; None where it is one."""
    parts = parts_of(net)
    if part in parts:
        return None
    return with_suggestion(f"{net.name} has no layer or level {part} with weights", part, parts)


def parts_of(net: ElaboratedNet) -> frozenset[str]:
    """The full names of everything that has weights: layers, and the levels that they are in."""
    found: set[str] = set()
    for named in named_weights(net.graph):
        levels = named.layer_name.split(".")
        found.update(".".join(levels[:count]) for count in range(1, len(levels) + 1))
    return frozenset(found)


def check_into(report: Report, train: tree.Train, into: str, net: ElaboratedNet) -> None:
    """Tells of the `into` of a section's `init` that is no part of the net.

    No file of weights is read for it. The place is the section's where `init` was set elsewhere.
    """
    sentence = no_such_part(net, into)
    if sentence is not None:
        written = [item for item in train.settings if isinstance(item, tree.Setting)]
        place = next((item.span for item in written if item.name.name == "init"), train.span)
        report.add(Mistake("unknown-name", sentence, place).diagnostic)
