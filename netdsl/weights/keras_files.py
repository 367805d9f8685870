"""Weights in files of Keras: `.keras`, `.weights.h5` and the older whole-model `.h5`.

They are read by h5py alone. Links and storage outside of the file are refused, and the model's
configuration, which may hold code, is not looked at.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.weights.arrays import Array, as_numbers, from_bfloat16

# The member of a `.keras` archive that has the weights.
WEIGHTS = "model.weights.h5"
# What is kept beside the layers, and belongs to none of ours.
_BESIDE = frozenset({"optimizer", "seed_generator"})
# Parts of a recurrence whose variables are the layer's own, in Keras' order.
_PARTS = ("forward_layer", "backward_layer", "cell")
# The same in the older files, where they are levels of a variable's name.
_CELL = re.compile(r"(\.(forward|backward)_[^.]+)?\.(lstm|gru|simple_rnn)_cell(_\d+)?$")
# A layer that standardises: what it does is said in a spec.
_STANDARDISING = re.compile(r"normalization(_\d+)?")
_STANDARDS = ("mean", "variance", "count")

Layers = dict[str, tuple[Array, ...]]


def read_archive(path: Path) -> Layers:
    """The layers of a `.keras` archive."""
    with zipfile.ZipFile(path) as archive:
        return _read(path, BytesIO(archive.read(WEIGHTS)))


def read_h5(path: Path) -> Layers:
    """The layers of an HDF5 file in the newer or the older layout."""
    return _read(path, path)


def _read(path: Path, place: Path | BytesIO) -> Layers:
    h5py = need("h5py")
    try:
        with h5py.File(place, "r") as file:
            group = _group(path, file, "model_weights") if "model_weights" in set(file) else file
            if "layer_names" in group.attrs or "layer_names0" in group.attrs:
                return _older(path, group)
            return _newer(path, file)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # h5py raises of every kind where a file is not as it should be
        raise UserError(f"{path} is damaged or cut off: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


# Keras 3: a group for each layer, called by its class and a number; `vars` in it has the
# variables by their numbers, and the layer's name as an attribute.


def _newer(path: Path, file: Any) -> Layers:
    found: dict[str, list[Array]] = {}
    for key in file:
        if key != "vars":
            _collect(path, _group(path, file, key), key, "", found)
    if not found:
        raise UserError(f"{path} holds no layers in the way that Keras writes them")
    return {name: tuple(variables) for name, variables in found.items()}


def _collect(path: Path, group: Any, key: str, prefix: str, found: dict[str, list[Array]]) -> None:
    """Adds the layers of a group; `layers` in it, and other attributes, are levels."""
    if key in _BESIDE or _STANDARDISING.fullmatch(key):
        return
    name = prefix
    if key != "layers" and "vars" in set(group):
        name = f"{prefix}{_name(path, group)}"
        own = found.setdefault(name, [])
        own.extend(_own(path, group))
        name += "."
    for inner in group:
        if inner != "vars" and inner not in _PARTS:
            _collect(path, _group(path, group, inner), inner, name, found)


def _name(path: Path, group: Any) -> str:
    name = _group(path, group, "vars").attrs.get("name")
    if name is None:
        raise UserError(
            f"{path} was written by a Keras that did not keep the names of layers; load it and "
            "save it again, with a newer Keras or as .h5"
        )
    return _text(name)


def _own(path: Path, group: Any) -> Iterator[Array]:
    """The variables of a layer and of the cells in it."""
    there = set(group)
    if "vars" in there:
        variables = _group(path, group, "vars")
        for key in sorted(variables, key=int):
            yield _array(path, variables, key)
    for part in _PARTS:
        if part in there:
            yield from _own(path, _group(path, group, part))


# The older layout: a group for each layer, called by its name, whose attribute `weight_names`
# lists the variables by their paths in the group.


def _older(path: Path, group: Any) -> Layers:
    found: dict[str, list[Array]] = {}
    for layer in _listed(group, "layer_names"):
        for weight in _listed(_group(path, group, layer), "weight_names"):
            *levels, variable = [layer, *weight.split("/")]
            place = group
            for level in levels:
                place = _group(path, place, level)
            found.setdefault(_layer_of(layer, weight), []).append(_array(path, place, variable))
    for name in _standardising(path, group):
        found.pop(name, None)
    if not found:
        raise UserError(f"{path} holds no weights")
    return {name: tuple(variables) for name, variables in found.items()}


def _standardising(path: Path, group: Any) -> Iterator[str]:
    """The names of layers whose variables are those of a `Normalization`."""
    for layer in _listed(group, "layer_names"):
        names: dict[str, list[str]] = {}
        for weight in _listed(_group(path, group, layer), "weight_names"):
            variable = weight.rpartition("/")[2].partition(":")[0]
            names.setdefault(_layer_of(layer, weight), []).append(variable)
        yield from (name for name, found in names.items() if tuple(found) == _STANDARDS)


def _layer_of(layer: str, weight: str) -> str:
    """The name of the layer that a variable belongs to: `inner/conv1/kernel:0` is inner.conv1's."""
    levels = weight.split("/")[:-1]
    if layer in levels:
        levels = levels[levels.index(layer) + 1 :]
    return _CELL.sub("", ".".join([layer, *levels]))


def _listed(group: Any, name: str) -> list[str]:
    """An attribute that is a list of texts; a long one is kept in pieces, `name0`, `name1`, …."""
    if name in group.attrs:
        return [_text(item) for item in group.attrs[name]]
    found: list[str] = []
    number = 0
    while f"{name}{number}" in group.attrs:
        found += [_text(item) for item in group.attrs[f"{name}{number}"]]
        number += 1
    return found


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


# What both layouts are made of.


def _group(path: Path, parent: Any, key: str) -> Any:
    """A group in a group."""
    found = _member(path, parent, key)
    if not isinstance(found, need("h5py").Group):
        raise UserError(f"{path} is no file of Keras: {key} is no group")
    return found


def _member(path: Path, group: Any, key: str) -> Any:
    """What is in a group under a name, which must lie in the file itself."""
    if key not in set(group):
        raise UserError(f"{path} is damaged: {key} is missing in it")
    if not isinstance(group.get(key, getlink=True), need("h5py").HardLink):
        raise UserError(f"{path}: {key} is a link to somewhere else, which is not followed")
    return group[key]


def _array(path: Path, group: Any, key: str) -> Array:
    dataset = _member(path, group, key)
    if not isinstance(dataset, need("h5py").Dataset):
        raise UserError(f"{path} is no file of Keras: {key} holds no numbers")
    if dataset.external or dataset.is_virtual:
        raise UserError(f"{path}: {dataset.name} lies in another file, which is not read")
    values: Array = np.asarray(dataset[()])
    if values.dtype.kind == "V" and values.dtype.itemsize == 2:  # how bfloat16 is stored
        return from_bfloat16(values.view(np.uint16))
    if values.dtype.kind not in "fiub":
        raise UserError(f"{path}: {dataset.name} holds no numbers")
    return as_numbers(values)
