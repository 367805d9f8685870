"""Published data sets in the formats that they have, from files that the tests write."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from netdsl.catalog.sources import Cifar10, Cifar100, Digits, FashionMnist, Mnist
from netdsl.data import published
from netdsl.data.fields import Array, DataSet
from netdsl.data.read import read
from netdsl.data.split import split
from netdsl.diagnostics import UserError

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (14, 28, 28), dtype=np.uint8)
LABELS = np.array([*range(10), 1, 2, 3, 4], np.uint8)
MNIST = {
    "train-images-idx3-ubyte": IMAGES[:10],
    "train-labels-idx1-ubyte": LABELS[:10],
    "t10k-images-idx3-ubyte": IMAGES[10:],
    "t10k-labels-idx1-ubyte": LABELS[10:],
}


def idx(values: Array) -> bytes:
    shape = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes((0, 0, 8, values.ndim)) + shape + values.tobytes()


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"inside/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


FORMS = {
    "plain": lambda base: write(base / "d", {n: idx(v) for n, v in MNIST.items()}),
    "dots": lambda base: write(
        base / "d", {n.replace("-idx", ".idx"): idx(v) for n, v in MNIST.items()}
    ),
    "gz": lambda base: (
        write(base / "d/raw", {f"{n}.gz": gzip.compress(idx(v)) for n, v in MNIST.items()}).parent
    ),
    "tar": lambda base: packed(base / "d.tar.gz", {n: idx(v) for n, v in MNIST.items()}),
    "zip": lambda base: zipped(base / "d.zip", {n: idx(v) for n, v in MNIST.items()}),
}


@pytest.mark.parametrize("form", FORMS)
def test_mnist(tmp_path: Path, form: str) -> None:
    path = FORMS[form](tmp_path)
    data = read(Mnist(path=path.name), tmp_path, 0)
    assert np.array_equal(data.fields["image"].array[..., 0], IMAGES)
    assert data.fields["label"].array.tolist() == LABELS.tolist()
    assert data.classes == tuple("0123456789")
    parts = split(data, (0.4, 0.1, 0.5), 0)
    assert parts.test.tolist() == [10, 11, 12, 13]
    assert [len(parts.train), len(parts.validation)] == [8, 2]


def test_idx_is_what_torchvision_reads(tmp_path: Path, torchvision: ModuleType) -> None:
    path = FORMS["plain"](tmp_path)
    expected = torchvision.datasets.mnist.read_image_file(str(path / "train-images-idx3-ubyte"))
    data = read(FashionMnist(path=path.name), tmp_path, 0)
    assert torch.equal(torch.tensor(data.fields["image"].array[:10, ..., 0]), expected)
    assert data.classes[9] == "Ankle boot"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("train-images-idx3-ubyte", idx(IMAGES[:10])[:-1], "is cut off: 7839 of 7840 bytes"),
        ("train-images-idx3-ubyte", idx(LABELS), "is no IDX file of bytes with 3 axes"),
        ("train-labels-idx1-ubyte", idx(LABELS[:9]), "10 images, but 9 labels"),
        ("train-labels-idx1-ubyte", idx(LABELS[:10] + 1), "has the label 10"),
        ("t10k-images-idx3-ubyte", None, "has no t10k-images-idx3-ubyte, plain or as .gz"),
    ],
)
def test_wrong_idx(tmp_path: Path, name: str, content: bytes | None, told: str) -> None:
    path = FORMS["plain"](tmp_path)
    (path / name).unlink() if content is None else (path / name).write_bytes(content)
    with pytest.raises(UserError, match=told):
        read(Mnist(path=path.name), tmp_path, 0)


def test_a_damaged_archive(tmp_path: Path) -> None:
    path = FORMS["gz"](tmp_path)
    damaged = path / "raw/train-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    with pytest.raises(UserError, match="d cannot be read"):
        read(Mnist(path=path.name), tmp_path, 0)
    with pytest.raises(UserError, match="there is no such file or directory"):
        read(Mnist(path="nothing"), tmp_path, 0)


# CIFAR


class _Python2(pickle._Pickler):  # type: ignore[misc, name-defined]
    """Writes texts and bytes as Python 2 writes its `str`."""

    def save_string(self, value: str | bytes) -> None:
        content = value.encode("latin-1") if isinstance(value, str) else value
        self.write(b"T" + len(content).to_bytes(4, "little") + content)
        self.memoize(value)

    dispatch: ClassVar[Any] = {**pickle._Pickler.dispatch, str: save_string, bytes: save_string}


def python2(value: Any) -> bytes:
    """As https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz has it."""
    file = io.BytesIO()
    _Python2(file, 2).dump(value)
    return file.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def python3(value: Any) -> bytes:
    return pickle.dumps(value, protocol=2)


PIXELS = RANDOM.integers(0, 256, (6, 3072), dtype=np.uint8)
KINDS = [3, 0, 1, 2, 1, 0]
NAMES = ["plane", "car", "bird", "cat"]


def batches(dump: Any) -> dict[str, bytes]:
    def one(part: slice) -> bytes:
        return dump({"data": PIXELS[part], "labels": KINDS[part], "filenames": ["a.png"]})

    return {
        "data_batch_1": one(slice(0, 2)),
        "data_batch_2": one(slice(2, 4)),
        "test_batch": one(slice(4, 6)),
        "batches.meta": dump({"label_names": NAMES, "num_vis": 3072}),
    }


def check(data: DataSet) -> None:
    image = data.fields["image"].array
    assert image.shape == (6, 32, 32, 3)
    assert np.array_equal(image.transpose(0, 3, 1, 2).reshape(6, -1), PIXELS)
    assert data.fields["label"].array.tolist() == KINDS
    assert split(data, (0.5, 0.5, 0), 0).test.tolist() == [4, 5]


@pytest.mark.parametrize("dump", [python2, python3])
@pytest.mark.parametrize("archive", [False, True])
def test_cifar10_pickled(tmp_path: Path, dump: Any, archive: bool) -> None:
    files = batches(dump)
    path = packed(tmp_path / "c.tar.gz", files) if archive else write(tmp_path / "c", files)
    data = read(Cifar10(path=path.name), tmp_path, 0)
    check(data)
    assert data.classes == tuple(NAMES)


def test_cifar10_binary(tmp_path: Path) -> None:
    records = np.concatenate([np.array(KINDS, np.uint8)[:, None], PIXELS], axis=1)
    files = {
        "data_batch_1.bin": records[:4].tobytes(),
        "test_batch.bin": records[4:].tobytes(),
        "batches.meta.txt": "\n".join(NAMES).encode(),
    }
    data = read(Cifar10(path=write(tmp_path / "c", files).name), tmp_path, 0)
    check(data)
    assert data.classes == tuple(NAMES)


@pytest.mark.parametrize("binary", [False, True])
def test_cifar100_fine_and_coarse(tmp_path: Path, binary: bool) -> None:
    fine, coarse = np.array([5, 7, 99, 0, 5, 6], np.uint8), np.array(KINDS, np.uint8)
    if binary:
        records = np.concatenate([coarse[:, None], fine[:, None], PIXELS], axis=1)
        files = {"train.bin": records[:4].tobytes(), "test.bin": records[4:].tobytes()}
    else:
        files = {
            name: python2(
                {
                    "data": PIXELS[part],
                    "fine_labels": fine[part].tolist(),
                    "coarse_labels": coarse[part].tolist(),
                }
            )
            for name, part in (("train", slice(0, 4)), ("test", slice(4, 6)))
        }
    write(tmp_path / "c", files)
    data = read(Cifar100(path="c", coarse=True), tmp_path, 0)
    check(data)
    data = read(Cifar100(path="c"), tmp_path, 0)
    assert data.fields["label"].array.tolist() == fine.tolist()


class Hostile:
    """What a pickle of it would run where it is loaded: it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    files = batches(python3)
    files["data_batch_2"] = pickle.dumps({"data": Hostile(tmp_path / "harm"), "labels": []}, 2)
    write(tmp_path / "c", files)
    with pytest.raises(UserError, match=r"data_batch_2 .* asks for posix\.system"):
        read(Cifar10(path="c"), tmp_path, 0)
    assert not (tmp_path / "harm").exists()
    pickle.loads(files["data_batch_2"])  # it would have
    assert (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x02cnumpy\nfromfile\nU\x0b/etc/passwd\x85R.",
        pickle.dumps({"data": np.zeros((2, 3072)), "labels": [0, 1]}, 2),
        pickle.dumps({"data": PIXELS[:2, :-1], "labels": [0, 1]}, 2),
        pickle.dumps({"data": PIXELS[:2], "labels": [0]}, 2),
        pickle.dumps({"data": PIXELS[:2]}, 2),
        pickle.dumps([PIXELS], 2),
        pickle.dumps({"data": PIXELS[:2], "labels": [0, 1]}, 2)[:-9],
    ],
)
def test_what_is_no_batch(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "c", {**batches(python3), "data_batch_2": content})
    with pytest.raises(UserError, match=r"data_batch_2 of .* is no batch of CIFAR"):
        read(Cifar10(path="c"), tmp_path, 0)


# Downloads


def test_without_a_network_it_is_said_what_goes_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = published.MNIST.replace(mirrors=((tmp_path / "no").as_uri(), "http://127.0.0.1:9/"))
    monkeypatch.setattr("netdsl.data.idx.MNIST", nowhere)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = tmp_path / "cache/netdsl/mnist"
    told = rf"put train-images-idx3-ubyte\.gz and .* into {place}, or .*: mnist\(\"…\"\)"
    with pytest.raises(UserError, match=told):
        read(Mnist(), tmp_path, 0)
    assert [path for path in place.rglob("*") if path.is_file()] == []


def test_the_cache_folder_is_looked_into_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hashlib import md5

    files = {f"{name}.gz": gzip.compress(idx(values)) for name, values in MNIST.items()}
    known = tuple((name, f"md5:{md5(content).hexdigest()}") for name, content in files.items())
    monkeypatch.setattr("netdsl.data.idx.MNIST", published.MNIST.replace(files=known))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    write(tmp_path / "netdsl/mnist", files)
    assert len(read(Mnist(), tmp_path, 0)) == 14


# Classes


def test_some_classes_keep_their_names_and_count_anew() -> None:
    whole, data = read(Digits(), Path(), 0), read(Digits(classes=(7, 2)), Path(), 0)
    labels = whole.fields["label"].array
    assert data.classes == ("7", "2")
    kept = np.isin(labels, (7, 2))
    assert np.array_equal(data.fields["label"].array, (labels[kept] == 2).astype(int))
    assert np.array_equal(data.fields["image"].array, whole.fields["image"].array[kept])


def test_the_published_test_share_stays_it(tmp_path: Path) -> None:
    path = FORMS["plain"](tmp_path)
    data = read(Mnist(path=path.name, classes=(1, 4)), tmp_path, 0)
    assert split(data, (0.5, 0.5, 0), 0).test.tolist() == [2, 3]
    assert data.fields["label"].array.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("classes", [(0, 10), (-1,), (1, 1)])
def test_classes_that_are_not_there(classes: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="digits has the classes 0 to 9"):
        read(Digits(classes=classes), Path(), 0)
