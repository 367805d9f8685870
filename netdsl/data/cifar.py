"""CIFAR-10 and CIFAR-100 in the forms that they are published in (Krizhevsky, 2009).

https://www.cs.toronto.edu/~kriz/cifar.html describes both: pickled batches, and binary files of
records that start with one label (CIFAR-10) or with the coarse and the fine one (CIFAR-100).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netdsl.catalog.sources import Cifar, Cifar100
from netdsl.data.containers import Found, files_of
from netdsl.data.fields import Array, DataSet, Division, Field
from netdsl.data.published import CIFAR10, CIFAR100, fetched
from netdsl.data.unpickle import array_of_bytes, plain
from netdsl.diagnostics import UserError
from netdsl.record import Record

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE


class _Form(Record):
    """What the files of a version are called, and what is in them.

    `labels` is the key of the labels in a pickled batch; `at` and `of` say which of how many bytes
    before the pixels of a binary record is the label.
    """

    train: tuple[str, ...]
    test: str
    labels: str
    at: int
    of: int
    meta: str
    names: str
    listed: str


_TEN = _Form(
    tuple(f"data_batch_{number}" for number in range(1, 6)),
    "test_batch", "labels", 0, 1, "batches.meta", "label_names", "batches.meta.txt",
)  # fmt: skip
_FINE = _Form(
    ("train",), "test", "fine_labels", 1, 2, "meta", "fine_label_names", "fine_label_names.txt"
)
_COARSE = _Form(
    ("train",), "test", "coarse_labels", 0, 2, "meta", "coarse_label_names",
    "coarse_label_names.txt",
)  # fmt: skip


def cifar(source: Cifar, base: Path) -> DataSet:
    """Reads a `cifar10` or `cifar100` source, whose path is relative to `base`."""
    hundred = isinstance(source, Cifar100)
    form = (_COARSE if source.coarse else _FINE) if isinstance(source, Cifar100) else _TEN
    path = base / source.path if source.path else fetched(CIFAR100 if hundred else CIFAR10)
    with files_of(path) as found:
        train = [name for name in form.train if name in found or f"{name}.bin" in found]
        if not train:
            raise UserError(f"{path} has no {form.train[0]}, pickled or as .bin")
        parts = [_batch(path, found, name, form) for name in (*train, form.test)]
        classes = _classes(path, found, form)
    label = np.concatenate([labels for _, labels in parts])
    classes = classes or tuple(str(number) for number in range(int(label.max()) + 1))
    if label.max() >= len(classes) or label.min() < 0:
        raise UserError(f"{path} has a label that is no number of its {len(classes)} classes")
    pixels = np.concatenate([images for images, _ in parts])
    image = np.ascontiguousarray(pixels.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1))
    fields = {
        "image": Field("image", "image", image),
        "label": Field("label", "label", label),
    }
    division = Division(None, np.arange(len(label) - len(parts[-1][1]), len(label)))
    return DataSet(source.word, fields, "image", "label", classes, division)


def _batch(path: Path, found: Found, name: str, form: _Form) -> tuple[Array, Array]:
    """Pixels (n, 3072) and labels of a batch."""
    try:
        if name in found:
            stored = _texts(plain(found[name]()))
            pixels = array_of_bytes(stored.get("data"))
            labels = np.array(stored.get(form.labels), dtype=np.int64)
        else:
            content = np.frombuffer(found[f"{name}.bin"](), np.uint8)
            records = content.reshape(-1, form.of + _PIXELS)
            pixels, labels = records[:, form.of :], records[:, form.at].astype(np.int64)
        if pixels.ndim != 2 or pixels.shape[1] != _PIXELS or labels.shape != pixels.shape[:1]:
            raise ValueError("it does not hold labels and 3072 bytes for each of them")
    except KeyError as error:
        raise UserError(f"{path} has no {name}, pickled or as .bin") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{name} of {path} is no batch of CIFAR: {error}") from error
    return pixels, labels


def _classes(path: Path, found: Found, form: _Form) -> tuple[str, ...]:
    """The names of the classes, as far as they are told."""
    if form.meta in found:
        try:
            names = _texts(plain(found[form.meta]())).get(form.names)
            if not isinstance(names, list):
                raise ValueError(f"it has no {form.names}")
        except (ValueError, TypeError) as error:
            raise UserError(f"{form.meta} of {path} cannot be read: {error}") from error
        return tuple(n.decode("utf-8") if isinstance(n, bytes) else str(n) for n in names)
    if form.listed in found:
        return tuple(found[form.listed]().decode("utf-8").split())
    return ()


def _texts(stored: object) -> dict[str, object]:
    """A dictionary with texts as keys, which are bytes where Python 2 has written them."""
    if not isinstance(stored, dict):
        raise ValueError("it holds no dictionary")
    return {k.decode("latin-1") if isinstance(k, bytes) else k: v for k, v in stored.items()}
