"""The PyTorch engine: a plain loop over batches.

Nothing is read back from the device before an epoch ends, and penalties apart nothing in a step
goes over the weights one by one in Python.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from netdsl.backends.engine import (
    Array,
    Examples,
    Figures,
    Indices,
    Task,
    Tick,
    Watch,
    as_numbers,
)
from netdsl.backends.torch.augment import Augmenter
from netdsl.backends.torch.carry import Carried
from netdsl.backends.torch.fast import compiled, laid_out, shortened
from netdsl.backends.torch.feed import Batch, Feed
from netdsl.backends.torch.precision import computing, whole
from netdsl.backends.torch.scoring import Scorer, activated, to_numpy, to_torch
from netdsl.backends.torch.sums import Sums
from netdsl.backends.torch.team import Call, Sharing, Single, total
from netdsl.backends.torch.updates import Updates, copied, freeze
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

    def __init__(
        self,
        module: nn.Module,
        output: str,
        batch: int,
        device: str,
        team: Sharing | None = None,
    ) -> None:
        self._team = team or Single()
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
        # All of them, for of a team every process has to call for each.
        held = ((name, copied(self._team.full(tensor))) for name, tensor in self._named_state())
        return {name: values for name, values in held if names is None or name in names}

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`."""
        with torch.no_grad():
            for name, tensor in self._named_state():
                tensor.copy_(self._team.placed(torch.from_numpy(weights[name]), tensor))

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
        team: Sharing | None = None,
    ) -> None:
        """`threads` is how many the CPU uses while this engine works; None leaves it to PyTorch.

        `team` is with whom it shares the batches, if with anybody.
        """
        placed = laid_out(module) if task.fast else module
        super().__init__(placed, task.output, task.batch, device, team)
        self._threads = threads
        self._double = task.precision == "float64"
        self._task = task
        self._feed = Feed(examples, task.field_names, self._device, self._double)
        precision = shortened(task.precision, self._device) if task.fast else task.precision
        self._computing = computing(self._device, precision)
        self._scorers = [Scorer(term) for term in task.terms]
        self._lasting = [one for one in self._scorers if not one.term.auxiliary]
        self._scored = next((one for one in self._scorers if one.term is task.scored), None)
        freeze(module, task.frozen)
        logits: Call = module.logits if task.folded else module  # type: ignore[assignment]
        call = compiled(logits, self._device) if task.fast else logits
        self._calls = self._team.prepared(module, call, task.compared)
        self._updates = Updates(module, task, self._device, self._team)
        self._accumulate = task.accumulate
        plan, kind = task.augmenting, torch.float64 if self._double else torch.float32
        self._augmenter = Augmenter(plan, self._device, kind) if plan is not None else None
        self._draws, self._kind = task.draws, kind
        self._carried = Carried(task.carry, self._device, kind)
        self._frozen = list(_with_statistics(module, task.frozen))
        named = dict(module.named_parameters())
        self._penalties = [(named[penalty.weight], penalty) for penalty in task.penalties]

    def train(
        self, batches: Sequence[Indices], rates: Sequence[float], seed: int, tick: Tick
    ) -> Figures:
        """See `Engine.train`."""
        team, updates, every = self._team, self._updates, self._accumulate
        seed = team.seed(seed)
        torch.manual_seed(seed)
        self._module.train()
        for module in self._frozen:
            module.eval()
        sums = Sums(self._device)
        self._carried.begin()
        with using(self._threads):
            fed = self._feed.batches(team.parts(batches))
            for number, (count, batch) in team.numbered(fed, len(batches)):
                if number % every == 0:
                    updates.clear()
                given, aimed = batch, dict.fromkeys(self._scorers, batch)
                if self._augmenter is not None:
                    given, aimed = self._augmented(self._augmenter, batch, seed, number)
                if self._draws is not None:
                    given = {**given, **self._sent(self._draws.learned(count, seed, number))}
                last, mine = (number + 1) % every == 0, team.has_part(len(batches[number]))
                with team.averaging(last):
                    outputs = self._outputs(self._calls.training, given)
                    losses = [one.loss(outputs, aimed[one]) for one in self._scorers]
                    loss, told = team.shared(losses, self._scorers, aimed, count if mine else 0)
                    updates.backward(loss + self._penalty() if self._penalties else loss)
                if last:
                    updates.step(rates[number // every])
                if mine:
                    self._count(sums, told, outputs, aimed, count)
                tick(count if team.size == 1 else len(batches[number]))
        return sums.figures(team)

    @torch.no_grad()
    def evaluate(self, examples: Indices, watch: Watch | None = None) -> Figures:
        """See `Engine.evaluate`."""
        self._module.eval()
        sums = Sums(self._device)
        self._carried.begin()
        team = self._team
        with using(self._threads), self._updates.averaged():
            batches = self._task.judged(examples)
            turns = team.turns(batches)
            for number, (count, batch) in team.numbered(self._feed.batches(turns), len(turns)):
                turn, given = team.turn(number), batch
                if self._draws is not None:
                    given = {**batch, **self._sent(self._draws.judged(count, turn))}
                outputs = self._outputs(self._calls.evaluation, given)
                mine = turn < len(batches)
                if mine:
                    loss = total([one.loss(outputs, batch) for one in self._lasting])
                    self._count(sums, loss, outputs, dict.fromkeys(self._lasting, batch), count)
                if watch is not None:
                    self._show(watch, outputs, batch, mine)
        return sums.figures(team)

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """See `Model.predict`."""
        inputs = [*inputs, *self._task.beside(len(inputs[0]))]
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
        return self.weights() | self._updates.kept()

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

    def _sent(self, drawn: Mapping[str, Array]) -> Batch:
        """What was drawn, on the device."""
        return {n: to_torch(values).to(self._device, self._kind) for n, values in drawn.items()}

    def _outputs(self, call: Call, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        count = len(given[self._task.inputs[0]])
        given = {**given, **self._carried.into(count)}
        with self._computing():
            result = call(*(given[name] for name in self._task.flowing))
        outputs = {name: whole(values) for name, values in self._by_name(result).items()}
        self._carried.keep(outputs)
        return outputs

    def _penalty(self) -> Tensor:
        """The penalties of the numbers that this process holds."""
        parts: list[Tensor] = []
        for weight, penalty in self._penalties:
            held = self._team.held(weight)
            parts += [penalty.l1 * held.abs().sum()] if penalty.l1 else []
            parts += [penalty.l2 * held.square().sum()] if penalty.l2 else []
        return total(parts)

    def _count(
        self,
        sums: Sums,
        loss: Tensor,
        outputs: Mapping[str, Tensor],
        aimed: Mapping[Scorer, Mapping[str, Tensor]],
        examples: int,
    ) -> None:
        sums.add_loss(loss, examples)
        if self._scored is not None:
            fields = aimed[self._scored]
            sums.add_right(self._scored.right(outputs, fields), self._scored.counted(fields))

    def _show(
        self, watch: Watch, outputs: Mapping[str, Tensor], batch: Batch, counted: bool
    ) -> None:
        shown = {
            name: to_numpy(activated(self._task, name, values)) for name, values in outputs.items()
        }
        fields = {name: to_numpy(values) for name, values in batch.items()}
        for one, other in self._team.shown(shown, fields, counted):
            watch(one, other)


def _with_statistics(module: nn.Module, frozen: Collection[str]) -> Iterator[nn.Module]:
    """The modules whose running statistics are frozen."""
    for name, part in module.named_modules():
        if any(f"{name}.{own}" in frozen for own, _ in part.named_buffers(recurse=False)):
            yield part


@contextmanager
def using(threads: int | None) -> Iterator[None]:
    """Has the CPU use so many threads in this block."""
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
