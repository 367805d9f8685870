"""`%load_ext netdsl` in IPython's own shell, and a notebook run by Jupyter's own client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from traitlets.config import Config

import netdsl
from netdsl import Checked, Net, SpecError
from tests.conftest import REPOSITORY

CELL = """\
net Small(classes = 10) {
  input image: 8 x 8 x 1
  conv(8, 3) -> relu
  global_avgpool -> dense(classes) -> softmax
}

net Larger = Small(classes=20)
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    found = InteractiveShell.instance(config=config)
    found.run_line_magic("load_ext", "netdsl")
    yield found
    InteractiveShell.clear_instance()


def run(shell: InteractiveShell, line: str, cell: str) -> Checked:
    result = shell.run_cell(f"%%net {line}\n{cell}").result
    assert isinstance(result, Checked)
    return result


def test_a_cell_is_checked_and_gives_its_nets(shell: InteractiveShell) -> None:
    checked = run(shell, "", CELL)
    assert repr(checked) == "<checked Small: 170 weights, 2,672 MACs>"
    assert isinstance(shell.user_ns["Small"], Net)
    assert shell.user_ns["Larger"].name == "Larger"
    assert checked.net.elaborated is shell.user_ns["Small"].elaborated


def test_a_net_of_several_is_shown(shell: InteractiveShell) -> None:
    assert run(shell, "Larger", CELL).net.name == "Larger"


def test_arguments_are_set(shell: InteractiveShell) -> None:
    assert run(shell, "--set classes=3", CELL).figures["outputs"] == {"output": [3]}
    assert run(shell, '--set "classes=1 + 2"', CELL).figures["outputs"] == {"output": [3]}


def test_open_sizes_are_set(shell: InteractiveShell) -> None:
    cell = "net Words {\n  input words: ? of int\n  embedding(10, 4)\n}\n"
    assert run(shell, "--size words=5", cell).figures["outputs"] == {"output": [5, 4]}


def test_a_cell_imports_from_the_current_folder(shell: InteractiveShell) -> None:
    Path("blocks.net").write_text("block unit { relu }\n", encoding="utf-8")
    cell = 'from "blocks.net" import unit\n\nnet N {\n  input x: 4\n  unit\n}\n'
    assert run(shell, "", cell).net.name == "N"


def test_a_mistake_is_told_without_a_traceback(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    result = shell.run_cell(f"%%net\n{CELL.replace('relu', 'rleu')}")
    capsys.readouterr()
    error = result.error_in_exec
    assert isinstance(error, SpecError)
    assert [diagnostic.code for diagnostic in error.diagnostics] == ["unknown-name"]
    shell.showtraceback((type(error), error, error.__traceback__))
    shown = capsys.readouterr().out
    assert "rleu is not known here" in shown
    assert "In [1]:3:17" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("line", ["--wrong", "--set classes", "one two", '--set "'])
def test_a_wrong_line_is_told(
    shell: InteractiveShell, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = shell.run_cell(f"%%net {line}\n{CELL}")
    assert type(result.error_in_exec).__name__ == "UsageError"
    assert "UsageError: %%net: " in capsys.readouterr().err


def test_help_says_how_it_is_called(shell: InteractiveShell) -> None:
    magic = shell.find_cell_magic("net")
    assert "%%net [NAME] [--set NAME=VALUE] [--size NAME=N]" in (magic.__doc__ or "")


def test_jupyter_runs_a_notebook(tmp_path: Path) -> None:
    cells = [
        "%load_ext netdsl",
        f"%%net\n{CELL}",
        "Small",
        "%%net\nnet Wrong {\n  input x: 4\n  dens(2)\n}",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.cells[-1].metadata.tags = ["raises-exception"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "IPYTHONDIR": str(tmp_path)}
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    _, checked, net, wrong = notebook.cells
    for cell in (checked, net):
        html = cell.outputs[0].data["text/html"]
        assert '<img alt="Small"' in html
        assert "conv(8, 3)" in html
    traceback = "\n".join(wrong.outputs[0].traceback)
    assert "dens is not known here" in traceback
    assert "Traceback" not in traceback


def test_the_package_has_what_ipython_asks_for() -> None:
    assert callable(netdsl.load_ipython_extension)
