"""The PyTorch backend: a net as the source of a module, and as the module itself.

Imports are inside the functions: `netdsl check` reads a table of this package, and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.graph import ElaboratedNet

if TYPE_CHECKING:
    import torch

__all__ = ["build", "emit"]


def emit(net: ElaboratedNet, fold: frozenset[str] = frozenset()) -> str:
    """The source of a module whose last class is the net; see `netdsl.backends.torch.emission`."""
    from netdsl.backends.torch import emission

    return emission.emit(net, fold)


def build(net: ElaboratedNet, fold: frozenset[str] = frozenset()) -> torch.nn.Module:
    """The net as a module: an instance of the class that `emit` writes, made from that source.

    Tracebacks show the source's lines. Without PyTorch it is a `UserError` that says how to
    install it.
    """
    from netdsl.backends.emission.execute import execute
    from netdsl.backends.torch import emission
    from netdsl.extras import need

    need("torch")
    source, name = emission.write(net, fold)
    space = execute(source, net.name, name)
    module: torch.nn.Module = space[name]()
    return module
