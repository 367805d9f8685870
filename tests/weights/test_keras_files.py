"""Files of Keras made by hand: both layouts, and everything that can be wrong with one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from netdsl.diagnostics import UserError
from netdsl.weights.checkpoints import KerasLayers, read

ONES, TWOS = np.ones((2, 3), np.float32), np.full(3, 2, np.float32)


def newer(file: h5py.File, path: str, name: str, *variables: Any) -> h5py.Group:
    """A layer as Keras 3 writes it."""
    group = file.create_group(f"{path}/vars")
    group.attrs["name"] = name
    for number, values in enumerate(variables):
        group[str(number)] = values
    return group


def older(group: h5py.Group, name: str, **variables: Any) -> None:
    """A layer of the older layout; a variable's name has its path, `inner/kernel`."""
    inner = group.create_group(name)
    inner.attrs["weight_names"] = list(variables)
    for variable, values in variables.items():
        inner[variable] = values


def layers(file: Path) -> dict[str, tuple[Any, ...]]:
    found = read(file)
    assert isinstance(found, KerasLayers)
    return dict(found.layers)


def written(folder: Path, fill: Callable[[h5py.File], object]) -> Path:
    path = folder / "weights.h5"
    with h5py.File(path, "w") as file:
        fill(file)
    return path


def some(file: h5py.File) -> None:
    file.create_group("vars").attrs["name"] = "model"
    newer(file, "layers/dense", "head", ONES, TWOS)
    newer(file, "layers/dropout", "dropout")
    newer(file, "layers/dropout/seed_generator", "seed_generator_1", TWOS)
    newer(file, "layers/normalization_2", "scaling", TWOS, TWOS, np.int64(4))
    newer(file, "layers/functional", "inner")
    newer(file, "layers/functional/layers/conv2d_1", "stem", ONES)
    newer(file, "layers/lstm", "rec")
    newer(file, "layers/lstm/cell", "lstm_cell", ONES, ONES, TWOS)
    newer(file, "optimizer", "adam", np.int64(3))


def test_the_layout_of_keras_3(tmp_path: Path) -> None:
    found = layers(written(tmp_path, some))
    assert {name: len(variables) for name, variables in found.items()} == {
        "head": 2,
        "inner.stem": 1,
        "rec": 3,
    }
    np.testing.assert_array_equal(found["head"][1], TWOS)


def test_the_same_in_an_archive_of_any_name(tmp_path: Path) -> None:
    inner = written(tmp_path, some)
    path = tmp_path / "model.bin"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "not looked at")
        archive.write(inner, "model.weights.h5")
    assert layers(path).keys() == layers(inner).keys()


def fill_older(group: h5py.Group) -> None:
    older(group, "stem", **{"stem/kernel:0": ONES, "stem/bias:0": TWOS})
    older(group, "bare", **{"bare_W_1:0": ONES})
    older(group, "inner", **{"conv/kernel:0": ONES, "inner/bn/gamma": TWOS})
    older(group, "d", **{"sequential/d/kernel": ONES})
    older(group, "bi", **{"bi/forward_lstm/lstm_cell/kernel": ONES, "bi/backward_lstm/k": ONES})
    older(group, "gru", **{"gru/gru_cell_3/kernel": ONES, "gru/gru_cell_3/bias": TWOS})
    older(group, "scaling", mean=TWOS, variance=TWOS, count=np.int64(4))


OLDER = ["stem", "bare", "inner.conv", "inner.bn", "d", "bi", "bi.backward_lstm", "gru"]


@pytest.mark.parametrize("place", ["model_weights", "/"])
def test_the_older_layout(place: str, tmp_path: Path) -> None:
    def fill(file: h5py.File) -> None:
        group = file.require_group(place)
        fill_older(group)
        group.attrs["layer_names"] = list(group)

    found = layers(written(tmp_path, fill))
    assert sorted(found) == sorted(OLDER)
    assert [values.shape for values in found["stem"]] == [(2, 3), (3,)]


def test_names_may_be_kept_in_pieces(tmp_path: Path) -> None:
    def fill(file: h5py.File) -> None:
        fill_older(file)
        names = [name.encode() for name in file]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:3], names[3:]

    assert sorted(layers(written(tmp_path, fill))) == sorted(OLDER)


@pytest.mark.parametrize("kind", ["<f2", "<f8", "V2"])
def test_floats_are_read_as_float32(kind: str, tmp_path: Path) -> None:
    values = np.array([0.5, -1.5, 3], np.float32)
    stored = (values.view(np.uint32) >> 16).astype("<u2").view("V2") if kind == "V2" else values
    path = written(tmp_path, lambda file: newer(file, "layers/dense", "d", stored.astype(kind)))
    (found,) = layers(path)["d"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values)


def elsewhere(file: h5py.File) -> None:
    group = newer(file, "layers/dense", "d")
    secret = Path(file.filename).with_name("secret")
    secret.write_bytes(bytes(12))
    group.create_dataset("0", (3,), "f4", external=[(str(secret), 0, 12)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
    newer(file, "layers/dense", "d").create_virtual_dataset("0", layout)


def link(file: h5py.File) -> None:
    file["layers/dense/vars"] = h5py.ExternalLink("other.h5", "/layers")


WRONG: dict[str, tuple[Callable[[h5py.File], object], str]] = {
    "empty": (lambda file: None, "holds no layers"),
    "without names": (
        lambda file: file.create_group("layers/dense/vars").create_dataset("0", data=ONES),
        "did not keep the names of layers",
    ),
    "numbers in place of a group": (lambda file: file.create_dataset("layers", data=ONES), "group"),
    "text": (lambda file: newer(file, "layers/dense", "d", "text"), "holds no numbers"),
    "odd numbers": (
        lambda file: newer(file, "layers/dense", "d").create_dataset("x", data=ONES),
        "damaged",
    ),
    "a missing layer": (lambda file: file.attrs.__setitem__("layer_names", ["a"]), "a is missing"),
    "no list": (lambda file: file.attrs.__setitem__("layer_names", 3), "damaged"),
    "no weights": (lambda file: file.attrs.__setitem__("layer_names", []), "holds no weights"),
    "external numbers": (elsewhere, "lies in another file"),
    "virtual numbers": (virtual, "lies in another file"),
    "external link": (link, "vars is a link to somewhere else"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_not_as_it_should_be_is_told(case: str, tmp_path: Path) -> None:
    fill, why = WRONG[case]
    path = written(tmp_path, fill)
    with pytest.raises(UserError, match=why) as told:
        read(path)
    assert str(told.value).startswith(str(path)) and "\n" not in str(told.value)


def test_a_file_that_was_cut_off_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, some)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged or cut off"):
        read(path)


def test_an_archive_whose_weights_are_none_is_told(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model.weights.h5", b"nothing of the kind")
    path = tmp_path / "model.keras"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match="damaged or cut off"):
        read(path)
