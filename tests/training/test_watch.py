"""What is seen of an evaluation, on each backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from netdsl.backends.engine import Array, Judge
from netdsl.backends.onnx import engine as onnx_engine
from netdsl.catalog.losses import BinaryCrossEntropy, LossSum, LossTerm, MeanSquaredError
from netdsl.catalog.sources import Digits
from netdsl.training.initial import initial_weights
from netdsl.training.plan import Plan
from tests.backends.keras.engines import on_keras, on_torch, plan

IMAGES = (
    "input image: 8x8x1\nconv(3, 3, pad=same) -> relu as hidden\n"
    "output global_avgpool -> dense(10) -> softmax as kind\n"
    "conv(1, 1) -> sigmoid as decoded"
)
TERMS = (LossTerm(BinaryCrossEntropy(), ("decoded", "image")),)


def on_onnx(made: Plan) -> Judge:
    engine = onnx_engine.make_engine(made.net, made.task, made.examples(), "cpu")
    engine.put_weights(initial_weights(made.net.graph, made.settings.seed))
    return engine


@pytest.mark.parametrize("start", [on_torch, on_keras, on_onnx])
@pytest.mark.parametrize("also", [(), (LossTerm(MeanSquaredError(), ("decoded", "image")),)])
def test_outputs_are_as_predicted_and_figures_as_without(
    start: Callable[[Plan], Judge], also: tuple[LossTerm, ...]
) -> None:
    made: Any = plan(IMAGES, data=Digits(), loss=LossSum(TERMS + also), batch=16)
    engine = start(made)
    rows = made.split.test
    seen: list[tuple[dict[str, Array], dict[str, Array]]] = []
    figures = engine.evaluate(rows, lambda outputs, fields: seen.append((outputs, fields)))
    assert figures == pytest.approx(engine.evaluate(rows), rel=1e-6)
    assert len(seen) == -(-len(rows) // made.task.batch) > 1
    fields = {name: np.concatenate([one[name] for _, one in seen]) for name in seen[0][1]}
    np.testing.assert_array_equal(fields["image"], made.arrays["image"][rows])
    predicted = engine.predict([fields["image"]])
    assert predicted.keys() == seen[0][0].keys() >= {"decoded", "kind"}
    for name, values in predicted.items():
        shown = np.concatenate([outputs[name] for outputs, _ in seen])
        np.testing.assert_allclose(shown, values, atol=1e-6)
