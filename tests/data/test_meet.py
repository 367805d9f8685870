"""Fields meet inputs: by name, or the main field and the only input; misfits name both."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.catalog.sources import Digits
from netdsl.data.meet import meet
from netdsl.data.read import read
from netdsl.diagnostics import UserError
from netdsl.graph import Port
from netdsl.tensor import Size, TensorType

DIGITS = read(Digits(), Path(), 0)


def port(name: str, *shape: int | Size) -> Port:
    return Port(name, TensorType(shape), "input")


def test_the_only_input_takes_the_main_field() -> None:
    assert meet(DIGITS, [port("picture", 8, 8, 1)]) == ("image",)


def test_several_inputs_meet_by_name() -> None:
    ports = [Port("label", TensorType((), "int"), "input"), port("image", 8, 8, 1)]
    assert meet(DIGITS, ports) == ("label", "image")


def test_sizes_known_at_run_time_take_any() -> None:
    assert meet(DIGITS, [port("image", Size.unknown("h"), 8, 1)]) == ("image",)


@pytest.mark.parametrize("shape", [(28, 28, 1), (64,), (8, 8, 3)])
def test_a_misfit_names_both(shape: tuple[int, ...]) -> None:
    shown = " x ".join(map(str, shape))
    told = f"input image takes {shown}, but image of digits is 8 x 8 x 1; write `input image: 8"
    with pytest.raises(UserError, match=told):
        meet(DIGITS, [port("image", *shape)])


def test_an_input_that_no_field_meets() -> None:
    with pytest.raises(UserError, match=r"no field noise .* its fields are image, label"):
        meet(DIGITS, [port("image", 8, 8, 1), port("noise", 8)])


def test_floats_do_not_go_into_int() -> None:
    with pytest.raises(UserError, match="takes 8 x 8 x 1 of int"):
        meet(DIGITS, [Port("image", TensorType((8, 8, 1), "int"), "input")])
