"""Weights beside a model: a file of ONNX, a message of protobuf, holds less than 2 GiB."""

from __future__ import annotations

from pathlib import Path

from onnx import ModelProto, TensorProto
from onnx.external_data_helper import set_external_data

# Some of the 2 GiB is left for the nodes.
_MOST_BYTES = 2**31 - 2**26
# Smaller tensors stay: among them are sizes that a reader of the model wants at once.
_LEAST_BYTES = 1024


def needs_data_file(model: ModelProto) -> bool:
    """Whether the weights of a model are more than its own file can hold."""
    return sum(len(tensor.raw_data) for tensor in model.graph.initializer) > _MOST_BYTES


def data_file(path: Path) -> Path:
    """The file of weights that stands beside the file of a model."""
    return path.with_name(f"{path.name}.data")


def move_weights(model: ModelProto, file: Path, location: str) -> None:
    """Writes the model's weights into a file and leaves in the model where each one lies.

    `location` is the path under which the file will stand, seen from the model's.
    """
    with file.open("wb") as data:
        for tensor in model.graph.initializer:
            if len(tensor.raw_data) < _LEAST_BYTES:
                continue
            set_external_data(tensor, location, data.tell(), len(tensor.raw_data))
            data.write(tensor.raw_data)
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
