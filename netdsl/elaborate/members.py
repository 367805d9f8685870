"""What a tensor says of itself (`it.channels`) and what its maker hands out (`code.half`)."""

from __future__ import annotations

from typing import Any

from netdsl.catalog.base import Layer
from netdsl.catalog.index import WORDS
from netdsl.diagnostics import Help
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.suggest import did_you_mean
from netdsl.elaborate.values import (
    Closure,
    FieldName,
    FinishedBlock,
    FinishedLayer,
    Tensor,
    kind_of,
)
from netdsl.graph import Graph, Members, Node, unrolled
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import TensorType

# Which axis a word means, from the end, and the ranks in which there is such an axis.
AXES = {
    "channels": (-1, (1, 2, 3, 4)),
    "features": (-1, (1, 2, 3, 4)),
    "width": (-2, (3, 4)),
    "length": (-2, (2,)),
    "height": (-3, (3, 4)),
    "depth": (-4, (4,)),
}
WHOLE = ("shape", "rank", "size")


def member(value: Any, expression: tree.Member) -> Any:
    """The value of `value.name`."""
    name = expression.name
    if isinstance(value, FieldName):
        return FieldName(f"{value.name}.{name.name}")
    if not isinstance(value, Tensor):
        message = f"{kind_of(value)} has no .{name.name}"
        raise Mistake("type", message, expression.span, help=_as_step(value, expression))
    inside = _inside(value)
    if name.name in inside:
        return _handed_out(value, inside[name.name], name.name)
    if name.name in WHOLE:
        return getattr(value.type, name.name)
    if name.name in AXES:
        axis, ranks = AXES[name.name]
        # A sequence of numbers for whole numbers (tokens) has its only axis as its length.
        if name.name == "length" and value.type.rank == 1:
            return value.type.shape[0]
        if value.type.rank in ranks:
            return value.type.shape[axis]
        raise Mistake("type", f"a tensor of {value.type} has no {name.name}", name.span)
    help_: tuple[Help, ...] | str = did_you_mean(name, [*inside, *WHOLE, *AXES])
    if inside and not help_:
        help_ = f"its maker hands out {', '.join(inside)}"
    if name.name in _of_layer_inside(value):
        help_ = f"inside its block {name.name} can be given a name, which can be asked for here"
    raise Mistake("unknown-name", f"this tensor has no {name.name}", name.span, help=help_)


def _as_step(value: Any, expression: tree.Member) -> tuple[Help, ...]:
    """A layer written behind another with a point, as in other libraries, is the next step."""
    layers = (FinishedLayer, FinishedBlock, Closure)
    if not isinstance(value, layers) or expression.name.name not in WORDS["layer"]:
        return ()
    end = expression.value.span.end
    point = Span(expression.span.source, end, expression.name.span.start)
    return (Help("steps are joined with ->", point, " -> "),)


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
    if tensor.maker is None or not tensor.path:
        return tensor.maker.work if tensor.maker is not None else None
    found = _node_inside(tensor.maker.work, tensor.path)
    return found[1].work if found is not None else None


def _node_inside(work: Layer | Graph, path: tuple[int, ...]) -> tuple[Graph, Node] | None:
    """The node that made a tensor, by the way down to it, and the body that it stands in."""
    if not isinstance(work, Graph):
        return None
    node = _maker_in(work, path[0])
    if node is None or len(path) == 1:
        return (work, node) if node is not None else None
    return _node_inside(node.work, path[1:])


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


def _of_layer_inside(tensor: Tensor) -> tuple[str, ...]:
    """The members of a layer inside a block, for which only that block can ask."""
    if tensor.maker is None or not isinstance(tensor.maker.work, Graph):
        return ()
    block = tensor.maker.work
    found = _node_inside(block, tensor.path or (block.result,))
    if found is None:
        return ()
    body, node = found
    if isinstance(node.work, Graph):
        return ()
    return tuple(node.work.members(*body.input_types(node)))


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
