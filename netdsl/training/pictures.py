"""Pictures that a method writes into the run folder at every epoch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netdsl.backends.engine import Array, Engine, as_numbers
from netdsl.catalog.methods import Adversarial, Stylize
from netdsl.data.grid import are_pictures, grid, png
from netdsl.graph import PICTURE
from netdsl.training.plan import Plan

# Beside the seed, so that the noise of the samples shares no draws with anything else.
_STREAM = 7


def picture(plan: Plan, engine: Engine, kept: Mapping[str, Array]) -> bytes | None:
    """What a run with these weights shows, as a PNG; None where its method shows nothing.

    Of adversaries that make pictures it is a grid of samples, always of the same noise; else the
    picture that is made for a net.
    """
    method = plan.settings.method
    if isinstance(method, Adversarial):
        made = samples(plan, engine, method.samples)
        return png(grid(made)) if are_pictures(made) else None
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
