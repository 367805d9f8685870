"""How short a definition is: the net and all that it needs, counted by bench/sizes.py."""

from __future__ import annotations

import pytest

from bench.sizes import TABLE, TOKEN, Row, Size, definition, render, rows, size, their_definition
from tests.specs.bundled import reference

# Lines and tokens at most.
LIMITS = {
    "googlenet.net:GoogLeNet": (40, 450),
    "resnet.net:ResNet50": (30, 300),
    "resnet_keras.net:ResNet50": (30, 300),
    "vgg.net:VGG16": (20, 150),
}
# What Keras Applications defines no longer.
UNDEFINED = {"keras/ResNeXt50", "keras/ResNeXt101"}
TABLE_ROWS = rows()


def test_tokens_are_counted_as_the_reference_says() -> None:
    assert TOKEN.findall('b(1_000, "x y")') == ["b", "(", "1_000", ",", '"x y"', ")"]
    assert TOKEN.findall("a->b**2//3>=4.5") == ["a", "->", "b", "**", "2", "//", "3", ">=", "4.5"]
    assert size("net A {\n\n  relu\n}\n") == Size(3, 5)


def test_a_definition_has_what_the_net_needs_and_nothing_else() -> None:
    assert definition("nin.net:NiN100").splitlines()[0] == "net NiN100 = NiN(classes=100)"
    text = definition("resnet.net:ResNet50")
    assert "block bottleneck(" in text
    assert "from std import bottleneck" in text
    assert "expect" not in text
    assert "#" not in text
    assert "ResNet101" not in text


@pytest.mark.parametrize("place", LIMITS)
def test_a_definition_is_short(place: str) -> None:
    found = size(definition(place))
    lines, tokens = LIMITS[place]
    assert found.lines <= lines
    assert found.tokens <= tokens


def test_a_definition_of_keras_has_what_the_model_needs_and_nothing_else() -> None:
    text = their_definition("keras", "ResNet50")
    assert text is not None
    for part in ("def ResNet50(", "def ResNet(", "def residual_block_v1(", '"predictions"'):
        assert text.count(part) == 1
    for part in ("def ResNet101(", "_v2", "keras_export", "get_file", "raise", '"""', "#"):
        assert part not in text
    assert their_definition("keras", "ResNeXt50") is None


def test_a_definition_of_torchvision_has_what_the_model_needs_and_nothing_else() -> None:
    text = their_definition("torchvision", "mobilenet_v2")
    assert text is not None
    parts = ("def mobilenet_v2(", "class MobileNetV2(", "class Conv2dNormActivation(")
    for part in (*parts, "def _make_divisible(", "class InvertedResidual("):
        assert text.count(part) == 1
    for part in ("Conv3d", "_Weights(", "load_state_dict", "register_model", "_log_api", "#"):
        assert part not in text


@pytest.mark.parametrize("row", TABLE_ROWS, ids=[row.name for row in TABLE_ROWS])
def test_no_spec_is_longer_than_the_definition_of_its_library(row: Row) -> None:
    assert row.is_as_short


def test_every_model_that_is_defined_has_a_row() -> None:
    keys = {
        f"{library}/{key}" for library in ("keras", "torchvision") for key in reference(library)
    }
    assert {row.name for row in TABLE_ROWS} == keys - UNDEFINED


def test_the_table_is_current() -> None:
    """`python bench/sizes.py --write` writes it."""
    assert TABLE.read_text("utf-8") == render(TABLE_ROWS)


def test_a_longer_spec_would_be_seen() -> None:
    assert not Row("keras/VGG16", Size(10, 101), Size(20, 100)).is_as_short
    assert not Row("keras/VGG16", Size(21, 100), Size(20, 100)).is_as_short
