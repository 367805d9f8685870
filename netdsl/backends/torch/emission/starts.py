"""How weights start: what PyTorch's modules and `initialize` do not do of themselves."""

from __future__ import annotations

from netdsl.backends.emission.plan import Start
from netdsl.backends.rows import Code
from netdsl.backends.torch.helpers_recurrent import KINDS, masked
from netdsl.catalog.base import Layer
from netdsl.catalog.initializers import (
    Fill,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Normal,
    Ones,
    Orthogonal,
    OrthogonalGates,
    Uniform,
    Zeros,
)
from netdsl.tensor import TensorType

# PyTorch's function for each initialiser, with the fields of the record as values.
CALLS: dict[type[Initializer], str] = {
    HeNormal: 'nn.init.kaiming_normal_({weight}, nonlinearity="relu")',
    HeUniform: 'nn.init.kaiming_uniform_({weight}, nonlinearity="relu")',
    GlorotNormal: "nn.init.xavier_normal_({weight})",
    GlorotUniform: "nn.init.xavier_uniform_({weight})",
    LecunNormal: 'nn.init.kaiming_normal_({weight}, nonlinearity="linear")',
    Normal: "nn.init.normal_({weight}, {mean}, {std})",
    Uniform: "nn.init.uniform_({weight}, {low}, {high})",
    Zeros: "nn.init.zeros_({weight})",
    Ones: "nn.init.ones_({weight})",
    Fill: "nn.init.constant_({weight}, {value})",
    Orthogonal: "nn.init.orthogonal_({weight})",
}

# Modules whose weights `initialize` starts with he_normal, and their biases with zero.
BY_FUNCTION = ("nn.Conv", "nn.Linear", "nn.Embedding", "SeparableConv")
# Recurrences start as the language says: he_normal for what flows in, orthogonal for the state, and
# zero for biases and peepholes.
RECURRENCES = tuple(f"{kind}(" for name in KINDS for kind in (name, masked(name)))
# Attention starts all matrices with he_normal, and all biases with zero.
ATTENTIONS = ("Attention(", "CrossAttention(")
# What the other modules do by themselves: a norm's scale of ones and its shift of zeros.
_OWN: dict[str, tuple[Initializer, Initializer]] = {
    "nn.PReLU": (Fill(0.25), Zeros()),
    "Parameter": (Zeros(), Zeros()),
    "Positions": (Normal(0.02), Zeros()),
    "ClassToken": (Zeros(), Zeros()),
    "RelativeBias": (Normal(0.02), Zeros()),
}
_ONES_AND_ZEROS = (Ones(), Zeros())


def starts(layer: Layer, construct: str, inputs: tuple[TensorType, ...]) -> tuple[Start, ...]:
    """The starts of a layer's weights that the module and `initialize` leave out."""
    found: list[Start] = []
    for weight in layer.weights(*inputs):
        last = weight.name.rpartition(".")[2]
        if weight.role == "state" or weight.initializer == _usual(construct, last):
            continue
        if isinstance(weight.initializer, OrthogonalGates):
            continue
        template = CALLS[type(weight.initializer)]
        values = {
            name: getattr(weight.initializer, name) for name in type(weight.initializer).fields
        }
        found.append(Start(weight.name, Code(template, values)))
    return tuple(found)


def _usual(construct: str, weight: str) -> Initializer:
    """How a weight of a module starts when nothing is said."""
    bare = construct.removeprefix("without(")
    if bare.startswith(BY_FUNCTION):
        return Zeros() if weight.startswith("bias") else HeNormal()
    if bare.startswith(RECURRENCES):
        return HeNormal() if weight.startswith("weight_ih") else Zeros()
    if bare.startswith(ATTENTIONS):
        return Zeros() if weight.endswith("bias") else HeNormal()
    pair = next((found for name, found in _OWN.items() if bare.startswith(name)), _ONES_AND_ZEROS)
    return pair[1] if weight.startswith("bias") else pair[0]
