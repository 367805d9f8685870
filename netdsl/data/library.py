"""The English text that comes with Python: the docstrings of its standard library."""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path

# What is not the library's own, or is there in some installations alone.
_ELSEWHERE = {
    "site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "turtledemo",
    "ensurepip", "tkinter", "distutils", "lib-dynload", "__pycache__",
}  # fmt: skip
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def library() -> Path:
    """Where the modules of the standard library are."""
    return Path(sysconfig.get_path("stdlib"))


def docstrings(root: Path) -> list[str]:
    """Every docstring of the modules below a folder once, in the order of their paths.

    They are parsed, not run; what cannot be read or parsed is left out.
    """
    return list(dict.fromkeys(found for path in _modules(root) for found in _of(path)))


def _modules(root: Path) -> list[Path]:
    inside = (path.relative_to(root) for path in root.rglob("*.py"))
    # Files such as _sysconfigdata_… say how Python was built here.
    kept = (path for path in inside if not _ELSEWHERE & set(path.parts))
    return [root / path for path in sorted(kept) if not path.name.startswith("_sysconfigdata")]


def _of(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            found = ast.get_docstring(node)
            if found:
                yield found
