"""How much memory a net needs, in bytes, for inference and for a step of training.

Numbers are float32 (whole numbers int64) and everything is as PyTorch executes it. Inference:
weights, state, the batch that flows in, and the most activations that are alive at once. A step
of training: weights, state, their gradients, what the optimizer keeps, the batch, and what
autograd keeps until the backward pass. The gradients of activations are not added: they come as
what was kept goes. Neither are the workspaces of single kernels nor the framework itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netdsl.analyze.cost import Cost
from netdsl.analyze.storage import Storages
from netdsl.backends.torch.saved import FLOAT
from netdsl.catalog.arguments import Entry
from netdsl.graph import Graph
from netdsl.record import Record
from netdsl.tensor import Undecided

# How many numbers an optimizer keeps for each weight, by its word.
_KEPT: dict[str, Callable[[Any], int]] = {
    "sgd": lambda optimizer: bool(optimizer.momentum),
    "adagrad": lambda optimizer: 1,
    "rmsprop": lambda optimizer: 1 + bool(optimizer.momentum) + optimizer.centered,
    "adam": lambda optimizer: 2,
    "adamw": lambda optimizer: 2,
}


class Memory(Record):
    """Bytes at a batch size; `optimizer` is the word of the one that was reckoned with.

    `weights` has the state with it, `activations` the most alive at once in inference with the
    batch that flows in, `saved` what autograd keeps with the batch that flows in.
    """

    batch: int
    optimizer: str
    weights: int
    activations: int
    gradients: int
    optimizer_state: int
    saved: int

    @property
    def inference(self) -> int:
        """All that inference needs."""
        return self.weights + self.activations

    @property
    def training(self) -> int:
        """All that a step of training needs."""
        return self.weights + self.gradients + self.optimizer_state + self.saved


def memory(graph: Graph, cost: Cost, batch: int, optimizer: Entry | None = None) -> Memory | None:
    """The memory of a net; None where a size that counts is known only at run time.

    Without an optimizer it is SGD without momentum, which keeps nothing.
    """
    no_gradients = (False,) * len(graph.ports)
    outputs = tuple((output.value,) for output in graph.outputs) or ((graph.result,),)
    evaluated = tuple(
        (output.value,) for output in graph.outputs if output.kind != "auxiliary"
    ) or ((graph.result,),)
    evaluation, training = Storages(batch, False), Storages(batch, True)
    try:
        flowing_in = sum(evaluation.bytes(port.type) for port in graph.ports)
        activations = evaluation.follow(graph, no_gradients, evaluated).peak
        saved = training.follow(graph, no_gradients, outputs).kept
    except Undecided:
        return None
    return Memory(
        batch=batch,
        optimizer="sgd" if optimizer is None else optimizer.word,
        weights=FLOAT * cost.total,
        activations=flowing_in + activations,
        gradients=FLOAT * cost.trainable,
        optimizer_state=FLOAT * cost.trainable * kept_by(optimizer),
        saved=flowing_in + saved,
    )


def kept_by(optimizer: Entry | None) -> int:
    """How many numbers an optimizer keeps for each weight."""
    return 0 if optimizer is None else _KEPT[optimizer.word](optimizer)
