"""The wheel carries what netdsl needs: installed alone, it finds its specs."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from netdsl.resources import specs_folder
from tests.conftest import REPOSITORY


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; one that fails shows why."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel, and the present one's libraries."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    run(*build, cwd=REPOSITORY)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "fresh", with_pip=False)
    scripts = "Scripts" if os.name == "nt" else "bin"
    fresh = folder / "fresh" / scripts / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", wheel]
    run(sys.executable, "-m", "pip", "--python", fresh, *install, cwd=folder)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(fresh, "-c", where, cwd=folder).strip())
    # A path in a .pth file is searched last, and its own .pth files are not read: so `netdsl` is
    # the wheel's, not this checkout.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return fresh


def test_an_installed_wheel_finds_its_specs(python: Path, tmp_path: Path) -> None:
    code = "import netdsl, netdsl.resources as r; print(netdsl.__file__); print(r.specs_folder())"
    package, specs = map(Path, run(python, "-c", code, cwd=tmp_path).splitlines())
    assert package.is_relative_to(python.parent.parent)
    assert specs.is_relative_to(python.parent.parent)
    here = {file.relative_to(specs_folder()) for file in Path(specs_folder()).rglob("*.net")}
    assert here
    assert {file.relative_to(specs) for file in specs.rglob("*.net")} == here
    grammar = specs.parent / "grammars" / "netdsl.lark"
    assert grammar.read_text() == (REPOSITORY / "grammars" / "netdsl.lark").read_text()


def test_an_installed_wheel_colours_specs(python: Path, tmp_path: Path) -> None:
    code = (
        "from pygments.lexers import get_lexer_by_name, guess_lexer_for_filename as guess;"
        "print(get_lexer_by_name('net').name, get_lexer_by_name('netdsl').name,"
        " guess('vgg.net', '').name)"
    )
    assert run(python, "-c", code, cwd=tmp_path).split() == ["netdsl"] * 3


def test_an_installed_wheel_has_the_command(python: Path, tmp_path: Path) -> None:
    assert run(python.parent / "netdsl", "--version", cwd=tmp_path).startswith("netdsl ")


def test_the_checkout_finds_its_specs() -> None:
    assert Path(specs_folder()) == REPOSITORY / "specs"
