"""`netdsl draw`: files of every format, what cannot be drawn, and nothing left half-written."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl.cli.main import main
from netdsl.draw.draw import KINDS

Capture = pytest.CaptureFixture[str]

SPEC = """\
block unit(channels) { conv(channels, 3, pad=same) -> batchnorm -> relu }
net Small {
  input image: 8 x 8 x 3
  repeat 2 { unit(8) }
  global_avgpool -> dense(4) -> softmax
}
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "small.net"
    path.write_text(SPEC, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("kind", "ending"), [(kind, ending) for kind, endings in KINDS.items() for ending in endings]
)
def test_every_kind_is_written_in_its_formats(
    spec: str, tmp_path: Path, capsys: Capture, kind: str, ending: str
) -> None:
    out = tmp_path / f"small.{ending}"
    assert main(["draw", spec, "--as", kind, "-o", str(out)]) == 0
    assert capsys.readouterr() == ("", "")
    first = out.read_bytes()
    assert len(first) > 100
    assert main(["draw", spec, "--as", kind, "-o", str(out)]) == 0
    assert out.read_bytes() == first


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_ending_that_a_kind_has_not_is_told(
    spec: str, tmp_path: Path, capsys: Capture, kind: str
) -> None:
    out = tmp_path / "small.gif"
    assert main(["draw", spec, "--as", kind, "-o", str(out)]) == 1
    endings = ", ".join(f".{ending}" for ending in KINDS[kind])
    assert capsys.readouterr().err == f"error: --as {kind} is written as {endings}, not as .gif\n"
    assert not out.exists()


def drawn(spec: str, tmp_path: Path, *options: str) -> str:
    """The texts of a drawing."""
    out = tmp_path / "small.svg"
    assert main(["draw", spec, "-o", str(out), *options]) == 0
    root = ElementTree.fromstring(out.read_text(encoding="utf-8"))
    return "\n".join(text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text"))


def test_depth_and_names_open_blocks(spec: str, tmp_path: Path) -> None:
    assert "conv(8, 3)" not in drawn(spec, tmp_path, "--depth", "1")
    assert "conv(8, 3" in drawn(spec, tmp_path, "--depth", "2")
    assert "conv(8, 3" in drawn(spec, tmp_path, "--depth", "all")
    assert "conv(8, 3" in drawn(spec, tmp_path, "--open", "unit")
    assert "conv(8, 3" in drawn(spec, tmp_path, "--depth", "1", "--open", "unit1")


def test_figures_are_those_of_check(spec: str, tmp_path: Path, capsys: Capture) -> None:
    text = drawn(spec, tmp_path, "--figures", "--depth", "all")
    assert main(["check", spec, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    dense = next(layer for layer in told["layers"] if layer["kind"] == "dense")
    assert f"{dense['params']} weights" in text


def test_a_legend_can_be_left_out(spec: str, tmp_path: Path) -> None:
    assert "convolution" in drawn(spec, tmp_path, "--depth", "all")
    assert "convolution" not in drawn(spec, tmp_path, "--depth", "all", "--no-legend")


def test_a_name_that_cannot_be_opened_is_told(spec: str, tmp_path: Path, capsys: Capture) -> None:
    assert main(["draw", spec, "-o", str(tmp_path / "x.svg"), "--open", "unnit"]) == 1
    error = capsys.readouterr().err
    assert error == "error: --open unnit: there is no such block or box; did you mean unit?\n"
    assert main(["draw", "lenet", "-o", str(tmp_path / "x.svg"), "--open", "unit"]) == 1
    assert "this net has no blocks" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "options", "told"),
    [
        ("x.svg", ["--as", "volumes", "--depth", "2"], "--depth says nothing of a volumes as .svg"),
        ("x.svg", ["--as", "volumes", "--open", "unit"], "--open says nothing of a volumes"),
        ("x.md", ["--figures"], "--figures says nothing of a table as .md"),
        ("x.html", ["--layout", "dot"], "--layout says nothing of a graph as .html"),
        ("x.mmd", ["--no-legend"], "--no-legend says nothing of a graph as .mmd"),
        ("x.svg", ["--scale", "3"], "--scale says nothing of a graph as .svg"),
        ("x.pdf", ["--theme", "auto"], "--theme auto is for .svg; a .pdf is light or dark"),
    ],
)
def test_an_option_that_would_change_nothing_is_told(
    spec: str, tmp_path: Path, capsys: Capture, file: str, options: list[str], told: str
) -> None:
    assert main(["draw", spec, "-o", str(tmp_path / file), *options]) == 1
    assert told in capsys.readouterr().err
    assert not (tmp_path / file).exists()


def test_a_depth_that_is_none_is_a_mistake_of_usage(
    spec: str, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["draw", spec, "-o", str(tmp_path / "x.svg"), "--depth", "deep"]) == 2
    assert "neither a whole number from 1 nor all" in capsys.readouterr().err


def test_a_graph_is_of_one_net(tmp_path: Path, capsys: Capture) -> None:
    assert main(["draw", "vgg11,VGG13", "-o", str(tmp_path / "x.svg")]) == 1
    assert "several nets are named as file.net:One,Two" in capsys.readouterr().err


def test_without_graphviz_its_layout_is_told_of(
    spec: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "small.svg"
    assert main(["draw", spec, "-o", str(out)]) == 0
    assert main(["draw", spec, "-o", str(out), "--layout", "dot"]) == 1
    assert "--layout own" in capsys.readouterr().err


def test_a_wrong_spec_leaves_the_picture_as_it_was(spec: str, tmp_path: Path) -> None:
    out = tmp_path / "small.svg"
    assert main(["draw", spec, "-o", str(out)]) == 0
    before = out.read_bytes()
    Path(spec).write_text(SPEC.replace("dense(4)", "dens(4)"), encoding="utf-8")
    assert main(["draw", spec, "-o", str(out)]) == 1
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.net", "small.svg"]


def test_check_loads_nothing_of_drawing(spec: str) -> None:
    code = (
        "import sys\nfrom netdsl.cli.main import main\n"
        f"main(['check', {spec!r}])\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1]
    assert "'netdsl'" in loaded
    for package in ("reportlab", "fontTools", "graphviz", "pypdfium2"):
        assert package not in loaded


def test_python_draws_as_the_command_does(spec: str, tmp_path: Path) -> None:
    one, two = tmp_path / "one.svg", tmp_path / "two.svg"
    netdsl.load(spec).draw(one, depth=2)
    assert main(["draw", spec, "-o", str(two), "--depth", "2"]) == 0
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz' dot is not installed")
def test_graphviz_places_boxes(spec: str, tmp_path: Path) -> None:
    out = tmp_path / "dot.svg"
    assert main(["draw", spec, "-o", str(out), "--layout", "dot"]) == 0
    assert out.read_text(encoding="utf-8") != drawn(spec, tmp_path)
