"""Attention within windows is that of torchvision's Swin Transformer, weights transplanted."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch

import netdsl

NAMES = {
    "relative_bias1.weight": "relative_position_bias_table",
    "attention1.in_proj_weight": "qkv.weight",
    "attention1.in_proj_bias": "qkv.bias",
    "attention1.out_proj.weight": "proj.weight",
    "attention1.out_proj.bias": "proj.bias",
}

# Height and width, the side of a window, by how much windows are shifted. With the third and fourth
# some windows are padded; in the fourth and fifth an axis has a single window.
CASES = [
    ((14, 14), 7, 0),
    ((14, 14), 7, 3),
    ((12, 7), 4, 2),
    ((4, 9), 4, 1),
    ((5, 5), 7, 3),
]


def ours(size: tuple[int, int], window: int, shift: int, bias: bool) -> torch.nn.Module:
    """A net of our block alone, on 16 channels."""
    text = (
        "from std import window_attention\n"
        f"net Use {{\n  input image: {size[0]} x {size[1]} x 16\n"
        f"  window_attention(2, {window}, shift={shift}, qkv_bias={str(bias).lower()})\n}}\n"
    )
    return netdsl.load("use.net", text=text).torch().eval()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("size", "window", "shift"), CASES)
@torch.no_grad()
def test_windows_are_those_of_swin(
    torchvision: ModuleType, size: tuple[int, int], window: int, shift: int, bias: bool
) -> None:
    from torchvision.models.swin_transformer import ShiftedWindowAttention

    torch.manual_seed(0)
    theirs = ShiftedWindowAttention(16, [window] * 2, [shift] * 2, 2, qkv_bias=bias).eval()
    for parameter in theirs.parameters():
        parameter.normal_(std=0.5)
    state = theirs.state_dict()
    model = ours(size, window, shift, bias)
    model.load_state_dict(
        {f"window_attention1.{our}": state[name] for our, name in NAMES.items() if name in state}
    )
    image = torch.randn(2, *size, 16)
    expected = theirs(image)
    found = model(image.movedim(-1, 1)).movedim(1, -1)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


@torch.no_grad()
def test_what_is_rolled_in_is_not_seen() -> None:
    """In the corner all four regions meet: a change at one end does not reach the other."""
    model = ours((8, 8), 4, 2, True)
    image = torch.randn(1, 16, 8, 8)
    changed = image.clone()
    changed[:, :, 0, 0] += 1
    touched = (model(changed) - model(image)).abs().sum(1)[0] > 1e-6
    assert touched[:2, :2].all()
    assert touched.sum() == 4
