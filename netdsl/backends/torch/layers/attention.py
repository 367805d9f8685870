"""PyTorch's rows of attention and of what prepares a sequence for it."""

from __future__ import annotations

from netdsl.backends.torch.layout import to_written
from netdsl.backends.torch.padding import last_axis
from netdsl.backends.torch.rows import Code, Emission, arguments, function, row
from netdsl.catalog.layers.attention import Attention, ClassToken, Positional, RelativeBias
from netdsl.tensor import TensorType


@row(Attention)
def attention(layer: Attention, inputs: tuple[TensorType, ...]) -> Emission:
    rank = inputs[0].rank
    given = ["{0}", *_mask(layer, inputs)]
    rest, values = arguments(causal=(layer.causal, False), qkv_bias=(layer.qkv_bias, True))
    values = {"features": inputs[0].channels, "heads": layer.heads} | values
    text, helpers = f"Attention({{features}}, {{heads}}{rest})", ["Attention"]
    if layer.memory is not None:
        given.insert(1, f"{{{layer.memory}}}{to_written(rank)}")
        values["width"] = inputs[layer.memory].channels
        text = f"CrossAttention({{features}}, {{width}}, {{heads}}{rest})"
        helpers.append("CrossAttention")
    call = last_axis(rank, f"{{module}}({', '.join(given)})")
    return Emission(Code(call), Code(text, values), tuple(helpers))


def _mask(layer: Attention, inputs: tuple[TensorType, ...]) -> list[str]:
    """What is given as the mask of scores: bools, or numbers to add; nothing where all is seen."""
    axes = inputs[0].rank + 1
    seen = "" if layer.mask is None else f"{_scores(layer.mask, inputs, axes)} != 0"
    bias = "" if layer.bias is None else _scores(layer.bias, inputs, axes)
    both = f"torch.where({seen}, {bias}, -torch.inf)" if seen and bias else seen or bias
    return [both] if both else []


def _scores(place: int, inputs: tuple[TensorType, ...], axes: int) -> str:
    """A tensor in the order of writing, spread over the scores' axes that it lacks."""
    rank = inputs[place].rank
    lacking = ", None" * (axes - rank)
    return f"{{{place}}}{to_written(rank)}" + (f"[:{lacking}]" if lacking else "")


@row(Positional)
def positional(layer: Positional, inputs: tuple[TensorType, ...]) -> Emission:
    if layer.kind == "sinusoidal":
        return function("{0} + sinusoids({0})", "sinusoids")
    length, features = inputs[0].shape
    construct = Code("Positions({length}, {features})", {"length": length, "features": features})
    return Emission(Code("{module}({0})"), construct, ("Positions",))


@row(ClassToken)
def class_token(layer: ClassToken, inputs: tuple[TensorType, ...]) -> Emission:
    construct = Code("ClassToken({features})", {"features": inputs[0].channels})
    return Emission(Code("{module}({0})"), construct, ("ClassToken",))


@row(RelativeBias)
def relative_bias(layer: RelativeBias, inputs: tuple[TensorType, ...]) -> Emission:
    construct = Code("RelativeBias({axes}, {heads})", {"axes": layer.axes, "heads": layer.heads})
    return Emission(Code("{module}({batch})"), construct, ("RelativeBias",))
