"""Ctrl-C: at once where work can be dropped, later where files are being written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruptions:
    """Turns Ctrl-C into `KeyboardInterrupt`, inside `deferred` only at the end of the block."""

    def __init__(self) -> None:
        self._deferring = False
        self._pending = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Handles Ctrl-C in this block; only the main thread of Python can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A block that is not interrupted, however often Ctrl-C is pressed."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._deferring:
            raise KeyboardInterrupt
        self._pending = True
