"""A sheet of examples: pictures by class with augmented versions and masks, points, lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from netdsl.data.fields import Array, DataSet, Field, Indices
from netdsl.data.overlay import colours, over
from netdsl.diagnostics import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Pictures or masks, and the number of the version that is wanted of each, to the same of these.
Versions: TypeAlias = Callable[[Array, int], Array]

_ROWS = 12  # of classes, or of columns of a table
_PICTURES = 8  # in a row of one for each example
_CELLS, _LEAST = 10, 2  # in a row of several for each example, and how many examples at least
_VERSIONS = 4
_LINES = 6
_POINTS = 2_000
_WIDTH = 9.0  # in inches
_STREAM = 6  # beside the seed


def sheet(
    data: DataSet,
    train: Indices,
    seed: int,
    versions: Versions | None = None,
    moved: Versions | None = None,
) -> Figure:
    """Some examples of the training share, chosen by the seed, as a picture.

    `versions` makes augmented pictures, which stand beside each original, and `moved` the masks
    that belong to them. Raises `UserError` where the main field is nothing that can be drawn.
    """
    field = data.fields[data.main]
    order = np.random.default_rng([seed, _STREAM]).permutation(train)
    if field.kind == "image":
        return _pictures(data, order, versions, moved)
    if field.type.number == "float" and field.type.rank == 1:
        points = field.type.shape == (2,) and bool(data.classes)
        return _points(data, field, order) if points else _columns(data, field, order)
    if field.type.number == "float" and field.type.rank == 2:
        return _sequences(data, field, order)
    raise UserError(f"a sheet shows pictures, tables and sequences; {field.name} is {field.type}")


# Pictures


def _pictures(
    data: DataSet, order: Indices, versions: Versions | None, moved: Versions | None
) -> Figure:
    cells = len(_names(data)) + has_mask(data) + (_VERSIONS if versions else 0)
    count = _PICTURES if cells == 1 else max(_CELLS // cells, _LEAST)
    rows = [(name, members[:count]) for name, members in _groups(data, order, count)]
    height, width = data.fields[data.main].values.shape[1:3]
    columns = count * cells
    size = (_WIDTH + 1, len(rows) * _WIDTH / columns * height / width + 0.6)
    figure, axes = _grid(len(rows), 1, size)
    made = _made(data, np.concatenate([members for _, members in rows]), versions, moved)
    first = 0
    for place, (name, members) in zip(axes, rows, strict=True):
        shown = [picture for of in made[first : first + len(members)] for picture in of]
        first += len(members)
        place.imshow(_strip(shown, columns), vmin=0, vmax=1)
        place.set(xticks=[], yticks=[])
        place.spines[:].set_visible(False)
        place.set_ylabel(name, rotation=0, ha="right", va="center")
    if has_mask(data):
        _legend(figure, data)
    _head(figure, data, len(rows), "each with augmented versions to its right" if versions else "")
    return figure


def has_mask(data: DataSet) -> bool:
    """Whether the target is a class for each pixel of the main field."""
    target, shape = data.fields[data.target], data.fields[data.main].type.shape
    return bool(data.classes) and target.type.rank == 2 and target.type.shape == shape[:2]


def _names(data: DataSet) -> list[str]:
    """The fields that are pictures of the size of the main one, which comes first."""
    size = data.fields[data.main].type.shape[:2]
    alike = (f.name for f in data.fields.values() if f.kind == "image" and f.type.shape[:2] == size)
    return [data.main, *(name for name in alike if name != data.main)]


def _legend(figure: Figure, data: DataSet) -> None:
    from matplotlib.patches import Patch

    tints = colours(len(data.classes))
    handles = [
        Patch(color=(red / 255, green / 255, blue / 255), label=name)
        for (red, green, blue), name in list(zip(tints, data.classes, strict=True))[1 : _ROWS + 1]
    ]
    figure.legend(handles=handles, title=data.target, loc="outside right upper")


def _groups(data: DataSet, order: Indices, count: int) -> Iterator[tuple[str, Indices]]:
    """Examples by class, with its name; without single classes, all in rows without a name."""
    target = data.fields[data.target]
    if data.classes and target.type.rank == 0:
        labels = target.array
        for number, name in enumerate(data.classes[:_ROWS]):
            members = order[labels[order] == number]
            if len(members):
                yield name, members
        return
    for start in range(0, min(len(order), _ROWS // 2 * count), count):
        yield "", order[start : start + count]


def _made(
    data: DataSet, members: Indices, versions: Versions | None, moved: Versions | None
) -> list[list[Array]]:
    """For each example its pictures and the versions of the main one.

    A mask lies over a second copy of the picture and over every version. Where there are several
    pictures of an example, a wider gap stands behind the last one.
    """
    kinds = [_unit(data.fields[name].read(members)) for name in _names(data)]
    pictures = kinds[0]
    mask = data.fields[data.target].read(members) if has_mask(data) else None
    count = len(data.classes)
    if mask is not None:
        kinds.append(_covered(pictures, mask, count))
    for number in range(_VERSIONS if versions else 0):
        assert versions is not None
        version = versions(pictures, number)
        if mask is not None and moved is not None:
            version = _covered(version, moved(mask, number), count)
        kinds.append(version)
    last = len(kinds) - 1
    return [
        [_framed(kind[at], 3 if place == last > 0 else 1) for place, kind in enumerate(kinds)]
        for at in range(len(pictures))
    ]


def _covered(pictures: Array, masks: Array, count: int) -> Array:
    """Pictures with the colours of so many classes over them."""
    return np.stack([over(*pair, count) for pair in zip(pictures, masks, strict=True)])


def _unit(pictures: Array) -> Array:
    """Pictures from 0 to 1; numbers that lie elsewhere are stretched."""
    if pictures.dtype == np.uint8:
        return (pictures / np.float32(255)).astype(np.float32)
    least, largest = min(pictures.min(), 0), max(pictures.max(), 1)
    unit: Array = ((pictures - least) / (largest - least)).astype(np.float32)
    return unit


def _framed(picture: Array, gaps: int) -> Array:
    """Red, green and blue with a white edge, at the right as wide as so many gaps."""
    coloured = picture[..., :3] if picture.shape[-1] >= 3 else picture[..., :1].repeat(3, axis=-1)
    gap = max(1, round(max(picture.shape[:2]) / 20))
    edges = ((gap, gap), (gap, gap * (1 + 2 * (gaps - 1))), (0, 0))
    return np.pad(np.clip(coloured, 0, 1), edges, constant_values=1)


def _strip(pictures: list[Array], columns: int) -> Array:
    """Pictures side by side, as wide as a row that is full."""
    missing = [np.ones_like(pictures[0])] * (columns - len(pictures))
    return np.concatenate([*pictures, *missing], axis=1)


# Tables and sequences


def _points(data: DataSet, field: Field, order: Indices) -> Figure:
    figure, (place,) = _grid(1, 1, (6, 5))
    labels = data.fields[data.target].array
    chosen = order[:_POINTS]
    for number, name in enumerate(data.classes[:_ROWS]):
        x, y = field.array[chosen[labels[chosen] == number]].T
        place.scatter(x, y, s=9, label=name)
    names = [column.name for column in field.columns] or ["0", "1"]
    place.set(xlabel=names[0], ylabel=names[1], aspect="equal")
    figure.legend(title=data.target, loc="outside right upper")
    _head(figure, data, len(data.classes), "")
    return figure


def _columns(data: DataSet, field: Field, order: Indices) -> Figure:
    """A histogram of each column by class, or its points against a target that is a number."""
    target = data.fields[data.target].array
    width = field.array.shape[1]
    wide = min(width, _ROWS)
    across = 2 if wide in (2, 4) else min(wide, 3)
    down = -(-wide // across)
    figure, axes = _grid(down, across, (3.2 * across, 2.5 * down))
    for at, place in enumerate(axes):
        if at >= wide:
            place.set_axis_off()
            continue
        values = field.array[order, at]
        if data.classes and target.ndim == 1:
            groups = [values[target[order] == k] for k in range(len(data.classes[:_ROWS]))]
            place.hist(groups, bins=16, stacked=True, label=data.classes[:_ROWS])
        else:
            wanted = target[order].reshape(len(order), -1)[:, 0]
            place.scatter(values[:_POINTS], wanted[:_POINTS], s=6)
            place.set_ylabel(data.target)
        place.set_xlabel(_column_name(field, at))
    if data.classes and target.ndim == 1:
        handles, names = axes[0].get_legend_handles_labels()
        figure.legend(handles, names, title=data.target, loc="outside right upper")
    _head(figure, data, len(data.classes), f"{wide} of {width} columns" if wide < width else "")
    return figure


def _column_name(field: Field, at: int) -> str:
    """The name of the column that a number of a table belongs to, with its category."""
    for column in field.columns:
        if at < column.width:
            return f"{column.name} = {column.categories[at]}" if column.categories else column.name
        at -= column.width
    return f"{field.name} {at}"


def _sequences(data: DataSet, field: Field, order: Indices) -> Figure:
    chosen = order[:_LINES]
    figure, axes = _grid(len(chosen), 1, (_WIDTH, 1.3 * len(chosen) + 0.6))
    labels = data.fields[data.target].array
    for example, place in zip(chosen, axes, strict=True):
        place.plot(field.read(np.array([example]))[0])
        if data.classes and labels.ndim == 1:
            place.set_ylabel(data.classes[labels[example]], rotation=0, ha="right", va="center")
    axes[-1].set_xlabel("position")
    _head(figure, data, len(data.classes), f"{field.type.channels} features at each position")
    return figure


def _grid(down: int, across: int, size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(down, across, squeeze=False)
    return figure, list(axes.ravel())


def _head(figure: Figure, data: DataSet, shown: int, told: str) -> None:
    parts = [f"{data.name}: examples of the training share"]
    if len(data.classes) > min(shown, _ROWS):
        parts.append(f"{min(shown, _ROWS)} of {len(data.classes)} classes")
    figure.suptitle(", ".join([*parts, told] if told else parts), fontsize="medium")
