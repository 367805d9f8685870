"""Outputs folded into a loss: a block hands out the tensor before its last activation too."""

from __future__ import annotations

from collections.abc import Mapping

from netdsl.backends.emission.classes import Class
from netdsl.backends.emission.folding import Folded
from netdsl.backends.emission.plan import ModuleName, Use, Value, uses
from netdsl.backends.emission.prepare import Prepared

# What a tensor before its activation is called, as a tensor of a body and as the tap of a use.
_NUMBER = -1


def hand_out(prepared: Prepared) -> Mapping[Value, Value]:
    """Makes the steps and outputs for the logits; returns them for the net's folded outputs."""
    instead: Mapping[Value, Value] = {}
    for found in prepared.classes:
        folded = prepared.folds.of(found)
        if folded is None:
            continue
        _apply(found, folded)
        if found.root:
            instead = folded.instead
            continue
        logits = folded.instead[found.plan.result]
        found.taps.append(logits)
        for local in found.plan.local.values():
            local[_NUMBER] = logits
    return instead


def _apply(found: Class, folded: Folded) -> None:
    """The steps with those of the logits; a block is called once and hands out both."""
    known = {id(use) for use in uses(found.plan.items)}
    for item in folded.items:
        if not isinstance(item, Use) or id(item) in known:
            continue
        if id(item) in folded.asked:
            original = next(use for use in uses(found.plan.items) if _twins(use, item))
            original.taps = (*original.taps, (_NUMBER,))
            original.outputs.append(item.outputs[0])
        elif item.module is not None:
            last = f"{item.module.stem}_logits"
            item.module = ModuleName(item.module.levels, last, item.module.number)
    found.plan.items = [item for item in folded.items if id(item) not in folded.asked]


def _twins(use: Use, twin: Use) -> bool:
    return use.places is twin.places
