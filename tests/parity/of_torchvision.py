"""torchvision's models with random numbers in every tensor."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tests.parity.in_pytorch import answer, channels_first
from tests.parity.references import Array, Draw, Reference, Size, figures
from tests.peers import import_torchvision

# What constructors want besides, so that they neither warn nor draw numbers that are not kept.
OPTIONS: dict[str, dict[str, object]] = {
    "googlenet": {"init_weights": False},
    "inception_v3": {"init_weights": False},
}


class TorchvisionReference(Reference):
    """A model of `torchvision.models`, with its auxiliary heads."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        with torch.device("meta"):
            build = getattr(import_torchvision().models, key)
            self.model: nn.Module = build(weights=None, **OPTIONS.get(key, {}))
        self.model.to_empty(device="cpu")
        draw = Draw(0)
        for name, parameter in self.model.named_parameters():
            parameter.data = torch.from_numpy(drawn(name, tuple(parameter.shape), draw))
        self._settle(draw)

    @torch.no_grad()
    def _settle(self, draw: Draw) -> None:
        """Gives batch normalisations the statistics of what flows in, moved at random."""
        norms = [layer for layer in self.model.modules() if isinstance(layer, nn.BatchNorm2d)]

        def settle(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
            assert norm.running_mean is not None
            assert norm.running_var is not None
            variance, mean = (value.numpy() for value in torch.var_mean(inputs[0], (0, 2, 3)))
            norm.reset_running_stats()
            norm.running_mean.copy_(torch.from_numpy(draw.mean(mean, variance)))
            norm.running_var.copy_(torch.from_numpy(draw.variance(variance, len(norms))))

        # Auxiliary heads exist in training alone; normalisations use what they were just given.
        self.model.train()
        hooks = [norm.eval().register_forward_pre_hook(settle) for norm in norms]
        self.model(channels_first(self.images))
        for hook in hooks:
            hook.remove()
        self.model.eval()

    @property
    def figures(self) -> dict[str, Any]:
        return figures("torchvision")[self.key]

    @property
    def expected(self) -> Size:
        return Size(self.figures["params"], self.figures["buffers"])

    @property
    def size(self) -> Size:
        learned = sum(parameter.numel() for parameter in self.model.parameters())
        return Size(learned, sum(buffer.numel() for buffer in self.model.buffers()))

    def save(self, path: Path) -> None:
        save = save_file if path.suffix == ".safetensors" else torch.save
        save(self.model.state_dict(), path)

    def logits(self, double: bool = False) -> Array:
        return answer(self.model, self.model, self.images, double)


def drawn(name: str, shape: tuple[int, ...], draw: Draw) -> Array:
    """Numbers for a parameter: a kernel, the factors of a normalisation, or offsets."""
    if len(shape) > 1:
        return draw.kernel(shape, math.prod(shape[1:]))
    return draw.factor(shape) if name.endswith("weight") else draw.offset(shape)
