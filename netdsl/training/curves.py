"""The curves of a run as a picture: loss and accuracy over the epochs, else every figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.training.figures import figures_of
from netdsl.training.files import whole
from netdsl.training.run import Entry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TITLES = {"loss": "Loss", "accuracy": "Accuracy"}
_LABELS = {"": "training", "val_": "validation"}


def draw(path: Path, log: list[Entry], kept: int) -> None:
    """Draws training and validation figures; a line marks the epoch whose weights are kept."""
    figure = plotted(log, kept)
    with whole(path) as draft:
        figure.savefig(draft, dpi=120)


def plotted(log: list[Entry], kept: int) -> Figure:
    """The figure that `draw` writes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    names = [name for name in _TITLES if name in log[0]] or list(figures_of(log[0]))
    figure = Figure(figsize=(5 * len(names), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    epochs = [entry["epoch"] for entry in log]
    marker = "o" if len(log) == 1 else ""  # a line through one point is not seen
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        for prefix, label in _LABELS.items():
            if prefix + name in log[0]:
                axes.plot(epochs, [e[prefix + name] for e in log], label=label, marker=marker)
        axes.axvline(kept, color="0.7", linestyle=":", label="weights kept")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("Epoch")
        axes.set_ylabel(_TITLES.get(name, name.replace("_", " ").capitalize()))
        axes.legend()
    return figure
