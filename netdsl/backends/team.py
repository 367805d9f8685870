"""The processes that train a net together, as training sees them; most often there is one."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Team(Protocol):
    """Processes that take every step together, each with its part of a batch.

    All of them run the same loop over the same batches and call the methods here, and those of
    their engines, in the same order. Only the first, of rank 0, writes and prints.
    """

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""

    @property
    def size(self) -> int:
        """How many processes there are."""

    def first(self, data: bytes) -> bytes:
        """What the first process gave; what the others give does not matter."""

    def gathered(self, data: bytes) -> list[bytes]:
        """What each process gave, in the order of their ranks."""

    def guard(self) -> AbstractContextManager[None]:
        """Has the end of another process, within the block, be a `UserError` that says why.

        Processes other than the first end in silence.
        """

    def tell(self, sentence: str) -> None:
        """Leaves word for the first process of why this one ends."""

    def leave(self) -> None:
        """Ends the work together, when every process has come here."""


class Alone:
    """A team of one."""

    rank = 0
    size = 1

    def first(self, data: bytes) -> bytes:
        """See `Team.first`."""
        return data

    def gathered(self, data: bytes) -> list[bytes]:
        """See `Team.gathered`."""
        return [data]

    def guard(self) -> AbstractContextManager[None]:
        """See `Team.guard`."""
        return nullcontext()

    def tell(self, sentence: str) -> None:
        """See `Team.tell`."""

    def leave(self) -> None:
        """See `Team.leave`."""


ALONE = Alone()
