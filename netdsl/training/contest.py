"""The two nets of `method = adversarial`, taken apart for an engine."""

from __future__ import annotations

from netdsl.analyze.fold import folded
from netdsl.backends.contest import Contest, Side
from netdsl.catalog.methods import Adversarial
from netdsl.catalog.optimizers import Optimizer
from netdsl.catalog.settings import Settings
from netdsl.graph import (
    DISCRIMINATOR,
    GENERATOR,
    ElaboratedNet,
    Graph,
    named_nodes,
    named_weights,
)

# The activation that a judgement in logits may end in.
_SIGMOID = "sigmoid"


def part(net: ElaboratedNet, role: str) -> ElaboratedNet:
    """One of the two nets that are the nodes of `net`, by its role."""
    graph = dict(named_nodes(net.graph))[role].work
    assert isinstance(graph, Graph)
    return ElaboratedNet(graph.name, graph, (), (), graph.parameters)


def judged(net: ElaboratedNet) -> ElaboratedNet:
    """The net that takes examples."""
    return part(net, DISCRIMINATOR)


def roles(contest: Contest | None) -> tuple[str, ...]:
    """The parts of a run whose weights stand in files of their own: both nets of a contest."""
    return () if contest is None else (contest.generator.role, contest.discriminator.role)


def contest_of(net: ElaboratedNet, settings: Settings) -> Contest | None:
    """What the engines need of the method of a section; None where it is no contest."""
    method = settings.method
    if not isinstance(method, Adversarial):
        return None
    generator = method.generator_optimizer or settings.optimizer
    discriminator = method.discriminator_optimizer or settings.optimizer
    judge = part(net, DISCRIMINATOR)
    last = judge.graph.outputs[0].value
    fold = method.objective.logits and folded(judge.graph, last, _SIGMOID) is not None
    return Contest(
        _side(net, GENERATOR, generator),
        _side(net, DISCRIMINATOR, discriminator),
        method.objective,
        method.critic_steps,
        fold,
    )


def _side(net: ElaboratedNet, role: str, optimizer: Optimizer) -> Side:
    own = part(net, role)
    return Side(role, own, optimizer, undecayed(own.graph, optimizer, f"{role}."))


def undecayed(graph: Graph, optimizer: Optimizer, prefix: str = "") -> frozenset[str]:
    """The weights that decay leaves out: vectors, where the optimizer's `decay` says so."""
    if optimizer.decay == "all":
        return frozenset()
    return frozenset(
        prefix + named.name
        for named in named_weights(graph)
        if named.trained and len(named.weight.shape) < 2
    )
