"""docs/parity.md and docs/parity_keras.md: the largest difference of each net, in tables.

They are read and written, a line at a time.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tests.parity.references import figures, names
from tests.parity.transplant import DOUBLE, SINGLE, Result

DOCS = Path(__file__).resolve().parents[2] / "docs"

_IN_PYTORCH = """\
# Proof by transplanted weights

Each bundled net of torchvision and of Keras Applications was built by its own library with random
numbers in every weight, bias and running statistic, saved to a file (`.pt` or `.h5`), converted as
`netdsl weights convert` does, and loaded into the PyTorch model that `netdsl export` prints. Both
models got the same two random images, in evaluation, on the CPU.

A difference is the largest one between two logits, as a share of the largest logit. In single
precision, in which nets are used, it has to be at most {single:.0e}; in double precision, where
rounding hides nothing, at most {double:.0e}.

Keras 3 has no constructor for ResNeXt; those two are built from Keras' layers.

`make parity` measures all anew and writes this file, `python -m tests.parity NAME --write` one
line of it. Another processor may give other last digits.

"""
_IN_KERAS = """\
# Proof by transplanted weights, in Keras

As [parity.md](parity.md) for the Keras backend: each bundled net of Keras Applications was built by
Keras with random numbers in every weight, bias and running statistic, saved to a file (`.h5`),
converted as `netdsl weights convert` does, and put into the model that `netdsl.load(NET).keras()`
makes of the source that `netdsl export --to keras` prints. Both have the same `count_params()`, and
of it as much is trained. Both got the same two random images, in evaluation, on the CPU.

A difference is the largest one between two logits, as a share of the largest logit: in single
precision it has to be at most {single:.0e}, in double precision at most {double:.0e}. It is 0 where
TensorFlow computes the same in the same order.

Keras 3 has no constructor for ResNeXt; those two are built from Keras' layers.

`make parity` measures all anew and writes this file, `python -m tests.parity --keras NAME --write`
one line of it.

"""
_TABLE = """\
Measured with {versions}.

| net | reference | single precision | double precision | largest logit |
|---|---|--:|--:|--:|
"""
_MEASURED = re.compile(r"^Measured with (.*)\.$", re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \| .* \| ([^| ]+) \| ([^| ]+) \| ([^| ]+) \|$", re.MULTILINE)


class Page(NamedTuple):
    """A file of results for one backend: what stands above its table, and which nets it has."""

    file: Path
    head: str
    names: tuple[str, ...]


PAGES = {
    "torch": Page(DOCS / "parity.md", _IN_PYTORCH, tuple(names())),
    "keras": Page(
        DOCS / "parity_keras.md",
        _IN_KERAS,
        tuple(name for name in names() if name.startswith("keras/")),
    ),
}


class Document(NamedTuple):
    """What a file says: the libraries that were used, and a result for each net."""

    versions: str
    results: dict[str, Result]


def installed() -> str:
    """The libraries that are installed, with their versions."""
    distributions = {
        "torch": "torch",
        "torchvision": "torchvision",
        "Keras": "keras",
        "TensorFlow": "tensorflow-cpu",
    }
    found = [f"{name} {version(package)}" for name, package in distributions.items()]
    return f"{', '.join(found[:-1])} and {found[-1]}"


def parse(text: str) -> Document:
    """A document from the text of the file."""
    measured = _MEASURED.search(text)
    rows = [
        Result(name, *(float(number) for number in numbers))
        for name, *numbers in _ROW.findall(text)
    ]
    return Document(measured.group(1) if measured else "", {row.name: row for row in rows})


def read(page: Page) -> Document:
    """What the file of a page says; nothing where there is none yet."""
    return parse(page.file.read_text("utf-8")) if page.file.is_file() else Document("", {})


def render(page: Page, document: Document) -> str:
    """The text of a page's file, nets in the order of their names."""
    rows = [
        f"| `{row.name}` | {constructor(row.name)} | {row.single:.1e} | {row.double:.1e} "
        f"| {row.largest:.3g} |\n"
        for row in sorted(document.results.values())
    ]
    head = page.head.format(single=SINGLE, double=DOUBLE)
    return head + _TABLE.format(versions=document.versions) + "".join(rows)


def constructor(name: str) -> str:
    """How the reference is built."""
    library, _, key = name.partition("/")
    if library == "torchvision":
        return f"`torchvision.models.{key}`"
    if "constructor" not in figures(library)[key]:
        return "layers of Keras"
    model, _, width = key.partition("_alpha")
    return f"`keras.applications.{model}{f'(alpha={width})' if width else ''}`"


def write(page: Page, result: Result) -> None:
    """Puts a result into the file of a page.

    Results that were measured with other versions go, so that what it says is true of every line.
    """
    before = read(page)
    versions = installed()
    kept = before.results if before.versions == versions else {}
    document = Document(versions, kept | {result.name: result})
    page.file.write_text(render(page, document), "utf-8")
