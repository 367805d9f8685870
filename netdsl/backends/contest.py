"""What adversaries ask of a backend: two nets, what moves each, and what is drawn for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

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
# Squared lengths of a gradient below it count as 0, whose root has no gradient of its own.
TINY = 1e-24


class Row(Record):
    """A backend's row of a game: what both nets make small, averages over the batch.

    `discriminator` is of the judgements (n, 1) of examples and of what is made, `generator` of the
    latter.
    """

    discriminator: Callable[[Any, Any], Any]
    generator: Callable[[Any], Any]


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


class Updates(Protocol):
    """What a backend has for the moves of one of the nets; see `Engine` for the state."""

    def forget(self) -> None:
        """Has the running means begin anew."""

    def kept(self) -> dict[str, Array]:
        """The running means by the full names of their weights."""

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`."""

    def averaged(self) -> AbstractContextManager[None]:
        """Has the net use its running means in this block."""


Moves = TypeVar("Moves", bound=Updates)


class Sides(Generic[Moves]):
    """The updates of both nets by their roles, which names of weights begin with, as one."""

    def __init__(self, updates: Mapping[str, Moves]) -> None:
        self._updates = updates

    def __getitem__(self, role: str) -> Moves:
        return self._updates[role]

    def forget(self) -> None:
        """See `Updates.forget`."""
        for one in self._updates.values():
            one.forget()

    def kept(self) -> dict[str, Array]:
        """See `Updates.kept`."""
        return {n: mean for one in self._updates.values() for n, mean in one.kept().items()}

    def state(self) -> dict[str, Array]:
        """See `Updates.state`."""
        return {n: values for one in self._updates.values() for n, values in one.state().items()}

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Updates.put_state`: each net gets what begins with its role."""
        for role, one in self._updates.items():
            one.put_state({n: v for n, v in state.items() if n.startswith(f"{role}.")})

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """See `Updates.averaged`."""
        with ExitStack() as shown:
            for one in self._updates.values():
                shown.enter_context(one.averaged())
            yield
