"""How tables of nets say what a layer or block is, how deep it goes, and what it costs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from netdsl.analyze.written import call, parameters
from netdsl.catalog.base import Layer
from netdsl.catalog.windows import axes_of
from netdsl.draw.cards import shape
from netdsl.draw.diagram import ENTRY, Box, Level
from netdsl.graph import Graph, Node, Port
from netdsl.tensor import Dim, TensorType

# Arguments that a table tells beside the call: what slides how far, and what comes out.
_SHOWN = frozenset({"kernel", "size", "stride", "pad", "output_pad", "ceil", "count_pad"})
_CHANNELS = frozenset({"filters", "units"})
# Arguments that tables of papers leave to the text.
_UNTOLD = frozenset({"bias", "qkv_bias", "init", "bias_init", "l1", "l2", "eps", "momentum"})

# Families of layers whose weights do not count when papers say how deep a net is.
_SHALLOW = frozenset({"norm", "activation"})

# What a block that is used more often than this has in common is told once.
_SELDOM = 2


def times(text: str, count: int) -> str:
    """What is there `count` times: `unit(64) × 3`."""
    return f"{text} × {count}" if count > 1 else text


def port(port: Port) -> str:
    """An input of a net: `image: 224 × 224 × 3`."""
    return f"{port.name}: {shape(port.type)}"


def patch(layer: Layer, output: TensorType) -> str:
    """The window of a layer, `3 × 3`; empty for one that has none."""
    name = _window(layer)
    return _product(axes_of(getattr(layer, name), output.rank - 1, name)) if name else ""


def stride(layer: Layer, output: TensorType) -> str:
    """How far a layer's window moves, `2`, or `2 × 1` where axes differ."""
    return _step(layer, layer.stride, output)  # type: ignore[attr-defined]  # it has a window


def row_type(node: Node, without: Collection[str] = ()) -> str:
    """A layer or block in the table of one net: its call, without what other columns tell."""
    told = _SHOWN | _CHANNELS | _UNTOLD if isinstance(node.work, Layer) else frozenset(without)
    return _call(node, told)


def line(node: Node, output: TensorType, without: Collection[str] = ()) -> str:
    """A layer or block in a configuration: `conv 3 × 3, 64`, `maxpool 2 × 2`, `dense(1000)`."""
    layer = node.work
    if isinstance(layer, Graph):
        return _call(node, without)
    window = patch(layer, output)
    if not window:
        return _call(node, _UNTOLD)
    told = [f"{layer.word} {window}"]
    if "filters" in layer.fields:
        told.append(str(layer.filters))  # type: ignore[attr-defined]  # its fields say so
    step = stride(layer, output)
    if step != _step(layer, layer.fields["stride"].default, output):
        told.append(f"stride {step}")
    rest = _call(node, _SHOWN | _CHANNELS | _UNTOLD)
    told += [rest.removeprefix(f"{layer.word}(").removesuffix(")")] if "(" in rest else []
    return ", ".join(told)


class Uses:
    """The uses of blocks in a table: in what they differ, and what they have in common."""

    def __init__(self, uses: Iterable[tuple[Node, int]]) -> None:
        self._count: dict[str, int] = {}
        self._values: dict[str, dict[str, list[str]]] = {}
        self._given: dict[str, set[str]] = {}
        self._optional: dict[str, set[str]] = {}
        for node, count in uses:
            body = node.work
            assert isinstance(body, Graph)
            name = body.name
            self._count[name] = self._count.get(name, 0) + count
            values = self._values.setdefault(name, {})
            for parameter, value in parameters(node, body).items():
                values.setdefault(parameter, []).append(value)
            self._given.setdefault(name, set()).update(node.written.arguments)
            self._optional.setdefault(name, set()).update(_optional(body))

    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of the blocks, in order of their first use."""
        return tuple(self._count)

    def often(self, block: str) -> bool:
        """Whether a block is used often enough that what its uses share is told once."""
        return self._count.get(block, 0) > _SELDOM

    def optional(self, block: str) -> set[str]:
        """The parameters that a call of the block may leave out."""
        return self._optional.get(block, set())

    def differing(self, block: str) -> list[str]:
        """The parameters that differ between the uses of a block."""
        values = self._values.get(block, {})
        return [name for name, each in values.items() if len(set(each)) > 1]

    def given(self, block: str) -> set[str]:
        """The parameters that some call of the block gives."""
        return self._given.get(block, set())

    def alike(self, block: str, names: Collection[str]) -> dict[str, str]:
        """Those of some parameters that have one value in all uses of a block."""
        values = self._values.get(block, {})
        return {
            name: each[0] for name, each in values.items() if name in names and len(set(each)) == 1
        }


def _optional(body: Graph) -> set[str]:
    parameters = body.definition.parameters
    return {parameter.name.name for parameter in parameters if parameter.default is not None}


def told(arguments: Mapping[str, str]) -> str:
    """Arguments in a sentence: `growth=32, norm=batchnorm`."""
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


class Depths:
    """How many layers with weights lie on the longest path through boxes; see `DEPTH_NOTE`."""

    def __init__(self) -> None:
        self._levels: dict[Level, int] = {}

    def of(self, box: Box) -> int:
        """The depth of a box, of all that it counts; nothing for what exists in training only."""
        if box.training:
            return 0
        if box.inside is not None:
            return self.level(box.inside) * box.count
        own = [part for part in box.parts if part.category not in _SHALLOW]
        return sum(part.cost.layers for part in own) * box.count

    def level(self, level: Level) -> int:
        """The depth of a level: boxes stand in order of execution."""
        if level not in self._levels:
            reached = [0] * len(level.boxes)
            into: list[list[int]] = [[] for _ in level.boxes]
            for edge in level.edges:
                if edge.source != ENTRY and edge.target >= 0:
                    into[edge.target].append(edge.source)
            for at, box in enumerate(level.boxes):
                before = max((reached[source] for source in into[at]), default=0)
                reached[at] = before + self.of(box)
            self._levels[level] = max(reached, default=0)
        return self._levels[level]


DEPTH_NOTE = (
    "Depth counts layers with weights on the longest path; normalisations and activations do not"
    " count."
)


def exact(number: Dim) -> str:
    """A count with commas, empty for none; an expression as it is."""
    return (f"{number:,}" if isinstance(number, int) else str(number)) if number != 0 else ""


def significant(number: float) -> str:
    """A number with three digits and no exponent, `138`, `4.09`, `0.270`, or all of a large one."""
    exponent = int(f"{number:.2e}".partition("e")[2])
    return f"{number:,.{max(2 - exponent, 0)}f}"


def _window(layer: Layer) -> str:
    """The name of the argument that is the layer's window; empty where nothing slides."""
    if "stride" not in layer.fields:
        return ""
    return "kernel" if "kernel" in layer.fields else "size"


def _step(layer: Layer, given: Any, output: TensorType) -> str:
    """A stride that is given, or by default; a pool without one moves by its own size."""
    name = _window(layer)
    axes = axes_of(getattr(layer, name) if given is None else given, output.rank - 1, "stride")
    return str(axes[0]) if len(set(axes)) == 1 else _product(axes)


def _product(axes: Sequence[int]) -> str:
    return " × ".join(map(str, axes))


def _call(node: Node, without: Collection[str]) -> str:
    """The call as it would read without some of its arguments, and those that change nothing."""
    work = node.work
    defaults: Mapping[str, object] = {}
    if isinstance(work, Layer):
        declared = work.arguments()
        defaults = {name: each.default for name, each in declared.items() if each.keyword}
    kept = {
        name: value
        for name, value in node.written.arguments.items()
        if name not in without and not (name in defaults and getattr(work, name) == defaults[name])
    }
    return call(node.replace(written=node.written.replace(arguments=kept)))
