"""What training costs beside the same model in a plain handwritten loop of PyTorch, on the CPU.

SGD with momentum on noise, batch by batch from memory: large steps of ResNet-18 and MobileNetV2
(torchvision's models are the peers), small ones of LeNet, and tiny ones of a multilayer perceptron,
where the loop itself weighs most. Each process runs epochs of ours and of the peer's in turn, so
that a slow machine slows both; the ratio is that of the medians of a process. A control compares
the handwritten loop with itself. What is judged is the lower end of the ratio's 95 % interval
(Student's t over the processes): its median over the nets, and the worst.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from measure import ROOT, Figure, at_most, compiled, show

PROCESSES = 5
WARM_UP = 5
BATCH = 32
# Student's t for 4 degrees of freedom, two-sided 95 %.
T_95 = 2.776
# What ours may take beside the peer: on the median net, on the worst.
MEDIAN, WORST = 1.01, 1.05

# One epoch.
Step = Callable[[], None]


class Row(NamedTuple):
    """A bundled net, the sizes of its images and how many classes it tells, and its peer.

    An epoch has so many batches, and so many epochs are measured.
    """

    net: str
    shape: tuple[int, int, int]
    classes: int
    peer: Callable[[], Any]
    batches: int
    epochs: int


def lenet() -> Any:
    """LeNet by hand."""
    from torch import nn

    first = [nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)]
    second = [nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()]
    head = [nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)]
    return nn.Sequential(*first, *second, *head)


def perceptron() -> Any:
    """A multilayer perceptron by hand."""
    from torch import nn

    hidden = [nn.Linear(784, 300), nn.Tanh(), nn.Linear(300, 100), nn.Tanh()]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(100, 10))


def of_torchvision(name: str) -> Any:
    """A model of torchvision."""
    from tests.peers import import_torchvision

    return getattr(import_torchvision().models, name)()


ROWS = {
    "ResNet-18": Row(
        "torchvision/resnet18", (64, 64, 3), 1000, lambda: of_torchvision("resnet18"), 1, 60
    ),
    "MobileNetV2": Row(
        "torchvision/mobilenet_v2", (64, 64, 3), 1000, lambda: of_torchvision("mobilenet_v2"), 1, 60
    ),
    "LeNet": Row("lenet", (28, 28, 1), 10, lenet, 40, 60),
    "perceptron": Row("mlp300_100", (28, 28, 1), 10, perceptron, 100, 60),
}


def ours(row: Row) -> Step:
    """An epoch of the engine that `netdsl train` uses, on the emitted model."""
    import numpy as np

    import netdsl
    from netdsl.backends.engine import Operand, Task, Term
    from netdsl.backends.torch.train import make_engine
    from netdsl.catalog.losses import CrossEntropy
    from netdsl.catalog.optimizers import Sgd
    from netdsl.data.examples import Examples
    from netdsl.tensor import TensorType

    net = netdsl.load(row.net).elaborated
    images, labels = examples(row)
    output = Operand("output", TensorType((row.classes,)), False)
    label = Operand("label", TensorType((), "int"), True)
    term = Term(CrossEntropy(), (output, label), 1.0, False)
    optimizer = Sgd(lr=0.01, momentum=0.9)
    folded = frozenset(("output",))
    task = Task(("image",), "output", (term,), folded, None, optimizer, (), BATCH)
    engine = make_engine(net, task, Examples({"image": images, "label": labels}), "cpu")
    order = np.split(np.arange(len(labels)), row.batches)
    return lambda: void(engine.train(order, [1.0] * row.batches, 0, lambda _: None))


def void(_: object) -> None:
    """Forgets a result."""


def handwritten(row: Row) -> Step:
    """An epoch of the peer's model in a loop as one writes it by hand."""
    import torch
    from torch import nn

    model = row.peer()
    images, labels = examples(row)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    y = torch.from_numpy(labels)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    model.train()

    def step() -> None:
        total = 0.0
        for rows in torch.arange(len(y)).split(BATCH):
            optimizer.zero_grad()
            loss = loss_function(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)

    return step


def examples(row: Row) -> Any:
    """Images of noise and their labels, the same for both."""
    import numpy as np

    numbers = np.random.default_rng(0)
    count = BATCH * row.batches
    images = numbers.standard_normal((count, *row.shape), dtype=np.float32)
    return images, numbers.integers(0, row.classes, count)


def ratio(first: Step, second: Step, steps: int) -> float:
    """The ratio of median times over so many alternating steps of each."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM_UP + steps):
        for step, found in zip((first, second), times, strict=True):
            started = time.perf_counter()
            step()
            if number >= WARM_UP:
                found.append(time.perf_counter() - started)
    return statistics.median(times[0]) / statistics.median(times[1])


def one_process(row: Row) -> dict[str, float]:
    """The ratios of one fresh process."""
    return {
        "ours": ratio(ours(row), handwritten(row), row.epochs),
        "control": ratio(handwritten(row), handwritten(row), row.epochs),
    }


def interval(ratios: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean ratio."""
    mean = statistics.mean(ratios)
    half = T_95 * statistics.stdev(ratios) / len(ratios) ** 0.5
    return mean - half, mean + half


def figures(found: dict[str, list[dict[str, float]]], peer: str) -> list[Figure]:
    """From the ratios of each process by net to what is judged, and the figures behind it."""
    told: list[Figure] = []
    lows: dict[str, list[float]] = {"ours": [], "control": []}
    for net, ratios in found.items():
        for name, seen in lows.items():
            low, high = interval([of_process[name] for of_process in ratios])
            seen.append(low)
            what = f"{net}, {name} / {peer}, 95 % interval up to {high:.3f}, lower end"
            told.append(Figure(what, low, "", "", True))
    for name, seen in lows.items():
        told.append(at_most(f"{name} / {peer}, the median net", statistics.median(seen), MEDIAN))
        told.append(at_most(f"{name} / {peer}, the worst net", max(seen), WORST))
    return told


def in_processes(command: list[str], name: str, environment: dict[str, str] | None = None) -> Any:
    """What a command prints as JSON, in as many processes as are judged, one after another."""
    found = []
    for _ in range(PROCESSES):
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
        if done.returncode:
            sys.exit(done.stderr)
        found.append(json.loads(done.stdout))
        told = " ".join(f"{what} {value:.4f}" for what, value in found[-1].items())
        print(f"{name}: {told}", flush=True)
    return found


def main() -> int:
    """Runs the processes one after another and prints the result."""
    compiled()
    found = {name: in_processes([sys.executable, __file__, name], name) for name in ROWS}
    return show("netdsl train", figures(found, "handwritten"))


if __name__ == "__main__":
    sys.path.insert(0, ROOT)
    if len(sys.argv) > 1:
        print(json.dumps(one_process(ROWS[sys.argv[1]])))
    else:
        sys.exit(main())
