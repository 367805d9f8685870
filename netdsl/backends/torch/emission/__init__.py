"""Writes a net as a PyTorch module. From: an `ElaboratedNet`. To: Python source.

A class for each block, with the block's parameters; weights have the language's names. The text
imports PyTorch alone and is formatted; nothing here needs PyTorch to be installed.
"""

from __future__ import annotations

from netdsl.backends.torch.emission import taps
from netdsl.backends.torch.emission.classes import Class, Partition, name_classes
from netdsl.backends.torch.emission.explain import Explainer, Explainers
from netdsl.backends.torch.emission.finished import FinishedClasses
from netdsl.backends.torch.emission.folding import Fold
from netdsl.backends.torch.emission.loops import Roller
from netdsl.backends.torch.emission.module import write_module
from netdsl.backends.torch.emission.names import SPOKEN_FOR
from netdsl.backends.torch.emission.plan import Choice, Item, Loop, uses
from netdsl.backends.torch.helpers import HELPERS
from netdsl.graph import ElaboratedNet


def emit(net: ElaboratedNet, fold: frozenset[str] = frozenset()) -> str:
    """The source of a module whose last class is the net.

    `forward` takes the net's inputs in order. A net with one output returns it; one with several
    returns them by name, the main one as `output` or by its `as` name. Auxiliary outputs exist
    in training only: where just one output is left in evaluation, that tensor alone is returned
    then. `fold` names outputs whose last softmax or sigmoid is left out by `logits`, which the
    net has besides `forward` if there are any. A layer that PyTorch cannot build is a
    `SpecError`.
    """
    return write(net, fold)[0]


def write(net: ElaboratedNet, fold: frozenset[str]) -> tuple[str, str]:
    """The source, and the name of the net's class in it."""
    folds = Fold(net.graph, fold)
    partition = Partition(net.graph, folds.inner, _decided)
    classes = partition.classes()
    class_of = partition.class_of(classes)
    taps.collect(classes, class_of)
    name_classes(classes, net.name, SPOKEN_FOR | HELPERS.keys())
    explainers = Explainers(class_of)
    ready: set[Class] = set()
    for found in classes:
        found.plan.items = _rolled(Roller(found, explainers, ready), found.plan.items)
        _explain(explainers.of(found.graph))
        ready.add(found)
    _settle(classes, explainers)
    return write_module(net, FinishedClasses(explainers, classes), folds), classes[-1].name


def _decided(found: Class) -> bool:
    """Whether Python can say which way each choice of a class goes; notes the conditions."""
    explainer = Explainer(found, Explainers({}))
    for choice in _choices(found.plan.items):
        conditions = explainer.condition(choice)
        if conditions is None:
            return False
        found.conditions[choice] = conditions
    return True


def _choices(items: list[Item]) -> list[Choice]:
    found: list[Choice] = []
    for item in items:
        if isinstance(item, Choice):
            found.append(item)
            for arm in item.arms.values():
                found += _choices(arm)
    return found


def _rolled(roller: Roller, items: list[Item]) -> list[Item]:
    for choice in _choices(items):
        choice.arms = {arm: roller.roll(inner) for arm, inner in choice.arms.items()}
    return roller.roll(items)


def _explain(explainer: Explainer) -> None:
    """Finds the expressions for all values of a class."""
    found = explainer.found
    for choice in _choices(found.plan.items):
        explainer.use_condition(choice)
    for use in [*explainer.owned.values(), *uses(found.plan.items)]:
        explainer.all_of(use)
    for loop in _loops(found.plan.items):
        explainer.count(loop)


def _loops(items: list[Item]) -> list[Loop]:
    found: list[Loop] = []
    for item in items:
        if isinstance(item, Loop):
            found += [item, *_loops(item.items)]
        elif isinstance(item, Choice):
            for arm in item.arms.values():
                found += _loops(arm)
    return found


def _settle(classes: list[Class], explainers: Explainers) -> None:
    """Explains arguments until no class needs a further parameter: blocks may call themselves."""
    before = -1
    while before != (now := sum(len(found.keys) for found in classes)):
        before = now
        for found in classes:
            explainer = explainers.of(found.graph)
            for use in [*explainer.owned.values(), *uses(found.plan.items)]:
                if use.place.child is not None and use.shared is None:
                    for key in list(explainers.of(use.place.child).found.keys):
                        explainer.argument(use, key)
