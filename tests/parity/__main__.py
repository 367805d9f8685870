"""`python -m tests.parity [--keras] [NAME…] [--write]`: a line for each net as it is measured.

A name is that of a reference model, `keras/VGG16`, or its key, `VGG16`; without any, all are
measured. Our model is PyTorch's, or with `--keras` that of Keras. Each has a process of its own,
which gives its memory back; PyTorch uses one thread, since threads wait for one another at every
layer where a machine is busy. The status is 1 where one net fails or is further off than rounding.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch

from tests.parity.measure import measure
from tests.parity.results import PAGES, write
from tests.parity.transplant import Result

SPAWN = get_context("spawn")


def chosen(wanted: Sequence[str], names: Sequence[str]) -> list[str]:
    """Which of the names are meant; all of them where none is given."""
    known = {key: name for name in names for key in (name, name.partition("/")[2])}
    unknown = [key for key in wanted if key not in known]
    if unknown:
        sys.exit(f"{unknown[0]} is no reference model of this backend")
    return [known[key] for key in wanted] or list(names)


def measured(backend: str, wanted: Sequence[str]) -> Iterator[Result | None]:
    """A result for each name, told with the seconds that it took; None where there is none."""
    for name in wanted:
        started = time.monotonic()
        try:
            with ProcessPoolExecutor(1, SPAWN, torch.set_num_threads, (1,)) as process:
                result = process.submit(measure, backend, name).result()
        except Exception as error:  # what stops one net is told, and the next is measured
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            yield None
            continue
        seconds = time.monotonic() - started
        print(
            f"{name}: {result.single:.1e} in single, {result.double:.1e} in double precision,"
            f" of {result.largest:.3g}; {seconds:.0f} s",
            flush=True,
        )
        yield result


def main() -> int:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--write",
        action="store_true",
        help="put results into docs/parity.md or docs/parity_keras.md",
    )
    parser.add_argument(
        "--keras", dest="backend", action="store_const", const="keras", default="torch"
    )
    arguments = parser.parse_args()
    page = PAGES[arguments.backend]
    close = True
    for result in measured(arguments.backend, chosen(arguments.names, page.names)):
        close = close and result is not None and result.is_close
        if result is not None and arguments.write:
            write(page, result)
    return int(not close)


if __name__ == "__main__":
    sys.exit(main())
