"""Several listeners of the loop over epochs as one."""

from __future__ import annotations

from netdsl.training.loop import Listener
from netdsl.training.run import Entry


class Together:
    """Tells each of its listeners, in order."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners

    def epoch_starts(self, epoch: int, examples: int) -> None:
        """See `Listener.epoch_starts`."""
        for listener in self._listeners:
            listener.epoch_starts(epoch, examples)

    def examples_done(self, count: int) -> None:
        """See `Listener.examples_done`."""
        for listener in self._listeners:
            listener.examples_done(count)

    def epoch_ends(self, entry: Entry) -> None:
        """See `Listener.epoch_ends`."""
        for listener in self._listeners:
            listener.epoch_ends(entry)
