"""The PyTorch engine: a plain loop over batches.

Nothing is read back from the device before an epoch ends, and penalties apart nothing in a step
goes over the weights one by one in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
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
    Tick,
    Watch,
    as_numbers,
)
from netdsl.backends.torch.augment import Augmenter
from netdsl.backends.torch.fast import compiled, laid_out, shortened
from netdsl.backends.torch.feed import Batch, Feed
from netdsl.backends.torch.precision import computing, whole
from netdsl.backends.torch.scoring import Scorer, activated, to_numpy, to_torch
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

    def weights(self, names: Container[str] | None = None) -> dict[str, Array]:
        """See `Model.weights`."""
        held = self._named_state()
        return {name: copied(tensor) for name, tensor in held if names is None or name in names}

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
        self._task = task
        self._feed = Feed(examples, task.field_names, self._device, self._double)
        precision = shortened(task.precision, self._device) if task.fast else task.precision
        self._computing = computing(self._device, precision)
        self._scorers = [Scorer(term) for term in task.terms]
        self._lasting = [one for one in self._scorers if not one.term.auxiliary]
        self._scored = next((one for one in self._scorers if one.term is task.scored), None)
        self._updates = Updates(module, task, self._device)
        self._accumulate = task.accumulate
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
                given, aimed = batch, dict.fromkeys(self._scorers, batch)
                if self._augmenter is not None:
                    given, aimed = self._augmented(self._augmenter, batch, seed, number)
                outputs = self._outputs(given)
                loss = _total([one.loss(outputs, aimed[one]) for one in self._scorers])
                updates.backward(loss + _penalty(self._penalties) if self._penalties else loss)
                if (number + 1) % every == 0:
                    updates.step(rates[number // every])
                self._count(sums, loss.detach(), outputs, aimed, count)
                tick(count)
        return sums.figures()

    @torch.no_grad()
    def evaluate(self, examples: Indices, watch: Watch | None = None) -> Figures:
        """See `Engine.evaluate`."""
        self._module.eval()
        sums = _Sums(self._device)
        with _using(self._threads), self._updates.averaged():
            cuts = range(self._batch, len(examples), self._batch)
            for count, batch in self._feed.batches(np.split(examples, cuts)):
                outputs = self._outputs(batch)
                loss = _total([one.loss(outputs, batch) for one in self._lasting])
                self._count(sums, loss, outputs, dict.fromkeys(self._lasting, batch), count)
                if watch is not None:
                    self._show(watch, outputs, batch)
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

    def _augmented(
        self, augmenter: Augmenter, batch: Batch, seed: int, number: int
    ) -> tuple[Batch, dict[Scorer, Batch]]:
        """The batch of that number in an epoch as it is trained on.

        What flows into the net, and what each term compares.
        """
        names = self._task.inputs
        drawn = augmenter.draw(len(batch[names[0]]), seed, number)
        given = {name: augmenter.input(drawn, name, batch[name]) for name in names}
        return given, {
            scorer: {
                name: augmenter.target(drawn, name, batch[name], scorer.term.classes)
                for name in scorer.fields
            }
            for scorer in self._scorers
        }

    def _outputs(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        with self._computing():
            result = self._logits(*(given[name] for name in self._task.inputs))
        return {name: whole(values) for name, values in self._by_name(result).items()}

    def _count(
        self,
        sums: _Sums,
        loss: Tensor,
        outputs: Mapping[str, Tensor],
        aimed: Mapping[Scorer, Mapping[str, Tensor]],
        examples: int,
    ) -> None:
        sums.add_loss(loss, examples)
        if self._scored is not None:
            fields = aimed[self._scored]
            sums.add_right(self._scored.right(outputs, fields), self._scored.counted(fields))

    def _show(self, watch: Watch, outputs: Mapping[str, Tensor], batch: Batch) -> None:
        shown = {
            name: to_numpy(activated(self._task, name, values)) for name, values in outputs.items()
        }
        watch(shown, {name: to_numpy(values) for name, values in batch.items()})


def _with_statistics(module: nn.Module, frozen: Collection[str]) -> Iterator[nn.Module]:
    """The modules whose running statistics are frozen."""
    for name, part in module.named_modules():
        if any(f"{name}.{own}" in frozen for own, _ in part.named_buffers(recurse=False)):
            yield part


class _Sums:
    """Figures of an epoch, summed on the device in double precision."""

    def __init__(self, device: torch.device) -> None:
        # Apple's GPUs have no doubles.
        wide = torch.float32 if device.type == "mps" else torch.float64
        self._loss = torch.zeros((), dtype=wide, device=device)
        self._right = torch.zeros((), dtype=torch.int64, device=device)
        self._ignored = torch.zeros((), dtype=torch.int64, device=device)
        self._examples = 0
        self._answers = 0

    def add_loss(self, loss: Tensor, examples: int) -> None:
        """Adds the loss of a batch, an average over its examples."""
        self._loss.add_(loss, alpha=examples)
        self._examples += examples

    def add_right(self, right: Tensor, counted: Tensor | None) -> None:
        """Adds answers, true where they are right; `counted` says which count, None for all."""
        self._right.add_((right if counted is None else right & counted).sum())
        self._answers += right.numel()
        if counted is not None:
            self._ignored.add_((~counted).sum())

    def figures(self) -> Figures:
        """Averages over all examples."""
        figures = {"loss": self._loss.item() / self._examples}
        if self._answers:
            figures["accuracy"] = self._right.item() / max(1, self._answers - self._ignored.item())
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
