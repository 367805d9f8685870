"""A sweep: a folder of runs, one for each point of a grid, that can be left and gone on with.

Where each run stands is read from its own folder. `sweep.json` keeps what the sweep was asked for
and, for programs, what became of its runs.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeAlias

from netdsl.diagnostics import UserError
from netdsl.record import Record
from netdsl.runs import pool
from netdsl.runs.summary import Summary, summary
from netdsl.training.figures import worth
from netdsl.training.files import write_json

VERSION = 1
_FILE = "sweep.json"
# What a failure's text begins with in what `netdsl train` writes, and how much of it is kept.
_FAILURES = ("error", "internal failure", "netdsl: error", "Error")
_MOST = 4000
_INTERRUPTED = 130  # what `netdsl train` ends with after Ctrl-C

Outcome: TypeAlias = Literal["waiting", "running", "finished", "failed", "stopped"]
Options: TypeAlias = Sequence[str]


class Request(Record):
    """What a sweep was asked for: the same request goes on with it.

    `spec` is as on the command line, its path absolute; `digest` is a checksum of the spec's
    files; `values` has a list of texts for each name, `number` how many points are drawn by `seed`,
    None for all; `options` are further ones of `netdsl train`.
    """

    spec: str
    digest: str
    values: Mapping[str, Sequence[str]]
    number: int | None
    seed: int
    options: Options

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {
            "spec": self.spec,
            "digest": self.digest,
            "values": {name: list(found) for name, found in self.values.items()},
            "random": self.number,
            "seed": self.seed,
            "options": list(self.options),
        }

    @property
    def varied(self) -> list[str]:
        """The names that have more than one value."""
        return [name for name, found in self.values.items() if len(found) > 1]

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Request:
        """The request that `to_json` wrote."""
        return Request(
            stored["spec"],
            stored["digest"],
            stored["values"],
            stored["random"],
            stored["seed"],
            stored["options"],
        )


class Unit:
    """One run of a sweep, as a job of the pool.

    `told` is called with it when it has ended; `changed` when its outcome has changed.
    """

    def __init__(
        self, sweep: Sweep, name: str, set: Mapping[str, str], told: Callable[[Unit], None]
    ) -> None:
        self.name = name
        self.set = set
        self.path = sweep.path / name
        self.output = sweep.path / f"{name}.log"
        self.outcome: Outcome = "waiting"
        self.message = ""
        self._sweep = sweep
        self._told = told
        self.summary = self._read()

    def command(self) -> list[str] | None:
        """The command that begins the run or goes on with it; None where it is finished."""
        self.summary = self._read()
        if self.summary is not None and self.summary.state == "finished":
            return None
        train = [sys.executable, "-P", "-m", "netdsl", "train"]
        device = ["--device", self._sweep.device]
        if (self.path / "state.safetensors").is_file():
            return [*train, "--resume", str(self.path), *device]
        if self.path.exists():
            # It ended before there was anything to go on with.
            shutil.rmtree(self.path)
        sets = [item for name, text in self.set.items() for item in ("--set", f"{name}={text}")]
        request = self._sweep.request
        return [*train, request.spec, "--out", str(self.path), *sets, *request.options, *device]

    def begins(self) -> None:
        """See `Job.begins`."""
        self.outcome = "running"
        self._sweep.write()

    def ends(self, status: int | None, text: str) -> None:
        """See `Job.ends`."""
        self.summary = self._read()
        self.outcome, self.message = _outcome(self.summary, status, text)
        self._sweep.write()
        self._told(self)

    def to_json(self) -> dict[str, Any]:
        """The run for programs."""
        found = self.summary
        return {
            "run": self.name,
            "set": dict(self.set),
            "state": self.outcome,
            "message": self.message,
            "epochs_done": len(found.log) if found else 0,
            "kept_epoch": found.kept["epoch"] if found and found.kept else None,
            "figures": found.figures if found else {},
            "seconds": round(found.seconds, 3) if found else 0.0,
        }

    def _read(self) -> Summary | None:
        """What the run's folder says; None where there is nothing yet, or nothing to be read."""
        try:
            return summary(self.path)
        except UserError:
            return None


class Sweep:
    """A folder with a sweep; `device` is where its runs are trained this time."""

    def __init__(
        self,
        path: Path,
        request: Request,
        points: Sequence[Mapping[str, str]],
        device: str,
        told: Callable[[Unit], None],
    ) -> None:
        self.path = path
        self.request = request
        self.device = device
        width = max(2, len(str(len(points))))
        self.units = [
            Unit(self, f"{number:0{width}}", point, told)
            for number, point in enumerate(points, start=1)
        ]
        for unit in self.units:
            if unit.summary is not None:
                unit.outcome = "finished" if unit.summary.state == "finished" else "stopped"

    @property
    def monitor(self) -> str:
        """The figure by which runs are compared: that of the first that has one."""
        found = (unit.summary for unit in self.units)
        return next((run.monitor for run in found if run is not None and run.log), "val_loss")

    def ordered(self) -> list[Unit]:
        """The runs, the best first; those that have no figures are last."""

        def order(unit: Unit) -> tuple[bool, float]:
            figures = unit.summary.figures if unit.summary else {}
            value = worth(self.monitor, figures.get(self.monitor))
            return unit.outcome != "finished", value

        return sorted(self.units, key=order)

    def run(self, at_once: int) -> None:
        """Trains what is not finished; `KeyboardInterrupt` leaves everything to go on with."""
        self.write()
        pool.run([unit for unit in self.units if unit.outcome != "finished"], at_once)

    def write(self) -> None:
        """Writes sweep.json."""
        told = {
            "version": VERSION,
            "netdsl": version("netdsl"),
            "request": self.request.to_json(),
            "monitor": self.monitor,
            "runs": [unit.to_json() for unit in self.units],
        }
        write_json(self.path / _FILE, told)


def stored_request(path: Path) -> Request:
    """What the sweep in a folder was asked for; raises `UserError` where there is none."""
    file = path / _FILE
    if not file.is_file():
        raise UserError(f"{path} is no folder of a sweep: it has no {_FILE}")
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["version"] != VERSION:
            raise UserError(f"{file} was written by another version of netdsl")
        return Request.from_json(stored["request"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} is damaged: {error}") from error


def folder_for(request: Request, net: str, out: Path | None) -> Path:
    """The folder of a request: the one that was begun with it, else a new one.

    That is `out`, or `sweeps/<net>-<number>`. Raises `UserError` where `out` holds other things.
    """
    if out is not None:
        if (out / _FILE).is_file():
            _check_same(out, request)
        elif out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UserError(f"there is something in {out} already; give another --out")
        out.mkdir(parents=True, exist_ok=True)
        return out
    number = 1
    while True:
        path = Path("sweeps") / f"{net}-{number}"
        if (path / _FILE).is_file() and stored_request(path).to_json() == request.to_json():
            return path
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return path


def _check_same(path: Path, request: Request) -> None:
    stored, now = stored_request(path).to_json(), request.to_json()
    different = [name for name in now if now[name] != stored[name]]
    if different == ["digest"]:
        raise UserError(f"the spec has changed since {path} was begun; give another --out")
    if different:
        names = ", ".join(name for name in different if name != "digest")
        raise UserError(f"{path} is of another sweep, with other {names}; give another --out")


def _outcome(found: Summary | None, status: int | None, text: str) -> tuple[Outcome, str]:
    """What became of a run whose process ended with a status and wrote a text."""
    if found is not None and found.state == "finished" and not status:
        return "finished", ""
    if status == _INTERRUPTED:
        return "stopped", ""
    return "failed", _message(text) or _ending(status)


def _message(text: str) -> str:
    """The failure in what a training wrote: from its first line on, which says that it is one."""
    lines = text.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith(_FAILURES)]
    return "\n".join(lines[starts[0] :])[:_MOST] if starts else ""


def _ending(status: int | None) -> str:
    if status is not None and status < 0:
        return f"ended by signal {-status}"
    return f"ended with status {status}"
