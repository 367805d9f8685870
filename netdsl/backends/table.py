"""The table of a backend: a row for each layer, found by the layer's class."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, TypeVar

from netdsl import plugins
from netdsl.catalog.base import Layer

_AnyRow = TypeVar("_AnyRow", bound=Callable[..., Any])


class Table(Generic[_AnyRow]):
    """The rows of a backend.

    `name` is the backend's in messages; `package` has a file of rows for each of the catalogue's
    files of layers, under the same name, which is imported when one of its rows is asked for. Rows
    of a plugin's layers are found by entry points.
    """

    def __init__(self, name: str, package: str) -> None:
        self._name = name
        self._package = package
        self._rows: dict[type[Layer], _AnyRow] = {}

    def row(self, layer: type[Layer]) -> Callable[[_AnyRow], _AnyRow]:
        """Registers the row of a layer; a second owner of a layer is an error."""

        def register(function: _AnyRow) -> _AnyRow:
            if layer in self._rows:
                owner = self._rows[layer]
                raise ValueError(f"{layer.word} already has a row for {self._name}: {owner!r}")
            self._rows[layer] = function
            return function

        return register

    def find(self, layer: type[Layer]) -> _AnyRow | None:
        """The row of a layer; None where there is none."""
        if layer not in self._rows:
            family = layer.__module__.rpartition(".")[2]
            if layer.__module__.startswith("netdsl.catalog.layers."):
                import_module(f"{self._package}.{family}")
            else:
                # A plugin's module registers its rows when it is imported.
                plugins.load(f"{plugins.ROWS}.{self._package.split('.')[-2]}", layer.word)
        return self._rows.get(layer)
