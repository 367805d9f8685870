"""PyTorch's rows of the augmentations: what is drawn to pixels, on the device of the pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from netdsl.backends.augment import Augmenting, Drawn, followed, mixing
from netdsl.backends.engine import Array
from netdsl.backends.torch.scoring import to_numpy, to_torch
from netdsl.catalog.augmentations import (
    Affine,
    Augmentation,
    ColorJitter,
    Crop,
    CutMix,
    Cutout,
    Flip,
    Mixing,
    Mixup,
    Noise,
    Rotate,
    Scale,
    Shift,
)

# The weights of red, green and blue in grey (ITU-R BT.601), as torchvision rounds them.
_GREY = (0.2989, 0.587, 0.114)


def augment(
    steps: Sequence[Augmentation], drawn: Sequence[Drawn], images: Tensor, nearest: bool = False
) -> Tensor:
    """Pictures (n, channels, height, width) after the steps; with `nearest` maps of classes.

    Maps are (n, height, width) of whole numbers, for geometric steps and `cutmix`. `noise` and
    `mixup` take floats of any shape (n, …).
    """
    flow = images[:, None].to(torch.float32) if nearest else images
    for step, values in zip(steps, drawn, strict=True):
        flow = _ROWS[type(step)](step, values, flow, nearest)
    return flow[:, 0].to(images.dtype) if nearest else flow


def mixed(steps: Sequence[Augmentation], drawn: Sequence[Drawn], target: Tensor) -> Tensor:
    """Float targets (n, …), mixed as the examples are; steps that mix none change nothing."""
    for step, values in zip(steps, drawn, strict=True):
        if isinstance(step, Mixing):
            target = _averaged(values, target)
    return target


def augmented(
    steps: Sequence[Augmentation], drawn: Sequence[Drawn], images: Array, nearest: bool = False
) -> Array:
    """`augment` of arrays, channels last."""
    return to_numpy(augment(steps, _on(drawn, torch.device("cpu")), to_torch(images), nearest))


class Augmenter:
    """Augments the fields of a batch, as an `Augmenting` says, on a device."""

    def __init__(
        self, augmenting: Augmenting, device: torch.device, precision: torch.dtype = torch.float32
    ) -> None:
        """`precision` is that of shares of classes."""
        self._augmenting = augmenting
        self._steps = augmenting.steps
        self._device = device
        self._precision = precision

    def draw(self, count: int, seed: int, batch: int) -> list[Drawn]:
        """See `Augmenting.draw`; the arrays are tensors on the device."""
        return _on(self._augmenting.draw(count, seed, batch), self._device)

    def input(self, drawn: Sequence[Drawn], name: str, values: Tensor) -> Tensor:
        """A field as it flows into the net."""
        return augment(*followed(self._steps, drawn, self._augmenting.inputs[name]), values)

    def target(
        self, drawn: Sequence[Drawn], name: str, values: Tensor, classes: int | None
    ) -> Tensor:
        """A field as a target; numbers of `classes` that are mixed become shares of them.

        Shares have the classes on the second axis, as PyTorch's losses take them.
        """
        role = self._augmenting.targets[name]
        moved = augment(*followed(self._steps, drawn, role), values, nearest=role == "mask")
        if not self._augmenting.mixes(name):
            return moved
        if classes is not None:
            moved = _one_hot(moved, classes)
        # Of one unit for two classes the number of the class is mixed.
        shares = moved if moved.is_floating_point() else moved.to(self._precision)
        return mixed(*mixing(self._steps, drawn, role), shares)


def _on(drawn: Sequence[Drawn], device: torch.device) -> list[Drawn]:
    return [
        {name: torch.from_numpy(values).to(device) for name, values in step.items()}
        for step in drawn
    ]


def _one_hot(labels: Tensor, classes: int) -> Tensor:
    numbers = torch.arange(classes, device=labels.device)
    return (labels[..., None] == numbers).movedim(-1, 1)


def _each(values: Tensor, like: Tensor) -> Tensor:
    """One number for each example, in the rank of `like`."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


def _averaged(drawn: Drawn, flow: Tensor) -> Tensor:
    share = _each(drawn["share"], flow)
    return share * flow + (1 - share) * flow.index_select(0, drawn["partner"])


# Rows


def _flip(step: Flip, drawn: Drawn, flow: Tensor, nearest: bool) -> Tensor:
    axis = 3 if step.axis == "width" else 2
    return torch.where(_each(drawn["flipped"], flow) > 0, flow.flip(axis), flow)


def _affine(step: Affine, drawn: Drawn, flow: Tensor, nearest: bool) -> Tensor:
    if "matrix" not in drawn:
        return flow  # the last of its neighbours has the map of all
    # `grid_sample` would lose three of the digits that places have in the middle of a picture.
    height, width = flow.shape[2:]
    matrix = drawn["matrix"].reshape(-1, 2, 3, 1, 1)
    y = (torch.arange(height, device=flow.device) - (height - 1) / 2)[:, None]
    x = torch.arange(width, device=flow.device) - (width - 1) / 2
    (column, right), (row, below) = (
        _split(matrix[:, i, 0] * x + matrix[:, i, 1] * y + matrix[:, i, 2], size, nearest)
        for i, size in enumerate((width, height))
    )
    if nearest:
        return _pixels(flow, row, column)
    right, below = right[:, None], below[:, None]
    upper, lower = (
        (1 - right) * _pixels(flow, at, column) + right * _pixels(flow, at, column + 1)
        for at in (row, row + 1)
    )
    return (1 - below) * upper + below * lower


def _split(place: Tensor, size: int, nearest: bool) -> tuple[Tensor, Tensor]:
    """Places from the centre of an axis as the number of a pixel, and how far they lie behind it.

    Numbers from the centre are smaller, so that shares keep more of their digits.
    """
    place = place + (size - 1) % 2 / 2
    whole = place.round() if nearest else place.floor()
    return whole.to(torch.int64) + (size - 1) // 2, place - whole


def _pixels(flow: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The pixels at these places (n, height, width), of every channel; 0 from outside."""
    height, width = flow.shape[2:]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    place = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
    taken = flow.flatten(2).gather(2, place.flatten(1)[:, None].expand(-1, flow.shape[1], -1))
    return taken.reshape(flow.shape) * inside[:, None]


def _crop(step: Crop, drawn: Drawn, flow: Tensor, nearest: bool) -> Tensor:
    rows, columns = (
        drawn["corner"][:, axis, None]
        - step.amount
        + torch.arange(flow.shape[2 + axis], device=flow.device)
        for axis in (0, 1)
    )
    return _pixels(flow, rows[:, :, None], columns[:, None, :])


def _noise(step: Noise, drawn: Drawn, flow: Tensor, nearest: bool) -> Tensor:
    return flow + step.std * torch.randn_like(flow)


def _cutout(step: Cutout, drawn: Drawn, flow: Tensor, nearest: bool) -> Tensor:
    return torch.where(_inside(drawn["box"], flow), 0, flow)


def _mixup(step: Mixup, drawn: Drawn, flow: Tensor, nearest: bool) -> Tensor:
    return _averaged(drawn, flow)


def _cutmix(step: CutMix, drawn: Drawn, flow: Tensor, nearest: bool) -> Tensor:
    other = flow.index_select(0, drawn["partner"])
    return torch.where(_inside(drawn["box"], flow), other, flow)


def _inside(box: Tensor, flow: Tensor) -> Tensor:
    """Which pixels are in the boxes: (n, 1, height, width)."""
    height, width = flow.shape[2:]
    top, bottom, left, right = box.reshape(-1, 4, 1, 1, 1).unbind(1)
    y = torch.arange(height, device=flow.device)[:, None]
    x = torch.arange(width, device=flow.device)
    return (y >= top) & (y < bottom) & (x >= left) & (x < right)


def _color_jitter(step: ColorJitter, drawn: Drawn, flow: Tensor, nearest: bool) -> Tensor:
    brightness, contrast, saturation, hue = (
        _each(drawn[name], flow) for name in ("brightness", "contrast", "saturation", "hue")
    )
    flow = (flow * brightness).clamp(0, 1)
    flow = _away(flow, _grey(flow).mean((1, 2, 3), keepdim=True), contrast)
    if step.saturation:
        flow = _away(flow, _grey(flow), saturation)
    return _turned(flow, hue) if step.hue else flow


def _away(flow: Tensor, origin: Tensor, factor: Tensor) -> Tensor:
    return (factor * flow + (1 - factor) * origin).clamp(0, 1)


def _grey(flow: Tensor) -> Tensor:
    if flow.shape[1] != len(_GREY):
        return flow.mean(1, keepdim=True)
    weights = torch.tensor(_GREY, device=flow.device).reshape(1, -1, 1, 1)
    return (flow * weights).sum(1, keepdim=True)


def _turned(flow: Tensor, by: Tensor) -> Tensor:
    """Hues moved by a share of the circle, by way of hue, chroma and value (Smith, 1978)."""
    red, green, blue = flow.unbind(1)
    value, least = flow.amax(1), flow.amin(1)
    chroma = value - least
    divisor = torch.where(chroma > 0, chroma, 1)
    sextant = torch.where(
        value == red,
        (green - blue) / divisor,
        torch.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    sextant = sextant + 6 * by.reshape(-1, 1, 1)
    places = [(start + sextant) % 6 for start in (5, 3, 1)]
    return torch.stack(
        [value - chroma * torch.minimum(k, 4 - k).clamp(0, 1) for k in places], dim=1
    )


_Row = Callable[..., Tensor]

_ROWS: dict[type[Augmentation], _Row] = {
    Flip: _flip,
    **dict.fromkeys((Rotate, Scale, Shift), _affine),
    Crop: _crop,
    Noise: _noise,
    Cutout: _cutout,
    Mixup: _mixup,
    CutMix: _cutmix,
    ColorJitter: _color_jitter,
}
