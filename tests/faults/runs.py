"""Runs that are killed: how they are started, and what must hold of their folders."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from safetensors.numpy import load_file

from netdsl.training.run import RunFolder
from tests.conftest import REPOSITORY

EPOCHS = 12
# An epoch takes ten milliseconds, its files twice as much: most moments fall into writing.
_NET = """net Tiny {
  input image: 8x8x1
  conv(4, 3, stride=2) -> batchnorm -> relu -> flatten -> dropout(0.2) -> dense(10) -> softmax
}
"""
_COMMON = """
  data           = digits
  loss           = cross_entropy
  optimizer      = sgd(lr=0.05, momentum=0.9)
  batch          = 256
  early_stopping = patience(8)
"""
SPEC = f"{_NET}train {{{_COMMON}  epochs = {EPOCHS}\n}}\n"
# With all that a run remembers from one epoch to the next.
PHASES = f"""{_NET}train {{{_COMMON}
  ema      = 0.5
  schedule = plateau(1, factor=0.5)
  phase {{ epochs = {EPOCHS // 2} }}
  phase {{
    optimizer = adam(lr=0.01)
    epochs    = {EPOCHS - EPOCHS // 2}
  }}
}}
"""
# Two nets with an optimizer each; a picture is written at every epoch too.
CONTEST = f"""net Painter {{ input noise: 4
  dense(16) -> batchnorm -> relu -> dense(64) -> sigmoid -> unflatten(8, 8, 1) }}
net Critic {{ input image: 8x8x1
  flatten -> dense(16) -> relu -> dense(1) }}
train {{
  method = adversarial(
    generator=Painter, discriminator=Critic, objective=wgan_gp, critic_steps=2,
    generator_optimizer=adam(lr=0.01), discriminator_optimizer=sgd(lr=0.05, momentum=0.5))
  data   = digits
  batch  = 256
  epochs = {EPOCHS}
}}
"""
_TOLD = re.compile(r"^epoch +(\d+)/", re.MULTILINE)
_DRAFT = re.compile(r"\..*\.\d+\.[a-z]+")


class Netdsl:
    """`netdsl` in processes of their own, forked from one that has everything imported."""

    def __init__(self, backend: str = "torch") -> None:
        self.backend = backend
        self.pid = 0
        self.seconds = 0.0
        engine = {"KERAS_BACKEND": "torch"} if backend == "keras:torch" else {}
        paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.launcher", backend],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=os.environ | engine | {"PYTHONPATH": os.pathsep.join(paths)},
        )
        assert self._answer() == "ready"

    def start(
        self,
        *arguments: object,
        output: Path,
        limit: int = 0,
        seconds: float = 0,
        moment: int = 0,
        folder: Path = Path(),
    ) -> None:
        """Starts `netdsl`, whose number is `pid` until `wait` is called.

        It dies when it has computed so many seconds, or at so many things done with files below a
        folder; it writes no file beyond a limit.
        """
        what = {"arguments": list(map(str, arguments)), "output": str(output), "limit": limit}
        dies = {"seconds": seconds, "moment": moment, "folder": str(folder)}
        self._send(json.dumps(what | dies))
        self.pid = int(self._answer())

    def wait(self) -> int:
        """The status of what was started last, below 0 where a signal ended it.

        `seconds` is how long it computed.
        """
        self._send("wait")
        status, seconds = self._answer().split()
        self.seconds = float(seconds)
        return int(status)

    def train(self, *arguments: object, output: Path, limit: int = 0) -> int:
        """`netdsl train` to its end."""
        self.start("train", *arguments, "--device", "cpu", output=output, limit=limit)
        return self.wait()

    def close(self) -> None:
        """Ends the process that forks."""
        self._launcher.kill()
        self._launcher.wait()

    def _send(self, line: str) -> None:
        assert self._launcher.stdin is not None
        self._launcher.stdin.write(line + "\n")
        self._launcher.stdin.flush()

    def _answer(self) -> str:
        assert self._launcher.stdout is not None
        return self._launcher.stdout.readline().strip()


def told(output: Path) -> int:
    """The last epoch that was told."""
    return int((_TOLD.findall(output.read_text(encoding="utf-8")) or [0])[-1])


def drafts(folder: Path) -> list[str]:
    """Files that were begun and not finished."""
    return sorted(path.name for path in folder.rglob("*") if _DRAFT.fullmatch(path.name))


# How each file of a run is read by what knows nothing of this project.
_READERS: dict[str, Callable[[Path], object]] = {
    ".safetensors": load_file,
    ".json": lambda path: json.loads(path.read_text(encoding="utf-8")),
    ".png": lambda path: Image.open(path).load(),
    ".jsonl": lambda path: [json.loads(line) for line in _ended_lines(path)],
    ".net": lambda path: path.read_text(encoding="utf-8"),
}


def _ended_lines(path: Path) -> list[str]:
    """The log is the one file that grows: its last line counts when it has an end."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [line for line in lines if line.endswith("\n")]


def check_files(folder: Path) -> None:
    """Every file is whole; what was begun and not finished has another name."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in (".lock", *drafts(folder)):
            _READERS[path.suffix](path)


def check_finished(folder: Path, output: Path) -> None:
    """Every epoch that was told is kept, and log and state agree; one more may be logged."""
    run = RunFolder(folder)
    state, logged = run.state().epoch, [entry["epoch"] for entry in run.log()]
    assert told(output) <= state
    assert logged in (list(range(1, state + 1)), list(range(1, state + 2)))


def result(folder: Path) -> dict[str, Any]:
    """All that a run ended in, down to the last bit; how long it took left out."""
    arrays = {
        f"{name}/{key}": (values.dtype.str, values.shape, values.tobytes())
        for name in ("weights", "state")
        for key, values in load_file(folder / f"{name}.safetensors").items()
    }
    log = [entry | {"seconds": 0} for entry in RunFolder(folder).log()]
    test = json.loads((folder / "test.json").read_text(encoding="utf-8"))
    pictures = {path.name: path.read_bytes() for path in folder.glob("pictures/*")}
    return {"arrays": arrays, "log": log, "test": test, "pictures": pictures}


class Whole(NamedTuple):
    """What trains, and an undisturbed run: its folder, its result, the seconds it computed."""

    netdsl: Netdsl
    spec: Path
    run: Path
    result: dict[str, Any]
    seconds: float


def undisturbed(netdsl: Netdsl, text: str, folder: Path) -> Whole:
    """An undisturbed run in a folder."""
    spec, run, output = folder / "tiny.net", folder / "run", folder / "output"
    spec.write_text(text, encoding="utf-8")
    status = netdsl.train(spec, "--backend", netdsl.backend, "--out", run, output=output)
    assert status == 0, output.read_text(encoding="utf-8")
    return Whole(netdsl, spec, run, result(run), netdsl.seconds)
