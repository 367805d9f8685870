"""Checkpoints of other libraries: what a file holds, and what of it belongs to a layer of ours.

A file is recognised by its first bytes, not by its ending. Nothing in it is ever executed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from netdsl.backends.keras.layouts import variables_of
from netdsl.diagnostics import UserError
from netdsl.record import Record
from netdsl.weights import keras_files, state_dicts
from netdsl.weights.arrays import Array, written
from netdsl.weights.maps import Pair
from netdsl.weights.ours import OurLayer

# PyTorch's batchnorm counts batches, which nothing uses.
_COUNTER = "num_batches_tracked"


class Tensor(Record):
    """A tensor of theirs by the name that people know it by, its numbers in our layout.

    `key` is its name among the checkpoint's shapes; `layout` says of the shape that it was turned.
    """

    key: str
    name: str
    values: Array
    layout: str = ""


class Checkpoint:
    """Base of checkpoints. `file` is the name that messages call it by."""

    def __init__(self, file: str) -> None:
        self.file = file

    @property
    def modules(self) -> Iterable[str]:
        """What the right side of a map's rules is about."""
        raise NotImplementedError

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every tensor by its name, in the order of the file."""
        raise NotImplementedError

    def counterparts(self, ours: OurLayer, pair: Pair) -> dict[str, Tensor]:
        """The tensors of a paired module by the names of our layer's, as far as they are there."""
        raise NotImplementedError


class StateDict(Checkpoint):
    """PyTorch's tensors by their names, `layer1.0.conv1.weight`."""

    def __init__(self, file: str, tensors: Mapping[str, Array]) -> None:
        super().__init__(file)
        self.tensors = {
            name: values for name, values in tensors.items() if name.split(".")[-1] != _COUNTER
        }

    @property
    def modules(self) -> Iterable[str]:
        return dict.fromkeys(name.rpartition(".")[0] for name in self.tensors)

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {name: values.shape for name, values in self.tensors.items()}

    def counterparts(self, ours: OurLayer, pair: Pair) -> dict[str, Tensor]:
        found = {}
        for weight in ours.weights:
            name = f"{pair.theirs}.{pair.renames.get(weight.name, weight.name)}".removeprefix(".")
            if name in self.tensors:
                found[weight.name] = Tensor(name, name, self.tensors[name])
        return found


class KerasLayers(Checkpoint):
    """The layers of a model of Keras by their names, the variables of each in Keras' order.

    Layers of a model within the model are called `inner.conv1`; those without variables are left
    out.
    """

    def __init__(self, file: str, layers: Mapping[str, tuple[Array, ...]]) -> None:
        super().__init__(file)
        self.layers = {name: variables for name, variables in layers.items() if variables}

    @property
    def modules(self) -> Iterable[str]:
        return self.layers

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {
            _variable(name, number): values.shape
            for name, variables in self.layers.items()
            for number, values in enumerate(variables)
        }

    def counterparts(self, ours: OurLayer, pair: Pair) -> dict[str, Tensor]:
        row = variables_of(ours.layer)
        if row is None:
            raise UserError(f"{ours.name}: weights of a {ours.layer.word} of Keras are not read")
        names = [weight.name for weight in ours.weights]
        wanted = [variable for variable in row if not set(variable.tensors).isdisjoint(names)]
        there = self.layers[pair.theirs]
        if len(there) != len(wanted):
            raise UserError(
                f"{self.file} does not fit: {pair.theirs} has {_count(there)} "
                f"({', '.join(written(values.shape) for values in there)}), but {ours.name} needs "
                f"{len(wanted)} ({', '.join(variable.name for variable in wanted)})"
            )
        found = {}
        for number, (variable, values) in enumerate(zip(wanted, there, strict=True)):
            if variable.features and ours.order is not None and len(values) == len(ours.order):
                values = values[ours.order]
            name, key = f"{pair.theirs}/{variable.name}", _variable(pair.theirs, number)
            for tensor, part in variable.parts(values, ours.layer):
                found[tensor] = Tensor(key, name, part, " in our layout")
        return found


def _count(variables: tuple[Array, ...]) -> str:
    return f"{len(variables)} variable{'s' if len(variables) > 1 else ''}"


def _variable(layer: str, number: int) -> str:
    """How a variable of a layer is called: files of Keras 3 have numbers in place of names."""
    return f"{layer}/{number}"


def read(path: Path) -> Checkpoint:
    """The checkpoint in a file; a `UserError` says in a sentence why there is none to be read."""
    try:
        with path.open("rb") as file:
            begin = file.read(16)
        if begin.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
            if keras_files.WEIGHTS in names:
                return KerasLayers(str(path), keras_files.read_archive(path))
            return StateDict(str(path), state_dicts.read_torch(path))
        if begin.startswith(b"\x89HDF"):
            return KerasLayers(str(path), keras_files.read_h5(path))
        if state_dicts.is_safetensors(begin):
            return StateDict(str(path), state_dicts.read_safetensors(path))
        if begin.startswith(b"\x80"):
            return StateDict(str(path), state_dicts.read_torch(path))
    except zipfile.BadZipFile as error:
        raise UserError(f"{path} is damaged or cut off: {error}") from None
    except MemoryError:
        raise UserError(f"{path} holds more numbers than fit into memory") from None
    raise UserError(
        f"{path} is no checkpoint: it begins neither like safetensors, nor like a file of PyTorch "
        "(.pt, .pth, .bin) or of Keras (.keras, .h5)"
    )
