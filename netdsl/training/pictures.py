"""Pictures that a method writes into the run folder at every epoch."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

import numpy as np

from netdsl.backends.engine import Array, Engine, as_numbers
from netdsl.catalog.methods import Adversarial, Stylize
from netdsl.graph import PICTURE
from netdsl.training.plan import Plan

# Beside the seed, so that the noise of the samples shares no draws with anything else.
_STREAM = 7
# Small pictures are enlarged until the longer side of each has so many pixels.
_LEGIBLE = 48
_GAP = 2


def picture(plan: Plan, engine: Engine, kept: Mapping[str, Array]) -> bytes | None:
    """What a run with these weights shows, as a PNG; None where its method shows nothing.

    Of adversaries that make pictures it is a grid of samples, always of the same noise; else the
    picture that is made for a net.
    """
    method = plan.settings.method
    if isinstance(method, Adversarial):
        made = samples(plan, engine, method.samples)
        return png(grid(made)) if made.ndim == 4 and made.shape[-1] in (1, 3) else None
    if isinstance(method, Stylize):
        return png(np.moveaxis(kept[f"{PICTURE}.weight"], 0, -1))
    return None


def first_picture(plan: Plan) -> dict[str, Array]:
    """The weight of a picture that starts as the content; nothing for any other plan."""
    method = plan.settings.method
    if not isinstance(method, Stylize) or method.from_noise:
        return {}
    content = as_numbers(plan.data.fields["content"].array[0])
    return {f"{PICTURE}.weight": np.ascontiguousarray(np.moveaxis(content, -1, 0))}


def samples(plan: Plan, engine: Engine, count: int) -> Array:
    """So many examples that a generator makes, of noise drawn by the seed."""
    contest = plan.task.contest
    assert contest is not None
    noise = contest.noise(count, plan.settings.seed, _STREAM)
    (made,) = engine.predict([noise]).values()
    return made


def grid(pictures: Array) -> Array:
    """Pictures (n, height, width, channels) side by side in a square, white between them.

    Small ones are enlarged without smoothing, so that their pixels are seen.
    """
    times = max(1, _LEGIBLE // max(pictures.shape[1:3]))
    large = pictures.repeat(times, axis=1).repeat(times, axis=2)
    count, height, width, channels = large.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.ones(
        (rows * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, channels), large.dtype
    )
    for number, one in enumerate(large):
        top = _GAP + number // columns * (height + _GAP)
        left = _GAP + number % columns * (width + _GAP)
        sheet[top : top + height, left : left + width] = one
    return sheet


def png(picture: Array) -> bytes:
    """A picture (height, width, channels), from 0 to 1, as a PNG; what is beyond is cut off."""
    from PIL import Image

    values = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(values[..., 0] if values.shape[-1] == 1 else values).save(file, "PNG")
    return file.getvalue()
