"""Training on several devices: who takes part, and the processes that are started for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias

from netdsl.backends.team import ALONE, Team
from netdsl.diagnostics import SpecError, UserError
from netdsl.training.backends import BY_PROCESSES, backend

# What torchrun says to each process that it starts.
_RANK, _SIZE, _HERE = "RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"
# For how long processes may go on when one has ended badly, before they are asked to end and
# before they are killed, in seconds. One that waits for another learns of its end at once.
_GRACE = 10.0
_MOMENT = 0.05
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

Processes: TypeAlias = list["subprocess.Popen[bytes]"]


def processes_here() -> int:
    """How many processes of this machine train together."""
    return int(os.environ.get(_HERE, "1"))


def gather(name: str, devices: int | None, strategy: str | None, device: str) -> Team | None:
    """Who trains with the backend of that name, on how many devices of this machine.

    None means that this process has yet to start those that do; they find one another.
    """
    try:
        return _gathered(name, devices, strategy, device)
    except UserError:
        if _rank() == 0:
            raise
        os._exit(1)


def _gathered(name: str, devices: int | None, strategy: str | None, device: str) -> Team | None:
    by_processes = name in BY_PROCESSES
    if _HERE in os.environ and int(os.environ[_SIZE]) > 1:
        if not by_processes:
            raise UserError(
                f"torchrun starts processes for PyTorch alone; give {name} --devices without it"
            )
    elif devices in (None, 1):
        if strategy is not None:
            raise UserError("--strategy needs several devices: --devices 2, or torchrun")
        return ALONE
    elif by_processes:
        return None
    # What PyTorch says of an end that our own sentence tells of.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    return backend(name).gather(devices, strategy, device)


@contextmanager
def quiet(team: Team) -> Iterator[None]:
    """Has a process that is not the first end in silence; it leaves word for the first one.

    Such a process ends with the block, whose threads might wait for others for ever.
    """
    try:
        with team.guard():
            yield
    except (UserError, SpecError, OSError, KeyboardInterrupt) as error:
        if team.rank == 0:
            raise
        if isinstance(error, UserError | OSError):
            team.tell(str(error))
        os._exit(1)
    if team.rank > 0:
        os._exit(0)


def started(count: int, words: Sequence[str]) -> int:
    """The exit status of `netdsl` with these arguments, run by so many processes together.

    It is that of the first, who speaks for all. Their environment is what torchrun gives; unlike
    torchrun's, the processes that are left when one ends have time to say so, and this one has no
    need of PyTorch.
    """
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), _SIZE: str(count)}
    threads = str(max(1, (os.cpu_count() or 1) // count))
    common = {"OMP_NUM_THREADS": threads, **os.environ, **address, _HERE: str(count)}
    command = [sys.executable, "-m", "netdsl", *words]
    processes: Processes = []
    with _forwarded(processes):
        for number in range(count):
            own = {_RANK: str(number), "LOCAL_RANK": str(number), "GROUP_RANK": "0"}
            # In a session of its own, so that Ctrl-C comes once, from here.
            process = subprocess.Popen(command, env=common | own, start_new_session=True)
            processes.append(process)
        _wait(processes)
    status = processes[0].returncode
    if status < 0:
        name = signal.Signals(-status).name
        raise UserError(f"the first process of the training was ended by {name}")
    return status


def _wait(processes: Processes) -> None:
    """Until all have ended: the others too, when one has ended badly."""
    ends: Iterator[str] = iter(("terminate", "kill"))
    until: float | None = None
    while any(process.poll() is None for process in processes):
        if until is None and any(process.returncode for process in processes):
            until = time.monotonic() + _GRACE
        if until is not None and time.monotonic() > until:
            way, until = next(ends, "kill"), time.monotonic() + _GRACE
            for process in processes:
                getattr(process, way)()
        time.sleep(_MOMENT)


@contextmanager
def _forwarded(processes: Processes) -> Iterator[None]:
    """Passes the signals that end a process on to these in this block."""

    def forward(number: int, frame: FrameType | None) -> None:
        for process in processes:
            process.send_signal(number)

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.signal(number, forward) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _rank() -> int:
    """The number of this process among those that torchrun, or `started` here, has started."""
    return int(os.environ.get(_RANK, "0")) if _HERE in os.environ else 0


def _free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
        return port
