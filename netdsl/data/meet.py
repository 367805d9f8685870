"""Fields meet the net's inputs: by name, or the main field and the only input."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.data.fields import DataSet, Field
from netdsl.diagnostics import UserError
from netdsl.graph import Port
from netdsl.tensor import Size, TensorType


def meet(data: DataSet, inputs: Sequence[Port]) -> tuple[str, ...]:
    """The field of each input, in order of the inputs; `UserError` where one does not fit."""
    chosen = []
    for port in inputs:
        field = _field_for(data, port, len(inputs) == 1)
        if not fits(field, port.type):
            raise UserError(
                f"the net's input {port.name} takes {port.type}, but {field.name} of {data.name} "
                f"is {field.type}; write `input {port.name}: {written(field.type)}`"
            )
        chosen.append(field.name)
    return tuple(chosen)


def fits(field: Field, wanted: TensorType) -> bool:
    """Whether a field has the type of an input; sizes known only at run time take any size.

    Whole numbers go into an input of floats, never the other way round.
    """
    has = field.type
    return (
        has.rank == wanted.rank
        and (wanted.number == "float" or has.number == "int")
        and all(
            isinstance(size, Size) or size == found
            for size, found in zip(wanted.shape, has.shape, strict=True)
        )
    )


def written(type: TensorType) -> str:
    """A type as a spec writes it after `input name:`."""
    shape = " x ".join(map(str, type.shape)) or "()"
    return shape + (" of int" if type.number == "int" else "")


def _field_for(data: DataSet, port: Port, only: bool) -> Field:
    if port.name in data.fields:
        return data.fields[port.name]
    if only:
        return data.fields[data.main]
    raise UserError(
        f"{data.name} has no field {port.name} for the net's input of that name; its fields are "
        f"{', '.join(data.fields)}"
    )
