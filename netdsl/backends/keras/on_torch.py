"""Keras on PyTorch, where names of layers have dots and dropout has no seed of its own.

There Keras hands every variable to PyTorch under its path, in which the names of its layers stand,
and PyTorch refuses a parameter with a dot in its name. Those of our layers are full names, such as
`unit1.conv1`.
"""

from __future__ import annotations

import keras
from keras import Variable


def allow_dots() -> None:
    """Has paths of variables without dots from here on, where Keras runs on PyTorch."""
    if keras.config.backend() == "torch":
        Variable.path = property(_path)


def begin_chance(seed: int) -> None:
    """Has all chance in PyTorch start from here, where Keras runs on it.

    There dropout that was given no seed draws from PyTorch's generator, not from its layer's.
    """
    if keras.config.backend() == "torch":
        import torch

        torch.manual_seed(seed)


def _path(variable: Variable) -> str:
    path: str = variable._path
    # No name of a layer has a colon, so that paths stay different.
    return path.replace(".", ":")
