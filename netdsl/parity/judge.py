"""Where backends diverge: the first place of each kind at which a difference is too large."""

from __future__ import annotations

from collections.abc import Mapping

from netdsl.parity.compare import Comparison, Parity
from netdsl.parity.differences import Differences
from netdsl.record import Record

# How large a difference may be, by what is compared; docs/backends.md says why.
TOLERANCES: Mapping[str, float] = {"forward": 1e-4, "gradients": 1e-3, "weights": 1e-4}


class Verdict(Record):
    """A difference beyond its tolerance: in `forward`, `gradients` or `weights`.

    `name` is that of the layer, output or weight, `backend` the one that is off.
    """

    kind: str
    name: str
    backend: str
    difference: float
    tolerance: float


def judge(
    comparison: Comparison, parity: Parity, tolerances: Mapping[str, float] = TOLERANCES
) -> tuple[Verdict, ...]:
    """The first divergence of each kind, in the order in which numbers are computed.

    In the forward pass it is a layer, also where blocks are compared as wholes. Gradients are
    computed from the last layer to the first.
    """
    backwards = dict(reversed(parity.gradients.items()))
    found = [
        *_first("forward", parity.forward | parity.outputs, tolerances),
        *_first("gradients", backwards, tolerances),
    ]
    for left in parity.steps.values():
        found += _first("weights", left, tolerances)
    if found and found[0].kind == "forward":
        # A block is opened; what diverges only as a whole stays.
        found[:1] = _first("forward", comparison.forward(None), tolerances) or found[:1]
    return tuple(found)


def _first(kind: str, differences: Differences, tolerances: Mapping[str, float]) -> list[Verdict]:
    """The first difference beyond the tolerance, if there is one; what is no number is beyond."""
    verdicts = (
        Verdict(kind, name, backend, difference, tolerances[kind])
        for name, of_each in differences.items()
        for backend, difference in of_each.items()
        if not difference <= tolerances[kind]
    )
    return list(verdicts)[:1]
