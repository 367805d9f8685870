"""Published data sets: found in the user's cache folder, or downloaded there."""

from __future__ import annotations

from pathlib import Path

from netdsl.diagnostics import UserError
from netdsl.extras import need
from netdsl.record import Record


class Published(Record):
    """The files of a data set: where they are to be had, and their checksums (`md5:…`)."""

    name: str
    mirrors: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


# Addresses and checksums are those of torchvision.datasets (mnist.py, cifar.py).
MNIST = Published(
    "mnist",
    ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    (
        ("train-images-idx3-ubyte.gz", "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "md5:d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "md5:9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "md5:ec29112dd5afa0611ce80d1b7f02629c"),
    ),
)
FASHION_MNIST = Published(
    "fashion_mnist",
    ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    (
        ("train-images-idx3-ubyte.gz", "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "md5:25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "md5:bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "md5:bb300cfdad3c16e7a12a480ee83cd310"),
    ),
)
CIFAR10 = Published(
    "cifar10",
    ("https://www.cs.toronto.edu/~kriz/",),
    (("cifar-10-python.tar.gz", "md5:c58f30108f718f92721af3b95e74349a"),),
)
CIFAR100 = Published(
    "cifar100",
    ("https://www.cs.toronto.edu/~kriz/",),
    (("cifar-100-python.tar.gz", "md5:eb9058c3a382ffc7106e4002c42a8d85"),),
)


def fetched(published: Published) -> Path:
    """The folder of a published data set, or its archive where it is a single file.

    Files that are in the user's cache folder are taken where their checksums are right; others are
    downloaded whole or not at all.
    """
    pooch = need("pooch")
    folder = Path(pooch.os_cache("netdsl")) / published.name
    pooch.get_logger().setLevel("WARNING")
    for name, checksum in published.files:
        _fetch(published, folder, name, checksum)
    return folder if len(published.files) > 1 else folder / published.files[0][0]


def _fetch(published: Published, folder: Path, name: str, checksum: str) -> None:
    import pooch
    from requests import RequestException

    failures: list[str] = []
    for mirror in published.mirrors:
        try:
            pooch.retrieve(mirror + name, checksum, name, folder)
            return
        # A wrong checksum is a ValueError; what is wrong with the network has many names.
        except (OSError, ValueError, RequestException) as error:
            failures.append(str(error).partition("\n")[0])
    names = " and ".join(file for file, _ in published.files)
    raise UserError(
        f"{published.name} cannot be downloaded ({failures[-1]}); put {names} into {folder}, or "
        f'name where they are: {published.name}("…")'
    )
