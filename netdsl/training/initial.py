"""The numbers that weights start with: numpy's, from the seed and each weight's name alone.

So they depend neither on the backend nor on the order of layers. The formulas are those of
`torch.nn.init`; `fan_in` of a weight (out, in, *kernel) is `in` times the kernel's size.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from netdsl.catalog.initializers import (
    Fill,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Normal,
    Ones,
    Orthogonal,
    OrthogonalGates,
    Uniform,
    Zeros,
    fans,
)
from netdsl.graph import Graph, named_weights

Array: TypeAlias = npt.NDArray[np.float32]
_Shape: TypeAlias = "tuple[int, ...]"
_Draw: TypeAlias = Callable[[Any, _Shape, np.random.Generator], Array]


def initial_weights(graph: Graph, seed: int) -> dict[str, Array]:
    """Every weight and state of the graph by its full name, float32, in PyTorch's layout."""
    return {
        named.name: draw(named.weight.initializer, named.weight.shape, _generator(seed, named.name))
        for named in named_weights(graph)
    }


def draw(initializer: Initializer, shape: _Shape, generator: np.random.Generator) -> Array:
    """The numbers of one weight."""
    return _DRAWS[type(initializer)](initializer, shape, generator)


def _generator(seed: int, name: str) -> np.random.Generator:
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:16], "little")])


def _normal(shape: _Shape, generator: np.random.Generator, std: float, mean: float = 0.0) -> Array:
    values = generator.standard_normal(shape, dtype=np.float32)
    return values * np.float32(std) + np.float32(mean)


def _uniform(shape: _Shape, generator: np.random.Generator, low: float, high: float) -> Array:
    values = generator.random(shape, dtype=np.float32)
    return np.float32(low) + np.float32(high - low) * values


def _bounded(shape: _Shape, generator: np.random.Generator, bound: float) -> Array:
    return _uniform(shape, generator, -bound, bound)


def _orthogonal(_: Initializer, shape: _Shape, generator: np.random.Generator) -> Array:
    """The orthogonal factor of a random matrix (out, rest), its signs made unique."""
    rows, columns = shape[0], math.prod(shape[1:])
    matrix = generator.standard_normal((max(rows, columns), min(rows, columns)))
    factor, triangle = np.linalg.qr(matrix)
    factor = factor * np.sign(np.diag(triangle))
    turned = factor.T if rows < columns else factor
    return np.ascontiguousarray(turned, dtype=np.float32).reshape(shape)


_DRAWS: dict[type[Initializer], _Draw] = {
    HeNormal: lambda _, s, g: _normal(s, g, math.sqrt(2 / fans(s)[0])),
    HeUniform: lambda _, s, g: _bounded(s, g, math.sqrt(6 / fans(s)[0])),
    GlorotNormal: lambda _, s, g: _normal(s, g, math.sqrt(2 / sum(fans(s)))),
    GlorotUniform: lambda _, s, g: _bounded(s, g, math.sqrt(6 / sum(fans(s)))),
    LecunNormal: lambda _, s, g: _normal(s, g, math.sqrt(1 / fans(s)[0])),
    Normal: lambda i, s, g: _normal(s, g, i.std, i.mean),
    Uniform: lambda i, s, g: _uniform(s, g, i.low, i.high),
    Zeros: lambda _, s, g: np.zeros(s, np.float32),
    Ones: lambda _, s, g: np.ones(s, np.float32),
    Fill: lambda i, s, g: np.full(s, i.value, np.float32),
    Orthogonal: _orthogonal,
    OrthogonalGates: lambda i, s, g: np.concatenate(
        [_orthogonal(i, (s[0] // i.gates, *s[1:]), g) for _ in range(i.gates)]
    ),
}
