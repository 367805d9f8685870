"""netdsl: neural networks as they stand in the paper, checked, compiled and trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netdsl.api import Net, Spec, load, read
    from netdsl.diagnostics import SpecError, UserError

__all__ = ["Net", "Spec", "SpecError", "UserError", "load", "read"]


def __getattr__(name: str) -> Any:
    """Loads the public names when they are first asked for: the command line starts without."""
    if name in __all__:
        from netdsl import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
