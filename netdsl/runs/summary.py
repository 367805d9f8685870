"""What a run folder says of itself, without its data and without a framework."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from netdsl.diagnostics import UserError
from netdsl.training.figures import TESTED, VALIDATION, figures_of
from netdsl.training.files import is_written
from netdsl.training.run import Entry, RunFolder

State: TypeAlias = Literal["finished", "running", "stopped"]

# Files that a folder has only if it is, or was, a run's.
_SETTINGS = "settings.json"
_TRACES = (_SETTINGS, "state.safetensors", "log.jsonl")
# What test.json says beside figures.
_BESIDE = frozenset({"epoch", "share", "examples", "classes", "confusion"})


@dataclass(frozen=True, slots=True)
class Summary:
    """A run as a line of a table.

    `stored` is settings.json, `log` has the epochs that are done, `test` the result on the test
    share, None as long as there is none. `state` is `running` where a process trains the run,
    `stopped` where none does and training is not at its end.
    """

    path: Path
    stored: Mapping[str, Any]
    log: list[Entry]
    test: Mapping[str, Any] | None
    state: State

    @property
    def name(self) -> str:
        """The path as it was found."""
        return str(self.path)

    @property
    def data(self) -> str:
        """The word of the source."""
        return str(self.stored["settings"]["data"]["name"])

    @property
    def epochs(self) -> int:
        """How many epochs the run is to have, where none of its phases ends before its time."""
        return int(self.stored["epochs"])

    @property
    def seconds(self) -> float:
        """How long its epochs took, in all."""
        return float(sum(entry["seconds"] for entry in self.log))

    @property
    def kept(self) -> Entry | None:
        """The entry of the epoch whose weights are kept; None before the first is done."""
        return next((entry for entry in reversed(self.log) if entry["kept"]), None)

    @property
    def monitor(self) -> str:
        """The figure by which the run is judged: the watched one, else the loss, else the first."""
        rule = self.stored["settings"].get("early_stopping")
        kept = self.kept or {}
        wanted = (rule["monitor"] if rule else VALIDATION + "loss", "loss")
        return next((name for name in (*wanted, *figures_of(kept)) if name in kept), wanted[0])

    @property
    def figures(self) -> dict[str, float]:
        """The figures of the kept epoch by their names in the log, those of the test share too."""
        found = {k: v for k, v in (self.kept or {}).items() if k in _figure_names(self.kept or {})}
        tested = self.test if self.test is not None and self.test["share"] == "test" else {}
        return found | {
            TESTED + name: value
            for name, value in tested.items()
            if name not in _BESIDE and isinstance(value, int | float)
        }

    def to_json(self) -> dict[str, Any]:
        """The summary for programs; `figures` are those of the epoch that is kept."""
        stored = self.stored
        return {
            "run": self.name,
            "net": stored["net"],
            "arguments": stored["arguments"],
            "data": self.data,
            "backend": stored["backend"],
            "section": stored["section"],
            "set": stored["set"],
            "state": self.state,
            "epochs_done": len(self.log),
            "epochs": self.epochs,
            "kept_epoch": self.kept["epoch"] if self.kept else None,
            "monitor": self.monitor,
            "figures": self.figures,
            "seconds": round(self.seconds, 3),
        }


def summary(path: Path) -> Summary:
    """The summary of a run folder; raises `UserError` in one sentence where it is damaged."""
    try:
        run = RunFolder.open(path)
        found = _read(path, run)
        found.to_json()  # reads all that a line needs
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(
            f"{path} is damaged: {_SETTINGS} or the log lacks what it should have"
        ) from error
    except OSError as error:
        raise UserError(f"{error.filename or path}: {error.strerror}") from error
    return found


def _read(path: Path, run: RunFolder) -> Summary:
    stored, log = run.settings(), run.log()
    file = path / "test.json"
    test = None
    if file.is_file():
        try:
            test = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError(f"{file} is damaged: {error}") from error
    found = Summary(path, stored, log, test, "stopped")
    if is_written(path):
        return Summary(path, stored, log, test, "running")
    # A run that went on after its test has other weights than were tested.
    done = test is not None and found.kept is not None and test["epoch"] == found.kept["epoch"]
    return Summary(path, stored, log, test, "finished") if done else found


def summaries(folders: Iterable[Path]) -> tuple[list[Summary], list[str]]:
    """The runs in or below folders, in order of their names, and a sentence for each damaged one.

    Raises `UserError` for a folder that is not there.
    """
    found: dict[Path, Summary] = {}
    damaged: dict[Path, str] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"there is no folder {folder}")
        for path in run_folders(folder):
            try:
                found[path] = summary(path)
            except UserError as error:
                damaged[path] = str(error)
    ordered = sorted(found, key=natural)
    return [found[path] for path in ordered], [damaged[path] for path in sorted(damaged)]


def run_folders(folder: Path) -> Iterator[Path]:
    """A folder that is a run's, else those below it that are; links are not followed."""
    for place, below, files in os.walk(folder):
        if any(name in files for name in _TRACES):
            below.clear()
            yield Path(place)


def natural(path: Path) -> list[tuple[int, str]]:
    """What names are ordered by: `run-2` comes before `run-10`."""
    pieces = re.split(r"(\d+)", str(path))
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces]


def _figure_names(entry: Entry) -> set[str]:
    validated = figures_of(entry, VALIDATION)
    return {*figures_of(entry), *(VALIDATION + name for name in validated)}
