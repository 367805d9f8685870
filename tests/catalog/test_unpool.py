"""`unpool` is PyTorch's own unpooling, and in a spec it finds the maxpool that it undoes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import netdsl
from netdsl.diagnostics import SpecError
from netdsl.tensor import Dim

NET = "net Use {{\n  input x: {shape}\n  {pool} as p\n  rescale(-2)\n  unpool(p)\n}}\n"


def there_and_back(shape: tuple[int, ...], pool: str, image: torch.Tensor) -> torch.Tensor:
    """What a net makes of a batch, which pools, multiplies by -2 and unpools."""
    text = NET.format(shape=" x ".join(map(str, shape)), pool=pool)
    found: torch.Tensor = netdsl.load("use.net", text=text).torch().eval()(image)
    return found


# The shape, the pool, and what PyTorch calls it.
POOLS = [
    ((8, 6, 3), "maxpool(2)", (2, 2, 0, False)),
    ((9, 7, 3), "maxpool(2)", (2, 2, 0, False)),
    ((9, 7, 3), "maxpool(2, ceil=true)", (2, 2, 0, True)),
    ((9, 7, 3), "maxpool(3, stride=4, pad=1)", (3, 4, 1, False)),
    ((9, 3), "maxpool(2)", (2, 2, 0, False)),
    ((4, 6, 5, 3), "maxpool((2, 3, 1))", ((2, 3, 1), (2, 3, 1), 0, False)),
]


@pytest.mark.parametrize(("shape", "pool", "window"), POOLS)
def test_it_is_pytorch_s(shape: tuple[int, ...], pool: str, window: tuple[object, ...]) -> None:
    size, stride, pad, ceil = window
    axes = len(shape) - 1
    kernels = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
    back = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[axes - 1]
    image = torch.randn(2, 3, *shape[:-1])
    pooled, indices = kernels[axes - 1](
        image, size, stride, pad, ceil_mode=ceil, return_indices=True
    )
    expected = back(-2 * pooled, indices, size, stride, pad, output_size=shape[:-1])
    found = there_and_back(shape, pool, image.mT if axes == 1 else image)
    assert torch.equal(found.mT if axes == 1 else found, expected)


def test_numbers_are_back_where_they_came_from_with_uneven_padding_too() -> None:
    image = torch.rand(2, 3, 7, 5)
    found = there_and_back((7, 5, 3), "maxpool(2, pad=same)", image)
    assert torch.equal(found[found != 0], -2 * image[found != 0])
    assert (found != 0).sum() == 2 * 3 * 4 * 3


def test_where_windows_overlap_numbers_are_added() -> None:
    image = torch.zeros(1, 1, 3, 3)
    image[0, 0, 1, 1] = 1
    found = there_and_back((3, 3, 1), "maxpool(2, stride=1)", image)
    assert torch.equal(found, -8 * image)


def test_another_size_than_the_spec_s_is_unpooled_too() -> None:
    text = NET.format(shape="8 x 6 x 3", pool="maxpool(2)")
    model = netdsl.load("use.net", text=text).torch()
    assert model(torch.randn(1, 3, 10, 4)).shape == (1, 3, 10, 4)


def test_an_open_size_is_the_pool_s_input_s() -> None:
    text = "net Use {\n  input x: ? x ? x 3\n  maxpool(2) as p\n  relu -> unpool(p)\n}\n"
    net = netdsl.load("use.net", text=text)
    shape: tuple[Dim, ...] = net.elaborated.graph.types[net.elaborated.graph.result].shape
    assert list(map(str, shape)) == ["height", "width", "3"]
    assert net.torch()(torch.randn(1, 3, 5, 7)).shape == (1, 3, 5, 7)


def test_pools_are_remembered_through_a_list() -> None:
    text = (
        "net Use {\n  input x: 8 x 8 x 3\n  let pools = []\n"
        "  for _ in range(3) { maxpool(2) as pool\n let pools = [pool] + pools }\n"
        "  for pool in pools { unpool(pool) }\n}\n"
    )
    image = torch.rand(1, 3, 8, 8)
    found = netdsl.load("use.net", text=text).torch()(image)
    assert torch.equal(found, torch.where(image == image.amax((2, 3), keepdim=True), image, 0))


WRONG = {
    "unpool(it)": "pooled expects the output of a maxpool in this block",
    "conv(4, 1) as c -> unpool(c)": "pooled expects the output of a maxpool in this block",
    "unpool": "unpool needs pooled",
    "maxpool(2) as p -> conv(4, 1) -> unpool(p)": "unpool puts 4 x 4 x 4 back, but 4 x 4 x 3",
    "maxpool(2) as p -> maxpool(2) -> unpool(p)": "unpool puts 2 x 2 x 3 back, but 4 x 4 x 3",
}


@pytest.mark.parametrize("steps", WRONG)
def test_a_wrong_use_is_told(steps: str) -> None:
    with pytest.raises(SpecError) as caught:
        _ = netdsl.load("use.net", text=f"net Use {{\n  input x: 8 x 8 x 3\n  {steps}\n}}\n").name
    assert WRONG[steps] in caught.value.diagnostics[0].message
