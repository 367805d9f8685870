"""Several processes that train one net, by Lightning Fabric over `torch.distributed`.

Each computes its part of every batch on a device of its own. With `ddp` each holds all weights (Li
et al., 2020); with `fsdp`, PyTorch's `fully_shard`, each holds a part of every weight and of what
the optimizer keeps for it, and has them whole only while they are used (Zhao et al., 2023).
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.strategies.model_parallel import ModelParallelStrategy
from lightning_fabric.strategies.strategy import Strategy
from safetensors.numpy import load, save
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.rendezvous import rendezvous
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from netdsl.backends.engine import Array, Indices, Task
from netdsl.backends.torch.batchnorm import synchronised
from netdsl.backends.torch.feed import Batch
from netdsl.backends.torch.scoring import Scorer
from netdsl.backends.torch.team import Call, Calls, swapped, total
from netdsl.diagnostics import UserError

# Where in the store of the processes a process leaves word of why it ends.
_REASON = "netdsl/reason"
# For how long the first process waits for that word, in seconds.
_PATIENCE = 2.0
_MOMENT = 0.05
# What the numbers are divided by that an average is over, where there are none.
_LEAST = 1e-12
# Before the names of what goes from one process to another.
_OUTPUT, _FIELD = "output/", "field/"


class Gathered:
    """The processes that torchrun's environment variables tell of; see `Team` and `Sharing`."""

    def __init__(self, strategy: str, device: str) -> None:
        """Waits for the other processes; `device` is a kind of device, or `auto`."""
        # It says of every process that it has come.
        for name in ("lightning_fabric", "lightning.fabric"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self.whole = strategy == "ddp"
        here, everywhere = int(os.environ["LOCAL_WORLD_SIZE"]), int(os.environ["WORLD_SIZE"])
        accelerator = _accelerator(device, here)
        self._store = _joined("nccl" if accelerator == "cuda" else "gloo")
        self._fabric = Fabric(
            accelerator=accelerator,
            devices=here,
            num_nodes=everywhere // here,
            strategy=_Replicating() if self.whole else _sharding(everywhere),
            plugins=[TorchElasticEnvironment()],
        )
        self._fabric.launch()
        self.rank = self._fabric.global_rank
        self.size = self._fabric.world_size
        self.device = str(self._fabric.device)
        self._training: Any = None
        # Whether weights of the net that is prepared next may have no gradient.
        self.idle = True

    def check(self, task: Task) -> None:
        """Refuses what weights in parts do not go with."""
        unfit = {"precision=float16": task.precision == "float16", "fast": task.fast}
        for name, asked in unfit.items():
            if asked and not self.whole:
                raise UserError(f"{name} goes with --strategy ddp alone, not with fsdp")

    def first(self, data: bytes) -> bytes:
        """See `Team.first`."""
        length = torch.tensor([len(data)], device=self.device)
        dist.broadcast(length, 0)
        values = torch.empty(int(length), dtype=torch.uint8, device=self.device)
        if self.rank == 0:
            values.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
        dist.broadcast(values, 0)
        return values.cpu().numpy().tobytes()

    def gathered(self, data: bytes) -> list[bytes]:
        """See `Team.gathered`."""
        sizes = torch.zeros(self.size, dtype=torch.int64, device=self.device)
        sizes[self.rank] = len(data)
        dist.all_reduce(sizes)
        lengths: list[int] = sizes.tolist()
        own = torch.zeros(max(lengths), dtype=torch.uint8)
        if data:
            own[: len(data)] = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        own = own.to(self.device)
        parts = [torch.empty_like(own) for _ in lengths]
        dist.all_gather(parts, own)
        pairs = zip(parts, lengths, strict=True)
        return [part[:length].cpu().numpy().tobytes() for part, length in pairs]

    @contextmanager
    def guard(self) -> Iterator[None]:
        """See `Team.guard`."""
        try:
            yield
        except RuntimeError as error:
            if not _is_of_another(error):
                raise
            if self.rank > 0:
                os._exit(1)  # the first process says it; what still waits would speak too
            raise UserError(self._reason()) from error

    def tell(self, sentence: str) -> None:
        """See `Team.tell`."""
        with suppress(RuntimeError):  # the first process may have ended
            self._store.set(_REASON, sentence)

    def leave(self) -> None:
        """See `Team.leave`."""
        self._fabric.barrier()
        # Gloo's threads may still need Python's lock, under which they would be waited for here.
        if dist.get_backend() == "nccl":
            dist.destroy_process_group()

    def parts(self, batches: Sequence[Indices]) -> Sequence[Indices]:
        """See `Sharing.parts`; what is too small to be shared out is computed by every process."""
        size = self.size
        return [batch[self.rank :: size] if len(batch) >= size else batch for batch in batches]

    def has_part(self, examples: int) -> bool:
        """See `Sharing.has_part`."""
        return self.rank == 0 or examples >= self.size

    def turns(self, batches: Sequence[Indices]) -> Sequence[Indices]:
        """See `Sharing.turns`."""
        own = list(batches[self.rank :: self.size])
        return own + [batches[0]] * (-(-len(batches) // self.size) - len(own))

    def turn(self, number: int) -> int:
        """See `Sharing.turn`."""
        return number * self.size + self.rank

    def numbered(
        self, fed: Iterator[tuple[int, Batch]], expected: int
    ) -> Iterator[tuple[int, tuple[int, Batch]]]:
        """See `Sharing.numbered`."""
        count = 0
        for count, batch in enumerate(fed, 1):
            yield count - 1, batch
        if count < expected:
            raise UserError(
                "so many examples of a batch cannot be read that a process has no part of it"
            )

    def shared(
        self,
        losses: Sequence[Tensor],
        scorers: Sequence[Scorer],
        aimed: Mapping[Scorer, Batch],
        examples: int,
    ) -> tuple[Tensor, Tensor]:
        """See `Sharing.shared`; each loss is an average over what the processes have unlike."""
        own = torch.zeros(1 + len(scorers), dtype=torch.float64, device=self.device)
        if examples:
            own.fill_(examples)
            for number, scorer in enumerate(scorers, 1):
                over = scorer.over(aimed[scorer])
                if over is not None:
                    own[number] = over
        whole = own.clone()
        dist.all_reduce(whole)
        # Where nothing counts anywhere, each loss is 0.
        shares = own / whole.clamp(min=_LEAST)
        loss = total([one * shares[i].to(one.dtype) for i, one in enumerate(losses, 1)])
        return loss * self.size, loss.detach() * (whole[0] / max(1, examples))

    def shown(
        self, outputs: Mapping[str, Array], fields: Mapping[str, Array], counted: bool
    ) -> Iterable[tuple[Mapping[str, Array], Mapping[str, Array]]]:
        """See `Sharing.shown`."""
        both = {_OUTPUT + n: v for n, v in outputs.items()}
        both |= {_FIELD + n: v for n, v in fields.items()}
        contiguous = {name: np.ascontiguousarray(values) for name, values in both.items()}
        for data in self.gathered(save(contiguous) if counted else b""):
            if data:
                found = load(data)
                yield _below(found, _OUTPUT), _below(found, _FIELD)

    def seed(self, seed: int) -> int:
        """See `Sharing.seed`; the first process draws what one alone draws."""
        return (seed + self.rank) % 2**63

    def prepared(self, module: nn.Module, call: Call, used: frozenset[str]) -> Calls:
        """See `Sharing.prepared`."""
        called = _Called(synchronised(module, self._fabric.device), call, used, self.idle)
        self._training = self._fabric.setup_module(called)
        return Calls(self._training, call if self.whole else self._training)

    def averaging(self, now: bool) -> AbstractContextManager[object]:
        """See `Sharing.averaging`."""
        context: AbstractContextManager[object] = self._fabric.no_backward_sync(
            self._training, enabled=not now
        )
        return context

    def summed(self, *numbers: Tensor | float) -> list[float]:
        """See `Sharing.summed`."""
        sums = torch.zeros(len(numbers), dtype=torch.float64, device=self.device)
        for place, number in zip(sums, numbers, strict=True):
            place.copy_(torch.as_tensor(number))
        dist.all_reduce(sums)
        found: list[float] = sums.tolist()
        return found

    def full(self, tensor: Tensor) -> Tensor:
        """See `Sharing.full`."""
        return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor

    def held(self, tensor: Tensor) -> Tensor:
        """See `Sharing.held`."""
        return tensor.to_local() if isinstance(tensor, DTensor) else tensor

    def placed(self, values: Tensor, like: Tensor) -> Tensor:
        """See `Sharing.placed`."""
        if not isinstance(like, DTensor) or values.shape != like.shape:
            return values
        return distribute_tensor(values.to(self.device), like.device_mesh, like.placements)

    def showing(
        self, weights: Sequence[Tensor], values: Sequence[Tensor]
    ) -> AbstractContextManager[None]:
        """See `Sharing.showing`."""
        return swapped(weights, values) if self.whole else _copied(weights, values)

    def _reason(self) -> str:
        """Why another process ended; Ctrl-C, of which all hear, ends the wait for it."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            try:
                if self._store.check([_REASON]):
                    reason: str = self._store.get(_REASON).decode()
                    return reason
            except RuntimeError:  # it was kept by a process that ended
                break
            time.sleep(_MOMENT)
        return "another process of the training has ended"


class _Replicating(DDPStrategy):
    """Fabric's `ddp`, by what is known of a net: it waits for no gradient that does not come."""

    def setup_module(self, module: nn.Module) -> DistributedDataParallel:
        assert isinstance(module, _Called)
        place = None if self.root_device.type == "cpu" else [self.root_device]
        # Where an axis has one number its place in memory is not defined; nothing is copied.
        warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
        with warnings.catch_warnings():
            # The other name for it is not in every version.
            warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated")
            return DistributedDataParallel(
                module,
                device_ids=place,
                # Statistics of batches are the same everywhere, and so are those that run.
                broadcast_buffers=False,
                find_unused_parameters=module.idle,
            )


class _Called(nn.Module):
    """A module that is called by one of its methods, for what wraps what is called `forward`.

    Of several outputs it gives those that are used: a gradient is waited for from each. `idle` says
    whether weights may have none.
    """

    def __init__(self, module: nn.Module, call: Call, used: frozenset[str], idle: bool) -> None:
        super().__init__()
        self.idle = idle
        self.module = module
        self._call = call
        self._used = used

    def forward(self, *given: Tensor) -> Tensor | dict[str, Tensor]:
        result = self._call(*given)
        if isinstance(result, dict):
            return {name: values for name, values in result.items() if name in self._used}
        return result


@contextmanager
@torch.no_grad()
def _copied(weights: Sequence[Tensor], values: Sequence[Tensor]) -> Iterator[None]:
    """Has tensors be other numbers in this block, where they are; others know of their storage."""
    own = [weight.detach().clone() for weight in weights]
    for weight, other in zip(weights, values, strict=True):
        weight.copy_(other)
    try:
        yield
    finally:
        for weight, mine in zip(weights, own, strict=True):
            weight.copy_(mine)


def _accelerator(device: str, count: int) -> str:
    """What Fabric calls a kind of device, of which there must be so many."""
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"several devices are of one kind: --device cpu or cuda, not {device}")
    there = torch.cuda.device_count()
    if device == "cuda" and there < count:
        raise UserError(f"there are {there} GPUs here, but {count} processes; use --device cpu")
    return "cuda" if device != "cpu" and there >= count else "cpu"


def _joined(backend: str) -> Any:
    """The store of the processes, which have found one another when this returns."""
    store, rank, size = next(rendezvous("env://"))
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)
    return store


def _sharding(size: int) -> Strategy:
    return ModelParallelStrategy(_shared_out, data_parallel_size=size, tensor_parallel_size=1)


def _shared_out(module: nn.Module, mesh: DeviceMesh) -> nn.Module:
    fully_shard(module, mesh=mesh["data_parallel"])
    return module


def _is_of_another(error: RuntimeError) -> bool:
    """Whether a failure is that of a process which another one has left."""
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def _below(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    found = ((name, values) for name, values in arrays.items() if name.startswith(prefix))
    return {name.removeprefix(prefix): values for name, values in found}
