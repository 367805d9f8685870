"""Maps: what is read from a file, what is wrong with one, and the pairs that rules make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netdsl.diagnostics import UserError
from netdsl.resources import specs_folder
from netdsl.weights.maps import Rule, map_file, pair, read, rules_of


def rules(*given: Any, folder: Path) -> tuple[Rule, ...]:
    """The rules of a map that has these for torchvision."""
    file = folder / "net.weights.json"
    file.write_text(json.dumps({"torchvision": list(given)}), encoding="utf-8")
    return read(str(file))["torchvision"]


def pairs(found: tuple[Rule, ...], ours: list[str], theirs: list[str]) -> dict[str, str]:
    """Ours to theirs."""
    return {item.ours: item.theirs for item in pair(found, ours, theirs).pairs}


def test_numbers_order_what_a_rule_meets(tmp_path: Path) -> None:
    found = rules(["conv#", "features.#"], folder=tmp_path)
    theirs = ["features.10", "features.0", "features.3"]
    assert pairs(found, ["conv1", "conv2", "conv3"], theirs) == {
        "conv1": "features.0",
        "conv2": "features.3",
        "conv3": "features.10",
    }


def test_a_number_that_is_missing_comes_first(tmp_path: Path) -> None:
    found = rules(["conv#", "conv2d[_#]"], folder=tmp_path)
    theirs = ["conv2d_1", "conv2d", "conv2d_10", "conv2d_2"]
    assert list(pairs(found, ["conv1", "conv2", "conv3", "conv4"], theirs).values()) == [
        "conv2d",
        "conv2d_1",
        "conv2d_2",
        "conv2d_10",
    ]


def test_inner_rules_meet_what_follows_the_prefix(tmp_path: Path) -> None:
    inner = [["conv3", "downsample.0"], ["conv#", "conv#"]]
    found = rules(["conv1", "conv1"], ["residual#", "layer#.#", inner], folder=tmp_path)
    ours = ["conv1"] + [f"residual{n}.conv{i}" for n in (1, 2, 3) for i in (1, 2)]
    ours.insert(5, "residual2.conv3")
    theirs = ["conv1", "layer2.0.downsample.0"]
    theirs += [f"layer{s}.{n}.conv{i}" for s, n in [(2, 0), (2, 1), (1, 0)] for i in (1, 2)]
    assert pairs(found, ours, theirs) == {
        "conv1": "conv1",
        "residual1.conv1": "layer1.0.conv1",
        "residual1.conv2": "layer1.0.conv2",
        "residual2.conv1": "layer2.0.conv1",
        "residual2.conv2": "layer2.0.conv2",
        "residual2.conv3": "layer2.0.downsample.0",
        "residual3.conv1": "layer2.1.conv1",
        "residual3.conv2": "layer2.1.conv2",
    }


def test_keras_names_have_prefixes_without_dots(tmp_path: Path) -> None:
    found = rules(["block#", "conv#_block#", [["conv#", "_#_conv"]]], folder=tmp_path)
    theirs = ["conv3_block1_1_conv", "conv2_block2_1_conv", "conv2_block2_2_conv"]
    assert pairs(found, ["block1.conv1", "block1.conv2", "block2.conv1"], theirs) == {
        "block1.conv1": "conv2_block2_1_conv",
        "block1.conv2": "conv2_block2_2_conv",
        "block2.conv1": "conv3_block1_1_conv",
    }


def test_an_earlier_rule_takes_its_names(tmp_path: Path) -> None:
    found = rules(["conv2", "last"], ["conv#", "*"], folder=tmp_path)
    theirs = ["last", "first"]
    assert pairs(found, ["conv1", "conv2"], theirs) == {"conv1": "first", "conv2": "last"}


def test_a_rule_that_meets_nothing_on_one_side_does_nothing(tmp_path: Path) -> None:
    found = rules(["residual#", "layer#"], ["bottleneck#", "layer#"], folder=tmp_path)
    pairing = pair(found, ["bottleneck1"], ["layer1"])
    assert not pairing.uneven
    assert [item.theirs for item in pairing.pairs] == ["layer1"]


def test_uneven_counts_are_kept(tmp_path: Path) -> None:
    found = rules(["conv#", "conv#"], folder=tmp_path)
    (uneven,) = pair(found, ["conv1", "conv2"], ["conv1"]).uneven
    assert str(uneven) == 'the rule ["conv#", "conv#"] meets 2 of ours and 1 of theirs'


def test_with_renames_theirs_may_hold_other_modules(tmp_path: Path) -> None:
    renames = {"in_proj_weight": "qkv.weight"}
    found = rules(["block#", "blocks.#", [["attention1", "attn", renames]]], folder=tmp_path)
    (only,) = pair(found, ["block1.attention1"], ["blocks.0.attn.qkv", "blocks.0.mlp"]).pairs
    assert (only.theirs, only.renames) == ("blocks.0.attn", renames)


def test_with_renames_theirs_may_be_the_whole_model(tmp_path: Path) -> None:
    found = rules(["class_token1", "", {"weight": "cls_token"}], folder=tmp_path)
    (only,) = pair(found, ["class_token1"], ["", "blocks.0"]).pairs
    assert only.theirs == ""


def test_a_source_may_share_the_rules_of_another(tmp_path: Path) -> None:
    file = tmp_path / "net.weights.json"
    file.write_text('{"torchvision": [["a", "b"]], "timm": "torchvision"}', encoding="utf-8")
    assert rules_of(str(tmp_path / "net.net"), "timm") == (Rule("a", "b"),)
    assert rules_of(str(tmp_path / "net.net"), "keras") is None
    assert rules_of(str(tmp_path / "other.net"), "timm") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "a map is an object"),
        ("{", "is no map of weights"),
        ('{"caffe": [["a", "b"]]}', "there is no source caffe; there is torchvision, timm, keras"),
        ('{"timm": "torchvision"}', "timm shares the rules of torchvision, which has none"),
        ('{"keras": "keras"}', "keras shares the rules of keras, which has none"),
        ('{"keras": []}', "keras needs a list of rules"),
        ('{"keras": [["a"]]}', r"keras, rule 1: a rule is \[ours, theirs\]"),
        ('{"keras": [["a", "b"], ["a", 3]]}', "keras, rule 2: a pattern is a text, not 3"),
        ('{"keras": [["a", "b["]]}', "keras, rule 1: .* never closed"),
        ('{"keras": [["a", "b", [["c"]]]]}', "keras, rule 1, rule 1: a rule is"),
        ('{"keras": [["a", "b", {"weight": 1}]]}', "rule 1: names of tensors"),
        ('{"keras": [["a", "b", {}]]}', "rule 1: names of tensors"),
        ('{"keras": [["a", "b"]], "keras": [["a", "b"]]}', "keras stands in it twice"),
    ],
)
def test_a_wrong_map_names_file_and_rule(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "net.weights.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=why) as told:
        read(str(file))
    assert str(file) in str(told.value)


@pytest.mark.parametrize("file", sorted(Path(specs_folder()).glob("*.weights.json")), ids=str)
def test_bundled_maps_are_right_and_stand_beside_a_spec(file: Path) -> None:
    assert read(str(file))
    spec = file.with_name(f"{file.name.removesuffix('.weights.json')}.net")
    assert spec.is_file() and map_file(str(spec)) == str(file)
