"""Training on several devices by Keras: on JAX the weights are those of one device."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from netdsl.cli.main import main
from netdsl.training.run import RunFolder
from tests.conftest import REPOSITORY

# A relu of an empty patch of a digit would be that of the bias alone: one rounding at its kink
# changes the gradients of them all. The last of the batches is not dealt out alike.
_SPEC = """net Tiny {
  input image: 8x8x1
  conv(4, 3, stride=2, bias=false) -> batchnorm -> relu -> flatten -> dense(10) -> softmax
}
train {
  data       = digits
  loss       = cross_entropy
  metrics    = [f1]
  optimizer  = sgd(lr=0.05, momentum=0.9)
  batch      = 100
  clip       = 0.5
  epochs     = 1
}
"""
# Two devices that share the cores of a CPU.
_TWO = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "KERAS_BACKEND": "jax"}


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.net"
    path.write_text(_SPEC, encoding="utf-8")
    return path


@pytest.mark.skipif(keras.config.backend() != "jax", reason="Keras distributes on JAX alone")
def test_two_devices_give_what_one_gives(spec: Path, tmp_path: Path) -> None:
    runs = [tmp_path / "one", tmp_path / "two"]
    for run, words in zip(runs, ([], ["--devices", "2"]), strict=True):
        command = [sys.executable, "-m", "netdsl", "train", spec, "--out", run]
        subprocess.run(
            [*command, "--backend", "keras:jax", *words],
            cwd=REPOSITORY,
            env=os.environ | _TWO,
            check=True,
        )
    for file in ("weights.safetensors", "state.safetensors"):
        one, two = (load_file(run / file) for run in runs)
        assert one.keys() == two.keys()
        assert max(np.abs(one[name] - two[name]).max() for name in one) < 1e-5
    logged, other = (RunFolder(run).log()[0] | {"seconds": 0} for run in runs)
    assert other == pytest.approx(logged, abs=1e-6)


def test_what_cannot_be_is_said(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", str(spec), "--backend", "keras", "--devices", "64"]
    assert main(words) == 1
    told = capsys.readouterr().err
    engine = keras.config.backend()
    sentence = (
        "--devices says 64, but JAX sees 1 here"
        if engine == "jax"
        else f"Keras distributes training on JAX alone, not on {engine}: use --backend keras:jax"
    )
    assert told.startswith(f"error: {sentence}")
    assert main([*words, "--strategy", "fsdp"]) == 1
    assert capsys.readouterr().err == "error: --strategy fsdp goes with --backend torch alone\n"
