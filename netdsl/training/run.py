"""The run folder: the spec, its settings, the log, weights, state, test result and curves.

Every file is written whole or not at all, and nothing in it is executed when it is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save

from netdsl.backends.engine import MEAN, Array
from netdsl.diagnostics import UserError
from netdsl.training.files import sole_writer, whole, write_json, write_text

Entry: TypeAlias = dict[str, Any]

# What the numbers and names in settings.json mean; raised when they come to mean something else.
VERSION = 2
_WEIGHTS, _OPTIMIZER = "weights/", "optimizer/"
# What of a state is no array, and of which kind each is.
IN_METADATA = {"epoch": int, "phase": int, "done": int, "stopping": dict, "falling": dict}
# What the rules of a phase have noted; nothing where there are none.
_NOTED: dict[str, tuple[set[str], ...]] = {
    "stopping": (set(), {"best", "waited"}),
    "falling": (set(), {"best", "waited", "reached"}),
}
# What settings.json must have, and of which kind each is.
_SETTINGS: dict[str, type] = {
    "backend": str,
    "spec": str,
    "set": dict,
    "data_folder": str,
    "settings": dict,
    "data": dict,
    "inputs": list,
    "reading": dict,
}
_ANEW = "train anew"


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

    @property
    def to_use(self) -> dict[str, Array]:
        """The weights, or their running means where it has some."""
        return {
            name: self.optimizer.get(f"{name}.{MEAN}", values)
            for name, values in self.weights.items()
        }


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
        self._pictures = path / "pictures"

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
            way = "; train anew if a run was stopped here before it began" * path.is_dir()
            raise UserError(f"{path} is no run folder: it has no settings.json{way}")
        return run

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps others from going on with the run in this block, and tidies after one that died."""
        with sole_writer(self.path) as alone:
            if not alone:
                raise UserError(f"another process trains {self.path}; wait for it, or end it")
            yield

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
        except (ValueError, RecursionError) as error:
            raise _damaged(self._settings, error, _ANEW) from error
        if not isinstance(stored, dict) or stored.get("version") != VERSION:
            raise UserError(f"{self._settings} was written by another version of netdsl")
        if not _are(stored, _SETTINGS):
            raise _damaged(self._settings, "something is missing or of another kind", _ANEW)
        return stored

    def log(self) -> list[Entry]:
        """One entry for each epoch."""
        if not self._log.exists():
            return []
        lines = self._log.read_bytes().splitlines(keepends=True)
        # A line without an end was cut off in the middle.
        return [
            self._entry(number, line)
            for number, line in enumerate(lines, start=1)
            if line.endswith(b"\n")
        ]

    def _entry(self, number: int, line: bytes) -> Entry:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not _are(entry, {"epoch": int}):
            raise UserError(
                f"{self._log} is damaged in line {number}; delete that line, and only the figures "
                "of its epoch are lost"
            )
        told: Entry = entry
        return told

    def append_log(self, entry: Entry) -> None:
        """Adds the entry of an epoch, on the disk before this returns."""
        try:
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, allow_nan=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            error.filename = str(self._log)  # a full disk names none
            raise

    def write_picture(self, picture: bytes, epoch: int) -> None:
        """Keeps what an epoch shows, a PNG."""
        self._pictures.mkdir(exist_ok=True)
        with whole(self._pictures / f"{epoch:04}.png") as draft:
            draft.write_bytes(picture)

    def cut_log(self, epoch: int) -> None:
        """Drops what was logged after an epoch."""
        kept = [entry for entry in self.log() if entry["epoch"] <= epoch]
        write_text(self._log, "".join(json.dumps(entry) + "\n" for entry in kept))

    def write_weights(self, weights: Mapping[str, Array], epoch: int) -> None:
        """Keeps the weights of an epoch as the ones to use."""
        _save(self._weights, weights, {"epoch": str(epoch)})

    def weights(self) -> dict[str, Array]:
        """The weights to use."""
        return self._load(self._weights, self._way_to_weights)[0]

    def write_part(self, part: str) -> None:
        """Keeps the weights to use of one of the net's parts apart, under names inside of it."""
        own = below(self.weights(), f"{part}.")
        _save(self.path / f"{part}.safetensors", own, {"epoch": str(self.kept())})

    def kept(self) -> int:
        """The epoch of the weights to use."""
        epoch = self._load(self._weights, self._way_to_weights)[1].get("epoch", "")
        if not epoch.isdecimal():
            reason = "it does not say of which epoch it is"
            raise _damaged(self._weights, reason, self._way_to_weights())
        return int(epoch)

    def mend_weights(self, state: State) -> str:
        """Writes the weights to use anew where they are damaged and those of the state; says so."""
        try:
            self.kept()
        except UserError:
            if self._keeps(state):
                self.write_weights(state.to_use, state.epoch)
                return f"{self._weights} was missing or damaged and is written anew from the state"
        return ""

    def _keeps(self, state: State) -> bool:
        """Whether the weights of the last finished epoch are those to use."""
        return any(entry["epoch"] == state.epoch and entry.get("kept") for entry in self.log())

    def _way_to_weights(self) -> str:
        try:
            mendable = self._keeps(self.state())
        except UserError:
            mendable = False
        return f"netdsl train --resume {self.path} writes it anew" if mendable else _ANEW

    def write_state(self, state: State) -> None:
        """Keeps where the run stands; one file, so that its parts agree."""
        arrays = {_WEIGHTS + name: values for name, values in state.weights.items()}
        arrays |= {_OPTIMIZER + name: values for name, values in state.optimizer.items()}
        rest = {name: getattr(state, name) for name in IN_METADATA}
        _save(self._state, arrays, {"state": json.dumps(rest)})

    def state(self) -> State:
        """Where the run stands."""
        arrays, metadata = self._load(self._state, self._way_to_state)
        try:
            rest = json.loads(metadata["state"])
        except (KeyError, ValueError, RecursionError):
            rest = None
        if not _are(rest, IN_METADATA) or not all(rest[n].keys() in _NOTED[n] for n in _NOTED):
            reason = "it does not say where the run stands"
            raise _damaged(self._state, reason, self._way_to_state())
        return State(
            weights=below(arrays, _WEIGHTS),
            optimizer=below(arrays, _OPTIMIZER),
            **{name: rest[name] for name in IN_METADATA},
        )

    def _way_to_state(self) -> str:
        if not self._weights.is_file():
            return _ANEW
        return (
            f"eval and predict still use {self._weights}, and a new run can start from it: "
            f'init = pretrained("{self._weights.resolve()}")'
        )

    def _load(
        self, path: Path, way_out: Callable[[], str]
    ) -> tuple[dict[str, Array], dict[str, str]]:
        if not path.is_file():
            raise UserError(f"{path} is missing: the run ended before its first epoch was done")
        try:
            with safe_open(path, framework="np") as file:
                metadata = file.metadata()
            return load_file(path), metadata or {}
        except (SafetensorError, UnicodeDecodeError) as error:
            raise _damaged(path, error, way_out()) from error

    def write_test(self, result: Mapping[str, Any]) -> None:
        """Keeps the result on the test share."""
        write_json(self._test, result)


def _save(path: Path, arrays: Mapping[str, Array], metadata: dict[str, str]) -> None:
    ordered = {name: np.asarray(values, order="C") for name, values in arrays.items()}
    with whole(path) as draft:
        # `save_file` would keep the file from everybody but its owner.
        draft.write_bytes(save(ordered, metadata))


def _are(values: Any, kinds: Mapping[str, type]) -> bool:
    """Whether an object of JSON has values of these kinds under these names."""
    if not isinstance(values, dict):
        return False
    return all(isinstance(values.get(name), kind) for name, kind in kinds.items())


def _damaged(path: Path, reason: object, way_out: str) -> UserError:
    return UserError(f"{path} is damaged: {reason}; {way_out}")


def below(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """The arrays whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(prefix): values
        for name, values in arrays.items()
        if name.startswith(prefix)
    }
