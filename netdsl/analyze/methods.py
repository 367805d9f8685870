"""What a method of training does with its nets, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netdsl.analyze.cost import Costs
from netdsl.catalog.methods import Adversarial, Hebbian, Stylize
from netdsl.graph import EYE, STORED, Graph, Node, named_weights, unrolled

if TYPE_CHECKING:
    from netdsl.elaborate.methods import Prepared

# Patterns for each unit that a Hopfield net of many units holds: Amit, Gutfreund and Sompolinsky
# (1985).
_HELD = 0.138


def method_told(prepared: Prepared) -> str:
    """The sentence of `netdsl check`; empty where a section trains its net by a loss."""
    method, net = prepared.training.settings.method, prepared.trained
    graph = net.graph
    if isinstance(method, Adversarial):
        generator, critic = unrolled(graph.nodes)
        return (
            f"{_called(generator)} makes {graph.types[1]} of {graph.types[0]} numbers of noise, "
            f"and {_called(critic)} judges it: {method.objective.word}"
        )
    if isinstance(method, Hebbian):
        (stored,) = (graph.types[o.value] for o in graph.outputs if o.name == STORED)
        held = int(_HELD * int(stored.size))  # type: ignore[arg-type]
        return f"{net.name} stores patterns of {stored} bits at once, some {held} if at random"
    if isinstance(method, Stylize):
        begins = f"{EYE}."
        still = sum(w.weight.size for w in named_weights(graph) if w.name.startswith(begins))
        picture = graph.types[prepared.net.graph.outputs[0].value]
        return f"a picture of {picture} is moved; {still:,} weights stay as they are"
    return ""


def _called(node: Node) -> str:
    assert isinstance(node.work, Graph)
    return f"{node.work.name} ({Costs().graph(node.work).trainable:,} weights)"
