"""Ctrl-C, and the signal by which schedulers end a process, which means the same.

At once where work can be dropped, later where files are being written.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """The process was asked to end, not from its keyboard."""


# What each signal raises.
_RAISED: dict[int, type[KeyboardInterrupt]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: Terminated,
}


class Interruptions:
    """Turns Ctrl-C into `KeyboardInterrupt`, inside `deferred` only at the end of the block.

    SIGTERM becomes `Terminated` likewise.
    """

    def __init__(self) -> None:
        self._deferring = False
        self._pending: type[KeyboardInterrupt] | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Handles the signals in this block; only the main thread of Python can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in _RAISED}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A block that is not interrupted, however often Ctrl-C is pressed."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        pending, self._pending = self._pending, None
        if pending is not None:
            raise pending

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._deferring:
            raise _RAISED[number]
        self._pending = self._pending or _RAISED[number]
