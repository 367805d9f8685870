"""What a step does to the weights once the gradients are there: clip, optimize, average."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from netdsl.backends.engine import LOSS_GROWTH, LOSS_SCALE, MEAN, Array, Task
from netdsl.backends.torch.optimizers import names_kept, optimizer
from netdsl.backends.torch.team import Sharing

# As Keras starts it, so that both see the same overflows.
_FIRST_SCALE = 2.0**15


def freeze(module: nn.Module, frozen: Collection[str]) -> None:
    """Has the weights of these names stay as they are."""
    for name, weight in module.named_parameters():
        weight.requires_grad_(name not in frozen)


class Updates:
    """Moves the weights of a module that are not frozen, alike in every process of a team."""

    def __init__(self, module: nn.Module, task: Task, device: torch.device, team: Sharing) -> None:
        self._team = team
        named = module.named_parameters()
        self._weights = {name: weight for name, weight in named if weight.requires_grad}
        self._rate = task.optimizer.lr
        self._factor = 1.0
        self._optimizer = optimizer(task.optimizer, self._weights, task.undecayed, team.whole)
        self._needed = names_kept(task.optimizer)
        self._accumulate = task.accumulate
        self._clip = task.clip
        self._share = task.ema
        self._means: list[Tensor] | None = None
        half = task.precision == "float16"
        self._scaler = torch.amp.GradScaler(device.type, init_scale=_FIRST_SCALE) if half else None

    def clear(self) -> None:
        """Forgets the gradients of the step before."""
        self._optimizer.zero_grad(set_to_none=True)

    def backward(self, loss: Tensor) -> None:
        """Adds the gradients of a batch."""
        if self._accumulate > 1:
            loss = loss / self._accumulate
        if self._scaler is not None:
            loss = self._scaler.scale(loss)
        loss.backward()  # type: ignore[no-untyped-call]

    def step(self, factor: float) -> None:
        """Moves the weights, at the optimizer's rate times a factor."""
        if factor != self._factor:
            self._factor = factor
            for group in self._optimizer.param_groups:
                group["lr"] = self._rate * factor
        if self._clip is not None:
            if self._scaler is not None:
                self._scaler.unscale_(self._optimizer)
            nn.utils.clip_grad_norm_(self._weights.values(), self._clip)
        if self._scaler is None:
            self._optimizer.step()
        else:
            self._scaler.step(self._optimizer)
            self._scaler.update()
        if self._share is not None:
            self._average(self._share)

    def kept(self) -> dict[str, Array]:
        """The running means by the names of their weights; none before the first step."""
        pairs = zip(self._weights, self._means or (), strict=False)
        return {name: copied(self._team.full(mean)) for name, mean in pairs}

    def forget(self) -> None:
        """Has the running means begin anew at the next step."""
        self._means = None

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Has the module use the running means in this block, where there are any."""
        means = self._means or []
        weights = list(self._weights.values())[: len(means)]
        with self._team.showing(weights, means):
            yield

    def state(self) -> dict[str, Array]:
        """See `Engine.state`."""
        names = list(self._ordered())
        state = {
            f"{names[index]}.{key}": copied(self._team.full(value))
            for index, values in self._optimizer.state_dict()["state"].items()
            for key, value in values.items()
            if value is not None
        }
        state |= {f"{name}.{MEAN}": values for name, values in self.kept().items()}
        if self._scaler is not None:
            scaler = self._scaler.state_dict()
            state[LOSS_SCALE] = copied(torch.tensor(scaler["scale"]))
            state[LOSS_GROWTH] = copied(torch.tensor(scaler["_growth_tracker"]))
        return state

    def put_state(self, state: Mapping[str, Array]) -> None:
        """See `Engine.put_state`."""
        index = {name: i for i, name in enumerate(self._ordered())}
        per_weight: dict[int, dict[str, Tensor]] = {}
        means: dict[str, Tensor] = {}
        for name, values in state.items():
            weight, _, key = name.rpartition(".")
            tensor = torch.from_numpy(values.copy())
            if key == MEAN and weight in self._weights:
                like = self._weights[weight]
                means[weight] = self._team.placed(tensor.to(like.device, like.dtype), like)
            elif weight in index:
                placed = self._team.placed(tensor, self._weights[weight])
                per_weight.setdefault(index[weight], {})[key] = placed
        fitting = {i: kept for i, kept in per_weight.items() if self._needed <= kept.keys()}
        whole = self._optimizer.state_dict()
        self._optimizer.load_state_dict({**whole, "state": fitting})
        self._means = [means[name] for name in self._weights] if means else None
        if self._scaler is not None and LOSS_SCALE in state:
            scale = {"scale": float(state[LOSS_SCALE]), "_growth_tracker": int(state[LOSS_GROWTH])}
            self._scaler.load_state_dict({**self._scaler.state_dict(), **scale})

    def _ordered(self) -> Iterator[str]:
        """The names of the weights in the order of the optimizer."""
        names = {weight: name for name, weight in self._weights.items()}
        for group in self._optimizer.param_groups:
            for weight in group["params"]:
                yield names[weight]

    @torch.no_grad()
    def _average(self, share: float) -> None:
        weights = [weight.detach() for weight in self._weights.values()]
        if self._means is None:
            self._means = [weight.clone() for weight in weights]
        else:
            torch._foreach_lerp_(self._means, weights, 1 - share)


def copied(tensor: Tensor) -> Array:
    """The numbers of a tensor, which stay when it changes."""
    array: Array = tensor.detach().cpu().clone().numpy()
    return array
