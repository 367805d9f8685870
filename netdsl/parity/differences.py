"""How far the tensors of other backends are from those of the first one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from netdsl.backends.engine import Array
from netdsl.record import Record

# By the name of a layer or weight, in order of execution: by the name of each backend but the
# first, the difference from the first, as a share of the largest number there.
Differences = dict[str, dict[str, float]]


class Gap(Record):
    """The largest difference between two numbers of two tensors, the largest number of one."""

    difference: float
    largest: float

    def share(self, nothing: float = 0.0) -> float:
        """The difference as a share of the largest number, or of `nothing` if that is larger.

        Where both are 0 it is the difference itself: zeros agree with zeros alone.
        """
        largest = max(self.largest, nothing)
        return self.difference / largest if largest else self.difference


# The same as above, of which the shares have yet to be taken.
Gaps = dict[str, dict[str, Gap]]


def gap(found: Array, expected: Array) -> Gap:
    """How far a tensor is from the one that is expected."""
    return Gap(size(np.subtract(found, expected, dtype=np.float64)), size(expected))


def gaps(found: Iterable[tuple[str, Mapping[str, Array]]]) -> Gaps:
    """How far each backend's tensors are from the first one's, by the tensors' names.

    Of the others one after another is looked at, so that two are in memory at once.
    """
    backends = iter(found)
    _, expected = next(backends, ("", {}))
    between: Gaps = {name: {} for name in expected}
    for other, tensors in backends:
        for name, values in expected.items():
            # PyTorch has no gradient for a weight that no way leads to.
            between[name][other] = gap(tensors.get(name, np.zeros_like(values)), values)
        del tensors
    return between


def shares(between: Gaps, nothing: float = 0.0) -> Differences:
    """The differences, each as a share; see `Gap.share`."""
    return {
        name: {other: each.share(nothing) for other, each in of_each.items()}
        for name, of_each in between.items()
    }


def keep_largest(largest: Gaps, between: Gaps) -> None:
    """Takes up what is further apart than is known."""
    for name, of_each in between.items():
        known = largest.setdefault(name, of_each)
        for other, each in of_each.items():
            # What is no number is further apart than any.
            if not each.difference <= known[other].difference:
                known[other] = each


def size(values: Array) -> float:
    """The largest absolute number; none in a tensor without numbers."""
    return float(np.abs(values).max(initial=0.0))
