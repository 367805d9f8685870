"""The curves of a run as a picture: loss and accuracy over the epochs."""

from __future__ import annotations

from pathlib import Path

from netdsl.training.files import whole
from netdsl.training.run import Entry

_TITLES = {"loss": "Loss", "accuracy": "Accuracy"}


def draw(path: Path, log: list[Entry], kept: int) -> None:
    """Draws training and validation figures; a line marks the epoch whose weights are kept."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [name for name in _TITLES if name in log[0]]
    figure = Figure(figsize=(5 * len(names), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    epochs = [entry["epoch"] for entry in log]
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        axes.plot(epochs, [entry[name] for entry in log], label="training")
        if f"val_{name}" in log[0]:
            axes.plot(epochs, [entry[f"val_{name}"] for entry in log], label="validation")
        axes.axvline(kept, color="0.7", linestyle=":", label="weights kept")
        axes.set_xlabel("Epoch")
        axes.set_ylabel(_TITLES[name])
        axes.legend()
    with whole(path) as draft:
        figure.savefig(draft, dpi=120)
