"""A run's log as events for TensorBoard: the figures of each epoch as scalars.

The log is what counts. A run that goes on writes its events anew from the log, so that none is
there twice and none is missing, however the run was ended before.

Events are written by tensorboard's own writer of records. Its writers of whole files import
TensorFlow where that is installed.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from netdsl.training.figures import VALIDATION, figures_of
from netdsl.training.run import Entry, RunFolder

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

# The ending of our files, by which they are known among those of others.
_ENDING = ".netdsl"
_SHARES = {"": "train", VALIDATION: "validation"}


class TensorBoard:
    """Writes the epochs of a run into a folder, as a listener of the loop over epochs.

    Used as a context manager; the epochs so far are written when the first of this time begins,
    for then the log has none that will be repeated.
    """

    def __init__(self, folder: Path, run: RunFolder) -> None:
        self._folder = folder
        self._run = run
        self._records: RecordWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # A run that is at its end already has epochs to show, though none begins.
        if kind is None or self._records is not None:
            self._begun().close()

    def epoch_starts(self, epoch: int, examples: int) -> None:
        """See `Listener.epoch_starts`."""
        self._begun()

    def examples_done(self, count: int) -> None:
        """See `Listener.examples_done`."""

    def epoch_ends(self, entry: Entry) -> None:
        """See `Listener.epoch_ends`."""
        _write(self._begun(), entry, time.time())

    def _begun(self) -> RecordWriter:
        """The file of events, begun when it is first asked for."""
        if self._records is None:
            self._records = _begin(self._folder, self._run.log())
        return self._records


def _begin(folder: Path, log: list[Entry]) -> RecordWriter:
    """A new file of events in place of ours that are there, with what the log has."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(f"events.out.tfevents.*{_ENDING}"):
        path.unlink()
    now = time.time()
    name = f"events.out.tfevents.{now:010.0f}.{socket.gethostname()}.{os.getpid()}{_ENDING}"
    records = RecordWriter((folder / name).open("wb"))
    _put(records, Event(wall_time=now, file_version="brain.Event:2"))
    # Epochs of the past took the time that they took, one after the other until now.
    ended = now - sum(entry["seconds"] for entry in log)
    for entry in log:
        ended += entry["seconds"]
        _write(records, entry, ended)
    return records


def _write(records: RecordWriter, entry: Entry, ended: float) -> None:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars(entry).items()]
    _put(records, Event(wall_time=ended, step=entry["epoch"], summary=Summary(value=values)))


def _put(records: RecordWriter, event: Event) -> None:
    records.write(event.SerializeToString())
    records.flush()


def scalars(entry: Entry) -> dict[str, float]:
    """The scalars of an epoch: `loss/train`, `loss/validation`, …, `rate` and `seconds`."""
    found = {
        f"{name}/{share}": value
        for prefix, share in _SHARES.items()
        for name, value in figures_of(entry, prefix).items()
    }
    rate = entry.get("rate")
    found |= {} if rate is None else {"rate": rate}
    return found | {"seconds": entry["seconds"]}
