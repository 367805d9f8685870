"""A run that is there, judged: its figures on the share that is held for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netdsl.backends.engine import Indices, Judge
from netdsl.catalog.methods import Hebbian
from netdsl.data.examples import Examples
from netdsl.training import backends
from netdsl.training.hebbian import recalling
from netdsl.training.plan import Plan
from netdsl.training.result import evaluate
from netdsl.training.spec import Opener
from netdsl.training.stored import Stored


def judge(
    path: Path,
    device: str,
    opener: Opener,
    backend_name: str | None = None,
    workers: int = 0,
) -> dict[str, Any]:
    """The result of a run's weights on its test share, by the backend that trained or another."""
    plan, engine, examples = reopen(path, device, opener, backend_name, workers)
    result = result_of(plan, engine, examples)
    examples.close()
    return result


def reopen(
    path: Path, device: str, opener: Opener, backend_name: str | None = None, workers: int = 0
) -> tuple[Plan, Judge, Examples]:
    """The plan of a run over the data that it was begun with, and a judge with its weights."""
    stored = Stored.open(path, opener)
    plan = stored.plan()
    weights = stored.weights(plan.net)
    chosen = backends.runtime(backend_name or stored.backend)
    examples = plan.examples(workers)
    engine: Judge = (
        recalling(plan, chosen, examples, device)
        if isinstance(plan.settings.method, Hebbian)
        else chosen.make_engine(plan.net, plan.task, examples, device)
    )
    engine.put_weights(weights)
    return plan, engine, examples


def judged_share(plan: Plan) -> tuple[str, Indices]:
    """The share that a run is judged by, with its examples: the first that has any.

    What patterns a net recalls is asked of those that it has stored.
    """
    parts = {"test": plan.split.test, "validation": plan.split.validation}
    if isinstance(plan.settings.method, Hebbian):
        parts = {}
    share = next((name for name, part in parts.items() if len(part)), "train")
    return share, parts.get(share, np.unique(plan.split.train))


def result_of(plan: Plan, engine: Judge, examples: Examples) -> dict[str, Any]:
    """The figures of an engine's weights on the share that its run is judged by, with its name."""
    share, rows = judged_share(plan)
    return {"share": share} | evaluate(plan, engine, examples, rows)
