"""The group of commands: what is imported when, and how each kind of failure ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest

from netdsl.cli import main as cli
from netdsl.diagnostics import Diagnostic, Label, SpecError, UserError
from netdsl.source import Source, Span

SOURCE = Source("a.net", "net A {\n  rely\n}\n")


def run(monkeypatch: pytest.MonkeyPatch, does: Callable[[], object]) -> int:
    """The exit status of a command `netdsl try` that does this."""
    module = ModuleType("netdsl_try")
    module.__dict__["command"] = click.command("try")(does)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(cli.COMMANDS, "try", module.__name__)
    return cli.main(["try"])


def raising(error: BaseException) -> Callable[[], object]:
    """A command that fails in this way."""

    def fail() -> object:
        raise error

    return fail


@pytest.mark.parametrize(("result", "status"), [(None, 0), (0, 0), (1, 1)])
def test_what_a_command_returns_is_the_exit_status(
    result: int | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, lambda: result) == status


def test_a_wrong_spec_is_shown_with_its_places(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = Diagnostic("syntax", "rely is unknown", Label(Span(SOURCE, 10, 14)))
    late = Diagnostic("syntax", "and this too", Label(Span(SOURCE, 15, 16)))
    assert run(monkeypatch, raising(SpecError((wrong, late)))) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error[syntax]: rely is unknown\n --> a.net:2:3\n")
    assert "\n\nerror[syntax]: and this too\n" in printed.err


def test_a_mistake_without_a_place_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, raising(UserError("there is no run in runs/3"))) == 1
    assert capsys.readouterr().err == "error: there is no run in runs/3\n"


def test_a_file_that_cannot_be_read_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, Path("nowhere/a.net").read_text) == 1
    assert capsys.readouterr().err == "error: nowhere/a.net: No such file or directory\n"


def test_a_missing_extra_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = ModuleNotFoundError("No module named 'torch'", name="torch")
    assert run(monkeypatch, raising(missing)) == 1
    told = 'error: PyTorch is not installed; install it with `pip install "netdsl[torch]"`\n'
    assert capsys.readouterr().err == told


def test_ctrl_c_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


def failing_in(room: str, note: str = "") -> Callable[[], object]:
    """A command that calls into a module of that name, which fails, and adds a note."""
    inner: dict[str, object] = {"__name__": room}
    exec("def work(): raise KeyError('stride')", inner)
    work = inner["work"]
    assert callable(work)

    def fail() -> None:
        try:
            work()
        except KeyError as error:
            if note:
                error.add_note(note)
            raise

    return fail


def test_a_failure_of_ours_says_so_with_stage_and_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NETDSL_TRACEBACK", raising=False)
    assert run(monkeypatch, failing_in("netdsl.elaborate.calls", "at a.net:2:3")) == 1
    assert capsys.readouterr().err == (
        "internal failure in elaboration: KeyError: 'stride'\n"
        "  at a.net:2:3\n"
        "This is a bug in netdsl, not a mistake of yours; please report it with the spec.\n"
        "Set NETDSL_TRACEBACK=1 to see the traceback.\n"
    )


def test_the_stage_of_a_failure_in_the_catalogue_is_that_of_its_caller(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, failing_in("netdsl.catalog.layers.conv")) == 1
    # The test's command stands in no stage, the group that calls it does.
    assert "internal failure in the command line: KeyError" in capsys.readouterr().err


def test_the_traceback_is_shown_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NETDSL_TRACEBACK", "1")
    assert run(monkeypatch, failing_in("netdsl.syntax.parse")) == 1
    told = capsys.readouterr().err
    assert "Traceback (most recent call last)" in told
    assert "internal failure in parsing" in told
    assert "to see the traceback" not in told


@pytest.mark.parametrize("arguments", [["chekc"], ["--wrong"], []])
def test_a_wrong_command_line_has_status_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Usage: netdsl" in printed.err


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"netdsl {version('netdsl')}\n"


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_tells_of_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: netdsl {name}")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    listed = capsys.readouterr().out.split("Commands:\n")[1]
    assert [line.split()[0] for line in listed.splitlines()] == sorted(cli.COMMANDS)


def test_importing_the_group_imports_no_command_and_nothing_heavy() -> None:
    code = "import json, sys, netdsl.cli.main; print(json.dumps(sorted(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    loaded = set(json.loads(printed))
    assert "netdsl.cli.main" in loaded
    assert not loaded & {*cli.COMMANDS.values(), "rich", "lark", "torch", "numpy"}


def test_a_closed_pipe_ends_quietly() -> None:
    code = (
        "import sys, click, netdsl.cli.main as cli, types\n"
        "module = types.ModuleType('netdsl_try'); sys.modules['netdsl_try'] = module\n"
        "module.command = click.command('try')(lambda: print('line\\n' * 100_000))\n"
        "cli.COMMANDS['try'] = 'netdsl_try'\n"
        "sys.exit(cli.main(['try']))"
    )
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1
