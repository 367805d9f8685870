"""The shared blocks: shapes and weights as their comments say, on sizes that are odd too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import netdsl
from netdsl.analyze.cost import Costs
from netdsl.graph import ElaboratedNet
from netdsl.syntax import tree
from tests.specs.bundled import STD, layers, shape, spec

# Authors, year and title, as in the headers of specs.
CITATION = re.compile(r'([^()"]+, \d{4}), "([^"]+)"')

# A call, what flows in, what flows out, how many weights it has.
USES = {
    "conv_block(8, 3, stride=2)": ((9, 7, 4), (5, 4, 8), 4 * 9 * 8 + 16),
    "conv_block(8, norm=identity, activation=relu6)": ((9, 7, 4), (9, 7, 8), 4 * 9 * 8),
    "vgg_block(8, 2)": ((9, 8, 4), (4, 4, 8), (36 + 1) * 8 + (72 + 1) * 8),
    "vgg_block(8, 3, third=1)": ((8, 8, 4), (4, 4, 8), 37 * 8 + 73 * 8 + 9 * 8),
    "vgg_block(8, 1, activation = batchnorm -> relu)": ((8, 8, 4), (4, 4, 8), (36 + 1) * 8 + 16),
    "nin_block([8, 6, 5], 3, stride=2)": ((9, 8, 4), (5, 4, 5), 37 * 8 + 9 * 6 + 7 * 5),
    "inception(1, 2, 3, 4, 5, 6)": ((9, 7, 4), (9, 7, 15), 5 + 10 + 57 + 20 + 505 + 30),
    "residual(4)": ((9, 7, 4), (9, 7, 4), 2 * (36 * 4 + 8)),
    "residual(8)": ((9, 7, 4), (9, 7, 8), 36 * 8 + 72 * 8 + 4 * 8 + 3 * 16),
    "residual(4, stride=2)": ((9, 7, 4), (5, 4, 4), 2 * (36 * 4 + 8) + 16 + 8),
    "bottleneck(2)": ((9, 7, 8), (9, 7, 8), 16 + 36 + 16 + 4 + 4 + 16),
    "bottleneck(2, stride=2)": ((9, 7, 8), (5, 4, 8), 16 + 36 + 16 + 4 + 4 + 16 + 64 + 16),
    "bottleneck(2, stride=2, early=true)": ((9, 7, 8), (5, 4, 8), 172),
    "bottleneck(2, bias=true)": ((9, 7, 8), (9, 7, 8), 92 + 2 + 2 + 8),
    "bottleneck(4, out=8, groups=2)": ((9, 7, 8), (9, 7, 8), 32 + 72 + 32 + 8 + 8 + 16),
    "preact_bottleneck(2)": ((9, 7, 8), (9, 7, 8), 16 + 16 + 4 + 36 + 4 + 16),
    "preact_bottleneck(2, stride=2)": ((9, 7, 8), (5, 4, 8), 92 + 64),
    "preact_bottleneck(2, stride=2, early=true)": ((9, 7, 8), (5, 4, 8), 92 + 64),
    "preact_bottleneck(2, stride=2, out=12, project=false)": ((9, 7, 8), (5, 4, 12), 92 + 8),
    "preact_residual(4)": ((9, 7, 4), (9, 7, 4), 2 * (36 * 4 + 8)),
    "preact_residual(8, stride=2)": ((9, 7, 4), (5, 4, 8), 8 + 36 * 8 + 16 + 72 * 8 + 32),
    "preact_residual(8, project=false)": ((9, 7, 4), (9, 7, 8), 8 + 36 * 8 + 16 + 72 * 8),
    "depthwise_separable(8, stride=2)": ((9, 7, 4), (5, 4, 8), 36 + 8 + 32 + 16),
    "inverted_residual(4)": ((9, 7, 4), (9, 7, 4), 96 + 48 + 216 + 48 + 96 + 8),
    "inverted_residual(8, stride=2, pad=same)": ((9, 8, 4), (5, 4, 8), 616),
    "inverted_residual(8, stride=2)": ((9, 7, 4), (5, 4, 8), 96 + 48 + 216 + 48 + 192 + 16),
    "inverted_residual(8, expansion=1)": ((9, 7, 4), (9, 7, 8), 36 + 8 + 32 + 16),
    "squeeze_excite(2)": ((9, 7, 8), (9, 7, 8), 36 + 40),
    "dense_layer(2)": ((9, 7, 4), (9, 7, 6), 8 + 32 + 16 + 144),
    "dense_layer(2, bottleneck=false)": ((9, 7, 4), (9, 7, 6), 8 + 72),
    "dense_block(3, 2)": ((9, 7, 4), (9, 7, 10), (8 + 32 + 16 + 144) + (12 + 48 + 160) + 240),
    "dense_block(3, 2, bottleneck=false)": ((9, 7, 4), (9, 7, 10), 80 + 120 + 160),
    "transition": ((9, 8, 5), (4, 4, 2), 10 + 10),
    "transition(1.0)": ((9, 8, 5), (4, 4, 5), 10 + 25),
    "fractal(1, conv(8, 3, pad=same))": ((9, 7, 4), (9, 7, 8), 37 * 8),
    "fractal(3, conv(8, 3, pad=same))": ((9, 7, 4), (9, 7, 8), 3 * 37 * 8 + 4 * 73 * 8),
    "fractal(2, batchnorm -> relu, drop=0.1)": ((9, 7, 4), (9, 7, 4), 3 * 8),
    "highway": ((6,), (6,), 2 * 42),
    "transformer_block(2)": ((5, 8), (5, 8), (24 * 8 + 24 + 72) + (9 * 32 + 33 * 8) + 32),
    "window_attention(2, 4, shift=2)": ((9, 7, 8), (9, 7, 8), (24 * 8 + 24 + 72) + 2 * 7**2),
    "window_attention(2, 4, qkv_bias=false)": ((8, 8, 8), (8, 8, 8), (24 * 8 + 72) + 2 * 7**2),
    "transformer_block(2, 2, rate=0.1, post=true)": ((5, 8), (5, 8), 288 + (9 * 16 + 17 * 8) + 32),
}  # fmt: skip


def use(call: str, flowing: tuple[int, ...]) -> ElaboratedNet:
    """A net of one block of std."""
    word = call.partition("(")[0]
    size = " x ".join(map(str, flowing))
    text = f"from std import {word}\n\nnet Use {{\n  input x: {size}\n  {call}\n}}\n"
    return netdsl.load("use.net", text=text).elaborated


@pytest.mark.parametrize(("call", "flowing", "made", "weights"), [(k, *v) for k, v in USES.items()])
def test_a_shared_block(
    call: str, flowing: tuple[int, ...], made: tuple[int, ...], weights: int
) -> None:
    net = use(call, flowing)
    assert shape(net) == made
    assert Costs().graph(net.graph).weights == weights


def test_every_shared_block_is_used_here() -> None:
    assert {call.partition("(")[0] for call in USES} == {path.stem for path in STD}


@pytest.mark.parametrize("path", STD, ids=lambda path: path.stem)
def test_a_file_of_std_is_one_documented_block_of_its_name(path: Path) -> None:
    (block,) = [
        item
        for item in spec(f"std/{path.name}").scope.file.items
        if isinstance(item, tree.Block)
    ]  # fmt: skip
    assert block.name.name == path.stem
    assert spec(f"std/{path.name}").diagnostics == ()


@pytest.mark.parametrize("path", STD, ids=lambda path: path.stem)
def test_a_comment_has_all_its_parts(path: Path) -> None:
    """What it is and its paper, a drawing as in the paper's figure, what flows, the arguments."""
    (block,) = [i for i in spec(f"std/{path.name}").scope.file.items if isinstance(i, tree.Block)]
    assert missing(block.doc, [parameter.name.name for parameter in block.parameters]) == []


def missing(doc: str, parameters: list[str]) -> list[str]:
    """The parts that a comment lacks."""
    first, *others = doc.split("\n\n")
    drawings = [part for part in others if all(line[:4] == "    " for line in part.splitlines())]
    rest = " ".join(" ".join(part for part in others if part not in drawings).split())
    explained = ", ".join(re.findall(r"(\w+(?:, \w+)*):", rest)).split(", ")
    drawn = drawings[0].splitlines() if len(drawings) == 1 else []
    parts = {
        "its paper": CITATION.search(" ".join(first.split())) is not None,
        "one drawing": 1 < len(drawn) <= 12,
        "what flows": {"In", "Out"} <= {*explained} or rest.startswith("In and Out:"),
    } | {parameter: parameter in explained for parameter in parameters}
    return [part for part, there in parts.items() if not there]


def test_a_comment_that_lacks_parts_is_told() -> None:
    whole = 'A unit (Doe, 2020, "Units").\n\n     x\n    conv\n\nIn: n. Out: n. a, b: sizes.'
    assert missing(whole, ["a", "b"]) == []
    assert missing(whole, ["a", "c"]) == ["c"]
    assert missing(whole.replace("2020, ", ""), ["a"]) == ["its paper"]
    assert missing(whole.replace("     x\n", ""), ["a"]) == ["one drawing"]
    assert missing(whole.replace("Out: n.", ""), ["a"]) == ["what flows"]


def test_where_a_bottleneck_has_its_stride() -> None:
    late = use("bottleneck(2, stride=2)", (8, 8, 4))
    early = use("bottleneck(2, stride=2, early=true)", (8, 8, 4))
    assert Costs().graph(early.graph).macs < Costs().graph(late.graph).macs


def test_a_squeeze_weighs_channels_of_the_same_shape() -> None:
    net = use("squeeze_excite(4)", (6, 6, 16))
    assert [layer.word for *_, layer in layers(net.graph)] == [
        *("global_avgpool", "conv", "relu", "conv", "sigmoid", "mul"),
    ]


def test_paths_of_a_fractal_that_end_together_have_one_mean() -> None:
    net = use("fractal(4, conv(8, 3, pad=same))", (8, 8, 8))
    means = [len(node.inputs) for _, node, layer in layers(net.graph) if layer.word == "mean"]
    # Fractals of three, two and one column come one after the other; that of three has two again.
    assert sorted(means) == [2, 2, 3, 4]
    assert sum(layer.word == "conv" for *_, layer in layers(net.graph)) == 2**4 - 1
