"""bench/gpu.sh goes its whole way without a GPU, and needs little beside torch."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import torch

import netdsl
from bench.resnet50 import resnet50
from tests.conftest import REPOSITORY

SCRIPT = REPOSITORY / "bench" / "gpu.sh"
TINY = ["--device", "cpu", "--batch", "2", "--size", "32", "--steps", "1", "--rounds", "1"]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """The script in the Python of the tests, which sees no GPU."""
    seen = os.environ | {"PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run([SCRIPT, *options], capture_output=True, text=True, env=seen)


def test_it_runs_on_the_cpu() -> None:
    done = run(*TINY, "--eager")
    assert done.returncode == 0, done.stderr
    assert re.search(r"ours / theirs: \d+\.\d+", done.stdout)
    told = re.search(r"memory of a step in float32: predicted ([\d.]+) MiB", done.stdout)
    assert told is not None
    # Weights, gradients and momentum, and something for the images.
    assert float(told[1]) > 3 * 4 * 25_557_032 / 2**20


def test_without_a_gpu_it_says_so() -> None:
    done = run()
    assert done.returncode == 1
    assert "there is no GPU here" in done.stderr


def test_it_needs_little_beside_torch() -> None:
    """What ours imports beyond what torch and numpy do."""
    code = """
import argparse, json, sys
import numpy, torch, torch._dynamo, torch.utils.data
before = set(sys.modules)
from bench import gpu
options = argparse.Namespace(device="cpu", batch=2, size=32, eager=True)
gpu.ours(options, gpu.SETTINGS)[0](1)
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(new - set(sys.stdlib_module_names))))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    allowed = {"bench", "netdsl", "lark", "numpy", "torch"}
    assert set(json.loads(done.stdout.splitlines()[-1])) <= allowed


def test_the_handwritten_peer_is_the_same_net() -> None:
    theirs = resnet50()
    ours = netdsl.load("torchvision/resnet50").torch()
    shapes = [sorted(tuple(w.shape) for w in net.parameters()) for net in (theirs, ours)]
    assert shapes[0] == shapes[1]
    with torch.device("meta"):
        outputs = [net.to("meta")(torch.randn(2, 3, 224, 224)) for net in (theirs, ours)]
    assert outputs[0].shape == outputs[1].shape
