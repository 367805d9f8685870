"""The command `netdsl`: a group whose commands are imported when they are called.

What goes wrong ends here. Exit status: 0 well, 1 the spec or the run is at fault, 2 the command
line is. A command returns its exit status, or None for 0.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import TracebackType

import click

# The name of a command, to the module that has it as `command`.
COMMANDS = {
    "check": "netdsl.cli.check",
    "data": "netdsl.cli.data",
    "diff": "netdsl.cli.diff",
    "draw": "netdsl.cli.draw",
    "eval": "netdsl.cli.eval",
    "explain": "netdsl.cli.explain",
    "export": "netdsl.cli.export",
    "fmt": "netdsl.cli.fmt",
    "layers": "netdsl.cli.layers",
    "lsp": "netdsl.cli.lsp",
    "new": "netdsl.cli.new",
    "parity": "netdsl.cli.parity",
    "predict": "netdsl.cli.predict",
    "report": "netdsl.cli.report",
    "runs": "netdsl.cli.runs",
    "sweep": "netdsl.cli.sweep",
    "train": "netdsl.cli.train",
    "watch": "netdsl.cli.watch",
    "weights": "netdsl.cli.weights",
    "zoo": "netdsl.cli.zoo",
}

# Commands that are over before it pays to look for what can be thrown away.
_SHORT = frozenset({"check", "diff", "draw", "explain", "export", "fmt", "new", "zoo"})

# The packages that are stages of a spec's way, in the words of a failure's message.
_STAGES = {
    "netdsl.syntax": "parsing",
    "netdsl.format": "formatting",
    "netdsl.elaborate": "elaboration",
    "netdsl.analyze": "analysis",
    "netdsl.draw": "drawing",
    "netdsl.backends": "emission",
    "netdsl.data": "reading data",
    "netdsl.training": "training",
    "netdsl.weights": "reading weights",
    "netdsl.parity": "comparing backends",
    "netdsl.runs": "reading runs",
    "netdsl.report": "writing a report",
    "netdsl.lsp": "the language server",
    "netdsl.cli": "the command line",
}

_TRACEBACK = "NETDSL_TRACEBACK"
_INTERRUPTED = 130  # what shells report for a process that Ctrl-C ended


class LazyGroup(click.Group):
    """A group that imports the module of a command when somebody asks for the command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        if cmd_name not in _SHORT:
            gc.enable()
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="netdsl", message="netdsl %(version)s")
def group() -> None:
    """Describe a neural net in a small language; check, train and export it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; `sys.argv` without arguments."""
    try:
        # What a command that starts processes of its own kind gives them.
        words = list(sys.argv[1:] if arguments is None else arguments)
        status = group.main(words, prog_name="netdsl", standalone_mode=False, obj=words)
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`netdsl check … | head`); Python would complain
        # once more when it flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        return _failed(error)


def _failed(error: Exception) -> int:
    """Tell what went wrong: with the spec, with the run, or with netdsl itself."""
    from netdsl.diagnostics import SpecError, UserError

    if os.environ.get(_TRACEBACK):
        sys.excepthook(type(error), error, error.__traceback__)
    if isinstance(error, ImportError):
        from netdsl.extras import explain

        error = explain(error) or error
    if isinstance(error, SpecError):
        from netdsl.diagnostics.render import terminal

        terminal(error.diagnostics)
    elif isinstance(error, UserError):
        _say(f"error: {error}")
    elif isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename is not None else ""
        _say(f"error: {place}{error.strerror}")
    else:
        _say(_internal(error))
    return 1


def _internal(error: Exception) -> str:
    """What a user should know of a failure that is ours.

    Stages add the place in the spec that they were at as a note (`Exception.add_note`).
    """
    summary = f"{type(error).__name__}: {error}".rstrip(": ")
    lines = [f"internal failure in {_stage(error.__traceback__)}: {summary}"]
    lines += [f"  {note}" for note in getattr(error, "__notes__", ())]
    lines.append("This is a bug in netdsl, not a mistake of yours; please report it with the spec.")
    if not os.environ.get(_TRACEBACK):
        lines.append(f"Set {_TRACEBACK}=1 to see the traceback.")
    return "\n".join(lines)


def _stage(traceback: TracebackType | None) -> str:
    """The stage that was at work: that of the innermost frame which belongs to one."""
    stage = "netdsl"
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "")
        room = ".".join(module.split(".")[:2])
        stage = _STAGES.get(room, stage)
        traceback = traceback.tb_next
    return stage


def _say(text: str) -> None:
    click.echo(text, err=True)
