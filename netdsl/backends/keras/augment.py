"""Keras' rows of the augmentations: what is drawn to pixels, within what Keras compiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
from keras import ops

from netdsl.backends.augment import Augmenting, Drawn, followed, mixing
from netdsl.backends.engine import Array
from netdsl.backends.keras.losses import Tensor
from netdsl.backends.keras.scoring import to_keras
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
from netdsl.record import Record

# The weights of red, green and blue in grey (ITU-R BT.601), as torchvision rounds them.
_GREY = (0.2989, 0.587, 0.114)
# Between the number of a step and the name of what was drawn for it.
_AT = "."


class _Way(Record):
    """How a row takes pixels: the nearest one or an average; what chance is drawn from."""

    nearest: bool
    seeds: Any


def augment(
    steps: Sequence[Augmentation],
    drawn: Sequence[Drawn],
    images: Tensor,
    nearest: bool = False,
    seeds: Any = None,
) -> Tensor:
    """Pictures (n, height, width, channels) after the steps; with `nearest` maps of classes.

    Maps are (n, height, width) of whole numbers, for geometric steps and `cutmix`. `noise` and
    `mixup` take floats of any shape (n, …). `seeds` is the `SeedGenerator` of `noise`.
    """
    flow = ops.cast(images[..., None], keras.config.floatx()) if nearest else images
    way = _Way(nearest, seeds)
    for step, values in zip(steps, drawn, strict=True):
        flow = _ROWS[type(step)](step, _as_precise(values, flow), flow, way)
    return ops.cast(flow[..., 0], images.dtype) if nearest else flow


def mixed(steps: Sequence[Augmentation], drawn: Sequence[Drawn], target: Tensor) -> Tensor:
    """Float targets (n, …), mixed as the examples are; steps that mix none change nothing."""
    for step, values in zip(steps, drawn, strict=True):
        if isinstance(step, Mixing):
            target = _averaged(_as_precise(values, target), target)
    return target


def augmented(
    steps: Sequence[Augmentation], drawn: Sequence[Drawn], images: Array, nearest: bool = False
) -> Array:
    """`augment` of arrays."""
    tensors = [
        {name: ops.convert_to_tensor(values) for name, values in step.items()} for step in drawn
    ]
    result: Array = ops.convert_to_numpy(
        augment(steps, tensors, ops.convert_to_tensor(to_keras(images)), nearest)
    )
    return result


class Augmenter:
    """Augments the fields of a batch, as an `Augmenting` says.

    `seeds` is the state that `noise` draws from.
    """

    def __init__(self, augmenting: Augmenting) -> None:
        self._augmenting = augmenting
        self._steps = augmenting.steps
        self.seeds = keras.random.SeedGenerator(0)

    def draw(self, count: int, seed: int, batch: int) -> dict[str, Array]:
        """See `Augmenting.draw`: all arrays in one mapping, as Keras hands them on."""
        drawn = self._augmenting.draw(count, seed, batch)
        return {
            f"{at}{_AT}{name}": values
            for at, step in enumerate(drawn)
            for name, values in step.items()
        }

    def input(self, drawn: Drawn, name: str, values: Tensor) -> Tensor:
        """A field as it flows into the net."""
        chosen = followed(self._steps, self._by_step(drawn), self._augmenting.inputs[name])
        return augment(*chosen, values, seeds=self.seeds)

    def target(self, drawn: Drawn, name: str, values: Tensor, classes: int | None) -> Tensor:
        """A field as a target; numbers of `classes` that are mixed become shares of them.

        Shares have the classes on the last axis.
        """
        role, by_step = self._augmenting.targets[name], self._by_step(drawn)
        moved = augment(*followed(self._steps, by_step, role), values, nearest=role == "mask")
        if not self._augmenting.mixes(name):
            return moved
        shares = (
            _as_floats(moved)
            if classes is None
            else ops.one_hot(moved, classes, dtype=keras.config.floatx())
        )
        return mixed(*mixing(self._steps, by_step, role), shares)

    def _by_step(self, drawn: Drawn) -> list[dict[str, Tensor]]:
        steps: list[dict[str, Tensor]] = [{} for _ in self._steps]
        for name, values in drawn.items():
            at, _, own = name.partition(_AT)
            steps[int(at)][own] = values
        return steps


def _as_floats(values: Tensor) -> Tensor:
    return values if _has_fractions(values) else ops.cast(values, keras.config.floatx())


def _as_precise(drawn: Drawn, flow: Tensor) -> Drawn:
    """Fractions that were drawn, in the precision of what they change."""
    kind = keras.backend.standardize_dtype(flow.dtype)
    return {
        name: ops.cast(values, kind) if _has_fractions(values) else values
        for name, values in drawn.items()
    }


def _has_fractions(values: Tensor) -> bool:
    kind = keras.backend.standardize_dtype(values.dtype)
    found: bool = keras.backend.is_float_dtype(kind)
    return found


def _each(values: Tensor, like: Tensor) -> Tensor:
    """One number for each example, in the rank of `like`."""
    return ops.reshape(values, (-1, *[1] * (len(like.shape) - 1)))


def _averaged(drawn: Drawn, flow: Tensor) -> Tensor:
    share = _each(drawn["share"], flow)
    return share * flow + (1 - share) * ops.take(flow, drawn["partner"], axis=0)


# Rows


def _flip(step: Flip, drawn: Drawn, flow: Tensor, way: _Way) -> Tensor:
    turned = ops.flip(flow, axis=2 if step.axis == "width" else 1)
    return ops.where(_each(drawn["flipped"], flow) > 0, turned, flow)


def _affine(step: Affine, drawn: Drawn, flow: Tensor, way: _Way) -> Tensor:
    if "matrix" not in drawn:
        return flow  # the last of its neighbours has the map of all
    height, width = flow.shape[1:3]
    matrix = ops.reshape(drawn["matrix"], (-1, 2, 3, 1, 1))
    y = ops.reshape(ops.arange(height, dtype=matrix.dtype) - (height - 1) / 2, (1, height, 1))
    x = ops.reshape(ops.arange(width, dtype=matrix.dtype) - (width - 1) / 2, (1, 1, width))
    (column, right), (row, below) = (
        _split(matrix[:, i, 0] * x + matrix[:, i, 1] * y + matrix[:, i, 2], size, way.nearest)
        for i, size in enumerate((width, height))
    )
    if way.nearest:
        return _pixels(flow, row, column)
    right, below = right[..., None], below[..., None]
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
    whole = ops.round(place) if nearest else ops.floor(place)
    return ops.cast(whole, "int32") + (size - 1) // 2, place - whole


def _pixels(flow: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The pixels at these places (n, height, width), of every channel; 0 from outside."""
    height, width, channels = flow.shape[1:]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    place = ops.clip(row, 0, height - 1) * width + ops.clip(column, 0, width - 1)
    # All examples in one line, for which every engine has a gather.
    first = ops.arange(ops.shape(flow)[0], dtype="int32") * (height * width)
    line = ops.reshape(flow, (-1, channels))
    taken = ops.take(line, _each(first, place) + place, axis=0)
    return taken * ops.cast(inside, flow.dtype)[..., None]


def _crop(step: Crop, drawn: Drawn, flow: Tensor, way: _Way) -> Tensor:
    height, width = flow.shape[1:3]
    corner = drawn["corner"] - step.amount
    row = ops.reshape(ops.arange(height, dtype="int32"), (1, height, 1))
    column = ops.reshape(ops.arange(width, dtype="int32"), (1, 1, width))
    return _pixels(flow, _each(corner[:, 0], row) + row, _each(corner[:, 1], column) + column)


def _noise(step: Noise, drawn: Drawn, flow: Tensor, way: _Way) -> Tensor:
    noise = keras.random.normal(ops.shape(flow), stddev=step.std, dtype=flow.dtype, seed=way.seeds)
    return flow + noise


def _cutout(step: Cutout, drawn: Drawn, flow: Tensor, way: _Way) -> Tensor:
    return ops.where(_inside(drawn["box"], flow), ops.zeros_like(flow), flow)


def _mixup(step: Mixup, drawn: Drawn, flow: Tensor, way: _Way) -> Tensor:
    return _averaged(drawn, flow)


def _cutmix(step: CutMix, drawn: Drawn, flow: Tensor, way: _Way) -> Tensor:
    other = ops.take(flow, drawn["partner"], axis=0)
    return ops.where(_inside(drawn["box"], flow), other, flow)


def _inside(box: Tensor, flow: Tensor) -> Tensor:
    """Which pixels are in the boxes: (n, height, width, 1)."""
    height, width = flow.shape[1:3]
    top, bottom, left, right = (ops.reshape(box[:, i], (-1, 1, 1, 1)) for i in range(4))
    y = ops.reshape(ops.arange(height, dtype="int32"), (1, height, 1, 1))
    x = ops.reshape(ops.arange(width, dtype="int32"), (1, 1, width, 1))
    return (y >= top) & (y < bottom) & (x >= left) & (x < right)


def _color_jitter(step: ColorJitter, drawn: Drawn, flow: Tensor, way: _Way) -> Tensor:
    brightness, contrast, saturation, hue = (
        _each(drawn[name], flow) for name in ("brightness", "contrast", "saturation", "hue")
    )
    flow = ops.clip(flow * brightness, 0, 1)
    flow = _away(flow, ops.mean(_grey(flow), axis=(1, 2, 3), keepdims=True), contrast)
    if step.saturation:
        flow = _away(flow, _grey(flow), saturation)
    return _turned(flow, hue) if step.hue else flow


def _away(flow: Tensor, origin: Tensor, factor: Tensor) -> Tensor:
    return ops.clip(factor * flow + (1 - factor) * origin, 0, 1)


def _grey(flow: Tensor) -> Tensor:
    if flow.shape[-1] != len(_GREY):
        return ops.mean(flow, axis=-1, keepdims=True)
    weights = ops.cast(ops.array(_GREY), flow.dtype)
    return ops.sum(flow * weights, axis=-1, keepdims=True)


def _turned(flow: Tensor, by: Tensor) -> Tensor:
    """Hues moved by a share of the circle, by way of hue, chroma and value (Smith, 1978)."""
    red, green, blue = (flow[..., i] for i in range(3))
    value, least = ops.max(flow, axis=-1), ops.min(flow, axis=-1)
    chroma = value - least
    divisor = ops.where(chroma > 0, chroma, 1)
    sextant = ops.where(
        ops.equal(value, red),
        (green - blue) / divisor,
        ops.where(ops.equal(value, green), (blue - red) / divisor + 2, (red - green) / divisor + 4),
    )
    sextant = sextant + 6 * by[..., 0]
    places = [ops.mod(start + sextant, 6) for start in (5, 3, 1)]
    return ops.stack(
        [value - chroma * ops.clip(ops.minimum(k, 4 - k), 0, 1) for k in places], axis=-1
    )


_Row: TypeAlias = Callable[..., Tensor]

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
