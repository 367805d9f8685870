"""What our emitted ResNet-50 costs in Keras beside that of Keras Applications, on the CPU.

Building is the call of the emitted function beside that of the peer's constructor, in turn; the
first of each does not count, since it wakes TensorFlow. Calls of `fit` are measured as in
`bench/train.py`: ours and the peer's in turn, both compiled with the same optimizer and loss, in
processes of their own, for ResNet-50 and MobileNet on 64 x 64 images (Keras Applications are the
peers), LeNet and a multilayer perceptron (layers of Keras in a row). A control compares the peer
with itself. What is judged is the lower end of the ratio's 95 % interval.
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
from typing import Any, NamedTuple

from measure import ROOT, Figure, at_most, compiled, median_ratio, show
from train import Step, figures, in_processes, ratio

NET = "keras/ResNet50"
SIDE = 224
BUILDS = 10

BATCH = 8
ROUNDS = 20

Build = Callable[[], Any]


class Row(NamedTuple):
    """A bundled net, the images that it is trained on, how many classes it tells, and its peer.

    A call of `fit` takes so many steps; its own time is the same for both models.
    """

    net: str
    shape: tuple[int, int, int]
    classes: int
    peer: Build
    batches: int


def lenet() -> Any:
    """LeNet in layers of Keras."""
    from keras import Sequential, layers

    first = [layers.Conv2D(6, 5, padding="same", activation="tanh"), layers.AveragePooling2D(2)]
    second = [layers.Conv2D(16, 5, activation="tanh"), layers.AveragePooling2D(2), layers.Flatten()]
    head = [layers.Dense(units, "tanh") for units in (120, 84)]
    last = layers.Dense(10, "softmax")
    return Sequential([layers.Input((28, 28, 1)), *first, *second, *head, last])


def perceptron() -> Any:
    """A multilayer perceptron in layers of Keras."""
    from keras import Sequential, layers

    hidden = [layers.Dense(units, "tanh") for units in (300, 100)]
    last = layers.Dense(10, "softmax")
    return Sequential([layers.Input((28, 28, 1)), layers.Flatten(), *hidden, last])


def of_applications(name: str, side: int) -> Any:
    """A model of Keras Applications."""
    import keras

    return getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3))


ROWS = {
    "ResNet-50": Row(NET, (64, 64, 3), 1000, lambda: of_applications("ResNet50", 64), 2),
    "MobileNet": Row(
        "keras/MobileNet", (64, 64, 3), 1000, lambda: of_applications("MobileNet", 64), 4
    ),
    "LeNet": Row("lenet", (28, 28, 1), 10, lenet, 100),
    "perceptron": Row("mlp300_100", (28, 28, 1), 10, perceptron, 100),
}


def emitted(name: str = NET, shape: tuple[int, int, int] = (SIDE, SIDE, 3)) -> Build:
    """The function that the emitted source defines, its images of this shape."""
    import netdsl
    from netdsl.backends.emission.execute import execute
    from netdsl.backends.keras import emission

    net = netdsl.load(name).elaborated
    source, function = emission.write(net, frozenset())
    own = f"Input({net.inputs[0].type.shape}"
    assert source.count(own) == 1
    changed = source.replace(own, f"Input({shape}")
    build: Build = execute(changed, net.name, function)[function]
    return build


def from_spec() -> Any:
    """The model, its spec read, elaborated and emitted first."""
    import netdsl

    return netdsl.load(NET).keras()


def theirs() -> Any:
    """The model of Keras Applications."""
    return of_applications("ResNet50", SIDE)


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


def fit(row: Row, model: Any) -> Step:
    """A call of `fit` on noise, the same for every model."""
    import keras
    import numpy as np

    numbers = np.random.default_rng(0)
    images = numbers.standard_normal((row.batches * BATCH, *row.shape), dtype=np.float32)
    labels = numbers.integers(0, row.classes, len(images))
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")

    def step() -> None:
        model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)

    return step


def steps(row: Row) -> dict[str, float]:
    """The ratios of one fresh process."""
    build = emitted(row.net, row.shape)
    return {
        "ours": ratio(fit(row, build()), fit(row, row.peer()), ROUNDS),
        "control": ratio(fit(row, row.peer()), fit(row, row.peer()), ROUNDS),
    }


QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}


def building() -> list[Figure]:
    """How long a build takes beside the peer's; that from the spec is told, not judged."""
    command = [sys.executable, __file__, "--builds"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | QUIET)
    if done.returncode:
        sys.exit(done.stderr)
    found = json.loads(done.stdout)
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
    """What a call of `fit` costs beside the peer's."""
    environment = dict(os.environ | QUIET)
    found = {
        name: in_processes([sys.executable, __file__, name], name, environment) for name in ROWS
    }
    return figures(found, "Keras")


def main() -> int:
    """Runs the processes one after another and prints the result."""
    compiled()
    return show("Keras", [*building(), *fitting()])


if __name__ == "__main__":
    # Not the folder of this file, which would hide the library that is called as it is.
    sys.path[0] = ROOT
    if len(sys.argv) > 1:
        what = sys.argv[1]
        print(json.dumps(builds() if what == "--builds" else steps(ROWS[what])))
    else:
        sys.exit(main())
