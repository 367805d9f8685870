"""How soon `netdsl lsp` answers after an edit of a spec of 300 lines, as an editor sees it.

A client types at random places of a spec: a letter, a step letter by letter, a comment, an argument
that is another one; and takes it back. At each letter it sends the text and asks at once what is
under the cursor. Two times are measured from there: until that is shown, and until the diagnostics
of the text are. The promise is for the 95th percentile of all letters, on a quiet machine; the time
that the server computed is told beside it.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import sys
import time
from pathlib import Path

from lsprotocol import types
from measure import ROOT, Figure, at_most, compiled, show

EDITS = 300
PROMISED = 50.0  # milliseconds
# Bundled specs that can be written one below the other; the last has a train section.
PARTS = (
    "specs/inception_v3.net", "examples/worked.net", "specs/alexnet.net", "specs/vgg.net",
    "examples/gpt.net",
)  # fmt: skip
TYPED = (" -> relu", "  # why", "\n  dropout(0.5)", " as stem", ", 3", "(", "x")


def spec() -> str:
    """A spec of 300 lines without a mistake."""
    return "\n".join((Path(ROOT) / part).read_text(encoding="utf-8") for part in PARTS)


def typing(text: str, chance: random.Random) -> list[tuple[str, int]]:
    """Texts letter by letter with the cursor's offset: something is typed and taken back."""
    ends = [at for at, sign in enumerate(text) if sign == "\n" and text[at - 1] not in "\n#"]
    at = chance.choice(ends)
    word = chance.choice(TYPED)
    states = [(text[:at] + word[:size] + text[at:], at + size) for size in range(1, len(word) + 1)]
    return [*states, (text, at)]


def position(text: str, offset: int) -> types.Position:
    """The position of an offset in a text without wide characters."""
    return types.Position(text.count("\n", 0, offset), offset - text.rfind("\n", 0, offset) - 1)


def seconds(process: int) -> float:
    """How long a process has computed."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measured() -> tuple[list[float], list[float], float, float]:
    """Milliseconds to hover and to diagnostics of each edit, computed for one, and of the start."""
    from tests.lsp.client import Client

    client = Client()
    text = spec()
    path = Path(ROOT) / "specs" / "joined.net"
    started = time.perf_counter()
    await client.begin(path.parent)
    opened = await client.open(path, text)
    told = await opened.diagnostics()
    start = 1e3 * (time.perf_counter() - started)
    assert told == [], told
    await asyncio.sleep(1)  # it gets ready
    assert client._server is not None
    chance = random.Random(0)
    hovers: list[float] = []
    diagnostics: list[float] = []
    before = seconds(client._server.pid)
    while len(hovers) < EDITS:
        for edited, cursor in typing(text, chance):
            began = time.perf_counter()
            opened.edit(edited)
            params = types.HoverParams(opened.name, position(edited, max(cursor - 2, 0)))
            shown, told_at = await asyncio.gather(
                after(client.text_document_hover_async(params)), after(opened.diagnostics())
            )
            hovers.append(1e3 * (shown - began))
            diagnostics.append(1e3 * (told_at - began))
            await asyncio.sleep(0.01)
    computed = 1e3 * (seconds(client._server.pid) - before) / len(hovers)
    await client.end()
    return hovers, diagnostics, computed, start


async def after(answer: asyncio.Future | types.Any) -> float:  # type: ignore[valid-type]
    """When an answer is there."""
    await answer
    return time.perf_counter()


def percentile(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def main() -> int:
    """Measures and prints; 1 where a promise is missed."""
    compiled()
    hovers, diagnostics, computed, start = asyncio.run(measured())
    lines = spec().count("\n") + 1
    print(f"{len(hovers)} edits of {lines} lines; computed for each in the mean {computed:.1f} ms")
    print(f"start of the server until the first diagnostics {start:.0f} ms")
    figures: list[Figure] = []
    for name, times in (("hover", hovers), ("diagnostics", diagnostics)):
        figures.append(
            at_most(f"edit to {name}, median", statistics.median(times), PROMISED, " ms")
        )
        figures.append(
            at_most(f"edit to {name}, 95th percentile", percentile(times), PROMISED, " ms")
        )
    return show("netdsl lsp", figures)


if __name__ == "__main__":
    sys.path.insert(0, ROOT)
    sys.exit(main())
