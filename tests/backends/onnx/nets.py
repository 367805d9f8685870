"""A net as an ONNX model beside its PyTorch model, with the same weights and inputs."""

from __future__ import annotations

import onnx
import torch
import torch.nn as nn

from netdsl.backends.onnx import build
from netdsl.backends.torch import build as build_in_torch
from netdsl.backends.torch.layout import order
from netdsl.graph import ElaboratedNet
from netdsl.tensor import TensorType, at
from tests.catalog.onnx_rows import check, difference, execute

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class Both:
    """A net on both backends, with the same weights; the model is legal.

    `sizes` are those known only at run time of the examples that batchnorms get statistics from.
    """

    def __init__(self, net: ElaboratedNet, **sizes: int) -> None:
        self.net = net
        torch.manual_seed(0)
        self.module = build_in_torch(net)
        self._settle(sizes)
        state = self.module.state_dict()
        self.weights = {name: tensor.numpy() for name, tensor in state.items()}
        self.model: onnx.ModelProto = build(net, self.weights)
        check(self.model)

    def _settle(self, sizes: dict[str, int]) -> None:
        """Statistics of random examples, so that numbers neither vanish nor explode in depth."""
        norms = [module for module in self.module.modules() if isinstance(module, _NORMS)]
        for norm in norms:
            norm.momentum = 1.0
        if norms:
            with torch.no_grad():
                self.module.train()(*self.inputs(4, **sizes))
        self.module.eval()

    def inputs(self, batch: int = 2, **sizes: int) -> list[torch.Tensor]:
        """Random inputs in PyTorch's layout; `sizes` are those known only at run time."""
        generator = torch.Generator().manual_seed(0)
        found = []
        for port in self.net.inputs:
            shape = known(port.type, batch, sizes)
            if port.type.number == "int":
                found.append(torch.randint(0, 5, shape, generator=generator))
            else:
                found.append(torch.randn(shape, generator=generator))
        return found

    def difference(self, batch: int = 2, **sizes: int) -> float:
        """The largest difference of an output, as a share of its largest number."""
        given = self.inputs(batch, **sizes)
        named = zip(self.net.inputs, given, strict=True)
        ours = execute(self.model, {port.name: tensor.numpy() for port, tensor in named})
        with torch.no_grad():
            theirs = self.module(*given)
        if not isinstance(theirs, dict):
            theirs = dict(zip(ours, [theirs], strict=True))
        assert ours.keys() == theirs.keys()
        return max(difference(ours[name], theirs[name].numpy()) for name in ours)


def known(type_: TensorType, batch: int, sizes: dict[str, int]) -> tuple[int, ...]:
    """PyTorch's shape of a tensor, given the sizes known only at run time."""
    shape = [at(type_.shape[axis], sizes) for axis in order(type_.rank)]
    return (batch, *(int(str(size)) for size in shape))
