"""Imports: relative, in the root only, circles, `as`, their own defaults, std."""

from __future__ import annotations

from pathlib import Path

import pytest

import netdsl
from tests.elaborate.specs import shape, told

FILES = {
    "blocks.net": "default conv(pad=same)\nblock unit(c) { conv(c, 3) }\nblock bare { conv(3, 3) }",
    "sub/inner.net": 'from "../blocks.net" import unit\nblock twice(c) { unit(c) -> unit(c) }',
    "values.net": "let width = 5\nlet wide = 2 * width\nfn double(n) = 2 * n\nlet act = relu",
    "nets.net": "net M(c = 4) { input y: 8 x 8 x 3\n conv(c, 3) }",
    "a.net": 'from "b.net" import b\nblock a { relu -> b }',
    "b.net": 'from "a.net" import a\nblock b { tanh -> a }',
    "again.net": 'from "blocks.net" import unit as u',
    "broken.net": "block ok { relu }\nblock bad { relu -> }\n",
}
NET = "net N {\n  input x: 8 x 8 x 3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files above, and one beside it."""
    inside = tmp_path / "specs"
    for name, text in {**FILES, "../outside.net": "block far { relu }"}.items():
        path = inside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return inside


def read(folder: Path, text: str) -> netdsl.api.Spec:
    """A spec in the folder, its net elaborated."""
    (folder / "main.net").write_text(text, encoding="utf-8")
    return netdsl.read(str(folder / "main.net"))


GOOD = {
    "a block": ('from "blocks.net" import unit', "unit(4)", (8, 8, 4)),
    "several, with aliases": (
        'from "blocks.net" import unit as u, bare',
        "u(4) -> bare",
        (8, 8, 3),
    ),
    "with the defaults of their own file": (
        'from "blocks.net" import unit',
        "unit(4) -> conv(5, 3)",
        (6, 6, 5),
    ),
    "not changed by ours": (
        'from "blocks.net" import bare\ndefault conv(pad=valid)',
        "bare",
        (8, 8, 3),
    ),
    "from a folder": ('from "sub/inner.net" import twice', "twice(4)", (8, 8, 4)),
    "of what the other file imports": ('from "again.net" import u', "u(4)", (8, 8, 4)),
    "a value": ('from "values.net" import wide', "conv(wide, 1)", (8, 8, 10)),
    "a value under another name": ('from "values.net" import wide as w', "conv(w, 1)", (8, 8, 10)),
    "a function": ('from "values.net" import double', "conv(double(3), 1)", (8, 8, 6)),
    "a layer": ('from "values.net" import act', "act", (8, 8, 3)),
    "a net": ('from "nets.net" import M', "M(5)", (6, 6, 5)),
    "after its use": ("", 'unit(4)\n}\nfrom "blocks.net" import unit\nblock z { relu', (8, 8, 4)),
    "its own file's name": ('from "./blocks.net" import unit', "unit(4)", (8, 8, 4)),
}


@pytest.mark.parametrize(("items", "steps", "expected"), GOOD.values(), ids=GOOD)
def test_an_import(folder: Path, items: str, steps: str, expected: tuple[int, ...]) -> None:
    spec = read(folder, f"{items}\n{NET}{steps}\n}}\n")
    found = spec.elaborate("N")
    assert told(spec) == []
    assert found is not None and shape(found) == expected


def test_an_alias_of_a_net_of_another_file(folder: Path) -> None:
    spec = read(folder, 'from "nets.net" import M\nnet N = M(6)')
    found = spec.elaborate("N")
    assert told(spec) == []
    assert found is not None and shape(found) == (6, 6, 6)


WRONG = {
    "a file that is not there": ('from "blokcs.net" import unit', "import-missing"),
    "a folder": ('from "sub" import unit', "import-missing"),
    "a file outside": ('from "../outside.net" import unit', "import-outside"),
    "an absolute path": ('from "/etc/passwd" import unit', "import-outside"),
    "a device": ('from "/dev/zero" import unit', "import-outside"),
    "a name that is not there": ('from "blocks.net" import unti as unit', "unknown-name"),
    "a collection that is not there": ("from lib import unit", "import-missing"),
    "a block that std has not": ("from std import botleneck as unit", "unknown-name"),
    "a circle": ('from "a.net" import a as unit', "import-circle"),
    "itself": ('from "main.net" import unit', "import-circle"),
}


@pytest.mark.parametrize(("items", "code"), WRONG.values(), ids=WRONG)
def test_a_wrong_import(folder: Path, items: str, code: str) -> None:
    spec = read(folder, f"{items}\n{NET}  unit\n  relu\n}}\n")
    spec.elaborate("N")
    assert [found for _, found in told(spec)] == [code]


def test_a_wrong_import_is_told_although_nothing_uses_it(folder: Path) -> None:
    spec = read(folder, f'from "nowhere.net" import unit\n{NET}  relu\n}}\n')
    spec.elaborate("N")
    assert told(spec) == [(1, "import-missing")]


def test_a_wider_folder_is_allowed_by_root(folder: Path) -> None:
    path = folder / "main.net"
    path.write_text(f'from "../outside.net" import far\n{NET}  far\n}}\n', encoding="utf-8")
    spec = netdsl.read(str(path), root=str(folder.parent))
    assert spec.elaborate() is not None and told(spec) == []


def test_a_link_does_not_lead_outside(folder: Path) -> None:
    (folder / "link.net").symlink_to(folder.parent / "outside.net")
    spec = read(folder, f'from "link.net" import far\n{NET}  far\n}}\n')
    spec.elaborate("N")
    assert [code for _, code in told(spec)] == ["import-outside"]


def test_an_imported_name_is_not_defined_again(folder: Path) -> None:
    spec = read(folder, f'from "blocks.net" import unit\nblock unit {{ relu }}\n{NET}  unit\n}}\n')
    assert told(spec) == [(2, "defined-twice")]


def test_a_mistake_in_an_imported_file_is_told_there(folder: Path) -> None:
    spec = read(folder, f'from "broken.net" import ok\n{NET}  ok\n}}\n')
    spec.elaborate("N")
    (found,) = [one for one in spec.diagnostics if one.severity == "error"]
    assert found.code == "syntax"
    assert Path(found.label.span.source.name).name == "broken.net"
    assert found.label.span.line == 2
