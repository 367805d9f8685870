"""Packages of npm that tests run, installed as their lock file has them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def install(source: Path, folder: Path) -> str:
    """Copies a package into a folder, installs what it needs there; where `node` is.

    Skips where npm is missing or, but in CI, where it cannot reach its registry.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("npm is not installed")
    ignored = shutil.ignore_patterns("node_modules", "*.vsix")
    shutil.copytree(source, folder, ignore=ignored, dirs_exist_ok=True)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    command += ["--omit=optional"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and "CI" not in os.environ:
        pytest.skip(f"npm cannot install {source.name}: {done.stderr.strip().splitlines()[:1]}")
    assert done.returncode == 0, done.stderr
    return node
