"""What a training step of ours costs beside torchvision's model in a plain handwritten loop.

ResNet-18 on 64 x 64 images, batch 32, SGD with momentum, on the CPU. Each process takes steps of
ours and of the peer's in turn, so that a slow machine slows both; the ratio is that of the medians
of a process. A control compares the handwritten loop with itself. What is judged is the lower end
of the ratio's 95 % interval (Student's t over the processes).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from measure import ROOT, Figure, at_most, compiled, show

PROCESSES = 5
STEPS = 60
WARM_UP = 5
BATCH = 32
CLASSES = 1000
# Student's t for 4 degrees of freedom, two-sided 95 %.
T_95 = 2.776

Step = Callable[[], None]


def ours() -> Step:
    """A step of the engine that `netdsl train` uses, on the emitted model."""
    import numpy as np

    import netdsl
    from netdsl.backends.engine import Operand, Task, Term
    from netdsl.backends.torch.train import make_engine
    from netdsl.catalog.losses import CrossEntropy
    from netdsl.catalog.optimizers import Sgd
    from netdsl.data.examples import Examples
    from netdsl.tensor import TensorType

    net = netdsl.load("torchvision/resnet18").elaborated
    images, labels = examples()
    loss = CrossEntropy()
    output = Operand("output", TensorType((CLASSES,)), False)
    term = Term(loss, (output, Operand("label", TensorType((), "int"), True)), 1.0, False)
    optimizer = Sgd(lr=0.01, momentum=0.9)
    folded = frozenset(("output",))
    task = Task(("image",), "output", (term,), folded, None, optimizer, (), BATCH)
    engine = make_engine(net, task, Examples({"image": images, "label": labels}), "cpu")
    rows = [np.arange(BATCH)]
    return lambda: void(engine.train(rows, [1.0] * len(rows), 0, lambda _: None))


def void(_: object) -> None:
    """Forgets a result."""


def handwritten() -> Step:
    """A step of torchvision's model in a loop as one writes it by hand."""
    import torch
    from torch import nn

    from tests.peers import import_torchvision

    model = import_torchvision().models.resnet18()
    images, labels = examples()
    x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    y = torch.from_numpy(labels)
    loss = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    model.train()

    def step() -> None:
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return step


def examples():  # type: ignore[no-untyped-def]
    """Images of noise and their labels, the same for both."""
    import numpy as np

    numbers = np.random.default_rng(0)
    images = numbers.standard_normal((BATCH, 64, 64, 3), dtype=np.float32)
    return images, numbers.integers(0, CLASSES, BATCH)


def ratio(first: Step, second: Step, steps: int = STEPS) -> float:
    """The ratio of median times over so many alternating steps of each."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM_UP + steps):
        for step, found in zip((first, second), times, strict=True):
            started = time.perf_counter()
            step()
            if number >= WARM_UP:
                found.append(time.perf_counter() - started)
    return statistics.median(times[0]) / statistics.median(times[1])


def one_process() -> dict[str, float]:
    """The ratios of one fresh process."""
    return {
        "ours": ratio(ours(), handwritten()),
        "control": ratio(handwritten(), handwritten()),
    }


def interval(ratios: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean ratio."""
    mean = statistics.mean(ratios)
    half = T_95 * statistics.stdev(ratios) / len(ratios) ** 0.5
    return mean - half, mean + half


def main() -> int:
    """Runs the processes one after another and prints the result."""
    compiled()
    found: list[dict[str, float]] = []
    for _ in range(PROCESSES):
        done = subprocess.run(
            [sys.executable, __file__, "--one"], capture_output=True, text=True, cwd=ROOT
        )
        if done.returncode:
            sys.exit(done.stderr)
        found.append(json.loads(done.stdout))
        print(" ".join(f"{name} {value:.4f}" for name, value in found[-1].items()), flush=True)
    figures: list[Figure] = []
    for name in ("ours", "control"):
        low, high = interval([ratios[name] for ratios in found])
        what = f"ResNet-18 step, {name} / handwritten, 95 % interval up to {high:.3f}, lower end"
        figures.append(at_most(what, low, 1.02))
    return show("netdsl train", figures)


if __name__ == "__main__":
    sys.path.insert(0, ROOT)
    if "--one" in sys.argv:
        print(json.dumps(one_process()))
    else:
        sys.exit(main())
