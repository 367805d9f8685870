"""The helpers of emitted modules are source that a linter accepts, and each is used."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from netdsl.backends.torch.helpers import HELPERS

HEADER = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"


def module() -> str:
    """All helpers, in one module."""
    return "\n\n".join([HEADER, *(text.strip() + "\n" for text in HELPERS.values())])


@pytest.mark.parametrize("arguments", [["format", "--check"], ["check"]])
@pytest.mark.parametrize("width", [88, 100])
def test_helpers_are_clean(arguments: list[str], width: int) -> None:
    command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--line-length", str(width)]
    done = subprocess.run([*command, "-"], input=module(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", HELPERS)
def test_a_helper_defines_its_name_and_says_what_it_does(name: str) -> None:
    (definition,) = ast.parse(HELPERS[name]).body
    assert isinstance(definition, ast.FunctionDef | ast.ClassDef)
    assert definition.name == name
    assert ast.get_docstring(definition)
    assert max(map(len, HELPERS[name].splitlines())) <= 88
