"""What `netdsl check` says of the memory of a training step, beside what PyTorch really keeps.

Measured are the emitted model's weights, its gradients after a backward pass, what AdamW keeps of
each weight after a step, and the distinct storages that autograd saves in a forward pass in
training mode (`torch.autograd.graph.saved_tensors_hooks`). The meta device has the sizes of all
tensors and none of their numbers. Attention is measured on the CPU, whose fused kernel the meta
device has not.

`python bench/memory.py --write` writes the table of docs/check.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import torch

import netdsl
from netdsl.analyze.analysis import analyze
from netdsl.catalog.optimizers import AdamW
from netdsl.tensor import TensorType

NETS = (
    "torchvision/vgg16",
    "torchvision/resnet50",
    "torchvision/mobilenet_v2",
    "torchvision/densenet121",
    "torchvision/inception_v3",
    "torchvision/googlenet",
    "keras/NASNetMobile",
    "keras/Xception",
    "vit_b_16",
    "unet",
)
ON_CPU = frozenset({"vit_b_16"})
BATCH = 2
DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "check.md"
# What stands before the table and after it.
BEGIN, END = "<!-- bench/memory.py writes this -->\n", "<!-- until here -->\n"


class Bytes(NamedTuple):
    """What a step of training with AdamW needs; `saved` has the batch that flows in with it."""

    weights: int
    gradients: int
    optimizer_state: int
    saved: int


def predicted(name: str) -> Bytes:
    """What `netdsl check` says."""
    found = analyze(netdsl.load(name).elaborated, BATCH, AdamW()).memory
    assert found is not None
    return Bytes(found.weights, found.gradients, found.optimizer_state, found.saved)


def measured(name: str) -> Bytes:
    """What PyTorch keeps."""
    device = "cpu" if name in ON_CPU else "meta"
    return Bytes(*_lasting(name), saved(name, device))


def saved(name: str, device: str) -> int:
    """The bytes of all that autograd saves of a forward pass, and of what flows in."""
    model, inputs = _model(name, device)
    own = {_storage(tensor) for tensor in [*model.parameters(), *model.buffers()]}
    kept = [*inputs]

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(*inputs)
    storages = {_storage(tensor): tensor.untyped_storage().nbytes() for tensor in kept}
    return sum(size for storage, size in storages.items() if storage not in own)


def _lasting(name: str) -> tuple[int, int, int]:
    """The bytes of weights, gradients and the optimizer's state."""
    model, inputs = _model(name, "meta")
    made = model(*inputs)
    outputs = [made] if isinstance(made, torch.Tensor) else list(made.values())
    torch.stack([output.sum() for output in outputs]).sum().backward()
    optimizer = torch.optim.AdamW(model.parameters())
    optimizer.step()
    # PyTorch counts batches and steps in numbers of their own.
    weights = [tensor for tensor in model.state_dict().values() if tensor.dtype == torch.float32]
    gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
    state = [value for of_weight in optimizer.state.values() for value in of_weight.values()]
    return _bytes(weights), _bytes(gradients), _bytes(t for t in state if t.dim())


def _bytes(tensors: Iterable[torch.Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _storage(tensor: torch.Tensor) -> int:
    """What tells storages apart, also those that lie nowhere."""
    return int(tensor.untyped_storage()._cdata)


def _model(name: str, device: str) -> tuple[torch.nn.Module, list[torch.Tensor]]:
    """The emitted model in training mode, and a batch."""
    loaded = netdsl.load(name)
    with torch.device(device):
        model = loaded.torch().train()
        return model, [_batch(port.type) for port in loaded.elaborated.inputs]


def _batch(kind: TensorType) -> torch.Tensor:
    """Noise, channels first."""
    return torch.randn(BATCH, kind.shape[-1], *kind.shape[:-1])


def render(rows: Iterable[tuple[str, Bytes, Bytes]]) -> str:
    """The table: for each net what was predicted, and measured."""
    lines = [
        "| net | weights, statistics | gradients | AdamW's state"
        " | kept by autograd | measured | off |\n",
        "|---|--:|--:|--:|--:|--:|--:|\n",
    ]
    for name, said, found in rows:
        figures = [*said, found.saved]
        cells = " | ".join(f"{figure:,}" for figure in figures)
        lines.append(f"| `{name}` | {cells} | {100 * (said.saved / found.saved - 1):.2f} % |\n")
    return "".join(lines)


def with_table(document: str, table: str) -> str:
    """A document with the table in its place."""
    before, _, rest = document.partition(BEGIN)
    return before + BEGIN + table + END + rest.partition(END)[2]


def main() -> int:
    """Prints or writes the table; 1 where a prediction is off by more than 5 %."""
    rows = [(name, predicted(name), measured(name)) for name in NETS]
    if "--write" in sys.argv[1:]:
        text = with_table(DOCUMENT.read_text("utf-8"), render(rows))
        DOCUMENT.write_text(text, "utf-8")
    else:
        print(render(rows), end="")
    return int(not all(is_close(said, found) for _, said, found in rows))


def is_close(said: Bytes, found: Bytes) -> bool:
    """Whether what lasts is exact, and what autograd keeps within 5 %."""
    return said[:3] == found[:3] and abs(said.saved - found.saved) <= 0.05 * found.saved


if __name__ == "__main__":
    del sys.path[0]  # where bench/keras.py would hide the library
    sys.exit(main())
