"""Libraries that only some commands need, and the sentence for one that is missing."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from netdsl.diagnostics import UserError

# The name of an import, to the name that people know it by and the extra that installs it.
_EXTRAS = {
    "torch": ("PyTorch", "torch"),
    "safetensors": ("safetensors", "torch"),
    "numpy": ("numpy", "data"),
    "keras": ("Keras", "keras"),
    "tensorflow": ("TensorFlow", "keras"),
    "h5py": ("h5py", "keras-any"),
    "onnx": ("ONNX", "onnx"),
    "onnxruntime": ("onnxruntime", "onnx"),
    "sklearn": ("scikit-learn", "data"),
    "PIL": ("Pillow", "data"),
    "skimage": ("scikit-image", "data"),
    "pooch": ("pooch", "data"),
    "pyarrow": ("pyarrow", "data"),
    "datasets": ("datasets", "huggingface"),
    "matplotlib": ("matplotlib", "data"),
    "lightning_fabric": ("Lightning Fabric", "devices"),
    "filelock": ("filelock", "data"),
    "jinja2": ("Jinja", "data"),
    "tensorboard": ("TensorBoard", "tensorboard"),
    "pygls": ("pygls", "lsp"),
}


def need(module: str) -> ModuleType:
    """Import a library of an extra, or say in one sentence how to install it (`UserError`).

    `need("torch")` goes before the first import of a module that imports torch at its top.
    """
    known_as, _ = _EXTRAS[module]
    try:
        return import_module(module)
    except ImportError as error:
        missing = explain(error)
        if missing is None:
            text = f"{known_as} is installed but cannot be imported ({error}); install it again"
            missing = UserError(text)
        raise missing from error


def explain(error: ImportError) -> UserError | None:
    """The sentence for an import that failed because an extra is not installed, else None."""
    if not isinstance(error, ModuleNotFoundError) or error.name not in _EXTRAS:
        return None
    known_as, extra = _EXTRAS[error.name]
    # tensorflow and tensorflow-cpu overwrite each other's files.
    if extra == "keras" and find_spec("tensorflow") is not None:
        extra = "keras-any"
    return UserError(
        f'{known_as} is not installed; install it with `pip install "netdsl[{extra}]"`'
    )
