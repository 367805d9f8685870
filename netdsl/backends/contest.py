"""What adversaries ask of a backend: two nets, what moves each, and what is drawn for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from netdsl.catalog.methods import Game
from netdsl.catalog.optimizers import Optimizer
from netdsl.graph import DISCRIMINATOR, GENERATOR, ElaboratedNet
from netdsl.record import Record

Array: TypeAlias = npt.NDArray[Any]

# The noise of a batch for the discriminator's step, and for the generator's; and how far towards
# what is made each example goes where the gradient is taken.
FIRST, SECOND, SHARE = "first", "second", "share"
# Their losses, as figures.
DISCRIMINATOR_LOSS, GENERATOR_LOSS = f"{DISCRIMINATOR}_loss", f"{GENERATOR}_loss"
# From where noise is drawn in evaluation, whatever the examples.
EVALUATION = 0


class Side(Record):
    """A net and what moves it; `undecayed` are its weights, by full names, that do not decay."""

    role: str
    net: ElaboratedNet
    optimizer: Optimizer
    undecayed: frozenset[str]

    def full(self, name: str) -> str:
        """The full name of one of its weights."""
        return f"{self.role}.{name}"


class Contest(Record):
    """Two adversaries: see `netdsl.catalog.methods.Adversarial`.

    `folded` says whether the sigmoid that the discriminator ends in is left out.
    """

    generator: Side
    discriminator: Side
    game: Game
    critic_steps: int
    folded: bool

    @property
    def fold(self) -> frozenset[str]:
        """The output of the discriminator that is folded, if it is."""
        outputs = self.discriminator.net.graph.outputs
        return frozenset(output.name for output in outputs if self.folded)

    def noise(self, count: int, seed: int, number: int = 0) -> Array:
        """What flows into the generator for so many examples, float32."""
        generator = np.random.default_rng([seed, number])
        return self._noise(generator, count)

    def draw(self, count: int, seed: int, batch: int) -> Mapping[str, Array]:
        """What a batch of that number needs, float32: it depends on the arguments alone.

        So both backends compute with the same numbers, and a run that goes on with those that it
        would have had.
        """
        generator = np.random.default_rng([seed, batch])
        return {
            FIRST: self._noise(generator, count),
            SECOND: self._noise(generator, count),
            SHARE: generator.random((count, 1), dtype=np.float32),
        }

    def _noise(self, generator: np.random.Generator, count: int) -> Array:
        (port,) = self.generator.net.inputs
        shape = tuple(int(size) for size in port.type.shape)  # type: ignore[arg-type]
        return generator.standard_normal((count, *shape), dtype=np.float32)
