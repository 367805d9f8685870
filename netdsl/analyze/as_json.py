"""What `netdsl check --json` prints: one object for programs.

Sizes and figures that are known only at run time are strings (`"height // 2"`). Keys may be added;
`version` grows when one changes its meaning or goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netdsl.analyze.analysis import Analysis
from netdsl.analyze.leaves import Leaf, leaves
from netdsl.diagnostics import Diagnostic
from netdsl.tensor import Dim, TensorType

VERSION = 1


def report(analysis: Analysis, diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """The object of a net that could be elaborated, with all that is to be told of the spec."""
    net, graph, cost = analysis.net, analysis.net.graph, analysis.cost
    return {
        "net": net.name,
        "inputs": {port.name: shape(port.type) for port in net.inputs},
        "outputs": {
            output.name: shape(graph.types[output.value])
            for output in graph.outputs
            if output.kind != "auxiliary"
        },
        "params": {
            "trainable": cost.trainable,
            "frozen": cost.frozen,
            "state": cost.state,
            "total": cost.total,
        },
        "macs": figure(cost.macs),
        "version": VERSION,
        "diagnostics": _told(diagnostics),
        "layers": [_layer(leaf) for leaf in leaves(graph, analysis.costs)],
        "auxiliary": {
            output.name: shape(graph.types[output.value])
            for output in graph.outputs
            if output.kind == "auxiliary"
        },
        "depth": _fields(analysis.depth),
        "receptive_field": _receptive_field(analysis),
        "memory": _memory(analysis),
        "method": analysis.method,
        "phases": [_fields(phase) for phase in analysis.phases],
        "conditions": [condition.text for condition in net.conditions],
        "expectations": [
            {
                "name": promise.expectation.name,
                "expected": figure(promise.expectation.value),
                "found": figure(promise.found),
                "met": promise.met,
            }
            for promise in analysis.promises.kept_or_missed
        ],
    }


def failure(diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """The object of a spec that is wrong: figures are null, and the diagnostics say why."""
    return {
        "net": None,
        "inputs": {},
        "outputs": {},
        "params": None,
        "macs": None,
        "version": VERSION,
        "diagnostics": _told(diagnostics),
        "layers": [],
        "auxiliary": {},
        "depth": None,
        "receptive_field": None,
        "memory": None,
        "method": "",
        "phases": [],
        "conditions": [],
        "expectations": [],
    }


def _told(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    found = list(diagnostics)
    if not found:
        return []
    from netdsl.diagnostics.render import as_json  # a spec without a mistake starts without it

    return [as_json(diagnostic) for diagnostic in found]


def _layer(leaf: Leaf) -> dict[str, Any]:
    layer = {
        "name": leaf.name,
        "kind": leaf.kind,
        "output": shape(leaf.output),
        "params": leaf.weights,
        "macs": figure(leaf.macs),
        "line": leaf.line,
    }
    if leaf.training:
        layer["training"] = True
    return layer


def shape(of: TensorType) -> list[int | str]:
    """A shape as JSON has it; sizes known only at run time as text."""
    return [size if isinstance(size, int) else str(size) for size in of.shape]


def figure(value: Dim | object) -> Any:
    """A figure as JSON has it: numbers and lists; what is known only at run time as text."""
    if isinstance(value, tuple):
        return [figure(item) for item in value]
    return value if isinstance(value, (int, float)) else str(value)


def _fields(record: Any) -> dict[str, Any]:
    return dict(zip(type(record).fields, record.field_values(), strict=True))


def _receptive_field(analysis: Analysis) -> dict[str, Any] | None:
    field = analysis.receptive_field
    return None if field is None else _fields(field)


def _memory(analysis: Analysis) -> dict[str, Any] | None:
    """Bytes; null where a size that counts is known only at run time."""
    memory = analysis.memory
    if memory is None:
        return None
    return _fields(memory) | {"inference": memory.inference, "training": memory.training}
