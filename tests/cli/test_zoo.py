"""`netdsl zoo`: the list, its object for programs, and the spec of a net."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netdsl.cli.main import main
from netdsl.collection import citation
from netdsl.zoo import bundled_nets
from tests.conftest import REPOSITORY, Golden
from tests.specs.bundled import FILES, cost

Capture = pytest.CaptureFixture[str]


def test_part_of_a_name_lists_the_nets_that_have_it(capsys: Capture, golden: Golden) -> None:
    assert main(["zoo", "alexnet_"]) == 0
    golden("zoo/alexnet_.txt", capsys.readouterr().out)


def test_a_name_shows_its_spec(capsys: Capture) -> None:
    assert main(["zoo", "resnet50"]) == 0
    expected = (REPOSITORY / "specs" / "resnet.net").read_text(encoding="utf-8")
    assert capsys.readouterr().out == expected


def test_without_a_name_every_net_is_listed_once(capsys: Capture) -> None:
    assert main(["zoo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split()[0].rstrip(",") for line in lines[1:] if line.startswith("  ")]
    assert set(listed) <= set(bundled_nets())
    assert len(listed) == len({entry.net for entry in bundled_nets().values()})


def test_the_object_for_programs_has_the_figures(capsys: Capture) -> None:
    assert main(["zoo", "--json"]) == 0
    found = {net["name"]: net for net in json.loads(capsys.readouterr().out)}
    assert list(found) == list(bundled_nets())
    for name, entry in bundled_nets().items():
        net, expected = found[name], cost(entry.net)
        file, _, net_name = entry.net.partition(":")
        assert net["spec"].endswith(f"/{file}")
        assert (net["net"], net["reference"]) == (net_name, entry.reference)
        assert (net["params"], net["total"]) == (expected.weights, expected.total)
        assert net["macs"] == expected.macs
    assert found["vgg16"]["inputs"] == {"image": [224, 224, 3]}
    assert found["vgg16"]["paper"].startswith("Simonyan and Zisserman, 2015")


def test_one_net_for_programs(capsys: Capture) -> None:
    assert main(["zoo", "vgg16", "--json"]) == 0
    assert [net["name"] for net in json.loads(capsys.readouterr().out)] == ["vgg16"]


def test_a_file_lists_its_nets(capsys: Capture) -> None:
    assert main(["zoo", "nin.net"]) == 0
    printed = capsys.readouterr().out
    assert "nin_cifar100" in printed
    assert printed.count("net: ") == 1


def test_an_unknown_name(capsys: Capture) -> None:
    assert main(["zoo", "alexnett"]) == 1
    assert capsys.readouterr().err == (
        "error: no bundled net is called alexnett; did you mean alexnet?\n"
    )


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_bundled_spec_cites_its_paper(path: Path) -> None:
    found = citation(path.read_text(encoding="utf-8"))
    assert found is not None
    authors, title = found
    assert authors[-4:].isdigit()
    assert authors[0].isupper()
    assert len(title) > 5


def test_a_comment_without_a_paper_cites_none() -> None:
    assert citation("# A net of mine.\n\nnet A {\n}\n") is None
    assert citation('net A {\n}\n# After (Me, 2020, "Mine").\n') is None
