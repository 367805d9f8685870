"""Each loss in Keras against PyTorch's, and which answers both take for right."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest

from netdsl.backends.engine import Term
from netdsl.backends.keras import losses as ours
from netdsl.backends.torch import losses as theirs
from netdsl.catalog.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from netdsl.tensor import TensorType
from tests.catalog.keras_rows import Array

EXAMPLES = 40
# A loss, the shape of a prediction, and the shape of a target.
CASES: list[tuple[Loss, tuple[int, ...], tuple[int, ...]]] = [
    (CrossEntropy(), (5,), ()),
    (CrossEntropy(reduce="sum"), (7, 5), (7,)),
    (CrossEntropy(), (4, 3, 5), (4, 3)),
    (CrossEntropy(reduce="sum"), (4, 3, 5), (4, 3)),
    (BinaryCrossEntropy(), (1,), ()),
    (BinaryCrossEntropy(), (3,), (3,)),
    (BinaryCrossEntropy(reduce="sum"), (4, 3, 2), (4, 3, 2)),
    (MeanSquaredError(), (1,), ()),
    (MeanSquaredError(), (4, 3, 2), (4, 3, 2)),
    (MeanSquaredError(reduce="sum"), (5,), (5,)),
]


def drawn(loss: Loss, predicted: tuple[int, ...], aimed: tuple[int, ...]) -> tuple[Array, Array]:
    """A prediction with some large numbers, and a target that the loss takes."""
    generator = np.random.default_rng(0)
    prediction = 20 * generator.standard_normal((EXAMPLES, *predicted)).astype(np.float32)
    shape = (EXAMPLES, *aimed)
    if loss.takes_label:
        return prediction, generator.integers(0, predicted[-1], shape)
    if aimed:
        return prediction, generator.random(shape).astype(np.float32)
    return prediction, generator.integers(0, 2, shape)


@pytest.mark.parametrize("weight", [1.0, 0.3])
@pytest.mark.parametrize(("loss", "predicted", "aimed"), CASES)
def test_losses_and_answers_are_pytorchs(
    loss: Loss, predicted: tuple[int, ...], aimed: tuple[int, ...], weight: float
) -> None:
    term = Term(loss, "output", TensorType(predicted), "target", weight, False)
    prediction, field = drawn(loss, predicted, aimed)
    target = keras.ops.convert_to_tensor(ours.target_of(term, field))
    given = keras.ops.convert_to_tensor(prediction)
    found = float(ours.loss_function(term)(given, target))
    right = np.asarray(keras.ops.convert_to_numpy(ours.right_function(term)(given, target)))
    pair = theirs.to_torch(prediction), theirs.target_of(term, field)
    assert found == pytest.approx(float(theirs.loss_function(term)(*pair)), rel=1e-6)
    wanted = theirs.right_function(term)(*pair).numpy()
    np.testing.assert_array_equal(right, wanted)
    assert 0 < wanted.sum() < wanted.size
