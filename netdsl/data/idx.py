"""MNIST and what is published in its format, IDX (LeCun, http://yann.lecun.com/exdb/mnist/)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netdsl.catalog.sources import FashionMnist, Idx
from netdsl.data.containers import Found, files_of
from netdsl.data.fields import Array, DataSet, Division, Field
from netdsl.data.published import FASHION_MNIST, MNIST, fetched
from netdsl.diagnostics import UserError

# The third byte of an IDX file that holds unsigned bytes; the fourth counts the axes.
_BYTES = 8

_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip


def idx(source: Idx, base: Path) -> DataSet:
    """Reads the four files of an `mnist` or `fashion_mnist` source, relative to `base`."""
    fashion = isinstance(source, FashionMnist)
    path = base / source.path if source.path else fetched(FASHION_MNIST if fashion else MNIST)
    with files_of(path) as found:
        parts = [
            (_array(path, found, f"{part}-images", 3), _array(path, found, f"{part}-labels", 1))
            for part in ("train", "t10k")
        ]
    for images, labels in parts:
        if len(images) != len(labels) or not len(labels):
            raise UserError(f"{path} holds {len(images)} images, but {len(labels)} labels")
    (images, labels), (test_images, test_labels) = parts
    if images.shape[1:] != test_images.shape[1:]:
        raise UserError(f"{path}: the images for training and test have different sizes")
    label = np.concatenate([labels, test_labels]).astype(np.int64)
    classes = _FASHION if fashion else tuple("0123456789")
    if label.max() >= len(classes):
        raise UserError(f"{path} has the label {label.max()}, which is no class of {source.word}")
    fields = {
        "image": Field("image", "image", np.concatenate([images, test_images])[..., None]),
        "label": Field("label", "label", label),
    }
    division = Division(None, np.arange(len(labels), len(label)))
    return DataSet(source.word, fields, "image", "label", classes, division)


def _array(path: Path, found: Found, start: str, axes: int) -> Array:
    """The array of the file whose name starts so: `train-images-idx3-ubyte`, or with a dot."""
    name = next((name for name in found if name.startswith(start)), None)
    if name is None:
        raise UserError(f"{path} has no {start}-idx{axes}-ubyte, plain or as .gz")
    content = found[name]()
    head = 4 + 4 * axes
    if len(content) < head or content[:4] != bytes((0, 0, _BYTES, axes)):
        raise UserError(f"{name} of {path} is no IDX file of bytes with {axes} axes")
    shape = np.frombuffer(content, ">u4", axes, 4).astype(np.int64)
    values = np.frombuffer(content, np.uint8, offset=head)
    if len(values) != int(shape.prod()):
        raise UserError(f"{name} of {path} is cut off: {len(values)} of {shape.prod()} bytes")
    return values.reshape(shape)
