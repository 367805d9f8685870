"""The command line: one file for each command, each calls one function of the library."""

from __future__ import annotations

import gc


def start() -> int:
    """Run `netdsl` on `sys.argv`; returns the exit status.

    While modules are imported nothing is thrown away, and looking for it takes a tenth of the
    start of `check`; a command that works for long looks again (see `main.LazyGroup`).
    """
    gc.disable()
    from netdsl.cli.main import main

    return main()
