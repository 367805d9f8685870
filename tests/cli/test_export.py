"""`netdsl export`: the source on standard output or in a file, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import netdsl
from netdsl.backends.torch import emit
from netdsl.cli.main import main
from tests.conftest import REPOSITORY

SPEC = str(REPOSITORY / "specs" / "lenet.net")


def source(**arguments: str) -> str:
    """What is to be exported."""
    return emit(netdsl.load(SPEC, set=arguments).elaborated)


def test_prints_the_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", SPEC, "--to", "torch"]) == 0
    assert capsys.readouterr().out == source()


def test_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lenet.py"
    file.write_text("old", encoding="utf-8")
    assert main(["export", SPEC, "--to", "torch", "-o", str(file)]) == 0
    assert file.read_text(encoding="utf-8") == source()
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == [file]


def test_a_parameter_can_be_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", SPEC, "--to", "torch", "--set", "classes=7"]) == 0
    found = capsys.readouterr().out
    assert found == source(classes="7") != source()


def test_an_unknown_target_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", SPEC, "--to", "caffe"]) == 1
    assert (
        capsys.readouterr().err == "error: there is no target caffe; there is torch, keras, onnx\n"
    )


def test_a_folder_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", SPEC, "--to", "torch", "-o", str(tmp_path / "no" / "x.py")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "bug" not in error


def test_a_wrong_spec_leaves_the_file_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.py"
    file.write_text("old", encoding="utf-8")
    spec = tmp_path / "wrong.net"
    spec.write_text("net Wrong {\n  input x: 8\n  dense(0)\n}\n", encoding="utf-8")
    assert main(["export", str(spec), "--to", "torch", "-o", str(file)]) == 1
    assert "wrong.net:3" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == "old"


def test_export_needs_no_torch() -> None:
    code = (
        "import sys; from netdsl.cli.main import main;"
        f"status = main(['export', {SPEC!r}, '--to', 'torch']);"
        "sys.exit(status or 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    command = [sys.executable, "-m", "netdsl", "export", SPEC, "--to", "torch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
