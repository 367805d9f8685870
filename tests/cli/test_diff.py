"""`netdsl diff`: its table, its object for programs and what goes wrong."""

from __future__ import annotations

import json

import pytest

from netdsl.cli.main import main
from tests.conftest import Golden

Capture = pytest.CaptureFixture[str]


def page(capsys: Capture, *arguments: str) -> str:
    assert main(["diff", *arguments]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def test_two_nets_of_a_family(capsys: Capture, golden: Golden) -> None:
    golden("diff/vgg16-vgg16_bn.txt", page(capsys, "vgg16", "vgg16_bn"))


def test_the_same_net_of_two_libraries(capsys: Capture, golden: Golden) -> None:
    golden("diff/resnet50-keras.txt", page(capsys, "resnet50", "keras/ResNet50", "--depth", "1"))


def test_the_same(capsys: Capture) -> None:
    assert page(capsys, "vgg16", "keras/VGG16").splitlines() == [
        "vgg16 → keras/VGG16",
        "",
        "no difference",
    ]


def test_for_programs(capsys: Capture) -> None:
    found = json.loads(page(capsys, "resnet50", "resnet101", "--json"))
    assert (found["before"]["net"], found["after"]["net"]) == ("ResNet50", "ResNet101")
    (change,) = found["changes"]
    assert (change["kind"], change["count"]) == ("added", 17)
    assert change["names"] == [None, "bottleneck14"]
    assert change["params"] == found["after"]["params"] - found["before"]["params"]
    assert change["macs"] == found["after"]["macs"] - found["before"]["macs"]


def test_a_net_that_is_not_there(capsys: Capture) -> None:
    assert main(["diff", "vgg16", "vgg17"]) == 1
    assert "vgg17 is neither a .net file nor a bundled net" in capsys.readouterr().err
