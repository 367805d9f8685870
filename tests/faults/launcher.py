"""A process that has everything imported and forks a `netdsl` for each line that it reads.

A line is a JSON object of what `child` takes. It answers with the child's number, and to the line
`wait` with its status and the seconds that it computed. A child is a process as any other, but
ready at once in place of after five seconds.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from importlib import import_module

# What Python tells audit hooks when files are opened, moved, removed and folders made.
_OF_FILES = frozenset({"open", "os.rename", "os.remove", "os.mkdir"})


def warm(backend: str) -> None:
    """Imports what a training run imports; nothing that starts threads, which a fork would lose."""
    import_module("netdsl.cli.train")
    import_module("netdsl.training.session")
    import_module("matplotlib.backends.backend_agg")
    import_module("matplotlib.figure")
    import_module("sklearn.datasets")
    import_module("filelock")
    import_module("netdsl.backends.torch.train")
    import_module("torch._dynamo")  # which optimizers import
    if backend != "torch":
        import_module("netdsl.backends.keras.train")


def die_at(moment: int, folder: str) -> None:
    """Kills this process when it is about to do so many things with files below a folder."""
    left = moment

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in _OF_FILES and str(arguments[0]).startswith(folder):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def child(
    arguments: list[str], output: str, limit: int, seconds: float, moment: int, folder: str
) -> None:
    """Runs `netdsl` as a new process does, and ends; files do not grow beyond a limit, if any.

    After so many seconds of computing the system ends it by a signal that it knows nothing of. It
    does that on time on a busy machine too, unlike another process.
    """
    from netdsl.cli.main import main

    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    if seconds:
        signal.setitimer(signal.ITIMER_PROF, seconds)
    if moment:
        die_at(moment, folder)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    status = 99
    try:
        status = main(arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    """Answers each line."""
    pid = 0
    for line in sys.stdin:
        if line.strip() == "wait":
            _, status, usage = os.wait4(pid, 0)
            print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            child(**json.loads(line))
        print(pid, flush=True)


if __name__ == "__main__":
    warm(sys.argv[1])
    print("ready", flush=True)
    serve()
