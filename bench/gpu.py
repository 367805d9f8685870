"""What training costs on a GPU beside a handwritten loop, and whether its memory was predicted.

ResNet-50, SGD with momentum, on images of noise that lie on the device. The engine that `netdsl
train` uses, on the emitted model, and torchvision's model (`bench/resnet50.py` where there is no
torchvision) in a loop as one writes it by hand take turns: bfloat16 by autocast, a fused optimizer,
channels last and compiled as `fast` has it, or with `--eager` neither. A control compares the loop
with itself.

The memory that `netdsl check` predicts of a training step is that of float32; the peak of PyTorch's
allocator is measured in float32, without the examples that stay on the device, in a process whose
cuDNN takes little room for workspaces, which are not predicted.

`bench/gpu.sh --help` tells the options. Imports no more than torch, numpy and lark.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
CLASSES = 1000
WARM_UP = 2
# The most that a step of ours may take beside the peer's, and how far a prediction may be off.
SLOWER, OFF = 1.02, 0.10

SETTINGS = {
    "data": 'npz("noise.npz")',
    "split": "(1, 0, 0)",
    "loss": "cross_entropy",
    "optimizer": "sgd(lr=0.01, momentum=0.9)",
}

# Takes so many steps and waits for the device.
Steps = Callable[[int], None]


class Prepared(NamedTuple):
    """A net, its optimizer, and the bytes of the examples that stay on the device."""

    net: Any
    optimizer: Any
    resident: int


def examples(batch: int, size: int) -> dict[str, Any]:
    """One batch of noise, channels last."""
    numbers = np.random.default_rng(0)
    images = numbers.integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
    return {"image": images, "label": np.linspace(0, CLASSES - 1, batch).astype(np.int64)}


def spec(folder: Path, options: argparse.Namespace, settings: dict[str, str]) -> Path:
    """The bundled net for images of this size, with a train section, and its data."""
    text = (ROOT / "specs" / "resnet.net").read_text(encoding="utf-8")
    text = re.sub(r"  +expect .*", "", text)  # multiply-adds at another size
    text = text.replace("224 x 224", f"{options.size} x {options.size}")
    np.savez(folder / "noise.npz", **examples(options.batch, options.size))
    lines = [f"  {name} = {value}" for name, value in settings.items()]
    path = folder / "resnet.net"
    path.write_text("\n".join([text, "train {", *lines, "}", ""]), encoding="utf-8")
    return path


def ours(options: argparse.Namespace, settings: dict[str, str]) -> tuple[Steps, Prepared]:
    """Steps of the engine that `netdsl train` uses, on the emitted model; and what it was given."""
    from netdsl.backends.torch.train import make_engine
    from netdsl.cli.specs import open_spec
    from netdsl.data.examples import Examples
    from netdsl.training.initial import initial_weights
    from netdsl.training.plan import make_plan

    with tempfile.TemporaryDirectory() as folder:
        path = spec(Path(folder), options, settings)
        read = open_spec(f"{path}:ResNet50", {}, None)
        plan = make_plan(read.net, read.training, read.folder)
    given = examples(options.batch, options.size)
    given["image"] = given["image"].astype(np.float32) / 255
    engine = make_engine(plan.net, plan.task, Examples(given), options.device)
    engine.put_weights(initial_weights(plan.net.graph, plan.settings.seed))
    rows = np.arange(options.batch)

    def steps(count: int) -> None:
        # The loss is read at the end, which waits for the device.
        engine.train([rows] * count, [1.0] * count, 0, lambda _: None)

    resident = sum(values.nbytes for values in given.values())
    return steps, Prepared(plan.net, plan.settings.optimizer, resident)


def handwritten(options: argparse.Namespace) -> Steps:
    """Steps of the peer's model in a loop as one writes it by hand."""
    from torch.nn.functional import cross_entropy

    device = torch.device(options.device)
    given = examples(options.batch, options.size)
    x = torch.from_numpy(given["image"]).permute(0, 3, 1, 2).to(device).float() / 255
    layout = torch.contiguous_format if options.eager else torch.channels_last
    x = x.contiguous(memory_format=layout)
    y = torch.from_numpy(given["label"]).to(device)
    model = peer()().to(device, memory_format=layout).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, fused=True)
    forward = model if options.eager else torch.compile(model)

    def steps(count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast(device.type, torch.bfloat16):
                loss = cross_entropy(forward(x), y)
            loss.backward()
            optimizer.step()
        loss.item()

    return steps


def peer() -> Callable[[], torch.nn.Module]:
    """What builds the peer's model."""
    try:
        from torchvision.models import resnet50
    except (ImportError, RuntimeError):  # a torchvision that fits no torch cannot be imported
        from bench.resnet50 import resnet50
    return resnet50


def speed(options: argparse.Namespace) -> dict[str, Any]:
    """Images per second of ours and of the peer, in turn, and the ratios of their times."""
    chosen = {"precision": "bfloat16", "fast": str(not options.eager).lower()}
    ways = [ours(options, SETTINGS | chosen)[0], handwritten(options), handwritten(options)]
    for steps in ways:
        steps(WARM_UP)
    rounds = [[seconds(steps, options.steps) for steps in ways] for _ in range(options.rounds)]
    mine, theirs, _ = (statistics.median(times) for times in zip(*rounds, strict=True))
    images = options.batch * options.steps
    return {
        "peer": peer().__module__.partition(".")[0],
        "ours": images / mine,
        "theirs": images / theirs,
        "ratio": statistics.median(a / b for a, b, _ in rounds),
        "control": statistics.median(c / b for _, b, c in rounds),
    }


def seconds(steps: Steps, count: int) -> float:
    """How long so many steps take."""
    started = time.perf_counter()
    steps(count)
    return time.perf_counter() - started


def memory(options: argparse.Namespace) -> dict[str, Any]:
    """Bytes of a training step: predicted, and at the peak of the allocator; None on the CPU."""
    from netdsl.analyze.analysis import analyze

    steps, prepared = ours(options, SETTINGS)
    predicted = analyze(prepared.net, options.batch, prepared.optimizer).memory
    assert predicted is not None
    steps(WARM_UP)
    on_gpu = torch.device(options.device).type == "cuda"
    peak = torch.cuda.max_memory_allocated() - prepared.resident if on_gpu else None
    return {"predicted": predicted.training, "measured": peak}


def in_process(part: str) -> dict[str, Any]:
    """What this file measures in a fresh process of its own, with the same options."""
    # Megabytes that cuDNN may take for the workspace of a convolution.
    small = {"CUDNN_CONV_WSCAP_DBG": "64"} if part == "memory" else {}
    done = subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--part", part],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | small,
    )
    if done.returncode:
        sys.exit(done.returncode)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Prints what was measured; 1 where a bound is missed on a GPU."""
    options = arguments()
    if options.part:
        print(json.dumps({"speed": speed, "memory": memory}[options.part](options)))
        return 0
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("there is no GPU here; --device cpu --batch 4 --size 64 --eager does without one")
    name = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    kind = f"batch {options.batch}, {options.size} x {options.size}, on {name}"
    print(f"ResNet-50, {kind}, PyTorch {torch.__version__}")
    found = in_process("speed")
    how = "eager" if options.eager else "compiled"
    whose = "torchvision's model" if found["peer"] == "torchvision" else "a handwritten model"
    print(f"bfloat16, {how}: ours {found['ours']:.1f} images/s, {whose} ", end="")
    print(f"{found['theirs']:.1f} images/s; time of a step, ours / theirs: {found['ratio']:.4f}")
    print(f"theirs / theirs: {found['control']:.4f}; promised is at most {SLOWER}")
    held = in_process("memory")
    met = found["ratio"] <= SLOWER
    print(f"memory of a step in float32: predicted {held['predicted'] / 2**20:.1f} MiB", end="")
    if held["measured"] is None:
        print("; the CPU's allocator tells no peak")
        return 0
    off = held["predicted"] / held["measured"] - 1
    print(f", peak {held['measured'] / 2**20:.1f} MiB, off {off:+.1%}; promised is {OFF:.0%}")
    return int(not (met and abs(off) <= OFF))


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="bench/gpu.sh", description="ResNet-50 on a GPU.")
    parser.add_argument("--device", default="cuda", help="cuda, or cpu to try the way")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--size", type=int, default=224, help="pixels of a side")
    parser.add_argument("--steps", type=int, default=20, help="of each in a round")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--eager", action="store_true", help="neither compiled nor channels last")
    parser.add_argument("--part", choices=("speed", "memory"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # not the folder of this file, where keras.py would hide the library
    sys.exit(main())
