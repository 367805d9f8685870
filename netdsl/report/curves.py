"""Curves of the log as SVG, in the colours of a light and of a dark page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from netdsl.draw.theme import Theme, colors
from netdsl.record import Record
from netdsl.training.figures import VALIDATION, figures_of
from netdsl.training.run import Entry

# Of training, of the validation share, and of what is neither; on a light and on a dark page.
_LINES: Mapping[Theme, Mapping[str, str]] = {
    "light": {"training": "#2f6fb3", "validation": "#c2560c", "": "#2d8a4a"},
    "dark": {"training": "#78b0ea", "validation": "#f0a868", "": "#6fcf8b"},
}
_TITLES = {"loss": "Loss", "accuracy": "Accuracy", "rate": "Learning rate"}
# Everything is drawn with letters of the reader's page.
_FONT = re.compile(r"font: ?([^;\"]*?)(?:'DejaVu Sans'|DejaVu Sans)[^;\"]*")


class Chart(Record):
    """A figure over the epochs, drawn twice."""

    title: str
    light: str
    dark: str


def charts(log: Sequence[Entry], kept: int | None) -> list[Chart]:
    """A chart for each figure of the log, and for a learning rate that changes."""
    if not log:
        return []
    names = dict.fromkeys(name for entry in log for name in figures_of(entry))
    names |= dict.fromkeys(name for entry in log for name in figures_of(entry, VALIDATION))
    found = [
        _chart(
            _TITLES.get(name, name), log, kept, {"training": name, "validation": VALIDATION + name}
        )
        for name in names
    ]
    if len({entry.get("rate") for entry in log} - {None}) > 1:
        found.append(_chart(_TITLES["rate"], log, kept, {"": "rate"}))
    return found


def _chart(title: str, log: Sequence[Entry], kept: int | None, series: Mapping[str, str]) -> Chart:
    lines = {
        label: [(entry["epoch"], entry[name]) for entry in log if entry.get(name) is not None]
        for label, name in series.items()
    }
    drawn = {label: points for label, points in lines.items() if points}
    return Chart(title, _svg(drawn, kept, "light"), _svg(drawn, kept, "dark"))


def _svg(lines: Mapping[str, Sequence[tuple[int, float]]], kept: int | None, theme: Theme) -> str:
    """One picture; the epoch whose weights are kept has a line of its own."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    palette = colors(theme)
    with mpl.rc_context(_style(palette)):
        figure = Figure(figsize=(5.2, 2.9), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _plot(axes, lines, theme)
        if kept is not None:
            axes.axvline(kept, color=palette["faint"], linewidth=1, linestyle=(0, (1, 2)))
            end = axes.get_xaxis_transform()
            axes.text(kept, 1.02, "kept", color=palette["faint"], ha="center", transform=end)
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return _FONT.sub(r"font: \1system-ui, sans-serif", text.getvalue())


def _plot(axes: Any, lines: Mapping[str, Iterable[tuple[int, float]]], theme: Theme) -> None:
    from matplotlib.ticker import MaxNLocator

    for label, points in lines.items():
        epochs, values = zip(*points, strict=True)
        # A line through one point is not seen.
        marker = "o" if len(epochs) == 1 else ""
        color = _LINES[theme][label]
        axes.plot(epochs, values, label=label or None, color=color, linewidth=1.8, marker=marker)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.margins(x=0.02)
    axes.grid(axis="y")
    axes.set_xlabel("epoch")
    if any(lines):
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0, handlelength=1.4
        )


def _style(palette: Mapping[str, str]) -> Any:
    """How matplotlib draws, by the names of its settings."""
    faint = palette["faint"]
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "netdsl",
        "font.size": 9.5,
        "text.color": palette["text"],
        "axes.edgecolor": faint,
        "axes.labelcolor": faint,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "xtick.color": faint,
        "ytick.color": faint,
        "ytick.left": False,
        "grid.color": faint,
        "grid.alpha": 0.22,
        "grid.linewidth": 0.8,
        "legend.frameon": False,
    }
