"""Draws for augmentations, and which of them change which field: alike on every backend.

What is random is drawn here, by numpy, as a few numbers for each example of a batch, which depend
on the seed and the batch alone. A backend computes pixels from them, and draws only `noise`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from netdsl.catalog.augmentations import (
    Affine,
    Augmentation,
    ColorJitter,
    Crop,
    CutMix,
    Cutout,
    Flip,
    Geometric,
    Mixing,
    Mixup,
    Noise,
    Photometric,
    Rotate,
    Scale,
    Shift,
)
from netdsl.record import Record

Array: TypeAlias = npt.NDArray[Any]
# What was drawn for a step: arrays by name, whose first axis counts the examples of a batch.
Drawn: TypeAlias = Mapping[str, Any]
Shape: TypeAlias = tuple[int, ...]

# What a field of a batch is to augmentation.
# input: pictures that flow into the net. numbers: anything else that does.
# same: pictures that flow into the net, as the target that they are too.
# picture: other pictures that are a target, such as a map of depths.
# mask: (n, height, width), a class for each pixel. target: any other target.
Role = Literal["input", "numbers", "same", "picture", "mask", "target"]

# The steps that a field goes through; those of a `mask` before its classes become shares.
_FOLLOWED: dict[Role, tuple[type[Augmentation], ...]] = {
    "input": (Augmentation,),
    "numbers": (Noise, Mixup),
    "same": (Geometric, Photometric, Mixing),
    "picture": (Geometric, Mixing),
    "mask": (Geometric, CutMix),
    "target": (),
}
# Those that mix its targets afterwards. Boxes of masks have been cut out pixel by pixel.
_MIXED: dict[Role, tuple[type[Augmentation], ...]] = {"mask": (Mixup,), "target": (Mixing,)}

Pairs: TypeAlias = tuple[list[Augmentation], list[Drawn]]


class Augmenting(Record):
    """What is augmented: the steps, and what each field is to them.

    `shape` is that of one example of the pictures, (height, width, channels), or, where there are
    none, of the first input.
    """

    steps: tuple[Augmentation, ...]
    shape: Shape
    inputs: Mapping[str, Role]
    targets: Mapping[str, Role]

    def mixes(self, target: str) -> bool:
        """Whether a target becomes a mixture after all, so that classes must be shares."""
        return bool(mixing(self.steps, self.steps, self.targets[target])[0])

    def draw(self, count: int, seed: int, batch: int) -> tuple[Drawn, ...]:
        """What is drawn for `count` examples, the batch of that number in the epoch of a seed."""
        return draw(self.steps, count, self.shape, np.random.default_rng([seed, batch]))


def draw(
    steps: Sequence[Augmentation], count: int, shape: Shape, generator: np.random.Generator
) -> tuple[Drawn, ...]:
    """What is drawn for each step: arrays of float32 or int32 for `count` examples.

    The last of neighbouring affine steps has the `matrix` of all, (count, 2, 3): it maps a place
    in the new picture to one in the old, both as (x, y) in pixels from the centre.
    """
    drawn = [dict(_DRAWS[type(step)](step, count, shape, generator)) for step in steps]
    run = np.broadcast_to(np.eye(3), (count, 3, 3))
    for at, step in enumerate(steps):
        if not isinstance(step, Affine):
            continue
        run = run @ drawn[at].pop("inverse")
        if at + 1 == len(steps) or not isinstance(steps[at + 1], Affine):
            drawn[at]["matrix"] = run[:, :2].astype(np.float32)
            run = np.broadcast_to(np.eye(3), (count, 3, 3))
    return tuple(drawn)


def followed(steps: Sequence[Augmentation], drawn: Sequence[Any], role: Role) -> Pairs:
    """The steps that a field of a role goes through, with what was drawn for them."""
    return _of_kinds(steps, drawn, _FOLLOWED[role])


def mixing(steps: Sequence[Augmentation], drawn: Sequence[Any], role: Role) -> Pairs:
    """The steps that mix a target of a role after that, with what was drawn for them."""
    return _of_kinds(steps, drawn, _MIXED.get(role, ()))


def _of_kinds(
    steps: Sequence[Augmentation], drawn: Sequence[Any], kinds: tuple[type[Augmentation], ...]
) -> Pairs:
    pairs = [pair for pair in zip(steps, drawn, strict=True) if isinstance(pair[0], kinds)]
    return [step for step, _ in pairs], [values for _, values in pairs]


def _flip(step: Flip, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    return {"flipped": (generator.random(count) < step.chance).astype(np.int32)}


def _rotate(step: Rotate, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    angle = generator.uniform(-step.degrees, step.degrees, count)
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    # Against the clock as it is seen, where y goes down.
    inverse = _affine(count, {(0, 0): cosine, (0, 1): -sine, (1, 0): sine, (1, 1): cosine})
    return {"angle": angle.astype(np.float32), "inverse": inverse}


def _scale(step: Scale, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    factor = generator.uniform(step.from_, step.to, count)
    inverse = _affine(count, {(0, 0): 1 / factor, (1, 1): 1 / factor})
    return {"factor": factor.astype(np.float32), "inverse": inverse}


def _shift(step: Shift, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    x, y = (generator.uniform(-step.share, step.share, count) * shape[axis] for axis in (1, 0))
    offset = np.stack((y, x), axis=1).astype(np.float32)
    return {"offset": offset, "inverse": _affine(count, {(0, 2): -x, (1, 2): -y})}


def _affine(count: int, entries: Mapping[tuple[int, int], Array]) -> Array:
    """The identity with some entries for each example: (count, 3, 3), in doubles."""
    matrix = np.tile(np.eye(3), (count, 1, 1))
    for (row, column), values in entries.items():
        matrix[:, row, column] = values
    return matrix


def _crop(step: Crop, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    corner = generator.integers(0, 2 * step.amount, (count, 2), np.int32, endpoint=True)
    return {"corner": corner}


def _noise(step: Noise, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    return {}


def _cutout(step: Cutout, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    side = np.full(count, step.size)
    return {"box": _box(side, side, shape, generator)}


def _mixup(step: Mixup, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    share = _own_share(step.alpha, count, generator)
    return {"partner": _partners(count, generator), "share": share.astype(np.float32)}


def _cutmix(step: CutMix, count: int, shape: Shape, generator: np.random.Generator) -> Drawn:
    height, width, *_ = shape
    side = np.sqrt(1 - _own_share(step.alpha, count, generator))
    tall, wide = ((side * size).astype(np.int64) for size in (height, width))
    box = _box(tall, wide, shape, generator)
    area = (box[:, 1] - box[:, 0]) * (box[:, 3] - box[:, 2])
    share = 1 - area / (height * width)
    return {
        "partner": _partners(count, generator),
        "share": share.astype(np.float32),
        "box": box,
    }


def _own_share(alpha: float, count: int, generator: np.random.Generator) -> Array:
    return generator.beta(alpha, alpha, count) if alpha > 0 else np.ones(count)


def _partners(count: int, generator: np.random.Generator) -> Array:
    return generator.permutation(count).astype(np.int32)


def _box(tall: Array, wide: Array, shape: Shape, generator: np.random.Generator) -> Array:
    """(count, 4) of top, bottom, left and right, where bottom and right are not inside."""
    bounds = []
    for side, size in ((tall, shape[0]), (wide, shape[1])):
        first = generator.integers(0, size, len(side)) - side // 2
        bounds += [np.clip(first, 0, size), np.clip(first + side, 0, size)]
    return np.stack(bounds, axis=1).astype(np.int32)


def _color_jitter(
    step: ColorJitter, count: int, shape: Shape, generator: np.random.Generator
) -> Drawn:
    factors = {
        name: generator.uniform(max(0.0, 1 - far), 1 + far, count).astype(np.float32)
        for name, far in (
            ("brightness", step.brightness),
            ("contrast", step.contrast),
            ("saturation", step.saturation),
        )
    }
    return {**factors, "hue": generator.uniform(-step.hue, step.hue, count).astype(np.float32)}


_DRAWS: dict[type[Augmentation], Callable[..., Drawn]] = {
    Flip: _flip,
    Rotate: _rotate,
    Scale: _scale,
    Shift: _shift,
    Crop: _crop,
    Noise: _noise,
    Cutout: _cutout,
    Mixup: _mixup,
    CutMix: _cutmix,
    ColorJitter: _color_jitter,
}
