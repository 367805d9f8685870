"""From a run folder to the text of a page that needs nothing else.

What the folder says is always there. The examples that the net was worst at need the data and a
backend: where one of them is missing the page says so, and has the rest.
"""

from __future__ import annotations

import platform
from base64 import b64encode
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from netdsl.analyze.cost import Costs
from netdsl.analyze.depth import depth
from netdsl.catalog.methods import Supervised
from netdsl.diagnostics import UserError
from netdsl.draw.draw import Look, draw
from netdsl.report import curves, examples, settings
from netdsl.report.mistakes import Mistake, worst
from netdsl.report.page import render
from netdsl.runs.summary import Summary, summary
from netdsl.training.figures import TESTED, VALIDATION, shown
from netdsl.training.files import write_text
from netdsl.training.judging import judged_share, reopen
from netdsl.training.plan import Plan
from netdsl.training.spec import Opener, Spec
from netdsl.training.stored import Stored

# More examples, classes and pairs than these are not shown; of examples whose class is right
# nevertheless only as many as fill the first places.
_MOST_MISTAKES, _FIRST_PLACES = 24, 8
_MOST_CLASSES, _MOST_PAIRS = 50, 12
# Shades of a cell and lengths of a bar, which the style sheet has.
_SHADES = 20
# The libraries whose versions are told, as far as they are installed.
_LIBRARIES = ("netdsl", "numpy", "torch", "keras", "tensorflow", "tensorflow-cpu", "jax")


def report(
    path: Path, out: Path, opener: Opener, device: str = "auto", backend: str | None = None
) -> str:
    """Writes the page of a run; returns why mistakes are not in it, empty where they are.

    Raises `UserError` for what is no run, `SpecError` where its spec cannot be read.
    """
    found = summary(path)
    spec = Stored.open(path, opener).spec
    told, plan, why = _mistakes(path, opener, device, backend)
    parts = {
        "name": path.resolve().name,
        "run": found,
        "tiles": _tiles(found, spec),
        "settings": settings.rows(spec.settings, found.stored["set"]),
        "phases": settings.phases(spec.training),
        "arguments": found.stored["arguments"],
        "set": found.stored["set"],
        "sources": [(source.name, text) for source, text in spec.sources.items()],
        "diagram": _diagram(spec),
        "charts": [_addresses(chart) for chart in curves.charts(found.log, _kept(found))],
        "log": _log(found),
        "result": _result(found),
        "mistakes": told,
        "swatches": _swatches(told, plan),
        "why": why,
        "data": _data(found, plan),
        "versions": _versions(found),
    }
    write_text(out, render(parts))
    return why


def _kept(found: Summary) -> int | None:
    return found.kept["epoch"] if found.kept else None


def _mistakes(
    path: Path, opener: Opener, device: str, backend: str | None
) -> tuple[list[dict[str, Any]], Plan | None, str]:
    """The worst examples as the page shows them, the plan over the data, or why there is none."""
    try:
        plan, judge, _ = reopen(path, device, opener, backend)
    except UserError as error:
        return [], None, str(error)
    except OSError as error:
        return [], None, f"{error.filename}: {error.strerror}"
    method = plan.settings.method
    if not isinstance(method, Supervised):
        return [], plan, f"with method = {method.word} no answer is right or wrong"
    share, rows = judged_share(plan)
    found = worst(plan, judge, rows, _MOST_MISTAKES)
    chosen = [one for at, one in enumerate(found) if at < _FIRST_PLACES or not one.right]
    return [_card(plan, share, one) for one in chosen], plan, ""


def _card(plan: Plan, share: str, mistake: Mistake) -> dict[str, Any]:
    """An example with what is right and what the net says."""
    masked = examples.masked(plan, mistake)
    restored = None
    if mistake.chosen is None:
        restored = examples.as_picture(mistake.output, f"the net's answer to {mistake.example}")
    return {
        "share": share,
        "mistake": mistake,
        "masked": bool(masked),
        "inputs": masked or examples.shown(plan, mistake.example),
        "output": restored,
        "likely": [(name, _percent(chance), _level(chance)) for name, chance in mistake.likely],
    }


def _swatches(cards: Sequence[Mapping[str, Any]], plan: Plan | None) -> list[tuple[str, str]]:
    """What colours mean, where masks are shown."""
    masked = any(card["masked"] for card in cards)
    return examples.swatches(plan.data.classes) if plan is not None and masked else []


def _tiles(found: Summary, spec: Spec) -> list[tuple[str, str, str]]:
    """The figures at the head of the page: a name, a number, and what it is of."""
    figures = found.figures
    tiles = []
    for prefix, share in ((TESTED, "test"), (VALIDATION, "validation")):
        for name in ("accuracy", "loss"):
            if prefix + name in figures:
                tiles.append((f"{share} {name}", shown(name, figures[prefix + name]), ""))
    costs = Costs()
    cost = costs.graph(spec.net.graph)
    layers = depth(spec.net.graph, costs).layers_with_weights
    tiles.append(("weights", f"{cost.trainable:,}", f"in {layers} layers"))
    macs = f"{cost.macs:,}" if isinstance(cost.macs, int) else str(cost.macs)
    tiles.append(("multiply-adds", macs, "for one example"))
    return tiles


def _diagram(spec: Spec) -> str:
    """The net's picture, in the colours of the reader's page."""
    picture = draw([spec.net], "graph", "svg", Look(theme="auto"))
    return _address(picture)


def _addresses(chart: curves.Chart) -> dict[str, str]:
    light, dark = (_address(text.encode()) for text in (chart.light, chart.dark))
    return {"title": chart.title, "light": light, "dark": dark}


def _address(picture: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(picture).decode()}"


def _log(found: Summary) -> dict[str, Any]:
    """The epochs as a table: heads, then rows of texts, and which of them is kept."""
    names = dict.fromkeys(name for entry in found.log for name in entry if name != "kept")
    return {
        "heads": list(names),
        "rows": [
            (entry["epoch"] == _kept(found), [_cell(name, entry.get(name)) for name in names])
            for entry in found.log
        ],
    }


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in ("epoch", "phase"):
        return str(value)
    if name == "seconds":
        return f"{value:.2f}"
    return f"{value:.4g}" if name == "rate" else shown(name, value)


def _result(found: Summary) -> dict[str, Any] | None:
    """The result on the test share: figures, classes, and what was taken for what."""
    test = found.test
    if test is None:
        return None
    figures = [
        (name, shown(name, value))
        for name, value in test.items()
        if isinstance(value, float) and name != "epoch"
    ]
    told: dict[str, Any] = {
        "share": test["share"],
        "examples": test["examples"],
        "figures": figures,
        "classes": [],
        "columns": [],
        "confusion": None,
        "confused": [],
    }
    if "classes" in test:
        told["classes"] = [_class(name, of) for name, of in test["classes"].items()]
        told["columns"] = list(next(iter(test["classes"].values())))
        counts = np.array(test["confusion"])
        names = list(test["classes"])
        told["confusion"] = _confusion(names, counts) if len(names) <= _MOST_CLASSES else None
        told["confused"] = _confused(names, counts)
    return told


def _class(name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    bars = [(_percent(share), _level(share)) for of, share in figures.items() if of != "examples"]
    return {"name": name, "examples": figures["examples"], "bars": bars}


def _confusion(names: Sequence[str], counts: Any) -> dict[str, Any]:
    """The matrix: for each class its examples by the class that they were taken for.

    A cell is shaded by its share of the class; mistakes by the root of it, for they are few.
    """
    rows = []
    for at, row in enumerate(counts):
        shares = row / max(int(row.sum()), 1)
        levels = [_level(share if to == at else share**0.5) for to, share in enumerate(shares)]
        cells = [
            (int(count), level, to == at)
            for to, (count, level) in enumerate(zip(row, levels, strict=True))
        ]
        rows.append((names[at], cells))
    return {"names": names, "rows": rows}


def _confused(names: Sequence[str], counts: Any) -> list[tuple[str, str, int, int]]:
    """The most frequent mistakes: a class, what it was taken for, how often, of how many."""
    pairs = [
        (int(counts[at, to]), at, to)
        for at, to in zip(*np.nonzero(counts), strict=True)
        if at != to
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    return [
        (names[at], names[to], count, int(counts[at].sum()))
        for count, at, to in pairs[:_MOST_PAIRS]
    ]


def _data(found: Summary, plan: Plan | None) -> dict[str, Any]:
    """What the data is: its shares, fields and, where it is there, how often each class occurs."""
    stored = found.stored
    told: dict[str, Any] = {
        "name": found.data,
        "shares": stored["data"]["shares"],
        "inputs": stored["inputs"],
        "digest": stored["data"]["digest"],
        "classes": len(stored["classes"]),
        "counts": None,
    }
    if plan is None:
        return told
    told["name"] = plan.data.name
    target = plan.data.fields[plan.data.target]
    classes = plan.data.classes
    if target.kind == "label" and target.type.rank == 0 and len(classes) <= _MOST_CLASSES:
        parts = (plan.split.train, plan.split.validation, plan.split.test)
        columns = [np.bincount(target.array[part], minlength=len(classes)) for part in parts]
        counts = np.stack(columns, axis=-1).tolist()
        told["counts"] = list(zip(classes, counts, strict=True))
    return told


def _versions(found: Summary) -> list[tuple[str, str]]:
    told = [
        ("netdsl of the run", str(found.stored["netdsl"])),
        ("Python", platform.python_version()),
    ]
    for name in _LIBRARIES:
        try:
            told.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return told


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"


def _level(share: float | None) -> int:
    """A share from 0 to 1 as one of the shades; what is more than nothing has at least one."""
    if not share:
        return 0
    return max(1, round(_SHADES * float(share)))
