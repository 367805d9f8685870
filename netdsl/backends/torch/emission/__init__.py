"""Writes a net as a PyTorch module. From: an `ElaboratedNet`. To: Python source.

A class for each block, with the block's parameters; weights have the language's names. The text
imports PyTorch alone and is formatted; nothing here needs PyTorch to be installed.
"""

from __future__ import annotations

from netdsl.backends.emission.names import camel_case
from netdsl.backends.emission.places import words
from netdsl.backends.emission.prepare import prepare
from netdsl.backends.emission.target import Target
from netdsl.backends.torch import rows
from netdsl.backends.torch.emission.finished import FinishedClasses
from netdsl.backends.torch.emission.module import write_module
from netdsl.backends.torch.emission.names import SPOKEN_FOR
from netdsl.backends.torch.emission.starts import starts
from netdsl.backends.torch.helpers import HELPERS
from netdsl.graph import ElaboratedNet, Node

# The attribute that `Module.train` sets: a module of this name would be in its way.
_FLAG = "training"


def emit(net: ElaboratedNet, fold: frozenset[str] = frozenset()) -> str:
    """The source of a module whose last class is the net.

    `forward` takes the net's inputs in order. A net with one output returns it; one with several
    returns them by name, the main one as `output` or by its `as` name. Auxiliary outputs exist
    in training only: where just one output is left in evaluation, that tensor alone is returned
    then. `fold` names outputs whose last softmax or sigmoid is left out by `logits`, which the
    net has besides `forward` if there are any. A layer that PyTorch cannot build is a
    `SpecError`.
    """
    return write(net, fold)[0]


def write(net: ElaboratedNet, fold: frozenset[str]) -> tuple[str, str]:
    """The source, and the name of the net's class in it."""
    prepared = prepare(net, fold, _target())
    finished = FinishedClasses(prepared.explainers, prepared.classes)
    return write_module(net, finished, prepared.folds), prepared.classes[-1].name


def _target() -> Target:
    return Target(
        name="PyTorch",
        find=rows.find,
        starts=starts,
        refuse=_refuse,
        taken=SPOKEN_FOR | HELPERS.keys(),
        part=camel_case,
        written_as={
            "padding": "pad",
            "negative_slope": "slope",
            "output_padding": "output_pad",
        },
        measures=False,
        explain=lambda explainer: None,
    )


def _refuse(node: Node) -> str | None:
    if _FLAG in words(node):
        return f"PyTorch's modules keep a flag under the name {_FLAG}"
    return None
