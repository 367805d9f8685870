"""What a tensor says of itself (`it.channels`) and what its maker hands out (`code.half`)."""

from __future__ import annotations

from typing import Any

from netdsl.catalog.base import Layer
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.suggest import suggestion
from netdsl.elaborate.values import FieldName, Tensor, kind_of
from netdsl.graph import Graph, Members, Node, unrolled
from netdsl.syntax import tree
from netdsl.tensor import TensorType

# Which axis a word means, from the end, and the ranks in which there is such an axis.
_AXES = {
    "channels": (-1, (1, 2, 3, 4)),
    "features": (-1, (1, 2, 3, 4)),
    "width": (-2, (3, 4)),
    "length": (-2, (2,)),
    "height": (-3, (3, 4)),
    "depth": (-4, (4,)),
}
_WHOLE = ("shape", "rank", "size")


def member(value: Any, expression: tree.Member) -> Any:
    """The value of `value.name`."""
    name = expression.name
    if isinstance(value, FieldName):
        return FieldName(f"{value.name}.{name.name}")
    if not isinstance(value, Tensor):
        raise Mistake("type", f"{kind_of(value)} has no .{name.name}", expression.span)
    inside = _inside(value)
    if name.name in inside:
        return _handed_out(value, inside[name.name], name.name)
    if name.name in _WHOLE:
        return getattr(value.type, name.name)
    if name.name in _AXES:
        axis, ranks = _AXES[name.name]
        # A sequence of numbers for whole numbers (tokens) has its only axis as its length.
        if name.name == "length" and value.type.rank == 1:
            return value.type.shape[0]
        if value.type.rank in ranks:
            return value.type.shape[axis]
        raise Mistake("type", f"a tensor of {value.type} has no {name.name}", name.span)
    raise Mistake(
        "unknown-name",
        f"this tensor has no {name.name}",
        name.span,
        help=suggestion(name.name, [*inside, *_WHOLE, *_AXES]),
    )


def given_and_made(tensor: Tensor, name: str) -> list[Tensor] | None:
    """A member of the layer that made a tensor, and the tensor that the layer was given.

    None where no layer of the same body made it, or one without such a member.
    """
    draft = tensor.maker
    inside = _inside(tensor)
    if draft is None or not isinstance(draft.work, Layer) or name not in inside:
        return None
    builder, given = tensor.builder, draft.inputs[0]
    return [builder.tap(draft, name, inside[name]), Tensor(builder, given, builder.types[given])]


def _work(tensor: Tensor) -> Layer | Graph | None:
    """The layer or body that made a tensor, inside its maker where it came from there."""
    if tensor.maker is None:
        return None
    work = tensor.maker.work
    for value in tensor.path:
        if not isinstance(work, Graph):
            return None
        found = _maker_in(work, value)
        if found is None:
            return None
        work = found.work
    return work


def _maker_in(graph: Graph, value: int) -> Node | None:
    for node in unrolled(graph.nodes):
        if node.outputs[0] == value:
            return node
    return None


def _inside(tensor: Tensor) -> dict[str, Any]:
    """The members that the maker of a tensor hands out: places in its body, or types."""
    work = _work(tensor)
    if isinstance(work, Graph):
        return dict(work.members)
    if isinstance(work, Layer) and tensor.maker is not None and not tensor.path:
        inputs = [tensor.builder.types[value] for value in tensor.maker.inputs]
        return dict(work.members(*inputs))
    return {}


def _handed_out(tensor: Tensor, place: Members | TensorType, name: str) -> Any:
    draft = tensor.maker
    assert draft is not None
    if isinstance(place, TensorType):
        return tensor.builder.tap(draft, name, place)
    work = _work(tensor)
    assert isinstance(work, Graph)
    if isinstance(place, tuple):
        return tuple(_handed_out(tensor, item, name) for item in place)
    if not tensor.path and place == work.result:
        return Tensor(tensor.builder, draft.outputs[0], tensor.type, draft)
    return tensor.builder.tap(draft, (*tensor.path, place), work.types[place])
