"""`netdsl check` starts fast: it imports no framework, no numpy, and for programs no rich."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

HEAVY = {"torch", "tensorflow", "keras", "numpy"}
SPEC = "specs/vgg.net"


def loaded(*arguments: str, first: str = "") -> set[str]:
    """The packages that a fresh interpreter has imported after `netdsl` with these arguments.

    `first` is a statement that it runs before.
    """
    code = (
        f"import sys\n{first}\n"
        "from netdsl.cli.main import main\n"
        f"status = main({list(arguments)!r})\n"
        "print(' '.join(sys.modules), file=sys.stderr)\n"
        "sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_check_imports_no_framework(options: list[str]) -> None:
    packages = loaded("check", SPEC, *options)
    assert "netdsl" in packages
    assert not packages & HEAVY


def test_check_for_programs_imports_no_rich() -> None:
    assert "rich" not in loaded("check", SPEC, "--json")


@pytest.mark.parametrize("package", ["numpy", "rich"])
def test_an_import_would_be_seen(package: str) -> None:
    assert package in loaded("--version", first=f"import {package}")


def test_what_check_prints_for_programs_is_json_alone() -> None:
    command = [sys.executable, "-m", "netdsl", "check", SPEC, "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.stderr == ""
    assert json.loads(done.stdout)["diagnostics"] == []
