"""The PyTorch engine: a plain loop over batches.

Nothing is read back from the device before an epoch ends, and penalties apart nothing in a step
goes over the weights one by one in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from netdsl.backends.engine import (
    Array,
    Examples,
    Figures,
    Indices,
    Penalty,
    Task,
    Term,
    Tick,
    as_numbers,
)
from netdsl.backends.torch.augment import Augmenter, answers
from netdsl.backends.torch.fast import compiled, laid_out, shortened
from netdsl.backends.torch.feed import Batch, Feed
from netdsl.backends.torch.losses import (
    loss_function,
    right_function,
    target_of,
    to_numpy,
    to_torch,
)
from netdsl.backends.torch.precision import computing, whole
from netdsl.backends.torch.updates import Updates, copied
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
        tensors = [to_torch(as_numbers(values)) for values in inputs]
        parts: dict[str, list[Array]] = {}
        for chunk in zip(*(torch.split(t, self._batch) for t in tensors), strict=True):
            result = self._module(*(part.to(self._device) for part in chunk))
            for name, values in self._by_name(result).items():
                parts.setdefault(name, []).append(to_numpy(values))
        return {name: np.concatenate(values) for name, values in parts.items()}

    def weights(self) -> dict[str, Array]:
        """See `Model.weights`."""
        return {name: copied(tensor) for name, tensor in self._named_state()}

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
        examples: Examples,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        """`threads` is how many the CPU uses while this engine works; None leaves it to PyTorch."""
        super().__init__(laid_out(module) if task.fast else module, task.output, task.batch, device)
        self._threads = threads
        self._double = task.precision == "float64"
        used = {*task.inputs, *(term.field for term in task.terms)}
        self._feed = Feed(examples, sorted(used), self._device, self._double)
        precision = shortened(task.precision, self._device) if task.fast else task.precision
        self._computing = computing(self._device, precision)
        self._terms = [_Scorer(term) for term in task.terms]
        self._lasting = [term for term in self._terms if not term.auxiliary]
        self._scored = next((term for term in self._terms if term.term is task.scored), None)
        self._right = right_function(task.scored) if task.scored else None
        self._updates = Updates(module, task, self._device)
        self._accumulate = task.accumulate
        self._names = task.inputs
        plan, kind = task.augmenting, torch.float64 if self._double else torch.float32
        self._augmenter = Augmenter(plan, self._device, kind) if plan is not None else None
        self._frozen = list(_with_statistics(module, task.frozen))
        named = dict(module.named_parameters())
        self._penalties = [(named[penalty.weight], penalty) for penalty in task.penalties]
        logits: Callable[..., Tensor | dict[str, Tensor]] = (
            module.logits if task.folded else module  # type: ignore[assignment]
        )
        self._logits = compiled(logits, self._device) if task.fast else logits

    def train(
        self, batches: Sequence[Indices], rates: Sequence[float], seed: int, tick: Tick
    ) -> Figures:
        """See `Engine.train`."""
        torch.manual_seed(seed)
        self._module.train()
        for module in self._frozen:
            module.eval()
        sums = _Sums(self._device)
        updates, every = self._updates, self._accumulate
        with _using(self._threads):
            for number, (count, batch) in enumerate(self._feed.batches(batches)):
                if number % every == 0:
                    updates.clear()
                given, targets = self._examples(batch, self._terms)
                if self._augmenter is not None:
                    given, targets = self._augmented(self._augmenter, given, targets, seed, number)
                outputs = self._outputs(given)
                loss = _total([term.loss(outputs, targets[term]) for term in self._terms])
                updates.backward(loss + _penalty(self._penalties) if self._penalties else loss)
                if (number + 1) % every == 0:
                    updates.step(rates[number // every])
                self._count(sums, loss.detach(), outputs, targets)
                tick(count)
        return sums.figures()

    @torch.no_grad()
    def evaluate(self, examples: Indices) -> Figures:
        """See `Engine.evaluate`."""
        self._module.eval()
        sums = _Sums(self._device)
        with _using(self._threads), self._updates.averaged():
            cuts = range(self._batch, len(examples), self._batch)
            for _, batch in self._feed.batches(np.split(examples, cuts)):
                given, targets = self._examples(batch, self._lasting)
                outputs = self._outputs(given)
                loss = _total([term.loss(outputs, targets[term]) for term in self._lasting])
                self._count(sums, loss, outputs, targets)
        return sums.figures()

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        if self._double:
            inputs = [
                values.astype(np.float64) if values.dtype.kind == "f" else values
                for values in map(as_numbers, inputs)
            ]
        with self._updates.averaged(), self._computing():
            return super().predict(inputs)

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`; their running mean begins anew."""
        super().put_weights(weights)
        self._updates.forget()

    def kept(self) -> dict[str, Array]:
        """See `Engine.kept`."""
        return self.weights() | {name: copied(mean) for name, mean in self._updates.means().items()}

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""
        return self._updates.state()

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`."""
        self._updates.put_state(state)

    def _examples(
        self, batch: Batch, terms: Sequence[_Scorer]
    ) -> tuple[list[Tensor], dict[_Scorer, Tensor]]:
        """What flows into the net, and the targets of the terms."""
        given = [batch[name] for name in self._names]
        return given, {scorer: scorer.target(batch, self._double) for scorer in terms}

    def _augmented(
        self,
        augmenter: Augmenter,
        given: Sequence[Tensor],
        targets: Mapping[_Scorer, Tensor],
        seed: int,
        batch: int,
    ) -> tuple[list[Tensor], dict[_Scorer, Tensor]]:
        """The examples of the batch of that number in an epoch, as they are trained on."""
        drawn = augmenter.draw(len(given[0]), seed, batch)
        changed = [
            augmenter.input(drawn, name, values)
            for name, values in zip(self._names, given, strict=True)
        ]
        return changed, {
            scorer: augmenter.target(drawn, scorer.term.field, values, scorer.term.classes)
            for scorer, values in targets.items()
        }

    def _outputs(self, given: Sequence[Tensor]) -> dict[str, Tensor]:
        with self._computing():
            result = self._logits(*given)
        return {name: whole(values) for name, values in self._by_name(result).items()}

    def _count(
        self,
        sums: _Sums,
        loss: Tensor,
        outputs: Mapping[str, Tensor],
        targets: Mapping[_Scorer, Tensor],
    ) -> None:
        sums.add_loss(loss, len(next(iter(targets.values()))))
        if self._scored is not None and self._right is not None:
            term = self._scored.term
            target = answers(targets[self._scored], term.classes)
            sums.add_right(self._right(outputs[term.output], target))


def _with_statistics(module: nn.Module, frozen: Collection[str]) -> Iterator[nn.Module]:
    """The modules whose running statistics are frozen."""
    for name, part in module.named_modules():
        if any(f"{name}.{own}" in frozen for own, _ in part.named_buffers(recurse=False)):
            yield part


class _Scorer:
    """A term of the loss, with what its targets are of a batch."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.auxiliary = term.auxiliary
        self._loss = loss_function(term)

    def target(self, batch: Batch, double: bool) -> Tensor:
        """The target of a batch, with `double` as precise as the net."""
        target = target_of(self.term, batch[self.term.field])
        return target.to(torch.float64) if double and target.is_floating_point() else target

    def loss(self, outputs: Mapping[str, Tensor], target: Tensor) -> Tensor:
        """The weighted loss, one number."""
        return self._loss(outputs[self.term.output], target)


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
