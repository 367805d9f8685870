"""The bundled names: each key of the references that is built, and a short name for each net."""

from __future__ import annotations

import re

import pytest

import netdsl
from netdsl.diagnostics import UserError
from netdsl.zoo import bundled as find
from tests.specs.bundled import PAPERS, SPECS, places, reference, zoo

KEYS = [f"{library}/{key}" for library in ("keras", "torchvision") for key in reference(library)]
PLAIN = [name for name in zoo() if "/" not in name]
_LOWER = {key.lower(): zoo()[key] for key in KEYS if key in zoo()}
# The nets that torchvision and Keras have under a plain name, in this order.
OF_LIBRARIES = {
    name: [_LOWER[key] for key in (f"torchvision/{name}", f"keras/{name}") if key in _LOWER]
    for name in PLAIN
    if f"torchvision/{name}" in _LOWER or f"keras/{name}" in _LOWER
}


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_a_net(key: str) -> None:
    assert key in zoo()


def test_no_name_is_of_another_library_or_key() -> None:
    assert sorted(name for name in zoo() if "/" in name) == sorted(KEYS)


@pytest.mark.parametrize("name", zoo())
def test_a_bundled_name_loads(name: str) -> None:
    assert netdsl.load(name).name == zoo()[name].partition(":")[2]


def test_every_net_of_every_file_has_a_name() -> None:
    assert sorted(set(zoo().values())) == sorted(places())


@pytest.mark.parametrize("name", OF_LIBRARIES)
def test_a_plain_name_is_the_paper_s_net_else_torchvision_s_else_keras(name: str) -> None:
    assert zoo()[name] in PAPERS.values() or zoo()[name] == OF_LIBRARIES[name][0]


def test_where_they_differ_a_plain_name_is_the_paper_s() -> None:
    for name in ("alexnet", "googlenet"):
        assert zoo()[name] in PAPERS.values()
        assert zoo()[name] not in OF_LIBRARIES[name]


def test_plain_names_are_lower_case() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in PLAIN)


def test_a_name_is_found_at_its_file() -> None:
    assert find("vgg16") == (str(SPECS / "vgg.net"), "VGG16")
    assert find("vgg17") is None


def test_an_unknown_name_is_told_in_a_sentence() -> None:
    with pytest.raises(UserError, match="vgg17"):
        netdsl.load("vgg17")
