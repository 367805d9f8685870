"""What our emitted ResNet-50 costs in Keras beside that of Keras Applications, on the CPU.

Building is the call of the emitted function beside that of the peer's constructor, in turn; the
first of each does not count, since it wakes TensorFlow. Steps of `fit` are measured as in
`bench/train.py`: ours and the peer's in turn, on 64 x 64 images, both compiled with the same
optimizer and loss, in processes of their own. A control compares the peer with itself. What is
judged is the lower end of the ratio's 95 % interval.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from measure import ROOT, Figure, at_most, compiled, median_ratio, show
from train import CLASSES, PROCESSES, Step, interval, ratio

NET = "keras/ResNet50"
SIDE = 224
BUILDS = 10

SMALL = 64
BATCH = 8
# A call of `fit` takes two steps; its own time is the same for both models.
BATCHES = 2
ROUNDS = 20

Build = Callable[[], Any]


def emitted(side: int = SIDE) -> Build:
    """The function that the emitted source defines, its images of so many pixels a side."""
    import netdsl
    from netdsl.backends.emission.execute import execute
    from netdsl.backends.keras import emission

    net = netdsl.load(NET).elaborated
    source, name = emission.write(net, frozenset())
    own = f"({SIDE}, {SIDE}, 3)"
    assert source.count(own) == 1
    build: Build = execute(source.replace(own, f"({side}, {side}, 3)"), net.name, name)[name]
    return build


def from_spec() -> Any:
    """The model, its spec read, elaborated and emitted first."""
    import netdsl

    return netdsl.load(NET).keras()


def theirs(side: int = SIDE) -> Any:
    """The model of Keras Applications."""
    import keras

    return keras.applications.ResNet50(weights=None, input_shape=(side, side, 3))


def seconds(build: Build) -> float:
    """How long a build takes where nothing is left of those before."""
    import keras

    keras.utils.clear_session()
    gc.collect()
    started = time.perf_counter()
    build()
    return time.perf_counter() - started


def builds() -> dict[str, list[float]]:
    """The seconds of each build: of the emitted function, from the spec, and of the peer."""
    ways = {"ours": emitted(), "from spec": from_spec, "theirs": theirs}
    rounds = [[seconds(build) for build in ways.values()] for _ in range(1 + BUILDS)]
    return dict(zip(ways, zip(*rounds[1:], strict=True), strict=True))


def fit(model: Any) -> Step:
    """A call of `fit` on noise, the same for every model."""
    import keras
    import numpy as np

    numbers = np.random.default_rng(0)
    images = numbers.standard_normal((BATCHES * BATCH, SMALL, SMALL, 3), dtype=np.float32)
    labels = numbers.integers(0, CLASSES, len(images))
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")

    def step() -> None:
        model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)

    return step


def steps() -> dict[str, float]:
    """The ratios of one fresh process."""
    return {
        "ours": ratio(fit(emitted(SMALL)()), fit(theirs(SMALL)), ROUNDS),
        "control": ratio(fit(theirs(SMALL)), fit(theirs(SMALL)), ROUNDS),
    }


def in_process(what: str) -> Any:
    """What this file measures in a fresh process of its own."""
    command = [sys.executable, __file__, what]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=quiet)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def building() -> list[Figure]:
    """How long a build takes beside the peer's; that from the spec is told, not judged."""
    found = in_process("--builds")
    took = statistics.median(found["theirs"])
    return [
        at_most(
            f"build, ours / Keras Applications' {took:.2g} s, median of {BUILDS}",
            median_ratio(found["ours"], found["theirs"]),
            1.1,
        ),
        Figure(
            "the same from the spec, which is read and emitted first",
            median_ratio(found["from spec"], found["theirs"]),
            "",
            "",
            True,
        ),
    ]


def fitting() -> list[Figure]:
    """What a step of `fit` costs beside the peer's."""
    found = []
    for _ in range(PROCESSES):
        found.append(in_process("--steps"))
        print(" ".join(f"{name} {value:.4f}" for name, value in found[-1].items()), flush=True)
    figures = []
    for name in ("ours", "control"):
        low, high = interval([ratios[name] for ratios in found])
        what = f"fit step, {name} / Keras Applications, 95 % interval up to {high:.3f}, lower end"
        figures.append(at_most(what, low, 1.02))
    return figures


def main() -> int:
    """Runs the processes one after another and prints the result."""
    compiled()
    return show("ResNet-50 in Keras", [*building(), *fitting()])


MEASURED: dict[str, Callable[[], Any]] = {"--builds": builds, "--steps": steps}

if __name__ == "__main__":
    # Not the folder of this file, which would hide the library that is called as it is.
    sys.path[0] = ROOT
    if len(sys.argv) > 1:
        print(json.dumps(MEASURED[sys.argv[1]]()))
    else:
        sys.exit(main())
