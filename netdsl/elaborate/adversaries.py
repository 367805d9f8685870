"""The nets of `method = adversarial`. From: their expressions. To: one net that has both.

It makes an example of noise and judges it; the weights of the two are below their roles.
"""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.catalog.base import Weighted
from netdsl.catalog.layers.activation import Sigmoid
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.catalog.methods import Adversarial, WassersteinGradientPenalty
from netdsl.diagnostics import Label
from netdsl.elaborate.frame import Elaboration
from netdsl.elaborate.nets import elaborate_net
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.graph import (
    DISCRIMINATOR,
    GENERATOR,
    ElaboratedNet,
    Graph,
    Node,
    Output,
    Port,
    Written,
    named_weights,
    unrolled,
)
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import Size


def adversaries(
    elaboration: Elaboration, scope: Scope, method: Adversarial
) -> ElaboratedNet | None:
    """The generator and the discriminator as the two nodes of one net; None where one is wrong.

    Both have one input and one output; an example is a vector or a picture of a known size, and its
    judgement a single number. Mistakes are reported.
    """
    generator = _elaborated(elaboration, scope, method.generator)
    discriminator = _elaborated(elaboration, scope, method.discriminator)
    if generator is None or discriminator is None:
        return None
    try:
        _check_ends(generator, method.generator.span)
        _check_ends(discriminator, method.discriminator.span)
        _check_meet(generator, discriminator, method)
        _check_critic(discriminator, method)
    except Mistake as mistake:
        elaboration.report.add(mistake.diagnostic)
        return None
    return _joined(generator, discriminator, method.generator.span)


def _elaborated(
    elaboration: Elaboration, scope: Scope, expression: tree.Expression
) -> ElaboratedNet | None:
    """The net that an expression means, as an alias of it would."""
    span = expression.span
    called = expression.callee if isinstance(expression, tree.Call) else expression
    name = called if isinstance(called, tree.Name) else tree.Name(span, "net")
    alias = tree.Net(span, name, (), None, expression, None)
    return elaborate_net(elaboration, scope, alias, {})


def _check_ends(net: ElaboratedNet, span: Span) -> None:
    """Refuses what is not one tensor of known sizes in and one out, and penalties of layers."""
    ports, outputs = net.inputs, net.graph.outputs
    if len(ports) != 1 or len(outputs) != 1:
        told = f"{net.name} has {len(ports)} inputs and {len(outputs)} outputs"
        raise Mistake("wrong-value", f"{told}; an adversary has one of each", span)
    if any(isinstance(size, Size) for size in ports[0].type.shape):
        told = f"the sizes of {net.name}'s input are known only at run time: {ports[0].type}"
        raise Mistake("wrong-value", f"{told}; an adversary has known ones", span)
    for named in named_weights(net.graph):
        if isinstance(named.layer, Weighted) and (named.layer.l1 or named.layer.l2):
            told = f"method = adversarial does not use the l1 and l2 of {named.layer_name}"
            raise Mistake("wrong-value", told, span)


def _check_meet(
    generator: ElaboratedNet, discriminator: ElaboratedNet, method: Adversarial
) -> None:
    made = generator.graph.types[generator.graph.outputs[0].value]
    judged = discriminator.inputs[0].type
    answer = discriminator.graph.types[discriminator.graph.outputs[0].value]
    if generator.inputs[0].type.number == "int":
        told = f"{generator.name} takes whole numbers, but noise is none"
        raise Mistake("wrong-value", told, method.generator.span)
    if made != judged:
        raise Mistake(
            "shape",
            f"{generator.name} makes {made}, but {discriminator.name} judges {judged}",
            method.generator.span,
            secondary=(Label(method.discriminator.span, f"takes {judged}"),),
        )
    if answer.shape != (1,):
        raise Mistake(
            "shape",
            f"{discriminator.name} answers with {answer}; a judgement is one number",
            method.discriminator.span,
            help="it ends in dense(1)",
        )


def _check_critic(net: ElaboratedNet, method: Adversarial) -> None:
    """The critic of a Wasserstein game judges each example by itself, by any number.

    Gulrajani et al. (2017), section 4: the gradient is that of one example, for which a batch
    normalisation has none of its own.
    """
    if not isinstance(method.objective, WassersteinGradientPenalty):
        return
    span, word = method.discriminator.span, method.objective.word
    if any(_is_last(net.graph, node) and isinstance(node.work, Sigmoid) for node in _layers(net)):
        told = f"{word} takes any number as a judgement, but {net.name} ends in a sigmoid"
        raise Mistake("wrong-value", told, span, help="leave the sigmoid out")
    if any(isinstance(node.work, BatchNorm) for node in _layers(net)):
        raise Mistake(
            "wrong-value",
            f"{word} judges each example by itself, but {net.name} has a batchnorm",
            span,
            help="layernorm or instancenorm looks at one example alone",
        )


def _layers(net: ElaboratedNet) -> Iterator[Node]:
    """The nodes of a net that are layers, those inside of blocks too."""
    graphs = [net.graph]
    for graph in graphs:
        for node in unrolled(graph.nodes):
            if not isinstance(node.work, Graph):
                yield node
            elif node.work not in graphs:
                graphs.append(node.work)


def _is_last(graph: Graph, node: Node) -> bool:
    """Whether a node of a net makes its output."""
    return node in graph.nodes and graph.outputs[0].value in node.outputs


def _joined(generator: ElaboratedNet, discriminator: ElaboratedNet, span: Span) -> ElaboratedNet:
    """One net after the other."""
    (noise,) = generator.inputs
    made, answer = (
        net.graph.types[net.graph.outputs[0].value] for net in (generator, discriminator)
    )
    name = generator.name + discriminator.name
    graph = Graph(
        name=name,
        definition=generator.graph.definition,
        parameters={},
        ports=(Port(noise.name, noise.type, "input"),),
        nodes=(
            _node(GENERATOR, generator.graph, 0, span),
            _node(DISCRIMINATOR, discriminator.graph, 1, span),
        ),
        types=(noise.type, made, answer),
        result=2,
        outputs=(Output("output", 2, "main", span),),
        members={GENERATOR: 1, DISCRIMINATOR: 2},
        lets={},
    )
    return ElaboratedNet(name, graph, (), (), {})


def _node(role: str, work: Graph, value: int, span: Span) -> Node:
    """What takes a value and makes the next one."""
    return Node(role, True, None, work, (value,), (value + 1,), (), Written(span, {}))
