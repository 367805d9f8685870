"""`netdsl watch`, driven as a process: what it says after each save."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY

# Seconds that a busy machine may take for an answer.
PATIENCE = 60

SPEC = """\
from "blocks.net" import unit

net Small(classes = 10) {
  input image: 8 x 8 x 1
  unit(16)
  maxpool(2)
  global_avgpool -> dense(classes) -> softmax
}
"""
BLOCKS = "block unit(channels) { conv(channels, 3, pad=same) -> relu }\n"


class Watching:
    """A process of `netdsl watch` on small.net of a folder, and what it has printed."""

    def __init__(self, folder: Path, output: Path) -> None:
        self.folder = folder
        self._output = output
        self._read = 0
        with output.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "netdsl", "watch", "small.net"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def says(self, text: str) -> str:
        """What was printed since the last time, up to a line with `text` and what follows it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            printed = self._output.read_text(encoding="utf-8")[self._read :]
            if text in printed and printed.endswith("\n"):
                self._read += len(printed)
                return printed
            time.sleep(0.05)
        raise AssertionError(self._output.read_text(encoding="utf-8"))

    def save(self, text: str, name: str = "small.net") -> None:
        """Saves a file as most editors do: a new one in place of the old one."""
        draft = self.folder / f"{name}.new"
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.folder / name)

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "small.net").write_text(SPEC, encoding="utf-8")
    (folder / "blocks.net").write_text(BLOCKS, encoding="utf-8")
    found = Watching(folder, tmp_path / "output.txt")
    yield found
    found.process.kill()
    found.process.wait()


def test_what_changes_is_told_after_each_save(watching: Watching) -> None:
    first = watching.says("training step")
    assert first.startswith("Small\n")
    assert "maxpool1         maxpool(2)      4 x 4 x 16" in first

    watching.save(SPEC.replace("unit(16)", "unit(32)"))
    told = watching.says("global_avgpool1")
    assert "unit(16): channels 16 → 32" in told
    assert "weights  330 → 650 (+320)" in told
    assert "MACs     9,376 → 18,752 (+9,376)" in told
    assert "unit1            8 x 8 x 16 → 8 x 8 x 32\n" in told
    assert "maxpool1         4 x 4 x 16 → 4 x 4 x 32\n" in told
    assert "global_avgpool1  16 → 32\n" in told

    watching.save(SPEC.replace("maxpool(2)", "maxpol(2)"))
    told = watching.says("maxpool?")
    assert "error[unknown-name]: maxpol is not known here" in told

    # Against what was right last.
    watching.save(SPEC.replace("unit(16)", "unit(32) -> unit(32)"))
    assert "+  unit1 " in watching.says("MACs")

    # An imported file.
    watching.save(BLOCKS.replace("relu", "tanh"), "blocks.net")
    assert "+  tanh1" in watching.says("MACs")

    watching.save(SPEC.replace("unit(16)", "unit(32) -> unit(32)  # two of them"))
    assert "no difference" in watching.says("no difference")
    assert watching.end() == 0


def test_a_file_that_is_gone_for_a_while(watching: Watching) -> None:
    watching.says("training step")
    (watching.folder / "small.net").unlink()
    assert watching.says("error").endswith("error: small.net: there is no such file\n")
    watching.save(SPEC)
    watching.says("no difference")


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["watch", str(tmp_path / "none.net")]) == 1
    assert "there is no such file" in capsys.readouterr().err
