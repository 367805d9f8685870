"""From a net to its classes, with loops found and an expression for every value."""

from __future__ import annotations

from netdsl.backends.emission import taps
from netdsl.backends.emission.classes import Class, Partition, name_classes
from netdsl.backends.emission.conditions import conditions
from netdsl.backends.emission.explain import Explainer, Explainers
from netdsl.backends.emission.folding import Fold
from netdsl.backends.emission.loops import Roller
from netdsl.backends.emission.plan import Choice, Item, Loop, uses
from netdsl.backends.emission.target import Target
from netdsl.graph import ElaboratedNet
from netdsl.record import Record


class Prepared(Record):
    """The classes of a net, each after those that it uses, and what was found out about them."""

    classes: list[Class]
    explainers: Explainers
    folds: Fold


def prepare(net: ElaboratedNet, fold: frozenset[str], target: Target) -> Prepared:
    """Everything that a backend writes; `SpecError` for a layer that it cannot build."""
    folds = Fold(net.graph, fold, target)

    def decided(found: Class) -> bool:
        return _decided(found, target)

    partition = Partition(net.graph, target, folds.inner, decided)
    classes = partition.classes()
    class_of = partition.class_of(classes)
    taps.collect(classes, class_of)
    name_classes(classes, net.name, target)
    explainers = Explainers(target, class_of)
    ready: set[Class] = set()
    for found in classes:
        found.plan.items = _rolled(Roller(found, explainers, ready), found.plan.items)
        _explain(explainers.of(found.graph))
        ready.add(found)
    _settle(classes, explainers)
    return Prepared(classes, explainers, folds)


def _decided(found: Class, target: Target) -> bool:
    """Whether Python can say which way each choice of a class goes; notes the conditions."""
    explainer = Explainer(found, Explainers(target, {}))
    for choice in _choices(found.plan.items):
        decided = conditions(explainer, choice)
        if decided is None:
            return False
        found.conditions[choice] = decided
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
    explainer.all.target.explain(explainer)


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
                    for key in explainers.of(use.place.child).given():
                        explainer.argument(use, key)
