"""The run folder: the spec, its settings, the log, weights, state, test result and curves.

Every file is written whole or not at all, and nothing in it is executed when it is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from netdsl.backends.engine import Array
from netdsl.diagnostics import UserError
from netdsl.training.files import whole, write_json, write_text

Entry: TypeAlias = dict[str, Any]

# What the numbers and names in settings.json mean; raised when they come to mean something else.
VERSION = 2
_WEIGHTS, _OPTIMIZER = "weights/", "optimizer/"
# What of a state is no array.
_IN_METADATA = ("epoch", "phase", "done", "stopping", "falling")


@dataclass(frozen=True, slots=True)
class State:
    """Where a run stands after `epoch` epochs, `done` of them in its phase: all that it needs.

    `stopping` and `falling` are what the rules of the phase have noted.
    """

    epoch: int
    phase: int
    done: int
    weights: Mapping[str, Array]
    optimizer: Mapping[str, Array]
    stopping: Mapping[str, Any]
    falling: Mapping[str, Any]


class RunFolder:
    """A run on disk, by the names of its files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.curves = path / "curves.png"
        self._settings = path / "settings.json"
        self._log = path / "log.jsonl"
        self._weights = path / "weights.safetensors"
        self._state = path / "state.safetensors"
        self._test = path / "test.json"

    @staticmethod
    def create(out: Path | None, name: str) -> RunFolder:
        """A new folder: `out`, which must not hold anything yet, or `runs/<name>-<number>`."""
        if out is not None:
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                begun = RunFolder(out)._settings.is_file()
                way = f", or go on with --resume {out}" if begun else ""
                raise UserError(f"there is something in {out} already; give another --out{way}")
            out.mkdir(parents=True, exist_ok=True)
            return RunFolder(out)
        number = 1
        while True:
            path = Path("runs") / f"{name}-{number}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
            else:
                return RunFolder(path)

    @staticmethod
    def open(path: Path) -> RunFolder:
        """The folder of a run that was begun."""
        run = RunFolder(path)
        if not run._settings.is_file():
            raise UserError(f"{path} is no run folder: it has no settings.json")
        return run

    def write_spec(self, sources: Mapping[Path, str]) -> str:
        """Copies the files of a spec, the first of which is the main one; returns its name here.

        They keep their places relative to one another.
        """
        root = Path(os.path.commonpath([path.parent for path in sources]))
        names = [path.relative_to(root) for path in sources]
        for name, text in zip(names, sources.values(), strict=True):
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            write_text(self.path / name, text)
        return names[0].as_posix()

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Keeps what the run was made from."""
        write_json(self._settings, {"version": VERSION, **settings})

    def settings(self) -> Any:
        """What `write_settings` kept."""
        try:
            stored = json.loads(self._settings.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{self._settings} is damaged: {error}") from error
        if not isinstance(stored, dict) or stored.get("version") != VERSION:
            raise UserError(f"{self._settings} was written by another version of netdsl")
        return stored

    def log(self) -> list[Entry]:
        """One entry for each epoch."""
        if not self._log.exists():
            return []
        try:
            lines = self._log.read_text(encoding="utf-8").splitlines(keepends=True)
            # A line without an end was cut off in the middle.
            return [json.loads(line) for line in lines if line.endswith("\n")]
        except ValueError as error:
            raise UserError(f"{self._log} is damaged: {error}") from error

    def append_log(self, entry: Entry) -> None:
        """Adds the entry of an epoch, on the disk before this returns."""
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def cut_log(self, epoch: int) -> None:
        """Drops what was logged after an epoch."""
        kept = [entry for entry in self.log() if entry["epoch"] <= epoch]
        write_text(self._log, "".join(json.dumps(entry) + "\n" for entry in kept))

    def write_weights(self, weights: Mapping[str, Array], epoch: int) -> None:
        """Keeps the weights of an epoch as the ones to use."""
        _save(self._weights, weights, {"epoch": str(epoch)})

    def weights(self) -> dict[str, Array]:
        """The weights to use."""
        return _load(self._weights)[0]

    def write_state(self, state: State) -> None:
        """Keeps where the run stands; one file, so that its parts agree."""
        arrays = {_WEIGHTS + name: values for name, values in state.weights.items()}
        arrays |= {_OPTIMIZER + name: values for name, values in state.optimizer.items()}
        rest = {name: getattr(state, name) for name in _IN_METADATA}
        _save(self._state, arrays, {"state": json.dumps(rest)})

    def state(self) -> State:
        """Where the run stands."""
        arrays, metadata = _load(self._state)
        if "state" not in metadata:
            raise UserError(f"{self._state} is damaged: it does not say where the run stands")
        rest = json.loads(metadata["state"])
        return State(weights=_below(arrays, _WEIGHTS), optimizer=_below(arrays, _OPTIMIZER), **rest)

    def write_test(self, result: Mapping[str, Any]) -> None:
        """Keeps the result on the test share."""
        write_json(self._test, result)


def _save(path: Path, arrays: Mapping[str, Array], metadata: dict[str, str]) -> None:
    ordered = {name: np.asarray(values, order="C") for name, values in arrays.items()}
    with whole(path) as draft:
        # `save_file` would keep the file from everybody but its owner.
        draft.write_bytes(save(ordered, metadata))


def _load(path: Path) -> tuple[dict[str, Array], dict[str, str]]:
    if not path.is_file():
        raise UserError(f"{path} is missing: the run ended before its first epoch was done")
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata()
        return load_file(path), metadata or {}
    except SafetensorError as error:
        raise UserError(f"{path} is damaged: {error}") from error


def _below(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {
        name.removeprefix(prefix): values
        for name, values in arrays.items()
        if name.startswith(prefix)
    }
