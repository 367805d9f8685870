"""How weights start. The formulas are PyTorch's (`torch.nn.init`).

`fan_in` is the number of inputs that one output number sums over: for a weight (out, in, *kernel)
it is `in` times the kernel's size.
"""

from __future__ import annotations

import math
from typing import ClassVar

from netdsl.catalog.arguments import Entry
from netdsl.catalog.quantities import number, whole


class Initializer(Entry):
    """Base of all initialisers."""

    category: ClassVar[str] = "initializer"


class HeNormal(Initializer):
    """Normal with standard deviation sqrt(2 / fan_in) (He et al., 2015)."""

    word: ClassVar[str] = "he_normal"


class HeUniform(Initializer):
    """Uniform within plus and minus sqrt(6 / fan_in) (He et al., 2015)."""

    word: ClassVar[str] = "he_uniform"


class GlorotNormal(Initializer):
    """Normal with standard deviation sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    word: ClassVar[str] = "glorot_normal"


class GlorotUniform(Initializer):
    """Uniform within plus and minus sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""

    word: ClassVar[str] = "glorot_uniform"


class LecunNormal(Initializer):
    """Normal with standard deviation sqrt(1 / fan_in) (LeCun et al., 1998)."""

    word: ClassVar[str] = "lecun_normal"


class Normal(Initializer):
    """Normal with a given standard deviation."""

    word: ClassVar[str] = "normal"
    std: float = number("standard deviation", 0.02, minimum=0)
    mean: float = number("mean", 0.0, keyword=True)


class Uniform(Initializer):
    """Uniform between two bounds."""

    word: ClassVar[str] = "uniform"
    low: float = number("lower bound", -0.05)
    high: float = number("upper bound", 0.05)


class Zeros(Initializer):
    """All zero."""

    word: ClassVar[str] = "zeros"


class Ones(Initializer):
    """All one."""

    word: ClassVar[str] = "ones"


class Fill(Initializer):
    """All the same number."""

    word: ClassVar[str] = "fill"
    value: float = number("the number")


class Orthogonal(Initializer):
    """A (semi-)orthogonal matrix (Saxe et al., 2014)."""

    word: ClassVar[str] = "orthogonal"


class OrthogonalGates(Initializer):
    """An orthogonal matrix for each gate of a recurrence, one below the other.

    No spec says it: the recurrent weights start so by themselves.
    """

    gates: int = whole("how many gates there are")


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """`fan_in` and `fan_out` of a weight (out, in, *kernel); of a vector both are its length."""
    if len(shape) < 2:
        return (math.prod(shape),) * 2
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window
