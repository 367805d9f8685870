"""The numbers that every backend is given: weights, inputs and targets, drawn by numpy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from netdsl.backends.engine import Array
from netdsl.catalog.initializers import Fill, Initializer, Ones, Zeros
from netdsl.catalog.layers.linear import Embedding
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.layers.shape import OneHot
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet, Graph, NamedWeight, named_nodes, named_weights
from netdsl.tensor import Size, TensorType
from netdsl.training.initial import initial_weights

# Beside the seed, so that weights, statistics and examples share no draws.
_MOVES, _STATISTICS, _EXAMPLES, _DRAWS = 11, 12, 13, 15
# How far a bias lies from zero, and a running mean from the batch's, in standard deviations.
_OFFSET = 0.2
# Normalisations of which the running variance may be as small as the batch's.
_NORMS = 10


def weights(graph: Graph, seed: int) -> dict[str, Array]:
    """The weights that training would start with, of which what starts constant is moved.

    So no bias is zero and no factor one: a tensor in the wrong place shows.
    """
    generator = np.random.default_rng([seed, _MOVES])
    start: dict[str, Array] = dict(initial_weights(graph, seed))
    for named in named_weights(graph):
        constant = _constant(named.weight.initializer)
        if constant is not None:
            shape = named.weight.shape
            moved = (
                constant * _factors(generator, shape) if constant else _offsets(generator, shape)
            )
            start[named.name] = moved.astype(np.float32)
    return start


def settled(
    graph: Graph, before: Mapping[str, Array], after: Mapping[str, Array], seed: int
) -> dict[str, Array]:
    """The weights `before` a step of training with the running statistics of its batch.

    They are found from how the step moved them and moved at random, so that numbers stay near one
    through any number of layers and every layer counts in what comes out. Variances grow with the
    number of normalisations: else each would magnify what rounding has left, and in the deepest
    nets single precision would be used up.
    """
    generator = np.random.default_rng([seed, _STATISTICS])
    found = dict(before)
    norms = [named for named in named_weights(graph) if _is_statistic(named, "running_var")]
    growth = np.float32(max(1.0, len(norms) / _NORMS))
    for named in norms:
        variance = _of_batch(named, before, after)
        mean_name = f"{named.layer_name}.running_mean"
        mean = _of_batch(named, before, after, mean_name)
        offsets = _offsets(generator, mean.shape) * np.sqrt(variance)
        found[mean_name] = (mean + offsets).astype(np.float32)
        factors = _factors(generator, variance.shape)
        found[named.name] = ((variance + 0.01) * factors * growth).astype(np.float32)
    return found


def inputs(net: ElaboratedNet, examples: int, seed: int) -> list[Array]:
    """An array for each input, channels last: normal numbers, or whole ones that are looked up."""
    generator = np.random.default_rng([seed, _EXAMPLES])
    below = min(_bounds(net.graph), default=2)
    made: list[Array] = []
    for port in net.inputs:
        shape = (examples, *_sizes(port.name, port.type))
        if port.type.number == "int":
            made.append(generator.integers(0, below, shape))
        else:
            made.append(generator.standard_normal(shape, np.float32))
    return made


def draws(net: ElaboratedNet, first: int, examples: int, seed: int) -> list[Array]:
    """Standard normal numbers for each input from the number `first` on."""
    generator = np.random.default_rng([seed, _DRAWS])
    shapes = [_sizes(port.name, port.type) for port in net.inputs[first:]]
    return [generator.standard_normal((examples, *shape), np.float32) for shape in shapes]


def _constant(initializer: Initializer) -> float | None:
    """The number that a weight starts with everywhere, None where numbers are drawn."""
    if isinstance(initializer, Fill):
        return initializer.value
    return {Zeros: 0.0, Ones: 1.0}.get(type(initializer))


def _offsets(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return generator.standard_normal(shape, np.float32) * np.float32(_OFFSET)


def _factors(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Factors from 0.5 to 1.5."""
    return generator.random(shape, np.float32) + np.float32(0.5)


def _is_statistic(named: NamedWeight, name: str) -> bool:
    return isinstance(named.layer, BatchNorm) and named.weight.name == name


def _of_batch(
    named: NamedWeight,
    before: Mapping[str, Array],
    after: Mapping[str, Array],
    name: str | None = None,
) -> Array:
    """A batch's statistic: what a step mixed into the running one."""
    assert isinstance(named.layer, BatchNorm)
    name, kept = name or named.name, named.layer.momentum
    mixed: Array = (after[name] - kept * before[name]) / (1 - kept)
    return mixed if name.endswith("mean") else np.maximum(mixed, 0)


def _bounds(graph: Graph) -> Iterator[int]:
    """How many different whole numbers each layer takes that looks them up."""
    for _, node in named_nodes(graph):
        if isinstance(node.work, Graph):
            yield from _bounds(node.work)
        elif isinstance(node.work, Embedding):
            yield node.work.vocab
        elif isinstance(node.work, OneHot):
            yield node.work.classes


def _sizes(name: str, type: TensorType) -> tuple[int, ...]:
    for size in type.shape:
        if isinstance(size, Size):
            unknown = min(size.unknowns())
            raise UserError(f"{name} has an open size: give one with --size {unknown}=64")
    return tuple(size for size in type.shape if isinstance(size, int))
