"""What each phase of a training moves, and what it leaves as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.elaborate.parts import weights_of
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.record import Record

if TYPE_CHECKING:
    from netdsl.catalog.settings import Training


class Trained(Record):
    """How many weights a phase trains, and which parts it freezes.

    `phase` is empty for a training without phases.
    """

    phase: str
    weights: int
    frozen: tuple[str, ...]


def trained(net: ElaboratedNet, training: Training) -> tuple[Trained, ...]:
    """What each phase trains; nothing to tell where there are no phases and all is trained."""
    sizes = {named.name: named.weight.size for named in named_weights(net.graph) if named.trained}
    found = []
    for phase in training.phases:
        parts = phase.settings.freeze
        frozen = frozenset().union(*(weights_of(net, part) for part in parts))
        moved = sum(size for name, size in sizes.items() if name not in frozen)
        found.append(Trained(phase.name, moved, parts))
    told = len(found) > 1 or found[0].phase or found[0].frozen
    return tuple(found) if told else ()
