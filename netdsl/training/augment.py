"""What the `augment` of a train section means for the fields of its data, or why it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from netdsl.backends.augment import Augmenting, Role
from netdsl.backends.engine import Term
from netdsl.catalog.augmentations import (
    Augmentation,
    ColorJitter,
    CutMix,
    Geometric,
    Mixing,
    Mixup,
)
from netdsl.data.fields import DataSet, Field
from netdsl.diagnostics import UserError


def augmenting(
    steps: tuple[Augmentation, ...], data: DataSet, inputs: Sequence[str], terms: Sequence[Term]
) -> Augmenting | None:
    """What the steps change of the fields of a task; None without steps.

    Raises `UserError` where a step makes no sense for them.
    """
    if not steps:
        return None
    given = {name: _input_role(data.fields[name]) for name in inputs}
    shape = _shape(data, given)
    compared = {one.name: data.fields[one.name] for t in terms for one in t.operands if one.field}
    wanted = {name: _target_role(field, inputs, shape) for name, field in compared.items()}
    refused = [
        *refusals(steps, [data.fields[name] for name in inputs]),
        *_refused_losses(steps, terms),
        *_refused_sizes(steps, data, {**given, **wanted}),
        *_refused_masks(steps, wanted),
    ]
    if refused:
        raise UserError(refused[0])
    return Augmenting(steps, shape, given, wanted)


def refusals(steps: Sequence[Augmentation], fields: Sequence[Field]) -> Iterator[str]:
    """Why steps make no sense for the fields that flow into a net, a sentence for each reason."""
    pictures = any(field.kind == "image" for field in fields)
    for step in steps:
        if not pictures and not step.takes_any:
            yield (
                f"{step.word} changes pictures, but {fields[0].name} is {fields[0].type}; noise "
                "and mixup take numbers of any kind"
            )
            continue
        for field in fields:
            refused = _refused_picture if field.kind == "image" else _refused_numbers
            yield from refused(step, field)


def _refused_picture(step: Augmentation, field: Field) -> Iterator[str]:
    coloured = isinstance(step, ColorJitter) and (step.saturation or step.hue)
    if coloured and field.type.channels != 3:
        yield (
            f"color_jitter: saturation and hue need red, green and blue, but {field.name} is "
            f"{field.type}; leave them at 0"
        )


def _refused_numbers(step: Augmentation, field: Field) -> Iterator[str]:
    if step.takes_any and field.type.number == "int":
        yield f"{step.word} needs numbers with a fraction, but {field.name} is {field.type}"
    if isinstance(step, CutMix):
        yield f"cutmix cuts boxes out of pictures, but {field.name} is {field.type}; mixup fits"


def _input_role(field: Field) -> Role:
    return "input" if field.kind == "image" else "numbers"


def _target_role(field: Field, inputs: Sequence[str], shape: tuple[int, ...]) -> Role:
    if field.kind == "image":
        return "same" if field.name in inputs else "picture"
    pictures = len(shape) == 3
    if field.kind == "label" and pictures and field.type.shape == shape[:2]:
        return "mask"
    return "target"


def _shape(data: DataSet, roles: Mapping[str, Role]) -> tuple[int, ...]:
    """The shape of the pictures, or of the first input where there are none."""
    chosen = next((name for name, role in roles.items() if role == "input"), next(iter(roles)))
    return tuple(data.fields[chosen].values.shape[1:])


def _refused_losses(steps: Sequence[Augmentation], terms: Sequence[Term]) -> Iterator[str]:
    mixing = next((step for step in steps if isinstance(step, Mixing)), None)
    for term in terms:
        if mixing is not None and term.loss.takes_label and not term.loss.takes_shares:
            yield (
                f"{mixing.word} makes shares of classes, which {term.loss.word} does not take; "
                "cross_entropy does"
            )


def _refused_sizes(
    steps: Sequence[Augmentation], data: DataSet, roles: Mapping[str, Role]
) -> Iterator[str]:
    pictures = [name for name, role in roles.items() if role in ("input", "same", "picture")]
    sizes = {tuple(data.fields[name].values.shape[1:3]) for name in pictures}
    moving = next((step for step in steps if isinstance(step, Geometric | CutMix)), None)
    if moving is not None and len(sizes) > 1:
        yield f"{moving.word} needs pictures of one size, but {' and '.join(pictures)} differ"


def _refused_masks(steps: Sequence[Augmentation], roles: Mapping[str, Role]) -> Iterator[str]:
    """A class for each pixel is moved before classes become shares."""
    mask = next((name for name, role in roles.items() if role == "mask"), None)
    first = next((at for at, step in enumerate(steps) if isinstance(step, Mixup)), len(steps))
    later = next((step for step in steps[first:] if isinstance(step, Geometric | CutMix)), None)
    if mask is not None and later is not None:
        yield (
            f"{later.word} stands after mixup, but the classes of {mask} cannot be moved once "
            f"they are mixed; write mixup after {later.word}"
        )
