"""A page for each layer of the catalogue, made from its record and from what its examples give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module

from parts import code, entry_parts, tab, table

import netdsl
from netdsl.backends import keras, torch
from netdsl.catalog.base import Example, Layer
from netdsl.catalog.collect import entries
from netdsl.catalog.describe import explanation
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.tensor import TensorType

# An example whose call cannot stand by itself, as the statements of a net.
_WHOLE = {"unpool": "input x: 4 x 6 x 4\n  maxpool(2) as b -> conv(4, 1) -> unpool(b)"}


def navigation() -> list[object]:
    """The pages of the layers in the navigation: their list, then each under its family."""
    return [
        "layers/index.md",
        *(
            {family.capitalize(): [f"layers/{layer.word}.md" for layer in layers]}
            for family, layers in _families().items()
        ),
    ]


def layer_pages() -> dict[str, str]:
    """The texts of these pages by their names."""
    layers = [layer for family in _families().values() for layer in family]
    return {
        "layers/index.md": _list(),
        **{f"layers/{each.word}.md": _page(each) for each in layers},
    }


def _families() -> dict[str, list[type[Layer]]]:
    found: dict[str, list[type[Layer]]] = {}
    for entry in entries():
        if issubclass(entry, Layer):
            found.setdefault(entry.__module__.rpartition(".")[2], []).append(entry)
    return found


def _list() -> str:
    parts = ["# Layers", "Each has a page with its arguments, its weights and what backends write."]
    for family, layers in _families().items():
        about = (import_module(layers[0].__module__).__doc__ or "").partition("\n\n")[0]
        rows = (
            (f"[`{each.word}`]({each.word}.md)", explanation(each).partition("\n\n")[0])
            for each in layers
        )
        parts += [f"## {family.capitalize()}", about, table(("layer", "what it does"), rows)]
    return "\n\n".join(parts) + "\n"


def _page(layer: type[Layer]) -> str:
    uses = [example for example in layer.examples if not example.rejects]
    spec = _spec(layer, uses[0])
    net = netdsl.check("example.net", text=spec).net
    parts = [
        *entry_parts(layer, f"# {layer.word}"),
        "## Example",
        code("net", spec),
        *_weights(net.elaborated),
        "## Shapes, weights and multiply-adds",
        _uses(layer, uses),
        "## On backends",
        "What `netdsl export` writes of the example:",
        tab("PyTorch", code("python", torch.emit(net.elaborated))),
        tab("Keras", code("python", keras.emit(net.elaborated))),
        tab("ONNX", f"Operators: {', '.join(_operators(net))}."),
    ]
    return "\n\n".join(parts) + "\n"


def _spec(layer: type[Layer], example: Example) -> str:
    """A whole spec of an example, whose inputs are called as the example calls them."""
    if layer.word in _WHOLE:
        return f"net Example {{\n  {_WHOLE[layer.word]}\n}}\n"
    shapes = [_declared(kind) for kind in example.types]
    if not shapes:  # a source, which ignores what flows
        added = f"add(it, {example.call})"
        return f"net Example {{\n  input x: {_shape(example.output)}\n  {added}\n}}\n"
    others = [f"  input {name}: {x}" for name, x in zip("bcd", shapes[1:], strict=False)]
    lines = [*others, f"  input x: {shapes[0]}", f"  {example.call}"]
    return "\n".join(["net Example {", *lines, "}\n"])


def _declared(kind: TensorType) -> str:
    """The shape of an input as a spec declares it."""
    if not kind.shape:
        return kind.number
    return _shape(kind.shape) + (" of int" if kind.number == "int" else "")


def _weights(net: ElaboratedNet) -> Iterator[str]:
    rows = [
        (f"`{each.name}`", _shape(each.weight.shape), each.weight.role)
        for each in named_weights(net.graph)
    ]
    if not rows:
        yield "It has no weights."
        return
    yield "Its weights, as they are called and stored:"
    yield table(("name", "shape", "role"), rows)


def _uses(layer: type[Layer], uses: Sequence[Example]) -> str:
    """What `check` tells of the layer in each of its examples."""
    rows = []
    for use in uses:
        figures = netdsl.check("example.net", text=_spec(layer, use)).figures
        found = next(each for each in figures["layers"] if each["kind"] == layer.word)
        flowing = ", ".join(_shape(shape) for shape in use.inputs) or "nothing"
        weights, macs = f"{found['params']:,}", f"{found['macs']:,}"
        rows.append((f"`{use.call}`", flowing, _shape(found["output"]), weights, macs))
    several = any(len(use.inputs) > 1 for use in uses)
    inputs = "flows in: `it`, `b`, …" if several else "flows in"
    return table(("call", inputs, "comes out", "weights", "MACs"), rows)


def _operators(net: netdsl.api.Net) -> list[str]:
    return [node.op_type for node in net.onnx().graph.node]


def _shape(shape: Iterable[object]) -> str:
    return " x ".join(map(str, shape))
