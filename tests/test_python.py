"""The package from Python: its names, `check`, what a notebook shows, and one kind of error."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl import SpecError, UserError
from netdsl.cli.main import main

SPEC = """\
net Small(classes = 10) {
  input image: 8 x 8 x 1
  conv(8, 3) -> relu
  global_avgpool -> dense(classes) -> softmax
}

train {
  data      = digits
  loss      = cross_entropy
  optimizer = adam
}
"""
OPEN = "net Open {\n  input words: ? of int\n  embedding(10, 4)\n}\n"


@pytest.fixture
def spec(tmp_path: Path) -> str:
    file = tmp_path / "small.net"
    file.write_text(SPEC, encoding="utf-8")
    return str(file)


def test_every_public_name_is_there() -> None:
    assert [name for name in netdsl.__all__ if not callable(getattr(netdsl, name))] == []
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        netdsl.chek  # noqa: B018


def test_check_has_the_figures_of_the_command(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", spec, "--json", "--batch", "4"]) == 0
    checked = netdsl.check(spec, batch=4)
    assert json.loads(json.dumps(checked.figures)) == json.loads(capsys.readouterr().out)
    assert checked.figures["memory"]["optimizer"] == "adam"
    assert repr(checked) == "<checked Small: 170 weights, 2,672 MACs>"


def test_what_is_checked_is_built() -> None:
    module = netdsl.check("small", text=SPEC).net.torch()
    assert sum(weight.numel() for weight in module.parameters()) == 170


def test_check_takes_arguments_settings_and_sizes(spec: str) -> None:
    settings = {"classes": "3", "train.optimizer": "sgd(0.1)"}
    checked = netdsl.check(spec, set=settings)
    assert checked.figures["outputs"] == {"output": [3]}
    assert checked.figures["memory"]["optimizer"] == "sgd"
    assert netdsl.check("open", text=OPEN, sizes={"words": 7}).figures["outputs"] == {
        "output": [7, 4]
    }


def test_a_net_of_a_text_is_named() -> None:
    text = f"{SPEC}\nnet Larger = Small(classes=100)\n"
    assert netdsl.check("spec:Larger", text=text).net.name == "Larger"
    assert netdsl.load("spec:Larger", text=text).name == "Larger"
    assert list(netdsl.check("spec", text=text).nets) == ["Small", "Larger"]


def test_bundled_nets_are_checked() -> None:
    assert netdsl.check("vgg16").figures["params"]["total"] == 138_357_544


def test_warnings_are_kept() -> None:
    text = SPEC.replace("-> relu", "-> relu\n  unused = tanh")
    checked = netdsl.check("spec", text=text)
    assert [diagnostic.code for diagnostic in checked.diagnostics] == ["unused-tensor"]
    assert "1 warning" in repr(checked)
    assert "unused" in checked._repr_html_()


@pytest.mark.parametrize("call", [netdsl.load, netdsl.check])
def test_every_mistake_is_in_one_error(call: object) -> None:
    text = SPEC.replace("relu", "rleu").replace("softmax", "sotfmax")
    assert callable(call)
    with pytest.raises(SpecError) as raised:
        call("spec", text=text)
    assert [diagnostic.label.span.text for diagnostic in raised.value.diagnostics] == [
        "rleu",
        "sotfmax",
    ]
    assert "did you mean relu?" in str(raised.value)


def test_a_promise_that_is_missed_is_a_mistake() -> None:
    text = SPEC.replace("  input", "  expect params = 171\n  input")
    with pytest.raises(SpecError, match="params should be 171, but is 170"):
        netdsl.check("spec", text=text)


def test_what_is_not_there_is_no_mistake_of_the_spec() -> None:
    with pytest.raises(UserError, match="there is no such file"):
        netdsl.check("none.net")


def test_an_error_has_a_terminals_colours_in_ipython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    with pytest.raises(SpecError) as raised:
        netdsl.load("spec", text=SPEC.replace("relu", "rleu"))
    lines = raised.value._render_traceback_()
    assert lines[0].startswith("\x1b[1;31merror[unknown-name]")


def test_jupyter_shows_a_table_and_a_drawing(spec: str) -> None:
    shown = netdsl.load(spec)._repr_html_()
    assert "<caption" in shown
    assert ">dense1</th>" in shown
    assert "weights: 170" in shown
    picture = b64decode(shown.partition("base64,")[2].partition('"')[0])
    assert ElementTree.fromstring(picture).tag.endswith("svg")


def test_the_package_starts_without_ipython_and_frameworks() -> None:
    code = (
        "import sys, netdsl; netdsl.load; netdsl.check; netdsl.load_ipython_extension;"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in done.stdout.split()}
    assert "netdsl" in packages
    assert not packages & {"IPython", "torch", "numpy"}
