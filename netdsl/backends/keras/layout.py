"""Where the axes of a spec lie in Keras, and sizes that only the run tells.

A tensor is as in a spec, channels last, behind the batch: (batch, height, width, channels).
"""

from __future__ import annotations

from netdsl.backends.sizes import computed as _computed
from netdsl.tensor import Size, TensorType


def dim(axis: int, rank: int) -> int:
    """Keras' dimension of an axis, which may be counted from the end; -1 for the last."""
    return -1 if axis % rank == rank - 1 else axis % rank + 1


def dims(axes: int | tuple[int, ...], rank: int) -> int | tuple[int, ...]:
    """Keras' dimensions of an axis, or of several in their order."""
    if isinstance(axes, int):
        return dim(axes, rank)
    return tuple(axis % rank + 1 for axis in axes)


def index(axis: int, rank: int, place: str) -> str:
    """A subscript that takes `place` of one axis and all of the others."""
    at = axis % rank
    if at == rank - 1 > 0:
        return f"[..., {place}]"
    return f"[{', '.join([':'] * (at + 1) + [place])}]"


def computed(size: Size, inputs: tuple[TensorType, ...]) -> str:
    """A size known only at run time, as a template that `at_run_time` must hold."""
    return _computed(
        size, inputs, lambda number, axis: f"ops.shape({{{number}}})[{axis + 1}]", "Keras"
    )


def at_run_time(text: str, inputs: tuple[TensorType, ...]) -> str:
    """A template that computes with sizes known only at run time, as a layer.

    Such a size is None where the model is built, and a number where a layer is called.
    """
    if len(inputs) == 1:
        return f"layers.Lambda(lambda x: {text.replace('{0}', 'x')})({{0}})"
    for number in range(len(inputs)):
        text = text.replace(f"{{{number}}}", f"given[{number}]")
    return f"layers.Lambda(lambda given: {text})([{{inputs}}])"
