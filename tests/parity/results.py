"""docs/parity.md: the largest difference of each net, as a table that is read and written."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tests.parity.references import figures
from tests.parity.transplant import DOUBLE, SINGLE, Result

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "parity.md"

_HEAD = """\
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

Measured with {versions}.

| net | reference | single precision | double precision | largest logit |
|---|---|--:|--:|--:|
"""
_MEASURED = re.compile(r"^Measured with (.*)\.$", re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \| .* \| ([^| ]+) \| ([^| ]+) \| ([^| ]+) \|$", re.MULTILINE)


class Document(NamedTuple):
    """What the file says: the libraries that were used, and a result for each net."""

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


def render(document: Document) -> str:
    """The text of the file, nets in the order of their names."""
    rows = [
        f"| `{row.name}` | {constructor(row.name)} | {row.single:.1e} | {row.double:.1e} "
        f"| {row.largest:.3g} |\n"
        for row in sorted(document.results.values())
    ]
    head = _HEAD.format(single=SINGLE, double=DOUBLE, versions=document.versions)
    return head + "".join(rows)


def constructor(name: str) -> str:
    """How the reference is built."""
    library, _, key = name.partition("/")
    if library == "torchvision":
        return f"`torchvision.models.{key}`"
    if "constructor" not in figures(library)[key]:
        return "layers of Keras"
    model, _, width = key.partition("_alpha")
    return f"`keras.applications.{model}{f'(alpha={width})' if width else ''}`"


def write(result: Result) -> None:
    """Puts a result into the file.

    Results that were measured with other versions go, so that what it says is true of every line.
    """
    before = parse(RESULTS.read_text("utf-8")) if RESULTS.is_file() else Document("", {})
    versions = installed()
    kept = before.results if before.versions == versions else {}
    RESULTS.write_text(render(Document(versions, kept | {result.name: result})), "utf-8")
