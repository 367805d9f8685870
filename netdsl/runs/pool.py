"""Commands as processes, some at a time, each with its share of the cores; Ctrl-C ends all.

A process writes into a file that is locked (`flock`) for as long as it lives: so a later pool knows
that it is still at work, also where the one that started it was killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Protocol

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# What numerical libraries read of how many threads to use.
_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
_PAUSE = 0.05  # seconds between two looks at the processes
_PATIENCE = 60.0  # seconds that a process has for ending by itself


class Job(Protocol):
    """Something that a process does."""

    @property
    def output(self) -> Path:
        """The file that the process writes into."""

    def command(self) -> Sequence[str] | None:
        """The command line, asked for when the job's turn comes; None where it is done already."""

    def begins(self) -> None:
        """The process is started."""

    def ends(self, status: int | None, text: str) -> None:
        """The process has ended with a status and wrote a text; None without a process."""


class _Child:
    def __init__(self, job: Job, command: Sequence[str], output: int, share: int) -> None:
        self.job = job
        self._before = os.fstat(output).st_size
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(share),
            # Ctrl-C on the terminal is for the pool, which passes it on.
            start_new_session=True,
        )

    def text(self) -> str:
        """What the process has written."""
        with self.job.output.open("rb") as file:
            file.seek(self._before)
            return file.read().decode("utf-8", errors="replace")


def run(jobs: Iterable[Job], at_once: int) -> None:
    """Runs every job; raises `KeyboardInterrupt` after Ctrl-C, when all processes have ended.

    A second Ctrl-C does not wait for them.
    """
    share = max(1, _cores() // at_once)
    waiting, running = deque(jobs), list[_Child]()
    with _interruptions() as pressed:
        try:
            while (waiting or running) and not pressed:
                for _ in range(len(waiting)):
                    if len(running) < at_once and not pressed:
                        _start(waiting, running, share)
                running = [child for child in running if not _ended(child)]
                time.sleep(_PAUSE)
        finally:
            # Also where a job fails of which this process is the cause, as on a full disk.
            _stop(running, pressed)
    if pressed:
        raise KeyboardInterrupt


def _start(waiting: deque[Job], running: list[_Child], share: int) -> None:
    """Starts the first job, or puts it last where a process of before is still at work on it."""
    job = waiting.popleft()
    output = os.open(job.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        if not claimed(output):
            waiting.append(job)
            return
        command = job.command()
        if command is None:
            job.ends(None, "")
            return
        running.append(_Child(job, command, output, share))
        job.begins()
    finally:
        os.close(output)


def claimed(output: int) -> bool:
    """Locks an open file, until the last process that has it open ends or closes it.

    False where another has locked it. Where the system has no such lock, nothing is.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a network drive
        return True
    return True


def _ended(child: _Child) -> bool:
    status = child.process.poll()
    if status is None:
        return False
    child.job.ends(status, child.text())
    return True


def _stop(running: Sequence[_Child], pressed: Sequence[int]) -> None:
    """Passes Ctrl-C on and waits; who does not end in time, or by a second Ctrl-C, is killed."""
    for child in running:
        # Windows cannot interrupt one process; what it trained until then is kept all the same.
        child.process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
    until = time.monotonic() + _PATIENCE
    left = list(running)
    while left:
        if len(pressed) > 1 or time.monotonic() > until:
            for child in left:
                child.process.kill()
        left = [child for child in left if not _ended(child)]
        time.sleep(_PAUSE)


@contextmanager
def _interruptions() -> Iterator[list[int]]:
    """Notes Ctrl-C and a request to end in place of raising: the list gets each signal."""
    pressed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        pressed.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pressed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _environment(share: int) -> Mapping[str, str]:
    """The variables of this process, with threads for a share of the cores unless they say."""
    found = dict(os.environ)
    for name in _THREADS:
        found.setdefault(name, str(share))
    # The same netdsl as this one, from wherever it was imported.
    package = str(Path(__file__).resolve().parents[2])
    found["PYTHONPATH"] = os.pathsep.join(filter(None, [package, found.get("PYTHONPATH")]))
    return found


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
