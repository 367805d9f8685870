"""Where examples lie in the space of their codes, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from netdsl.backends.engine import Array
from netdsl.diagnostics import UserError
from netdsl.training.codes import Codes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Classes that are shown by colours of their own.
_COLOURS = 10


def plotted(found: Codes) -> Figure:
    """Examples by class along the two axes of their codes that vary the most.

    Raises `UserError` for codes of one number.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if found.values.shape[1] < 2:
        raise UserError(f"{found.name} is one number; a picture takes codes of two or more")
    # The axes in their order; of equal ones the first.
    axes = np.sort(np.argsort(-found.values.var(axis=0), kind="stable")[:2])
    figure = Figure(figsize=(6, 5), layout="constrained")
    FigureCanvasAgg(figure)
    place = figure.subplots()
    for name, members in _groups(found):
        x, y = found.values[members][:, axes].T
        place.scatter(x, y, s=9, label=name)
    place.set(xlabel=f"{found.name} {axes[0]}", ylabel=f"{found.name} {axes[1]}", aspect="equal")
    if found.labels is not None:
        figure.legend(loc="outside right upper")
    figure.suptitle(f"codes of the {found.share} share", fontsize="medium")
    return figure


def _groups(found: Codes) -> list[tuple[str, Array]]:
    """Which examples are shown together, with the name of what they are."""
    labels = found.labels
    if labels is None:
        return [("", np.arange(len(found.values)))]
    told = [(name, labels == number) for number, name in enumerate(found.classes[:_COLOURS])]
    others = labels >= _COLOURS
    return [*told, ("others", others)] if others.any() else told
