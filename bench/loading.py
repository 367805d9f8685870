"""How fast pictures come out of a folder, beside torchvision's ImageFolder and a DataLoader.

20,000 JPEGs of 256 x 256 pixels, cut out of real photographs, in random order, resized to 224 x
224, in batches of 64, by as many worker processes as there are cores, at most 8. In each round
either loader gives the same examples, one after the other, so that a slow machine slows both; the
ratio is the median over the rounds. Both have their workers running before. Two peers are measured:
one whose batches are bytes, as ours are, and one whose workers make floats of them (ToTensor),
against ours with floats made of a batch on the CPU.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measure import ROOT, at_least, show

PICTURES = 20_000
ROUNDS = 7
BATCHES = 40  # in a round
BATCH = 64
SIZE = 224

# From the rows of some batches to how many examples came.
Load = Callable[[list[list[int]]], int]


def write(directory: Path) -> None:
    """The pictures, half of each of two photographs."""
    from tests.data.photographs import cut_up

    cut_up(directory, PICTURES, 256)


def ours(directory: Path, workers: int, floats: bool) -> Load:
    """Our loader; `floats` as the PyTorch engine has them."""
    import numpy as np
    import torch

    from netdsl.backends.torch.feed import Feed
    from netdsl.catalog.sources import Folder
    from netdsl.data.examples import Examples
    from netdsl.data.read import read

    data = read(Folder(directory=directory.name, size=SIZE), directory.parent, 0)
    examples = Examples({name: field.values for name, field in data.fields.items()}, workers)
    feed = Feed(examples, ["image", "label"], torch.device("cpu"))

    def load(rows: list[list[int]]) -> int:
        cut = [np.array(batch) for batch in rows]
        if floats:
            return sum(count for count, _ in feed.batches(cut))
        return sum(len(batch["label"]) for batch in examples.batches(cut))

    return load


def theirs(directory: Path, workers: int, floats: bool) -> Load:
    """torchvision's ImageFolder behind a DataLoader that keeps its workers."""
    from tests.peers import import_torchvision

    import_torchvision()
    from torch.utils.data import DataLoader, Sampler
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    last = transforms.ToTensor() if floats else transforms.PILToTensor()
    steps = transforms.Compose([transforms.Resize((SIZE, SIZE)), last])
    rows: list[list[int]] = []

    class Given(Sampler[list[int]]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            return iter(rows)

    loader = DataLoader(
        ImageFolder(str(directory), steps),
        batch_sampler=Given(),
        num_workers=workers,
        persistent_workers=True,
    )

    def load(wanted: list[list[int]]) -> int:
        rows[:] = wanted
        return sum(len(labels) for _, labels in loader)

    return load


def ratios(first: Load, second: Load) -> list[float]:
    """The seconds of the second loader in those of the first, round by round."""
    import numpy as np

    generator = np.random.default_rng(0)
    found = []
    for number in range(ROUNDS + 1):
        rows = generator.permutation(PICTURES)[: BATCHES * BATCH].reshape(BATCHES, BATCH).tolist()
        seconds = []
        for load in (first, second):
            started = time.perf_counter()
            assert load(rows) == BATCHES * BATCH
            seconds.append(time.perf_counter() - started)
        if number:  # the first round starts the workers
            found.append(seconds[1] / seconds[0])
            told = [f"{BATCHES * BATCH / each:.0f}" for each in seconds]
            print(f"{told[0]} examples a second, the peer {told[1]}", flush=True)
    return found


def main() -> int:
    """Writes the pictures, runs the rounds and prints the result."""
    from netdsl.data.loader import usual_workers

    figures = []
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "pictures"
        write(directory)
        for name, floats in (("bytes", False), ("floats", True)):
            loads = [make(directory, usual_workers(), floats) for make in (ours, theirs)]
            ratio = statistics.median(ratios(*loads))
            figures.append(at_least(f"examples a second, {name}, ours / DataLoader", ratio, 1.0))
    return show("pictures of a folder", figures)


if __name__ == "__main__":
    sys.path.insert(0, ROOT)
    sys.exit(main())
