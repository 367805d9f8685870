"""Small specs as text: their graphs, weights, values and mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import netdsl
from netdsl.api import Spec
from netdsl.catalog.base import Layer
from netdsl.graph import ElaboratedNet, Graph, Node, named_nodes, named_weights, unrolled

Shape = tuple[object, ...]


def told(spec: Spec, severity: str = "error") -> list[tuple[int, str]]:
    """Line and code of each diagnostic of a severity."""
    return [
        (found.label.span.line, found.code)
        for found in spec.diagnostics
        if found.severity == severity
    ]


def elaborated(
    text: str,
    net: str | None = None,
    set: dict[str, str] | None = None,
    sizes: dict[str, int] | None = None,
    path: str = "spec.net",
) -> ElaboratedNet:
    """A net of a spec that must be without a mistake."""
    spec = netdsl.read(path, text=text)
    found = spec.elaborate(net, set, sizes)
    assert told(spec) == [], [diagnostic.message for diagnostic in spec.diagnostics]
    assert found is not None
    return found


def body(statements: str, input: str = "8 x 8 x 3", items: str = "") -> ElaboratedNet:
    """A net whose body is an input called x and some statements, beside other items."""
    return elaborated(f"{items}\nnet N {{\n  input x: {input}\n{statements}\n}}\n", "N")


def shape(net: ElaboratedNet, name: str | None = None) -> Shape:
    """The shape of the main output, or of an output by its name."""
    graph = net.graph
    if name is None:
        return tuple(graph.types[graph.result].shape)
    (value,) = (output.value for output in graph.outputs if output.name == name)
    return tuple(graph.types[value].shape)


def flows(statements: str, input: str = "8 x 8 x 3", items: str = "") -> Shape:
    """The shape that flows out of statements."""
    return shape(body(statements, input, items))


def weights(net: ElaboratedNet) -> dict[str, tuple[int, ...]]:
    """The shapes of all weights by name."""
    return {found.name: found.weight.shape for found in named_weights(net.graph)}


def weight_names(statements: str, input: str = "8 x 8 x 3", items: str = "") -> list[str]:
    """The names of the layers that have weights, in order of execution."""
    names = [name.rpartition(".")[0] for name in weights(body(statements, input, items))]
    return list(dict.fromkeys(names))


def leaves(graph: Graph) -> Iterator[tuple[Node, Layer]]:
    """Every layer in order of execution, inside of blocks too."""
    for node in unrolled(graph.nodes):
        if isinstance(node.work, Graph):
            yield from leaves(node.work)
        else:
            yield node, node.work


def words(statements: str, input: str = "8 x 8 x 3", items: str = "") -> str:
    """The words of all layers in order of execution, joined by blanks."""
    return " ".join(layer.word for _, layer in leaves(body(statements, input, items).graph))


def level_names(net: ElaboratedNet) -> list[str]:
    """The names of the net's own level."""
    return [name for name, _ in named_nodes(net.graph)]


def value(expression: str, items: str = "") -> Any:
    """What an expression is worth: the default of a net's parameter."""
    text = f"{items}\nnet N(value = {expression}) {{ input x: 4\n relu }}\n"
    return elaborated(text, "N").arguments["value"]


def mistakes(text: str, net: str | None = None) -> list[tuple[int, str]]:
    """Line and code of each error of a spec; every net that needs no arguments is elaborated."""
    spec = netdsl.read("spec.net", text=text)
    for name in [net] if net else spec.ready_names:
        spec.elaborate(name)
    return told(spec)


def wrong(statements: str, input: str = "8 x 8 x 3", items: str = "") -> list[str]:
    """The codes of the errors of a net's body."""
    text = f"{items}\nnet N {{\n  input x: {input}\n{statements}\n}}\n"
    return [code for _, code in mistakes(text)]


def messages(text: str) -> str:
    """All that is said of a spec's errors: messages, labels and help."""
    spec = netdsl.read("spec.net", text=text)
    for name in spec.ready_names:
        spec.elaborate(name)
    parts: list[str] = []
    for found in spec.diagnostics:
        if found.severity == "error":
            parts += [found.message, found.label.text]
            parts += [label.text for label in found.secondary] + [help.text for help in found.help]
    return "\n".join(parts)


def announced(text: str) -> list[tuple[int, str]]:
    """Line and code of the mistakes that a spec announces: `# error: [code]` ends their line."""
    return [
        (number, code)
        for number, line in enumerate(text.splitlines(), 1)
        for code in re.findall(r"error: \[([a-z-]+)\]", line)
    ]
