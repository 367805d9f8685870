"""What the engine asks of the processes that it shares a batch with, and the answers of one alone.

Those of several are in `fabric.py`, which is imported only where there are several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TypeAlias

from torch import Tensor, nn

from netdsl.backends.engine import Array, Indices
from netdsl.backends.torch.feed import Batch
from netdsl.backends.torch.scoring import Scorer
from netdsl.record import Record

Call: TypeAlias = Callable[..., Tensor | dict[str, Tensor]]


class Calls(Record):
    """What computes the outputs in training, where gradients are averaged, and in evaluation."""

    training: Call
    evaluation: Call


class Sharing(Protocol):
    """How an engine works together with those of the other processes."""

    @property
    def size(self) -> int:
        """How many processes there are."""

    @property
    def whole(self) -> bool:
        """Whether each process holds all of every weight."""

    def parts(self, batches: Sequence[Indices]) -> Sequence[Indices]:
        """The part of each batch that this process computes."""

    def has_part(self, examples: int) -> bool:
        """Whether what this process computes of a batch of so many examples counts."""

    def turns(self, batches: Sequence[Indices]) -> Sequence[Indices]:
        """The batches that this process computes, where each is computed by one alone.

        All processes have as many, so that one may compute what another one counts.
        """

    def turn(self, number: int) -> int:
        """The number among all batches of one of its turns; behind the last it does not count."""

    def numbered(
        self, fed: Iterator[tuple[int, Batch]], expected: int
    ) -> Iterator[tuple[int, tuple[int, Batch]]]:
        """What is fed, with numbers; `UserError` where others would wait for more of it."""

    def shared(
        self,
        losses: Sequence[Tensor],
        scorers: Sequence[Scorer],
        aimed: Mapping[Scorer, Batch],
        examples: int,
    ) -> tuple[Tensor, Tensor]:
        """From the losses of terms over a part of a batch to what is made small and what is told.

        The gradient of the first, averaged over all processes, is that of the loss over the batch;
        so is the average of the second, weighted by how many `examples` of a part count.
        """

    def shown(
        self, outputs: Mapping[str, Array], fields: Mapping[str, Array], counted: bool
    ) -> Iterable[tuple[Mapping[str, Array], Mapping[str, Array]]]:
        """What was computed of a batch, and of the batches that others have computed meanwhile."""

    def seed(self, seed: int) -> int:
        """From where chance starts here: every process draws for other examples."""

    def prepared(self, module: nn.Module, call: Call, used: frozenset[str]) -> Calls:
        """What calls a module by `call`, its gradients averaged over all processes.

        Weights that stay as they are must be marked before, and weights may be other objects
        after. In training only the outputs named in `used` are given, where there are several.
        """

    def averaging(self, now: bool) -> AbstractContextManager[object]:
        """Whether the gradients of what is called in this block are averaged at its end."""

    def summed(self, *numbers: Tensor | float) -> list[float]:
        """The sums over all processes."""

    def full(self, tensor: Tensor) -> Tensor:
        """A tensor with all its numbers, of which each process may hold a part."""

    def held(self, tensor: Tensor) -> Tensor:
        """The numbers of a tensor that this process holds."""

    def placed(self, values: Tensor, like: Tensor) -> Tensor:
        """Of all numbers those that this process holds, where it holds `like` in parts."""

    def showing(
        self, weights: Sequence[Tensor], values: Sequence[Tensor]
    ) -> AbstractContextManager[None]:
        """Has weights be other numbers in this block."""


@contextmanager
def swapped(weights: Sequence[Tensor], values: Sequence[Tensor]) -> Iterator[None]:
    """Has tensors use other storage in this block, without a copy."""
    own = [weight.data for weight in weights]
    for weight, other in zip(weights, values, strict=True):
        weight.data = other
    try:
        yield
    finally:
        for weight, mine in zip(weights, own, strict=True):
            weight.data = mine


def total(parts: Sequence[Tensor]) -> Tensor:
    """The sum of parts of a loss."""
    found = parts[0]
    for part in parts[1:]:
        found = found + part
    return found


class Single:
    """A process that does all by itself."""

    size = 1
    whole = True

    def parts(self, batches: Sequence[Indices]) -> Sequence[Indices]:
        """See `Sharing.parts`."""
        return batches

    def has_part(self, examples: int) -> bool:
        """See `Sharing.has_part`."""
        return True

    def turns(self, batches: Sequence[Indices]) -> Sequence[Indices]:
        """See `Sharing.turns`."""
        return batches

    def turn(self, number: int) -> int:
        """See `Sharing.turn`."""
        return number

    def numbered(
        self, fed: Iterator[tuple[int, Batch]], expected: int
    ) -> Iterator[tuple[int, tuple[int, Batch]]]:
        """See `Sharing.numbered`."""
        return enumerate(fed)

    def shared(
        self,
        losses: Sequence[Tensor],
        scorers: Sequence[Scorer],
        aimed: Mapping[Scorer, Batch],
        examples: int,
    ) -> tuple[Tensor, Tensor]:
        """See `Sharing.shared`."""
        loss = total(losses)
        return loss, loss.detach()

    def shown(
        self, outputs: Mapping[str, Array], fields: Mapping[str, Array], counted: bool
    ) -> Iterable[tuple[Mapping[str, Array], Mapping[str, Array]]]:
        """See `Sharing.shown`."""
        return [(outputs, fields)]

    def seed(self, seed: int) -> int:
        """See `Sharing.seed`."""
        return seed

    def prepared(self, module: nn.Module, call: Call, used: frozenset[str]) -> Calls:
        """See `Sharing.prepared`."""
        return Calls(call, call)

    def averaging(self, now: bool) -> AbstractContextManager[object]:
        """See `Sharing.averaging`."""
        return nullcontext()

    def summed(self, *numbers: Tensor | float) -> list[float]:
        """See `Sharing.summed`."""
        return [one.item() if isinstance(one, Tensor) else one for one in numbers]

    def full(self, tensor: Tensor) -> Tensor:
        """See `Sharing.full`."""
        return tensor

    def held(self, tensor: Tensor) -> Tensor:
        """See `Sharing.held`."""
        return tensor

    def placed(self, values: Tensor, like: Tensor) -> Tensor:
        """See `Sharing.placed`."""
        return values

    def showing(
        self, weights: Sequence[Tensor], values: Sequence[Tensor]
    ) -> AbstractContextManager[None]:
        """See `Sharing.showing`."""
        return swapped(weights, values)
