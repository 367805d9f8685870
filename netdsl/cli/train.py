"""`netdsl train`: trains a net into a run folder, or goes on with a run."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdsl.cli.overrides import overrides_of
from netdsl.record import Record

if TYPE_CHECKING:
    from rich.console import Console

    from netdsl.backends.team import Team
    from netdsl.training.loop import Listener
    from netdsl.training.run import RunFolder
    from netdsl.training.session import Session
    from netdsl.training.tensorboard import TensorBoard

# Those of netdsl/training/backends.py, which imports numpy; the first is the default.
BACKENDS = ("torch", "keras", "keras:jax", "keras:torch")
# What shells report for a process that Ctrl-C ended, and for one that SIGTERM did.
_INTERRUPTED, _TERMINATED = 130, 143
# The value of `--tensorboard` without a folder, and the folder of the run that it stands for.
_IN_RUN, _EVENTS = "", "tensorboard"


@click.command("train")
@click.argument("spec", required=False)
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    help="What trains: torch, unless it is said. A run goes on with its own, or with this one.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The run folder; else runs/<net>-<n>.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with this run folder.")
@click.option("--set", "sets", multiple=True, metavar="NAME=VALUE", help="A parameter or setting.")
@click.option("--train", "section", metavar="NAME", help="Which train section of the file.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, mps or auto.")
@click.option(
    "--devices",
    type=click.IntRange(min=1),
    help="On how many devices of this machine; torchrun starts processes on several machines.",
)
@click.option(
    "--strategy",
    type=click.Choice(("ddp", "fsdp")),
    help="Whether each device holds all weights (ddp, the default) or a part of each (fsdp).",
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="How many processes read examples (of each device); else one for each core, at most 8.",
)
@click.option("--fast", is_flag=True, help="The same as --set train.fast=true.")
@click.option("--seed", type=click.IntRange(min=0), help="The same as --set train.seed=….")
@click.option(
    "--tensorboard",
    is_flag=False,
    flag_value=_IN_RUN,
    metavar="[FOLDER]",
    help="Write events for TensorBoard: into FOLDER/<run>, else into the run's own tensorboard.",
)
@click.pass_obj
def command(
    words: list[str],
    spec: str | None,
    backend: str | None,
    out: Path | None,
    resume: Path | None,
    sets: tuple[str, ...],
    section: str | None,
    device: str,
    devices: int | None,
    strategy: str | None,
    workers: int | None,
    fast: bool,
    seed: int | None,
    tensorboard: str | None,
) -> int:
    """Train the net of SPEC as its train section says.

    Ctrl-C or SIGTERM stops at the last epoch that is done; --resume goes on from there.
    """
    overrides = overrides_of(sets)
    if seed is not None:
        overrides["train.seed"] = str(seed)
    if spec is None and resume is None and tensorboard:
        raise click.UsageError(
            f"--tensorboard takes {tensorboard} for its folder; write SPEC before it"
        )
    if fast:
        overrides["train.fast"] = "true"
    if (spec is None) == (resume is None):
        raise click.UsageError("give a SPEC to train, or --resume and a run folder")
    if resume is not None and (out is not None or section is not None):
        raise click.UsageError("a run that goes on keeps its folder and its train section")

    from netdsl.extras import need

    # matplotlib draws the curves at the end, when it would be late to find it missing.
    for module in ("numpy", "safetensors", "matplotlib", "filelock"):
        need(module)
    if tensorboard is not None:
        need("tensorboard")
    from netdsl.training.devices import gather, quiet, started
    from netdsl.training.run import RunFolder

    name = backend or (
        BACKENDS[0] if resume is None else RunFolder.open(resume).settings()["backend"]
    )
    team = gather(name, devices, strategy, device)
    if team is None:
        assert devices is not None
        return started(devices, words)
    asked = _Asked(spec, backend, out, resume, overrides, section, device, workers, tensorboard)
    with quiet(team):
        return _train(asked, team)


class _Asked(Record):
    """What the command line says: a spec or a run, and how it is to be trained."""

    spec: str | None
    backend: str | None
    out: Path | None
    run: Path | None
    overrides: dict[str, str]
    section: str | None
    device: str
    workers: int | None
    tensorboard: str | None

    def session(self, team: Team) -> Session:
        """A new run, or the run that goes on."""
        from netdsl.cli.specs import open_spec
        from netdsl.data.loader import usual_workers
        from netdsl.training import session
        from netdsl.training.devices import processes_here

        usual = max(1, usual_workers() // processes_here())
        workers = usual if self.workers is None else self.workers
        if self.run is not None:
            return session.resume(
                self.run, self.overrides, self.device, open_spec, self.backend, workers, team
            )
        assert self.spec is not None
        spec = open_spec(self.spec, self.overrides, self.section)
        return session.start(
            spec, self.backend or BACKENDS[0], self.out, self.device, workers, team
        )


def _train(asked: _Asked, team: Team) -> int:
    """Trains and returns the exit status; of several processes the first one speaks."""
    from rich.console import Console

    from netdsl.training.interrupt import Interruptions, Terminated
    from netdsl.training.progress import show_result

    leads = team.rank == 0
    console = Console(quiet=not leads)
    current = asked.session(team)
    _tell_plan(current, console)
    try:
        with Interruptions().watched():
            seconds = _trained(current, console, asked.tensorboard if leads else None)
            result = current.finish()
    except KeyboardInterrupt as stop:
        if not leads:
            raise
        click.echo(f"stopped; finished epochs are kept: {current.way_on}", err=True)
        return _TERMINATED if isinstance(stop, Terminated) else _INTERRUPTED
    if not leads:
        return 0
    line = f"trained in {seconds:.1f} s; the weights of epoch {result['epoch']} are kept"
    console.print(line, highlight=False)
    examples = current.engines.examples
    missing = examples.unreadable()
    if missing:
        told = f"examples left out, for they could not be read: {missing} of {len(examples)}"
        console.print(told, highlight=False)
    show_result(console, result)
    return 0


def _tell_plan(current: Session, console: Console) -> None:
    plan, path = current.plan, current.run.path
    told = ", ".join(f"{count} {share}" for share, count in plan.shares.items())
    line = f"{plan.net.name} on {plan.data.name}: {told}; run {path}"
    console.print(line, highlight=False, soft_wrap=True)
    if current.started:
        console.print(current.started, highlight=False, markup=False, soft_wrap=True)


def _trained(current: Session, console: Console, tensorboard: str | None) -> float:
    """Trains to the end, with whatever listens, and returns the seconds that it took."""
    from netdsl.training.listeners import Together
    from netdsl.training.progress import TerminalProgress

    started = time.perf_counter()
    with ExitStack() as listening:
        progress = listening.enter_context(TerminalProgress(console, current.plan.epochs))
        listeners: list[Listener] = [progress]
        if tensorboard is not None:
            listeners.append(listening.enter_context(_events(current.run, tensorboard)))
        current.train(Together(*listeners))
    return time.perf_counter() - started


def _events(run: RunFolder, folder: str) -> TensorBoard:
    """Where `--tensorboard` writes: a folder below the one that it names, or in the run itself."""
    from netdsl.training.tensorboard import TensorBoard

    name = run.path.resolve().name
    return TensorBoard(run.path / _EVENTS if folder == _IN_RUN else Path(folder) / name, run)
