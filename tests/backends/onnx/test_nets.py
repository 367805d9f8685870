"""Whole nets as ONNX models: legal, and with PyTorch's outputs for any batch and any open size."""

from __future__ import annotations

import pytest

import netdsl
from netdsl.graph import ElaboratedNet
from tests.backends.onnx.nets import Both
from tests.backends.torch.nets import TEXTS, small

# What a whole net may differ by, of its largest output.
TOLERANCE = 1e-4

# Bundled nets with what makes them small; the largest still takes but seconds.
BUNDLED: dict[str, dict[str, str]] = {
    "lenet": {},
    "mlp_maxout": {},
    "resnet20_cifar": {},
    "swapout20_2": {},
    "fractalnet_depth10": {},
    "googlenet": {},
    "mobilenet_v2": {"size": "64"},
    "keras/MobileNet_alpha0.25": {"size": "64"},
}

# What flows through a net whose input is ? x ? x 3.
OPEN = {
    "convolutions": "conv(4, 3, stride=2, pad=same) -> conv(5, 1, stride=2, pad=same) -> relu",
    "convolutions_of_several_strides": "conv(4, (3, 2), stride=(1, 2), pad=same)",
    "dilated": "conv(4, 3, stride=2, dilation=2, pad=same) -> depthwise(2, stride=3, pad=same)",
    "separable": "separable(4, 4, stride=3, dilation=(1, 2), pad=same) -> separable(4, 3)",
    "transposed": "conv_transpose(4, 3, stride=2, pad=same) -> conv_transpose(4, 3, dilation=2)",
    "pools": "maxpool(3, stride=2, ceil=true) -> avgpool(2, ceil=true) -> maxpool(2, stride=1)",
    "pools_beyond_the_end": "maxpool(2, stride=3, ceil=true) -> avgpool(2, pad=1, ceil=true)",
    "pools_that_count": "avgpool(3, stride=2, pad=1, ceil=true, count_pad=true)",
    "pools_with_the_same_size": "maxpool(3, stride=2, pad=same) -> avgpool(3, stride=2, pad=same)",
    "short_pools": "avgpool(2, stride=3, pad=same) -> maxpool(2, stride=3, pad=same)",
    "counting_short_pools": "avgpool(2, stride=3, pad=same, count_pad=true)",
    "adaptive": "adaptive_avgpool((3, 2)) -> adaptive_maxpool(2) -> flatten -> dense(4)",
    "global": "global_maxpool(keep=true) -> adaptive_avgpool(1) -> flatten -> dense(2)",
    "unpooled": "maxpool(2) as p -> conv(3, 3, pad=same) -> unpool(p)",
    "unpooled_with_overlap": "maxpool(3, stride=2, pad=same) as p -> relu -> unpool(p)",
    "indices": "maxpool(2, stride=3, pad=same) as p\noutput p.indices as places\nrelu",
    "norms": "conv(8, 1) -> groupnorm(4) -> layernorm -> instancenorm -> rmsnorm -> l2_normalize",
    "neighbours": "conv(8, 1) -> lrn(alpha=0.5) -> lrn(size=4, alpha=0.5)",
    "tensors_of_its_own": "scale = parameter((1, 1, 3))\nadd(it * scale, constant([[[1, 2, 3]]]))",
}


def of(text: str) -> ElaboratedNet:
    """The net of a text."""
    return netdsl.load("test.net", text=text).elaborated


@pytest.mark.parametrize("name", TEXTS)
def test_small_nets_agree(name: str) -> None:
    assert Both(small(name)).difference() <= TOLERANCE


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_nets_agree_for_any_batch(name: str) -> None:
    both = Both(netdsl.load(name, set=BUNDLED[name]).elaborated)
    for batch in (1, 3):
        assert both.difference(batch) <= TOLERANCE


@pytest.mark.parametrize("name", OPEN)
def test_open_sizes_may_be_any(name: str) -> None:
    both = Both(of(f"net Test {{\n  input image: ? x ? x 3\n  {OPEN[name]}\n}}"))
    for height, width in ((12, 17), (19, 14), (11, 13)):
        assert both.difference(height=height, width=width) <= TOLERANCE
