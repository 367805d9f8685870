"""The loss as a spec writes it, resolved: which output meets which field, what is folded."""

from __future__ import annotations

import numpy as np

from netdsl.analyze.fold import folded as fold_of
from netdsl.backends.engine import Term
from netdsl.catalog.losses import BinaryCrossEntropy, LossSum, LossTerm
from netdsl.data.fields import DataSet, Field, as_labels
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet, Output
from netdsl.tensor import Size, TensorType


def main_output(net: ElaboratedNet) -> Output:
    """The output that a prediction is read from: the main one, else the first."""
    lasting = [output for output in net.graph.outputs if output.kind != "auxiliary"]
    if not lasting:
        raise UserError(f"{net.name} has no output to train on")
    return next((output for output in lasting if output.kind == "main"), lasting[0])


def with_targets(net: ElaboratedNet, loss: LossSum, data: DataSet) -> DataSet:
    """The data set with its target in the forms that the terms need.

    Classes where a loss wants them; for an output with one unit for each class and a loss that
    compares numbers, a further field has the classes as one-hot vectors.
    """
    for term in loss.terms:
        if _target_name(term, data) == data.target and _is_classes(term, data):
            data = as_labels(data)
    for term in loss.terms:
        target = data.fields[_target_name(term, data)]
        output = _output(net, term)
        if _one_hot(term, _type(net, output), target, data):
            values = np.eye(len(data.classes), dtype=np.float32)[target.array]
            data = data.with_field(Field(_one_hot_name(target.name), "array", values))
    return data


def objective(
    net: ElaboratedNet, loss: LossSum, data: DataSet
) -> tuple[tuple[Term, ...], frozenset[str], Term | None]:
    """The terms, the outputs folded into them, and the term whose accuracy can be told."""
    terms = []
    folded: set[str] = set()
    unfolded: set[str] = set()
    scored: Term | None = None
    for written in loss.terms:
        output = _output(net, written)
        type = _type(net, output)
        target = data.fields[_target_name(written, data)]
        if _one_hot(written, type, target, data):
            target = data.fields[_one_hot_name(target.name)]
        _check_shapes(net, written, output, type, target, data)
        auxiliary = output.kind == "auxiliary"
        term = Term(written.loss, output.name, type, target.name, written.weight, auxiliary)
        terms.append(term)
        folds = written.loss.folds and fold_of(net.graph, output.value, written.loss.folds)
        (folded if folds else unfolded).add(output.name)
        of_classes = bool(data.classes) and _target_name(written, data) == data.target
        if scored is None and of_classes and not auxiliary:
            scored = term
    if all(term.auxiliary for term in terms):
        raise UserError("the loss uses auxiliary outputs alone, which are absent from evaluation")
    for name in sorted(folded & unfolded):
        raise UserError(
            f"the loss takes {name} both before and after its last activation; name one of them as "
            "a further output"
        )
    return tuple(terms), frozenset(folded), scored


def _output(net: ElaboratedNet, term: LossTerm) -> Output:
    if term.prediction is None:
        return main_output(net)
    for output in net.graph.outputs:
        if output.name == term.prediction:
            return output
    if term.prediction == "output":
        return main_output(net)
    names = ", ".join(output.name for output in net.graph.outputs)
    raise UserError(
        f"the loss uses {term.prediction}, which is no output of {net.name}; its outputs are "
        f"{names}, and `output … as {term.prediction}` would make another"
    )


def _type(net: ElaboratedNet, output: Output) -> TensorType:
    return net.graph.types[output.value]


def _target_name(term: LossTerm, data: DataSet) -> str:
    if term.target is None or (term.target == "label" and "label" not in data.fields):
        return data.target
    if term.target not in data.fields:
        raise UserError(
            f"the loss uses {term.target}, which is no field of {data.name}; its fields are "
            f"{', '.join(data.fields)}"
        )
    return term.target


def _is_classes(term: LossTerm, data: DataSet) -> bool:
    """Whether the target of a term is to be read as classes."""
    target = data.fields[data.target]
    if term.loss.takes_label:
        return True
    two = target.kind == "number" and len(np.unique(target.array)) == 2
    return two and isinstance(term.loss, BinaryCrossEntropy)


def _one_hot(term: LossTerm, type: TensorType, target: Field, data: DataSet) -> bool:
    return (
        target.kind == "label"
        and target.name == data.target
        and not term.loss.takes_label
        and target.type.rank == 0
        and type.shape == (len(data.classes),)
        and len(data.classes) > 1
    )


def _one_hot_name(name: str) -> str:
    return f"{name} as one-hot"


def _check_shapes(
    net: ElaboratedNet,
    term: LossTerm,
    output: Output,
    type: TensorType,
    target: Field,
    data: DataSet,
) -> None:
    word = term.loss.word
    shown = f"{output.name} of {net.name} is {type}"
    told = f"{target.name} of {data.name}"
    if term.loss.takes_label:
        if target.kind != "label":
            raise UserError(f"{word} needs classes, but {told} is {target.type}; mse takes numbers")
        if type.rank < 1 or not _same(_without_last(type), target.type):
            raise UserError(f"{word}: {shown}, but each example of {told} is {target.type}")
        if type.channels != len(data.classes):
            way_out = (
                "; one unit for two classes goes with sigmoid and binary_cross_entropy"
                if type.channels == 1
                else ""
            )
            raise UserError(
                f"{word} needs one unit for each class: {shown}, but {told} has "
                f"{len(data.classes)} classes{way_out}"
            )
        return
    single = type.shape == (1,) and target.type.rank == 0
    if not single and not _same(type, target.type):
        raise UserError(f"{word} needs two equal shapes: {shown}, but {told} is {target.type}")
    if target.kind == "label" and len(data.classes) > 2:
        raise UserError(
            f"{word}: {told} has {len(data.classes)} classes, but {shown}; give it one unit for "
            "each class"
        )
    if isinstance(term.loss, BinaryCrossEntropy) and not _within_0_and_1(target):
        raise UserError(f"{word} needs a target from 0 to 1, which {told} is not; mse takes any")


def _without_last(type: TensorType) -> TensorType:
    """The type without its last axis."""
    return type.with_shape(*type.shape[:-1])


def _same(one: TensorType, other: TensorType) -> bool:
    """Whether two shapes agree, as far as sizes are known before run time."""
    return one.rank == other.rank and all(
        isinstance(a, Size) or isinstance(b, Size) or a == b
        for a, b in zip(one.shape, other.shape, strict=True)
    )


def _within_0_and_1(target: Field) -> bool:
    """Whether a target can be one of binary cross-entropy; of what is streamed, an image is."""
    if target.kind == "image" and target.values.dtype == np.uint8:
        return True
    if isinstance(target.values, Streamed):
        return False
    return bool(target.array.min() >= 0 and target.array.max() <= 1)
