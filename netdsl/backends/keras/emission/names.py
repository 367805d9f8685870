"""Names of emitted functions and of layers: what Keras and TensorFlow refuse."""

from __future__ import annotations

import re

from netdsl.backends.emission.names import identifier
from netdsl.backends.emission.places import Refusals, words
from netdsl.catalog.base import Layer
from netdsl.graph import ElaboratedNet, Node, named_nodes

# What emitted code refers to, besides its own functions and helpers.
TAKEN = frozenset(
    """
    keras layers ops name inputs range i j k abs float int len max min round sum super tuple dict
    """.split()  # noqa: SIM905
)
# What operators of Python are called in Keras.
_OPERATORS = ("absolute", "add", "divide", "floor_divide", "get_item", "mod", "multiply",
              "negative", "power", "subtract", "true_divide")  # fmt: skip


def function_name(name: str) -> str:
    """A function's name for a block's or a net's: `ResNet50` is resnet50."""
    return identifier(name.lower())


def model_name(net: str) -> str:
    """A model's name: TensorFlow wants letters of ASCII, and one of them or a digit in front."""
    return re.sub(r"[^A-Za-z0-9_]", "_", net).lstrip("_") or "model"


def refuse(node: Node) -> str | None:
    """Why a layer cannot have its name in Keras."""
    if all(word.isascii() for word in words(node)):
        return None
    return "TensorFlow's names have letters of ASCII alone"


def refuse_taken(net: ElaboratedNet, text: str) -> None:
    """Raises `SpecError` where a layer has the name of an input, or one that Keras hands out.

    Keras calls operations and layers without a name by their kind, `relu` or `relu_1`, and names
    must differ within a model. Only names without a level can meet such a one.
    """
    kinds = {*_OPERATORS, *map(_snake_case, re.findall(r"\b(?:ops|layers)\.(\w+)", text))}
    inputs = {port.name for port in net.graph.ports}
    refusals = Refusals()
    for name, node in named_nodes(net.graph):
        if "." in name or not isinstance(node.work, Layer) or not node.named:
            continue
        if name in inputs:
            refusals.add(node, f"an input is called {name} too", "another name can be built")
        elif re.sub(r"_\d+$", "", name) in kinds and f'name="{name}"' in text:
            reason = f"Keras names an operation of its own {name}"
            refusals.add(node, reason, "another name after `as` can be built")
    refusals.tell()


def _snake_case(name: str) -> str:
    """As Keras makes a name from a class: `ZeroPadding2D` is zero_padding2d."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
