"""netdsl: neural networks as they stand in the paper, checked, compiled and trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netdsl.api import Net, Spec, load, read
    from netdsl.checking import Checked, check
    from netdsl.diagnostics import SpecError, UserError
    from netdsl.notebook import load_ipython_extension

__all__ = [
    "Checked",
    "Net",
    "Spec",
    "SpecError",
    "UserError",
    "check",
    "load",
    "load_ipython_extension",
    "read",
]

# Where the public names are that `netdsl.api` has not.
_HOMES = {
    "Checked": "netdsl.checking",
    "check": "netdsl.checking",
    "load_ipython_extension": "netdsl.notebook",
}


def __getattr__(name: str) -> Any:
    """Loads the public names when they are first asked for: the command line starts without."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(_HOMES.get(name, "netdsl.api")), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
