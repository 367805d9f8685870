"""Names that count on with the rounds of loops."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.emission.plan import Loop, ModuleName

# The indices of nested loops, from the outermost.
INDICES = ("i", "j", "k", "l")


def counted(name: ModuleName, loops: Sequence[Loop]) -> str:
    """The last part of a name inside an f-string: `conv{i}`, `conv{2 * i - 1}`, `conv1`."""
    if not name.number:
        return name.stem
    base, *steps = name.number
    terms: list[str] = []
    for loop, step, index in zip(loops, steps, INDICES, strict=False):
        base -= step * loop.start
        if step:
            terms.append(index if step == 1 else f"{step} * {index}")
    text = " + ".join(terms)
    if base > 0 or not terms:
        text = f"{text} + {base}" if terms else str(base)
    elif base < 0:
        text = f"{text} - {-base}"
    return f"{name.stem}{{{text}}}"
