"""The PyTorch engine: a plain loop over batches that stay on the device.

Nothing is read back from the device before an epoch ends, and penalties apart nothing in a step
goes over the weights one by one in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from netdsl.backends.engine import Array, Figures, Indices, Penalty, Task, Term, Tick
from netdsl.backends.torch.losses import (
    loss_function,
    right_function,
    target_of,
    to_numpy,
    to_torch,
)
from netdsl.backends.torch.optimizers import optimizer
from netdsl.diagnostics import UserError

# A batchnorm's counter of batches is PyTorch's own: no formula of the language uses it.
_OWN_STATE = "num_batches_tracked"


def device_named(name: str) -> torch.device:
    """The device of that name; `auto` is a GPU where there is one, else the CPU."""
    if name == "auto":
        found = torch.accelerator.current_accelerator(check_available=True)
        return found or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"there is no device {name} here; --device cpu always works") from error
    return device


class TorchModel:
    """A module that has the language's names in its state.

    It maps inputs in PyTorch's layouts to its output, called `output`, or to outputs by name where
    it has several. `batch` is how many examples it takes at once where nothing is learned.
    """

    def __init__(self, module: nn.Module, output: str, batch: int, device: str) -> None:
        self._device = device_named(device)
        self._module = module.to(self._device)
        self._output = output
        self._batch = batch

    @torch.no_grad()
    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        self._module.eval()
        tensors = [to_torch(values) for values in inputs]
        parts: dict[str, list[Array]] = {}
        for chunk in zip(*(torch.split(t, self._batch) for t in tensors), strict=True):
            result = self._module(*(part.to(self._device) for part in chunk))
            for name, values in self._by_name(result).items():
                parts.setdefault(name, []).append(to_numpy(values))
        return {name: np.concatenate(values) for name, values in parts.items()}

    def weights(self) -> dict[str, Array]:
        """See `Model.weights`."""
        return {name: _copied(tensor) for name, tensor in self._named_state()}

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`."""
        with torch.no_grad():
            for name, tensor in self._named_state():
                tensor.copy_(torch.from_numpy(weights[name]))

    def _by_name(self, result: Tensor | dict[str, Tensor]) -> dict[str, Tensor]:
        return result if isinstance(result, dict) else {self._output: result}

    def _named_state(self) -> Iterator[tuple[str, Tensor]]:
        for name, tensor in self._module.state_dict().items():
            if not name.endswith(_OWN_STATE):
                yield name, tensor


class TorchEngine(TorchModel):
    """An engine over a module; where the task folds outputs it has `logits` beside `forward`."""

    def __init__(
        self,
        module: nn.Module,
        task: Task,
        fields: Mapping[str, Array],
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        """`threads` is how many the CPU uses while this engine works; None leaves it to PyTorch."""
        super().__init__(module, task.output, task.batch, device)
        self._threads = threads
        self._inputs = [to_torch(fields[name]).to(self._device) for name in task.inputs]
        self._terms = [_Scorer(term, fields, self._device) for term in task.terms]
        self._lasting = [term for term in self._terms if not term.auxiliary]
        self._scored = next((term for term in self._terms if term.term is task.scored), None)
        self._right = right_function(task.scored) if task.scored else None
        self._optimizer = optimizer(task.optimizer, module.parameters())
        named = dict(module.named_parameters())
        self._penalties = [(named[penalty.weight], penalty) for penalty in task.penalties]
        self._logits: Callable[..., Tensor | dict[str, Tensor]] = (
            module.logits if task.folded else module  # type: ignore[assignment]
        )

    def train(self, batches: Sequence[Indices], seed: int, tick: Tick) -> Figures:
        """See `Engine.train`."""
        torch.manual_seed(seed)
        self._module.train()
        sums = _Sums(self._device)
        with _using(self._threads):
            for rows in self._on_device(batches):
                outputs = self._outputs(rows)
                loss = _total([term.loss(outputs, rows) for term in self._terms])
                objective = loss + _penalty(self._penalties) if self._penalties else loss
                self._optimizer.zero_grad(set_to_none=True)
                objective.backward()  # type: ignore[no-untyped-call]
                self._optimizer.step()
                self._count(sums, loss.detach(), outputs, rows)
                tick(len(rows))
        return sums.figures()

    @torch.no_grad()
    def evaluate(self, examples: Indices) -> Figures:
        """See `Engine.evaluate`."""
        self._module.eval()
        sums = _Sums(self._device)
        with _using(self._threads):
            for rows in torch.split(torch.from_numpy(examples).to(self._device), self._batch):
                outputs = self._outputs(rows)
                loss = _total([term.loss(outputs, rows) for term in self._lasting])
                self._count(sums, loss, outputs, rows)
        return sums.figures()

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""
        per_weight = self._optimizer.state_dict()["state"]
        names = [name for name, _ in self._module.named_parameters()]
        return {
            f"{names[index]}.{key}": _copied(value)
            for index, values in per_weight.items()
            for key, value in values.items()
            if value is not None
        }

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`."""
        index = {name: i for i, (name, _) in enumerate(self._module.named_parameters())}
        per_weight: dict[int, dict[str, Tensor]] = {}
        for name, values in state.items():
            weight, _, key = name.rpartition(".")
            per_weight.setdefault(index[weight], {})[key] = torch.from_numpy(values.copy())
        whole = self._optimizer.state_dict()
        self._optimizer.load_state_dict({**whole, "state": per_weight})

    def _outputs(self, rows: Tensor) -> dict[str, Tensor]:
        return self._by_name(self._logits(*(field.index_select(0, rows) for field in self._inputs)))

    def _count(
        self, sums: _Sums, loss: Tensor, outputs: Mapping[str, Tensor], rows: Tensor
    ) -> None:
        sums.add_loss(loss, len(rows))
        if self._scored is not None and self._right is not None:
            sums.add_right(self._right(*self._scored.pair(outputs, rows)))

    def _on_device(self, batches: Sequence[Indices]) -> Sequence[Tensor]:
        """All batches of an epoch, sent at once."""
        rows = torch.from_numpy(np.concatenate(batches)).to(self._device)
        return torch.split(rows, [len(batch) for batch in batches])


class _Scorer:
    """A term of the loss with its targets on the device."""

    def __init__(self, term: Term, fields: Mapping[str, Array], device: torch.device) -> None:
        self.term = term
        self.auxiliary = term.auxiliary
        self._target = target_of(term, fields[term.field]).to(device)
        self._loss = loss_function(term)

    def pair(self, outputs: Mapping[str, Tensor], rows: Tensor) -> tuple[Tensor, Tensor]:
        """Prediction and target."""
        return outputs[self.term.output], self._target.index_select(0, rows)

    def loss(self, outputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        """The weighted loss, one number."""
        return self._loss(*self.pair(outputs, rows))


class _Sums:
    """Figures of an epoch, summed on the device in double precision."""

    def __init__(self, device: torch.device) -> None:
        # Apple's GPUs have no doubles.
        wide = torch.float32 if device.type == "mps" else torch.float64
        self._loss = torch.zeros((), dtype=wide, device=device)
        self._right = torch.zeros((), dtype=torch.int64, device=device)
        self._examples = 0
        self._answers = 0

    def add_loss(self, loss: Tensor, examples: int) -> None:
        """Adds the loss of a batch, an average over its examples."""
        self._loss.add_(loss, alpha=examples)
        self._examples += examples

    def add_right(self, right: Tensor) -> None:
        """Adds answers, true where they are right."""
        self._right.add_(right.sum())
        self._answers += right.numel()

    def figures(self) -> Figures:
        """Averages over all examples."""
        figures = {"loss": self._loss.item() / self._examples}
        if self._answers:
            figures["accuracy"] = self._right.item() / self._answers
        return figures


@contextmanager
def _using(threads: int | None) -> Iterator[None]:
    """Has the CPU use so many threads in this block."""
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _total(losses: list[Tensor]) -> Tensor:
    total = losses[0]
    for loss in losses[1:]:
        total = total + loss
    return total


def _penalty(penalties: Sequence[tuple[Tensor, Penalty]]) -> Tensor:
    parts = [penalty.l1 * weight.abs().sum() for weight, penalty in penalties if penalty.l1]
    parts += [penalty.l2 * weight.square().sum() for weight, penalty in penalties if penalty.l2]
    return _total(parts)


def _copied(tensor: Tensor) -> Array:
    array: Array = tensor.detach().cpu().clone().numpy()
    return array
