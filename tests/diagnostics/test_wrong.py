"""Wrong specs: each line that is wrong says so at its end, and nothing else is told."""

from __future__ import annotations

from pathlib import Path

import pytest

import netdsl
from netdsl.api import Spec
from netdsl.diagnostics.render import plain
from tests.conftest import Golden
from tests.elaborate.specs import announced, told

WRONG = Path(__file__).parent / "wrong"
FILES = sorted(path.stem for path in WRONG.glob("*.net"))


def read(name: str) -> Spec:
    """A wrong spec under its bare name, with every net elaborated that needs no arguments."""
    text = (WRONG / f"{name}.net").read_text(encoding="utf-8")
    spec = netdsl.read(f"{name}.net", text=text)
    for net in spec.ready_names:
        spec.elaborate(net)
    return spec


@pytest.mark.parametrize("name", FILES)
def test_exactly_what_is_announced_is_told(name: str) -> None:
    text = (WRONG / f"{name}.net").read_text(encoding="utf-8")
    assert sorted(told(read(name))) == sorted(announced(text))


@pytest.mark.parametrize("name", FILES)
def test_what_is_told(name: str, golden: Golden) -> None:
    errors = [found for found in read(name).diagnostics if found.severity == "error"]
    golden(f"diagnostics/wrong/{name}.txt", "\n\n".join(map(plain, errors)) + "\n")


def test_a_mistake_in_a_block_counts_its_instances() -> None:
    (found,) = [one for one in read("instances").diagnostics if one.severity == "error"]
    assert found.instances == 4


@pytest.mark.parametrize("input", ["16 x 8", "? x ? x 8"])
def test_a_mistake_in_a_block_that_came_along_names_the_call(input: str) -> None:
    text = f"""from std import window_attention
net N {{
  input x: {input}
  window_attention(2, 4)
}}"""
    spec = netdsl.read("spec.net", text=text)
    spec.elaborate("N")
    (found,) = spec.diagnostics
    assert [place.span.source.name for place in found.secondary] == ["spec.net"]


def test_diagnostics_come_in_the_order_of_the_text() -> None:
    lines = [line for line, _ in told(read("names"))]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("rellu", "relu"),
        ("batch_norm", "batchnorm"),
        ("Conv(4, 3)", "conv"),
        ("leakyrelu", "leaky_relu"),
        ("conv(4, 3, strides=2)", "stride"),
        ("conv(4, 3, init=he_norml)", "he_normal"),
        ("dense(widht)", "width"),
        ("untit", "unit"),
        ("it.chanels -> relu", "channels"),
    ],
)
def test_did_you_mean(written: str, meant: str) -> None:
    text = f"let width = 3\nblock unit {{ relu }}\nnet N {{\n input x: 8 x 8 x 3\n {written}\n}}\n"
    spec = netdsl.read("spec.net", text=text)
    spec.elaborate()
    (found,) = [one for one in spec.diagnostics if one.severity == "error"]
    assert [help.text for help in found.help] == [f"did you mean {meant}?"]
