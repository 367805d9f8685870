"""Two adversaries in PyTorch: steps of the discriminator, and now and then one of the generator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from netdsl.backends.contest import (
    DISCRIMINATOR_LOSS,
    EVALUATION,
    FIRST,
    GENERATOR_LOSS,
    SECOND,
    SHARE,
    Contest,
    Side,
    Sides,
)
from netdsl.backends.engine import Array, Examples, Figures, Indices, Task, Tick, Watch
from netdsl.backends.torch.engine import TorchModel, using
from netdsl.backends.torch.feed import Feed
from netdsl.backends.torch.games import penalty, row
from netdsl.backends.torch.scoring import to_torch
from netdsl.backends.torch.team import Call, Single
from netdsl.backends.torch.updates import Updates


class TorchAdversaries(TorchModel):
    """An engine over two modules, whose weights have their roles before their names.

    What it predicts is what the generator makes of noise.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        task: Task,
        contest: Contest,
        examples: Examples,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        """`threads` is how many the CPU uses while this engine works; None leaves it to PyTorch."""
        sides = {contest.generator.role: generator, contest.discriminator.role: discriminator}
        super().__init__(nn.ModuleDict(sides), task.output, task.batch, device)
        self._threads = threads
        self._contest = contest
        self._generator, self._discriminator = generator, discriminator
        self._judge: Call = discriminator.logits if contest.folded else discriminator  # type: ignore[assignment]
        self._row = row(contest.game)
        (self._field,) = task.inputs
        double = task.precision == "float64"
        self._floats = torch.float64 if double else torch.float32
        self._feed = Feed(examples, task.field_names, self._device, double)
        self._moves = Sides(
            {
                side.role: _updates(sides[side.role], side, task, self._device)
                for side in (contest.generator, contest.discriminator)
            }
        )

    def train(
        self, batches: Sequence[Indices], rates: Sequence[float], seed: int, tick: Tick
    ) -> Figures:
        """See `Engine.train`; a rate is that of both nets."""
        torch.manual_seed(seed)
        self._module.train()
        losses = _Losses(self._device)
        every = self._contest.critic_steps
        with using(self._threads):
            for number, (count, batch) in enumerate(self._feed.batches(batches)):
                drawn = self._sent(self._contest.draw(count, seed, number))
                real = batch[self._field]
                judged = self._move_discriminator(real, drawn, rates[number])
                losses.add(DISCRIMINATOR_LOSS, judged, count)
                if (number + 1) % every == 0:
                    made = self._move_generator(drawn[SECOND], rates[number])
                    losses.add(GENERATOR_LOSS, made, count)
                tick(count)
        return losses.figures()

    def _move_discriminator(self, real: Tensor, drawn: Mapping[str, Tensor], rate: float) -> Tensor:
        """A step of the discriminator; its loss without penalty."""
        with torch.no_grad():
            made = self._made(drawn[FIRST])
        loss: Tensor = self._row.discriminator(self._judged(real), self._judged(made))
        share = drawn[SHARE].reshape(-1, *[1] * (real.ndim - 1))
        added = penalty(self._contest.game, self._judged, real + share * (made - real))
        self._move(self._contest.discriminator, loss if added is None else loss + added, rate)
        return loss.detach()

    def _move_generator(self, noise: Tensor, rate: float) -> Tensor:
        """A step of the generator; its loss."""
        with _still(self._discriminator):
            loss: Tensor = self._row.generator(self._judged(self._made(noise)))
            self._move(self._contest.generator, loss, rate)
        return loss.detach()

    def _move(self, side: Side, loss: Tensor, rate: float) -> None:
        updates = self._moves[side.role]
        updates.clear()
        updates.backward(loss)
        updates.step(rate)

    @torch.no_grad()
    def evaluate(self, examples: Indices, watch: Watch | None = None) -> Figures:
        """See `Engine.evaluate`: both losses without penalty, against the same noise each time.

        There is no output for a field of the data, so that there is nothing to `watch`.
        """
        self._module.eval()
        losses = _Losses(self._device)
        batches = np.split(examples, range(self._batch, len(examples), self._batch))
        with using(self._threads), self._moves.averaged():
            for number, (count, batch) in enumerate(self._feed.batches(batches)):
                drawn = self._sent({FIRST: self._contest.noise(count, EVALUATION, number)})
                made = self._judged(self._made(drawn[FIRST]))
                real = self._judged(batch[self._field])
                losses.add(DISCRIMINATOR_LOSS, self._row.discriminator(real, made), count)
                losses.add(GENERATOR_LOSS, self._row.generator(made), count)
        return losses.figures()

    @torch.no_grad()
    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        """What the generator makes of noise, under the name of its output."""
        (noise,) = inputs
        (output,) = self._contest.generator.net.graph.outputs
        side = TorchModel(self._generator, output.name, self._batch, str(self._device))
        with using(self._threads), self._moves.averaged():
            return side.predict([noise.astype(np.float64 if self._wide else np.float32)])

    def put_weights(self, weights: Mapping[str, Array]) -> None:
        """See `Model.put_weights`; their running means begin anew."""
        super().put_weights(weights)
        self._moves.forget()

    def kept(self) -> dict[str, Array]:
        """See `Engine.kept`."""
        return self.weights() | self._moves.kept()

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""
        return self._moves.state()

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`."""
        self._moves.put_state(state)

    @property
    def _wide(self) -> bool:
        return self._floats is torch.float64

    def _made(self, noise: Tensor) -> Tensor:
        made: Tensor = self._generator(noise)
        return made

    def _judged(self, examples: Tensor) -> Tensor:
        judged = self._judge(examples)
        assert isinstance(judged, Tensor)
        return judged

    def _sent(self, drawn: Mapping[str, Array]) -> dict[str, Tensor]:
        return {n: to_torch(v).to(self._device, self._floats) for n, v in drawn.items()}


def _updates(module: nn.Module, side: Side, task: Task, device: torch.device) -> Updates:
    """What moves one of the nets, by the full names of its weights."""
    own = task.replace(optimizer=side.optimizer, undecayed=side.undecayed)
    return Updates(nn.ModuleDict({side.role: module}), own, device, Single())


@contextmanager
def _still(module: nn.Module) -> Iterator[None]:
    """Has a module's weights get no gradient in this block."""
    module.requires_grad_(False)
    try:
        yield
    finally:
        module.requires_grad_(True)


class _Losses:
    """Averages of losses over examples, summed on the device in double precision."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        # Apple's GPUs have no doubles.
        self._wide = torch.float32 if device.type == "mps" else torch.float64
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, loss: Tensor, count: int) -> None:
        """Adds the loss of a batch of so many examples."""
        if name not in self._sums:
            self._sums[name] = torch.zeros((), dtype=self._wide, device=self._device)
            self._counts[name] = 0
        self._sums[name].add_(loss, alpha=count)
        self._counts[name] += count

    def figures(self) -> Figures:
        """The averages by name."""
        return {name: total.item() / self._counts[name] for name, total in self._sums.items()}
