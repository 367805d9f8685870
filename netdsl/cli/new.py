"""`netdsl new`: a spec to start from."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from netdsl.diagnostics import UserError
from netdsl.resources import specs_folder

# Each is a file of specs/new, whose net is called by the task.
TASKS = ("classifier", "autoencoder", "text")


@click.command("new")
@click.argument("name")
@click.option(
    "--task", type=click.Choice(TASKS), default=TASKS[0], show_default=True, help="What it is for."
)
def command(name: str, task: str) -> None:
    """Write NAME.net, a spec with comments to start from, which trains as it is.

    classifier tells pictures of different kinds apart, autoencoder draws a picture again from a
    few numbers, text goes on with a text. A file that is there is left alone.
    """
    from netdsl.training.files import write_text

    path = Path(name if name.endswith(".net") else f"{name}.net")
    if path.exists():
        raise UserError(f"{path} is there already; choose another name or remove it")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}")
    write_text(path, starting_point(path.stem, task))
    click.echo(f"wrote {path}; next: netdsl check {path}, netdsl train {path}")


def starting_point(name: str, task: str) -> str:
    """The text of a spec for a task, with the net and the files called by a name."""
    file = os.path.join(specs_folder(), "new", f"{task}.net")
    text = Path(file).read_text(encoding="utf-8")
    for called in ("net {}", "runs/{}-1"):
        text = text.replace(called.format(task.capitalize()), called.format(_net_name(name)))
    return text.replace(f"{task}.net", f"{name}.net")


def _net_name(name: str) -> str:
    """The name of a net after that of its file: `my-flowers` is MyFlowers."""
    words = re.findall(r"[^\W_]+", name)
    found = "".join(word[0].upper() + word[1:] for word in words)
    if not found:
        raise UserError(f"{name} has no letter for the name of a net")
    return found if found.isidentifier() else f"Net{found}"
