"""What PyTorch's autograd keeps of each layer until the backward pass, without importing torch.

A rule says which inputs of a layer and whether its output are kept, and how many bytes of its own
(masks, indices, statistics, copies) lie beside them. Weights are not counted here. The rules are
those of the CPU in float32 for the code that the rows emit, tested against
`torch.autograd.graph.saved_tensors_hooks`; on a GPU some kernels keep less (a mask of dropout is
one byte a number) or a little more.

Rules are found by a layer's word: a table by class would import every family at every start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from netdsl.backends.torch.helpers_recurrent import has_kernel
from netdsl.backends.torch.padding import pad
from netdsl.catalog.base import Layer
from netdsl.catalog.windows import Window, pads_of
from netdsl.record import Record
from netdsl.tensor import Dim, TensorType

FLOAT = 4
INT = 8


class Saved(Record):
    """What one use of a layer keeps.

    `inputs` are indices; `own` are bytes for each example, `once` bytes whatever the batch.
    `member` is one that the layer hands out and that is counted in `own` already.
    """

    inputs: tuple[int, ...] = ()
    output: bool = False
    own: Dim = 0
    once: Dim = 0
    member: str = ""


def saved(layer: Layer, inputs: tuple[TensorType, ...], made: TensorType) -> Saved:
    """What autograd keeps of a layer whose output needs a gradient.

    A layer of somebody else's without a rule is taken to keep all inputs and its output.
    """
    rule = _RULES.get(layer.word)
    if rule is None:
        return Saved(tuple(range(len(inputs))), True)
    return rule(layer, inputs, made)


def view(layer: Layer, inputs: tuple[TensorType, ...], training: bool) -> int | None:
    """The input whose storage the output shares, or None where it has its own."""
    rule = _VIEWS.get(layer.word)
    return 0 if rule is not None and rule(layer, inputs[0], training) else None


_Inputs: TypeAlias = "tuple[TensorType, ...]"
_Rule: TypeAlias = "Callable[[Any, tuple[TensorType, ...], TensorType], Saved]"
_View: TypeAlias = "Callable[[Any, TensorType, bool], bool]"

_NOTHING = Saved()
_INPUT = Saved((0,))
_OUTPUT = Saved(output=True)
_BOTH = Saved((0,), True)


def _fixed(kept: Saved) -> _Rule:
    return lambda layer, inputs, made: kept


def _slid(window: Window, flowing: TensorType, most: int | None = None) -> Saved:
    """A window keeps its input, or a copy with the padding that PyTorch does not add itself."""
    if not pad(window, flowing.rank, most=most).outside:
        return _INPUT
    copy = flowing.channels
    pads = pads_of(flowing.spatial, window.kernel, window.stride, window.pad, window.dilation)
    for size, (before, after) in zip(flowing.spatial, pads, strict=True):
        copy = copy * (size + before + after)
    return Saved(own=FLOAT * copy)


def _conv(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return _slid(layer.window(), inputs[0])


def _separable(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """Both convolutions keep what flows into them."""
    hidden = made.positions * inputs[0].channels * layer.multiplier
    kept = _conv(layer, inputs, made)
    return kept.replace(own=kept.own + FLOAT * hidden)


def _pooled(layer: Any, flowing: TensorType) -> Saved:
    size = layer.size if isinstance(layer.size, tuple) else (layer.size,)
    return _slid(layer.window(), flowing, min(size) // 2)


def _maxpool(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """Where each largest number was is kept too: the member itself, where PyTorch's kernel pads."""
    kept = _pooled(layer, inputs[0])
    member = "" if kept.own != 0 else "indices"
    return kept.replace(own=kept.own + INT * made.size, member=member)


def _avgpool(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """Where padding is left out of the mean, the share of each window that is input is kept."""
    kept = _pooled(layer, inputs[0])
    if kept.own != 0 and not layer.count_pad:
        return kept.replace(once=FLOAT * made.positions)
    return kept


def _adaptive_avgpool(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return _NOTHING if all(size == 1 for size in made.spatial) else _INPUT


def _adaptive_maxpool(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved((0,), own=INT * made.size)


def _dense(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """On images the channels must come last, which is a copy."""
    return _INPUT if inputs[0].rank < 3 else Saved(own=FLOAT * inputs[0].size)


def _matmul(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """Products of several matrices copy both sides, spread to the same count."""
    a, b = inputs[layer.a], inputs[layer.b]
    if made.rank < 3:
        return Saved((layer.a, layer.b))
    count = made.with_shape(*made.shape[:-2], 1).size
    sides = a.shape[-2] * a.shape[-1] + b.shape[-2] * b.shape[-1]
    return Saved(own=FLOAT * (count * sides))


def _dot(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    if made.rank < 3:
        return Saved((0, 1))
    return Saved(own=FLOAT * (inputs[0].size + inputs[1].size))


def _product(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """All operands, and the result of each operation but the last."""
    between = made.size * (len(inputs) - 2)
    return Saved(tuple(range(len(inputs))), own=FLOAT * between)


def _batchnorm(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """Mean and deviation of each channel over the batch."""
    return Saved((0,), once=2 * FLOAT * made.channels)


def _layernorm(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved((0,), own=2 * FLOAT * made.positions)


def _rmsnorm(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved((0,), own=FLOAT * (made.positions + made.size))


def _groupnorm(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return _channels_first(made, 2 * FLOAT * layer.groups)


def _instancenorm(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return _channels_first(made, 2 * FLOAT * made.channels)


def _channels_first(flowing: TensorType, statistics: Dim) -> Saved:
    """A normalisation over positions: of a sequence a copy with its channels first."""
    if flowing.rank == 2:
        return Saved(own=FLOAT * flowing.size + statistics)
    return Saved((0,), own=statistics)


def _lrn(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """The squares with their padding, the sum, and its power."""
    padded = made.positions * (made.channels + (layer.size - 1))
    return Saved((0,), own=FLOAT * (padded + 2 * made.size))


def _l2_normalize(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved((0,), own=2 * FLOAT * made.positions)


def _softsign(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved((0,), own=FLOAT * made.size)


def _dropout(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved(own=FLOAT * made.size) if layer.rate else _NOTHING


def _spatial_dropout(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved(own=FLOAT * made.channels) if layer.rate else _NOTHING


def _attention(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """What flows in, queries, keys and values, the scores or their sums, and what heads gather.

    The fused kernel, for sequences without a bias, keeps the logarithm of a sum for each row of the
    scores, and a mask as numbers. Without it the scores are kept, and copies of all others. Rows of
    images are copied, the memory once for keys and once for values.
    """
    memory = made if layer.memory is None else inputs[layer.memory]
    kept: tuple[int, ...] = (0,) if layer.memory is None else (0, layer.memory)
    own = 2 * made.size + 2 * memory.positions * made.channels
    rows = layer.heads * made.positions
    if made.rank == 2 and layer.bias is None:
        mask = 0 if layer.mask is None else _mask_size(layer, inputs[layer.mask], made, memory)
        return Saved(kept, own=FLOAT * (own + rows + mask))
    own = own + rows * memory.shape[-2]
    if layer.heads == 1 and layer.memory is None:
        # Values of one head are a view of queries, keys and values together.
        own = own + 2 * made.size
    if made.rank > 2:
        own, kept = own + inputs[0].size + 2 * memory.size * (layer.memory is not None), ()
    choices = 0 if layer.mask is None or layer.bias is None else inputs[layer.mask].size
    later = made.shape[-2] * memory.shape[-2] if layer.causal and layer.bias is not None else 0
    return Saved(kept, own=FLOAT * own + choices, once=later)


def _mask_size(layer: Any, mask: TensorType, made: TensorType, memory: TensorType) -> Dim:
    """How many numbers a mask has; with later positions hidden, it is spread to all pairs."""
    if not layer.causal:
        return mask.size
    return made.shape[-2] * memory.shape[-2] * (mask.shape[0] if mask.rank == 3 else 1)


def _sample(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """The deviations and the noise, which may be an input."""
    if layer.noise is not None:
        return Saved((layer.noise,), own=FLOAT * made.size)
    return Saved(own=2 * FLOAT * made.size)


def _unpool(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved((layer.pooled,))


def _take(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    return Saved(once=INT * len(layer.indices)) if isinstance(layer.indices, tuple) else _NOTHING


def _recurrence(layer: Any, inputs: _Inputs, each: int, beside: int, seen: bool = False) -> Saved:
    """`each` states for every position of each direction, and `beside` states more.

    A kernel copies what flows in, position by position. A given state is kept as it is, but copied
    where there are two directions. oneDNN's LSTM, which PyTorch takes on most CPUs, keeps a
    workspace of its own, up to two and a half times as much in all. `seen` says that what a step
    makes is kept beside what a mask leaves of it.
    """
    length, features = inputs[0].shape
    ways = len(layer.directions)
    if layer.mask is not None and has_kernel(layer):
        return _packed(layer, inputs, each * length + beside)
    given = layer.given if ways == 1 else ()
    kept = layer.units * (ways * (each * length + beside) - len(given))
    if has_kernel(layer):
        return Saved(given, own=FLOAT * (kept + ways * length * features))
    if layer.mask is None:
        return Saved((0, *given), own=FLOAT * kept)
    kept += layer.units * ways * (length - 1) * seen
    return Saved((0, *given), own=FLOAT * kept + length)


def _packed(layer: Any, inputs: _Inputs, states: Dim) -> Saved:
    """States of each direction, what flows in packed, and which positions are where.

    That is when all positions count; those that do not are packed nowhere.
    """
    length, features = inputs[0].shape
    numbers = len(layer.directions) * layer.units * states + length * features
    # The order of positions, which of them count, the orders of sequences, which have any.
    places = length * (INT + 1) + 2 * INT + 1
    return Saved((0,), own=FLOAT * numbers + places, once=INT * length)


def _rnn(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """Each state, and the first, but with no activation the last is not needed."""
    bounded = layer.activation != "identity"
    return _recurrence(layer, inputs, 1, int(bounded), bounded)


def _lstm(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    """Four gates, the cell, what it shows, and the state; peepholes need the last cell too."""
    if layer.activation == "identity":
        return _recurrence(layer, inputs, 9, 1, True)
    return _recurrence(layer, inputs, 7, int(layer.peephole), layer.peephole)


def _gru(layer: Any, inputs: _Inputs, made: TensorType) -> Saved:
    if has_kernel(layer):
        return _recurrence(layer, inputs, 7, 0)
    return _recurrence(layer, inputs, 8 if layer.reset_after else 6, 0)


_WORDS: dict[Saved, str] = {
    _NOTHING: "add channel_shuffle class_token concat constant crop flatten gaussian_noise"
    " global_avgpool identity mean normalize not_equal one_hot pad pad_channels parameter permute"
    " pixel_shuffle positional reduce_mean reduce_sum relative_bias rescale reshape resize roll"
    " slice step sub unflatten upsample",
    _INPUT: "conv_transpose elu embedding gelu gram hard_sigmoid hard_swish layer_scale leaky_relu"
    " mish prelu relu6 selu silu softplus",
    _OUTPUT: "log_softmax relu sigmoid softmax tanh",
    _BOTH: "global_maxpool maxout reduce_max",
    # One number for each example says whether it is kept.
    Saved(own=FLOAT): "drop_path",
}

_RULES: dict[str, _Rule] = {
    **{word: _fixed(kept) for kept, words in _WORDS.items() for word in words.split()},
    "adaptive_avgpool": _adaptive_avgpool,
    "adaptive_maxpool": _adaptive_maxpool,
    "attention": _attention,
    "avgpool": _avgpool,
    "batchnorm": _batchnorm,
    "conv": _conv,
    "dense": _dense,
    "depthwise": _conv,
    "div": _product,
    "dot": _dot,
    "dropout": _dropout,
    "groupnorm": _groupnorm,
    "gru": _gru,
    "instancenorm": _instancenorm,
    "l2_normalize": _l2_normalize,
    "layernorm": _layernorm,
    "lrn": _lrn,
    "lstm": _lstm,
    "matmul": _matmul,
    "maximum": _product,
    "maxpool": _maxpool,
    "minimum": _product,
    "mul": _product,
    "rmsnorm": _rmsnorm,
    "rnn": _rnn,
    "sample": _sample,
    "separable": _separable,
    "softsign": _softsign,
    "spatial_dropout": _spatial_dropout,
    "take": _take,
    "unpool": _unpool,
}


def _always(layer: Any, flowing: TensorType, training: bool) -> bool:
    return True


def _in_evaluation(layer: Any, flowing: TensorType, training: bool) -> bool:
    return not training


def _without_rate(layer: Any, flowing: TensorType, training: bool) -> bool:
    return not training or not layer.rate


# When a layer's output shares the storage of what flows in; a layer without a rule never does.
_VIEWS: dict[str, _View] = {
    **dict.fromkeys(("crop", "identity", "permute", "slice", "unflatten"), _always),
    # (batch, length, features) must be transposed before it is flattened.
    "flatten": lambda layer, flowing, training: flowing.rank != 2,
    # Shapes are written channels last: an image must be transposed before it is reshaped.
    "reshape": lambda layer, flowing, training: flowing.rank < 3,
    "take": lambda layer, flowing, training: not isinstance(layer.indices, tuple),
    **dict.fromkeys(("drop_path", "gaussian_noise"), _in_evaluation),
    **dict.fromkeys(("dropout", "spatial_dropout"), _without_rate),
}
