"""The `augment` of a train section: a pipeline to records of the catalogue.

A word in it is an augmentation whatever else it means: `crop` is a layer elsewhere.
"""

from __future__ import annotations

from netdsl.catalog.arguments import Rejection
from netdsl.catalog.augmentations import Augmentation
from netdsl.catalog.index import WORDS
from netdsl.catalog.settings import Augmentations
from netdsl.elaborate import binding
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.suggest import did_you_mean
from netdsl.elaborate.words import entry_named
from netdsl.syntax import tree


def augmentations(
    frame: Frame, kind: Augmentations, expression: tree.Expression
) -> tuple[Augmentation, ...]:
    """A pipeline, a list or one alone, in order."""
    match expression:
        case tree.Literal(value=None):
            return ()
        case tree.Pipeline():
            for step in expression.steps:
                if step.name is not None:
                    raise Mistake("wrong-value", "augmentations have no names", step.name.span)
            parts = tuple(step.value for step in expression.steps)
        case tree.Display():
            parts = expression.items
        case _:
            return (_augmentation(frame, kind, expression),)
    return tuple(step for part in parts for step in augmentations(frame, kind, part))


def _augmentation(frame: Frame, kind: Augmentations, expression: tree.Expression) -> Augmentation:
    call = expression if isinstance(expression, tree.Call) else None
    word = expression if call is None else call.callee
    if not isinstance(word, tree.Name):
        raise Mistake("wrong-value", f"augment expects {kind.expects}", expression.span)
    known = WORDS[Augmentation.category]
    entry = entry_named(Augmentation.category, word.name)
    if entry is None:
        raise Mistake(
            "unknown-name",
            f"there is no augmentation {word.name}",
            word.span,
            help=did_you_mean(word, known) or f"there is {', '.join(known)}",
        )
    made = binding.entry_of(frame, entry, call.arguments if call else (), expression.span)
    try:
        (step,) = kind.accept(made)
    except Rejection as rejection:
        raise Mistake(
            "wrong-value", rejection.message, expression.span, help=rejection.help
        ) from None
    assert isinstance(step, Augmentation)
    return step
