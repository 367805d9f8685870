"""A missing library is told in one sentence that says how to get it."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdsl.diagnostics import UserError
from netdsl.extras import explain, need
from tests.conftest import REPOSITORY


def test_an_installed_library_is_given() -> None:
    assert need("numpy") is sys.modules["numpy"]


# The sentence for each module, with what stands in it for the library and for the extra.
SENTENCE = '{} is not installed; install it with `pip install "netdsl[{}]"`'
MISSING = [
    ("torch", "PyTorch", "torch"),
    ("safetensors", "safetensors", "torch"),
    ("numpy", "numpy", "data"),
    ("keras", "Keras", "keras-any"),  # TensorFlow is there
    ("tensorflow", "TensorFlow", "keras"),
    ("h5py", "h5py", "keras-any"),
    ("onnx", "ONNX", "onnx"),
    ("onnxruntime", "onnxruntime", "onnx"),
    ("sklearn", "scikit-learn", "data"),
    ("PIL", "Pillow", "data"),
    ("skimage", "scikit-image", "data"),
    ("matplotlib", "matplotlib", "data"),
    ("pooch", "pooch", "data"),
    ("pyarrow", "pyarrow", "data"),
    ("datasets", "datasets", "huggingface"),
    ("jinja2", "Jinja", "data"),
    ("tensorboard", "TensorBoard", "tensorboard"),
    ("pygls", "pygls", "lsp"),
]
# Where a distribution has another name than what is imported of it.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "skimage": "scikit-image"}


@pytest.mark.parametrize(("module", "known_as", "extra"), MISSING)
def test_a_missing_library_is_told(
    module: str, known_as: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # what Python reads as "not there"
    with pytest.raises(UserError) as told:
        need(module)
    assert str(told.value) == SENTENCE.format(known_as, extra)


def test_keras_brings_tensorflow_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("keras", "tensorflow"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError) as told:
        need("keras")
    assert str(told.value) == SENTENCE.format("Keras", "keras")


def brought(extra: str) -> Iterator[str]:
    """The distributions that an extra installs, those of the extras that it names among them."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in project["optional-dependencies"][extra]:
        name, _, range_ = requirement.partition(">=")
        if name.startswith("netdsl["):
            yield from brought(name[len("netdsl[") : -1])
        else:
            assert range_, f"{requirement} has no lower bound"
            yield name


@pytest.mark.parametrize(("module", "extra"), [(module, extra) for module, _, extra in MISSING])
def test_the_extra_brings_the_library(module: str, extra: str) -> None:
    assert DISTRIBUTIONS.get(module, module) in brought(extra)


def test_the_extra_of_keras_can_run_it() -> None:
    assert {"keras", "h5py", "safetensors", "numpy", "tensorflow"} == set(brought("keras"))
    assert set(brought("keras")) - set(brought("keras-any")) == {"tensorflow"}


def test_no_two_tensorflows_are_installed_at_once() -> None:
    # The Makefile installs these together; both distributions have the same files.
    installed = [name for extra in ("torch", "keras-any", "onnx", "data", "dev")
                 for name in brought(extra)]  # fmt: skip
    assert [name for name in installed if name.startswith("tensorflow")] == ["tensorflow-cpu"]


def test_a_broken_library_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('libfreetype is missing')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    with pytest.raises(UserError, match="libfreetype is missing"):
        need("matplotlib")


def test_an_import_of_ours_that_fails_is_not_a_missing_extra() -> None:
    assert explain(ModuleNotFoundError("No module named 'netdsl.lost'", name="netdsl.lost")) is None
