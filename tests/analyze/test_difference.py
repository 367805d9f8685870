"""What changes from one net to another."""

from __future__ import annotations

import pytest

import netdsl
from netdsl.analyze.cost import Costs
from netdsl.analyze.difference import Change, difference
from netdsl.graph import ElaboratedNet
from netdsl.zoo import bundled_nets

PAIRS = [
    ("resnet50", "resnet101"),
    ("resnet18", "resnet50"),
    ("resnet50", "keras/ResNet50"),
    ("vgg16", "vgg16_bn"),
    ("vgg11", "vgg19"),
    ("alexnet", "alexnet_one_group"),
    ("googlenet", "torchvision/googlenet"),
    ("googlenet", "googlenet_without_heads"),
    ("lenet", "lenet5"),
    ("nin", "nin_cifar100"),
    ("keras/MobileNet", "keras/MobileNet_alpha0.25"),
]

BASE = """
block unit(channels, kernel = 3) { conv(channels, kernel, pad=same) -> batchnorm -> relu }
net A {
  input image: 32 x 32 x 3
  unit(16) as stem
  unit(16)
  unit(16)
  add(it, conv(16, 1)) -> relu
  global_avgpool -> dense(10) -> softmax
}
"""


def net(text: str) -> ElaboratedNet:
    """The only net of a text."""
    return netdsl.load("text.net", text=text).elaborated


def changes(*edits: tuple[str, str]) -> tuple[Change, ...]:
    """What changes when the base is edited."""
    text = BASE
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return difference(net(BASE), net(text))


def told(change: Change) -> tuple[str, tuple[str, str], tuple[str, ...]]:
    return change.kind, change.names, change.details


@pytest.mark.parametrize("name", bundled_nets())
def test_a_net_does_not_differ_from_itself_read_again(name: str) -> None:
    one, other = (netdsl.load(name).elaborated for _ in range(2))
    assert one.graph is not other.graph
    assert difference(one, other) == ()


@pytest.mark.parametrize("pair", PAIRS)
def test_differences_add_up_on_every_level(pair: tuple[str, str]) -> None:
    nets = [netdsl.load(name).elaborated for name in pair]
    before, after = (Costs().graph(net.graph) for net in nets)
    found = difference(*nets)
    assert sum(change.weights for change in found) == after.weights - before.weights
    assert sum(change.macs for change in found) == after.macs - before.macs
    opened = [change for change in found if change.inside]
    for change in opened:
        if change.count == 1:
            assert sum(inner.weights for inner in change.inside) == change.weights


@pytest.mark.parametrize("pair", PAIRS)
def test_the_way_back_is_the_opposite(pair: tuple[str, str]) -> None:
    one, other = (netdsl.load(name).elaborated for name in pair)
    there, back = difference(one, other), difference(other, one)
    assert sum(change.weights for change in there) == -sum(change.weights for change in back)
    for kind, opposite in (("added", "removed"), ("removed", "added")):
        names = {name for change in there if change.kind == kind for name in change.names}
        again = {name for change in back if change.kind == opposite for name in change.names}
        assert names == again


def test_more_blocks_are_one_change() -> None:
    (change,) = difference(*(netdsl.load(name).elaborated for name in ("resnet50", "resnet101")))
    assert (change.kind, change.count) == ("added", 17)
    assert change.calls[0] == ""
    assert change.calls[1].startswith("bottleneck(256")
    assert change.weights == 44_549_160 - 25_557_032


def test_an_argument() -> None:
    change, output = changes(("dense(10)", "dense(12, bias=false)"))
    assert output.calls == ("output 10", "output 12")
    assert told(change) == ("changed", ("dense1", "dense1"), ("units 10 → 12", "bias true → false"))
    assert change.weights == 12 * 16 - (10 * 16 + 10)


def test_a_change_in_a_block_is_told_where_the_block_is_used_and_in_it() -> None:
    first, rest = changes(("kernel = 3", "kernel = 5"))
    assert (first.names, rest.names, rest.last, rest.count) == (
        ("stem", "stem"),
        ("unit1", "unit1"),
        ("unit2", "unit2"),
        2,
    )
    (inner,) = rest.inside
    assert told(inner) == ("changed", ("conv1", "conv1"), ("kernel 3 → 5",))
    assert rest.weights == 2 * inner.weights == 2 * 16 * 16 * (25 - 9)


def test_what_follows_from_a_change_is_told_by_its_weights_alone() -> None:
    stem, follower = changes(("unit(16) as stem", "unit(24) as stem"))
    assert stem.calls == ("unit(16)", "unit(24)")
    assert (follower.kind, follower.details, follower.inside) == ("changed", (), ())
    assert follower.weights == 16 * 9 * (24 - 16)


def test_a_parameter_of_a_block_that_changes_by_default_or_by_a_layer_is_told() -> None:
    change, *_ = changes(("kernel = 3", "kernel = 1"))
    assert change.details == ("kernel 3 → 1",)
    text = "block b(after) { conv(4, 1) -> after }\nnet A {\n  input x: 4 x 4 x 4\n  b(relu)\n}\n"
    afters = ["batchnorm -> relu", "batchnorm(eps=0.01)", "gelu"]
    for after in afters:
        (found,) = difference(net(text), net(text.replace("b(relu)", f"b({after})")))
        assert found.details == (f"after relu → {after}",)


def test_layers_come_and_go() -> None:
    removed, added = changes(("conv(16, 1)) -> relu", "conv(16, 1)) -> gelu"))
    assert told(removed) == ("removed", ("relu1", ""), ())
    assert told(added) == ("added", ("", "gelu1"), ())
    (dropout,) = changes(("-> dense(10)", "-> dropout -> dense(10)"))
    assert told(dropout) == ("added", ("", "dropout1"), ())


def test_a_connection_that_moves_is_a_change() -> None:
    (change,) = changes(("add(it,", "add(stem,"))
    assert told(change) == ("changed", ("add1", "add1"), ("takes unit2 → stem",))


def test_a_result_that_comes_from_elsewhere_is_a_change() -> None:
    outputs = [
        BASE.replace("global_avgpool ->", f"output {name} as map\n  global_avgpool ->")
        for name in ("stem", "it")
    ]
    (change,) = difference(*map(net, outputs))
    assert (change.names, change.calls) == (("map", "map"), ("stem", "relu1"))


def test_a_name_is_a_change_because_weights_have_it() -> None:
    (change,) = changes(("as stem", "as trunk"))
    assert change.details == ("called stem → trunk",)


def test_inputs_and_outputs() -> None:
    found = changes(("32 x 32 x 3", "32 x 32 x 1"), ("dense(10) -> softmax", "dense(10) as scores"))
    assert found[0].calls == ("input 32 x 32 x 3", "input 32 x 32 x 1")
    assert [change.kind for change in found if "output 10" in change.calls] == ["removed", "added"]


def test_shared_layers() -> None:
    shared = ("  unit(16)\n  unit(16)\n", "  shared both = unit(16)\n  both\n  both\n")
    found = changes(shared)
    assert sum(change.weights for change in found) == -(16 * 16 * 9 + 16 + 2 * 16)


def test_thousands_of_rounds() -> None:
    text = BASE.replace("unit(16)\n  unit(16)", "repeat 2000 { unit(16) }")
    (change,) = difference(net(text), net(text.replace("2000", "2003")))
    assert (change.kind, change.count) == ("added", 3)


def test_sizes_known_only_at_run_time() -> None:
    text = "net A {\n  input x: ? x 8\n  conv(4, 3, pad=same)\n}\n"
    change, _ = difference(net(text), net(text.replace("conv(4, 3", "conv(5, 3")))
    assert (change.weights, str(change.macs)) == (25, "24 * length")
