"""Writes a net as a model of Keras. From: an `ElaboratedNet`. To: Python source.

A function for each block, with the block's parameters, which takes and returns tensors; layers
have the language's names. The text imports Keras alone and is formatted; nothing here needs Keras
to be installed.
"""

from __future__ import annotations

from netdsl.backends.emission.prepare import prepare
from netdsl.backends.emission.target import Target
from netdsl.backends.keras import rows
from netdsl.backends.keras.emission.function import Functions
from netdsl.backends.keras.emission.logits import hand_out
from netdsl.backends.keras.emission.module import write_module
from netdsl.backends.keras.emission.names import TAKEN, function_name, refuse, refuse_taken
from netdsl.backends.keras.emission.sharing import explain_inputs
from netdsl.backends.keras.helpers import HELPERS
from netdsl.graph import ElaboratedNet


def emit(net: ElaboratedNet, fold: frozenset[str] = frozenset()) -> str:
    """The source of a file whose last function makes the net.

    The model takes the net's inputs in order. With one output it gives that, with several a
    dictionary by name, the main one as `output` or by its `as` name. Where training needs more
    than that, the function returns two models of the same layers: first the one for training,
    which gives auxiliary outputs too and, without their last softmax or sigmoid, those that `fold`
    names; then the one for everything else. A layer that Keras cannot build is a `SpecError`.
    """
    return write(net, fold)[0]


def write(net: ElaboratedNet, fold: frozenset[str]) -> tuple[str, str]:
    """The source, and the name of the net's function in it."""
    prepared = prepare(net, fold, _target())
    logits = hand_out(prepared)
    functions = Functions(prepared.explainers, prepared.classes)
    text = write_module(net, functions, logits)
    refuse_taken(net, text)
    return text, prepared.classes[-1].name


def _target() -> Target:
    return Target(
        name="Keras",
        find=rows.find,
        starts=lambda layer, construct, inputs: (),
        refuse=refuse,
        taken=TAKEN | HELPERS.keys(),
        part=function_name,
        written_as={
            "strides": "stride",
            "padding": "pad",
            "dilation_rate": "dilation",
            "use_bias": "bias",
            "epsilon": "eps",
            "negative_slope": "slope",
            "output_padding": "output_pad",
            "depth_multiplier": "multiplier",
        },
        measures=True,
        explain=explain_inputs,
    )
