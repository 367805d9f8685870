"""Each loss on every backend: against PyTorch's functions or the paper's formula, with gradients.

Predictions, targets and gradients are in double precision.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from netdsl.backends.engine import Array, Operand, Term
from netdsl.backends.keras import precision as keras_precision
from netdsl.backends.keras import scoring as on_keras
from netdsl.backends.onnx import scoring as on_onnx
from netdsl.backends.torch import precision as torch_precision
from netdsl.backends.torch import scoring as on_torch
from netdsl.catalog import losses
from netdsl.catalog.losses import Loss
from netdsl.tensor import Number, TensorType
from tests.catalog import keras_engine

EXAMPLES = 12
NAMES = ("a", "b", "c")

Formula = Callable[..., torch.Tensor]


def one_hot(labels: torch.Tensor, classes: int) -> torch.Tensor:
    return F.one_hot(labels, classes).double()


def cross_entropy(**options: object) -> Formula:
    """PyTorch's, over predictions with the classes last."""

    def formula(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        soft = target.ndim == logits.ndim
        return F.cross_entropy(
            logits.movedim(-1, 1), target.movedim(-1, 1) if soft else target, **options
        )

    return formula


def focal(gamma: float, alpha: float | None) -> Formula:
    """Equation 5 of Lin et al. (2017), for each of the two answers."""

    def formula(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        p = logits.sigmoid()
        weights = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
        yes = -weights[0] * (1 - p) ** gamma * p.log()
        no = -weights[1] * p**gamma * (1 - p).log()
        return (target * yes + (1 - target) * no).mean()

    return formula


def dice(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Milletari et al. (2016), section 3, channel by channel, with 1 above and below."""
    found = []
    for p, t in zip(prediction, target, strict=True):
        for channel in range(p.shape[-1]):
            one, other = p[..., channel], t[..., channel]
            both = 2 * (one * other).sum() + 1
            found.append(1 - both / (one.square().sum() + other.square().sum() + 1))
    return torch.stack(found).mean()


def contrastive(a: torch.Tensor, b: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """Equation 4 of Hadsell et al. (2006); their Y is 0 for a pair that is alike."""
    distance = F.pairwise_distance(a, b)
    y = 1 - same
    return ((1 - y) * distance**2 / 2 + y * (2 - distance).clamp(min=0) ** 2 / 2).mean()


def kl_of_normals(mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """What torch.distributions says, summed over one example."""
    found = torch.distributions.Normal(mean, (logvar / 2).exp())
    standard = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return torch.distributions.kl_divergence(found, standard).sum() / len(mean)


WEIGHTS = (0.5, 2.0, 1.0, 0.0, 3.0)
W = torch.tensor(WEIGHTS, dtype=torch.float64)
# A loss, the shape of its first tensor, shapes and number types of the others, and the formula
# over tensors with channels last. What is no label is drawn from 0 to 1 as a target.
CASES: list[tuple[Loss, tuple[int, ...], list[tuple[tuple[int, ...], Number]], Formula]] = [
    (losses.CrossEntropy(), (5,), [((), "int")], cross_entropy()),
    (losses.CrossEntropy(), (7, 5), [((7,), "int")], cross_entropy()),
    (losses.CrossEntropy(), (4, 3, 5), [((4, 3), "int")], cross_entropy()),
    (losses.CrossEntropy(), (2, 4, 3, 5), [((2, 4, 3), "int")], cross_entropy()),
    (
        losses.CrossEntropy(reduce="sum"),
        (4, 3, 5),
        [((4, 3), "int")],
        lambda p, t: cross_entropy(reduction="sum")(p, t) / EXAMPLES,
    ),
    (losses.CrossEntropy(), (5,), [((5,), "float")], cross_entropy()),
    (losses.CrossEntropy(), (7, 5), [((7, 5), "float")], cross_entropy()),
    (
        losses.CrossEntropy(smoothing=0.1),
        (4, 3, 5),
        [((4, 3, 5), "float")],
        cross_entropy(label_smoothing=0.1),
    ),
    (losses.CrossEntropy(smoothing=0.1), (5,), [((), "int")], cross_entropy(label_smoothing=0.1)),
    (losses.CrossEntropy(weights=WEIGHTS), (5,), [((), "int")], cross_entropy(weight=W)),
    (
        losses.CrossEntropy(weights=WEIGHTS, smoothing=0.2),
        (7, 5),
        [((7,), "int")],
        cross_entropy(weight=W, label_smoothing=0.2),
    ),
    (
        losses.CrossEntropy(weights=WEIGHTS, smoothing=0.2),
        (5,),
        [((5,), "float")],
        cross_entropy(weight=W, label_smoothing=0.2),
    ),
    (
        losses.BinaryCrossEntropy(),
        (1,),
        [((), "int")],
        lambda p, t: F.binary_cross_entropy_with_logits(p[:, 0], t.double()),
    ),
    (
        losses.BinaryCrossEntropy(),
        (5,),
        [((), "int")],
        lambda p, t: F.binary_cross_entropy_with_logits(p, one_hot(t, 5)),
    ),
    (
        losses.BinaryCrossEntropy(reduce="sum"),
        (4, 3, 2),
        [((4, 3, 2), "float")],
        lambda p, t: F.binary_cross_entropy_with_logits(p, t, reduction="sum") / EXAMPLES,
    ),
    (
        losses.BinaryCrossEntropy(positive_weight=3),
        (4, 3, 1),
        [((4, 3), "int")],
        lambda p, t: F.binary_cross_entropy_with_logits(
            p[..., 0], t.double(), pos_weight=torch.tensor(3.0)
        ),
    ),
    (
        losses.BinaryCrossEntropy(smoothing=0.2, positive_weight=0.5),
        (3,),
        [((3,), "float")],
        lambda p, t: F.binary_cross_entropy_with_logits(
            p, 0.8 * t + 0.1, pos_weight=torch.tensor(0.5)
        ),
    ),
    (losses.MeanSquaredError(), (1,), [((), "int")], lambda p, t: F.mse_loss(p[:, 0], t.double())),
    (losses.MeanSquaredError(), (1,), [((), "float")], lambda p, t: F.mse_loss(p[:, 0], t)),
    (losses.MeanSquaredError(), (4, 3, 2), [((4, 3, 2), "float")], F.mse_loss),
    (
        losses.MeanSquaredError(reduce="sum"),
        (4, 3, 5),
        [((4, 3), "int")],
        lambda p, t: F.mse_loss(p, one_hot(t, 5), reduction="sum") / EXAMPLES,
    ),
    (losses.MeanAbsoluteError(), (4, 3, 2), [((4, 3, 2), "float")], F.l1_loss),
    (losses.Huber(), (6,), [((6,), "float")], F.huber_loss),
    (losses.Huber(delta=0.3), (6,), [((6,), "float")], lambda p, t: F.huber_loss(p, t, delta=0.3)),
    (
        losses.Hinge(),
        (1,),
        [((), "int")],
        lambda p, t: torch.tensor(0.0).maximum(1 - p[:, 0] * (2 * t - 1)).mean(),
    ),
    (
        losses.Hinge(margin=0),
        (3,),
        [((3,), "float")],
        lambda p, t: torch.tensor(0.0).maximum(-p * (2 * t - 1)).mean(),
    ),
    (losses.KlDivergence(reduce="sum"), (6,), [((6,), "float")], kl_of_normals),
    (losses.Focal(), (3,), [((3,), "float")], focal(2, None)),
    (losses.Focal(gamma=1.5, alpha=0.25), (4, 3, 2), [((4, 3, 2), "float")], focal(1.5, 0.25)),
    (losses.Dice(), (4, 3, 2), [((4, 3, 2), "float")], dice),
    (losses.Dice(), (7, 2), [((7, 2), "float")], dice),
    (losses.Dice(), (4, 3, 5), [((4, 3), "int")], lambda p, t: dice(p, one_hot(t, 5))),
    (
        losses.Cosine(),
        (6,),
        [((6,), "float")],
        lambda a, b: F.cosine_embedding_loss(a, b, torch.ones(EXAMPLES)),
    ),
    (
        losses.Cosine(),
        (4, 3, 6),
        [((4, 3, 6), "float")],
        lambda a, b: 1 - F.cosine_similarity(a, b, dim=-1).mean(),
    ),
    (losses.Triplet(), (6,), [((6,), "float")] * 2, F.triplet_margin_loss),
    (
        losses.Triplet(margin=0.2),
        (6,),
        [((6,), "float")] * 2,
        lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=0.2),
    ),
    (losses.Contrastive(margin=2), (6,), [((6,), "float"), ((), "int")], contrastive),
]
IDS = [f"{loss.word} {shape} {others}" for loss, shape, others, _ in CASES]


@pytest.fixture(autouse=True)
def doubles() -> Iterator[None]:
    """Keras and PyTorch in double precision."""
    with keras_precision.double(), torch_precision.double():
        yield


def drawn(loss: Loss, shapes: list[tuple[tuple[int, ...], Number]]) -> dict[str, Array]:
    """An array for each operand; the first has some large numbers."""
    generator = np.random.default_rng(0)
    found = {}
    for at, (shape, number) in enumerate(shapes):
        size = (EXAMPLES, *shape)
        if number == "int":
            classes = shapes[0][0][-1] if loss.operands[at] == "target" else 2
            found[NAMES[at]] = generator.integers(0, max(classes, 2), size)
        elif loss.operands[at] == "target":
            values = generator.random(size)
            # The paper's formula is for right and wrong alone.
            values = values.round() if isinstance(loss, losses.Focal) else values
            # Probabilities, where the loss takes classes.
            whole = values.sum(axis=-1, keepdims=True) if loss.takes_label else 1
            found[NAMES[at]] = values / whole
        elif isinstance(loss, losses.Dice):
            found[NAMES[at]] = generator.random(size)
        else:
            found[NAMES[at]] = 2 * generator.standard_normal(size)
    return found


def term_of(loss: Loss, shapes: list[tuple[tuple[int, ...], Number]], weight: float = 1.0) -> Term:
    """A term whose targets are fields, whatever else it takes outputs of a net."""
    operands = tuple(
        Operand(NAMES[at], TensorType(shape, number), loss.operands[at] in ("target", "same"))
        for at, (shape, number) in enumerate(shapes)
    )
    return Term(loss, operands, weight, False)


@pytest.mark.parametrize(("loss", "first", "others", "formula"), CASES, ids=IDS)
def test_a_loss_and_its_gradient(
    loss: Loss,
    first: tuple[int, ...],
    others: list[tuple[tuple[int, ...], Number]],
    formula: Formula,
) -> None:
    shapes: list[tuple[tuple[int, ...], Number]] = [(first, "float"), *others]
    arrays = drawn(loss, shapes)
    term = term_of(loss, shapes, 0.3)
    given = {name: torch.from_numpy(values) for name, values in arrays.items()}
    aimed = given["a"].requires_grad_()
    wanted = 0.3 * formula(*given.values())
    (slope,) = torch.autograd.grad(wanted, aimed)

    tensors = {name: on_torch.to_torch(values) for name, values in arrays.items()}
    leaf = tensors["a"].requires_grad_()
    ours = on_torch.Scorer(term).loss(tensors, tensors)
    (gradient,) = torch.autograd.grad(ours, leaf)
    assert ours.item() == pytest.approx(wanted.item(), rel=1e-9)
    np.testing.assert_allclose(on_torch.to_numpy(gradient), slope.numpy(), rtol=1e-9, atol=1e-12)

    kinds = {name: on_keras.to_keras(values) for name, values in arrays.items()}
    fields = {name: keras.ops.convert_to_tensor(values) for name, values in kinds.items()}

    def of_first(first: Any) -> Any:
        aimed = {**fields, "a": first}
        return on_keras.Scorer(term).loss(aimed, aimed)

    value, gradient = keras_engine.slope(of_first, kinds["a"])
    # On JAX numbers are in single precision.
    exact = keras_precision.DOUBLES
    assert value == pytest.approx(wanted.item(), rel=1e-6 if exact else 1e-4)
    tolerances = {"rtol": 1e-5, "atol": 1e-8} if exact else {"rtol": 1e-3, "atol": 1e-6}
    np.testing.assert_allclose(gradient, slope.numpy(), **tolerances)
    assert on_onnx.loss_of(term, arrays, arrays) == pytest.approx(wanted.item(), rel=1e-9)


def test_every_loss_has_a_case_and_a_row_everywhere() -> None:
    from netdsl.backends.keras import losses as keras_rows
    from netdsl.backends.onnx import losses as onnx_rows
    from netdsl.backends.torch import losses as torch_rows

    known = {type(loss) for loss, *_ in CASES}
    assert known == set(keras_rows.ROWS) == set(onnx_rows.ROWS) == set(torch_rows.ROWS)
    assert known == set(Loss.__subclasses__())


ANSWERS: list[tuple[Loss, tuple[int, ...], tuple[tuple[int, ...], Number]]] = [
    (losses.CrossEntropy(), (5,), ((), "int")),
    (losses.CrossEntropy(), (7, 5), ((7,), "int")),
    (losses.CrossEntropy(), (4, 3, 5), ((4, 3), "int")),
    (losses.CrossEntropy(), (2, 4, 3, 5), ((2, 4, 3), "int")),
    (losses.CrossEntropy(), (4, 3, 5), ((4, 3, 5), "float")),
    (losses.BinaryCrossEntropy(), (1,), ((), "int")),
    (losses.BinaryCrossEntropy(), (4, 3, 1), ((4, 3), "int")),
    (losses.MeanSquaredError(), (1,), ((), "int")),
    (losses.Hinge(), (1,), ((), "int")),
]


@pytest.mark.parametrize(("loss", "first", "target"), ANSWERS)
def test_right_answers(
    loss: Loss, first: tuple[int, ...], target: tuple[tuple[int, ...], Number]
) -> None:
    shapes: list[tuple[tuple[int, ...], Number]] = [(first, "float"), target]
    arrays, term = drawn(loss, shapes), term_of(loss, shapes)
    labels = arrays["b"] if target[1] == "int" else arrays["b"].argmax(axis=-1)
    if first[-1] == 1:
        above = 0.5 if isinstance(loss, losses.MeanSquaredError) else 0.0
        wanted = (arrays["a"][..., 0] > above) == labels
    else:
        wanted = arrays["a"].argmax(axis=-1) == labels
    assert 0 < wanted.sum() < wanted.size
    of_torch, of_keras, of_onnx = rights(term, arrays)
    for right in (of_torch, of_keras):
        np.testing.assert_array_equal(right, wanted)
    # Of labels at many places numpy's are those that count, one after another.
    np.testing.assert_array_equal(of_onnx.reshape(-1), wanted.reshape(-1))


def rights(term: Term, arrays: dict[str, Array]) -> tuple[Array, Array, Array]:
    """Which answers PyTorch, Keras and numpy say are right."""
    tensors = {name: on_torch.to_torch(values) for name, values in arrays.items()}
    fields = {
        name: keras.ops.convert_to_tensor(on_keras.to_keras(values))
        for name, values in arrays.items()
    }
    return (
        on_torch.Scorer(term).right(tensors, tensors).numpy(),
        np.asarray(on_keras.Scorer(term).right(fields, fields)),
        on_onnx.right_of(term, arrays, arrays),
    )


def test_right_answers_of_pairs() -> None:
    shapes: list[tuple[tuple[int, ...], Number]] = [((6,), "float"), ((6,), "float"), ((), "int")]
    arrays = drawn(losses.Contrastive(), shapes)
    distances = np.linalg.norm(arrays["a"] - arrays["b"], axis=-1)
    halfway = float(np.median(distances))
    loss = losses.Contrastive(margin=2 * halfway)
    term = term_of(loss, shapes)
    wanted = (distances < halfway) == arrays["c"]
    assert 0 < wanted.sum() < wanted.size
    for right in rights(term, arrays):
        np.testing.assert_array_equal(right, wanted)
