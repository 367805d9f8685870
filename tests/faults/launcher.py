"""A process that has everything imported and forks a `netdsl` for each line that it reads.

A line is a JSON list: the file that output is added to, a limit in bytes for files that it writes
or null, then the arguments. It answers with the child's number, and to the line `wait` with its
status when it is over. A child is a process as any other, but ready at once in place of after five
seconds.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from importlib import import_module


def warm(backend: str) -> None:
    """Imports what a training run imports; nothing that starts threads, which a fork would lose."""
    import_module("netdsl.cli.train")
    import_module("netdsl.training.session")
    import_module("matplotlib.backends.backend_agg")
    import_module("matplotlib.figure")
    import_module("sklearn.datasets")
    import_module("filelock")
    import_module("netdsl.backends.torch.train")
    if backend != "torch":
        import_module("netdsl.backends.keras.train")


def child(output: str, limit: int | None, arguments: list[str]) -> None:
    """Runs `netdsl` as a new process does, and ends."""
    from netdsl.cli.main import main

    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    if limit is not None:
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
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
            continue
        output, limit, *arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(output, limit, arguments)
        print(pid, flush=True)


if __name__ == "__main__":
    warm(sys.argv[1])
    print("ready", flush=True)
    serve()
