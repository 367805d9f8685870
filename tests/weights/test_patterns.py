"""What the patterns of a map meet, and what is wrong with those that mean nothing."""

from __future__ import annotations

import pytest

from netdsl.weights.patterns import compiled, prefixes, whole


@pytest.mark.parametrize(
    ("pattern", "name", "numbers"),
    [
        ("conv1", "conv1", ()),
        ("conv1", "conv12", None),
        ("conv#", "conv12", (12,)),
        ("conv#", "conv", None),
        ("layer#.#", "layer2.10", (2, 10)),
        ("layer#.#", "layer2x10", None),
        ("*.conv", "features.conv", ()),
        ("*.conv", "a.b.conv", None),
        ("conv2d[_#]", "conv2d", (-1,)),
        ("conv2d[_#]", "conv2d_3", (3,)),
        ("conv2d[_#]", "conv2d_", None),
        ("a[b[#]]c", "ab7c", (7,)),
        ("conv_dw_#_bn", "conv_dw_1_bn", (1,)),
    ],
)
def test_whole_names(pattern: str, name: str, numbers: tuple[int, ...] | None) -> None:
    assert whole(pattern, name) == numbers


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("layer#.#", "layer2.10.conv1", ("layer2.10", (2, 10))),
        ("block1", "block12_conv", None),
        ("block#", "block12_conv", ("block12", (12,))),
        ("conv#_block#", "conv2_block1_0_conv", ("conv2_block1", (2, 1))),
        ("aux", "conv", None),
    ],
)
def test_prefixes(pattern: str, name: str, found: tuple[str, tuple[int, ...]] | None) -> None:
    assert prefixes(pattern, name) == found


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("a]b", "closes nothing"), ("a[b", "never closed"), ("a##", "where the first one ends")],
)
def test_a_pattern_without_a_meaning_is_told(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        compiled(pattern)
