"""Parts of a net that a train section names: layers, instances of blocks, named levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.elaborate.report import Mistake, Report
from netdsl.elaborate.settings import setting_place
from netdsl.elaborate.suggest import with_suggestion
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.catalog.settings import Training


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


def weights_of(net: ElaboratedNet, part: str) -> frozenset[str]:
    """The full names of weights and running statistics of a part; empty where there is none."""
    level = f"{part}."
    return frozenset(
        named.name for named in named_weights(net.graph) if f"{named.layer_name}.".startswith(level)
    )


def check_parts(report: Report, train: tree.Train, training: Training, net: ElaboratedNet) -> None:
    """Tells of parts in a section's `init` and `freeze` that the net has not.

    No file of weights is read for it. The place is the section's where a setting was given
    elsewhere.
    """
    init = training.settings.init
    if init is not None and init.into is not None:
        _check(report, train, "init", (init.into,), net)
    _check(report, train, "freeze", training.settings.freeze, net)
    written = [item for item in train.settings if isinstance(item, tree.Phase)]
    for found, phase in zip(written, training.phases, strict=bool(written)):
        if phase.settings.freeze != training.settings.freeze:
            _check(report, found, "freeze", phase.settings.freeze, net)


def _check(
    report: Report,
    section: tree.Train | tree.Phase,
    setting: str,
    parts: tuple[str, ...],
    net: ElaboratedNet,
) -> None:
    place = setting_place(section, setting)
    for part in parts:
        sentence = no_such_part(net, part)
        if sentence is not None:
            report.add(Mistake("unknown-name", sentence, place).diagnostic)
