"""A package beside netdsl adds a layer, its rows on two backends and a block by entry points."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.lsp.client import Client

PLUGIN = REPOSITORY / "tests" / "plugin"
SPEC = """\
from gates import gated

net Gated(classes = 10) {
  input image: 8x8x1
  gated(8) -> maxpool(2)
  channel_gate(logistic) -> flatten
  channel_gate -> dense(classes) -> softmax
}

train {
  data      = digits
  loss      = cross_entropy
  optimizer = adam(lr=3e-2)
  epochs    = 2
}
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the plugin is installed."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder)]
    subprocess.run([*pip, *alone, str(PLUGIN)], check=True, cwd=folder)
    return folder


def environment(*folders: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (REPOSITORY, *folders)))}


def run(folder: Path, *arguments: str, plugin: Path | None = None) -> subprocess.CompletedProcess:  # type: ignore[type-arg]
    """`netdsl` with some arguments, with the plugin or without it."""
    command = [sys.executable, "-m", "netdsl", *arguments]
    known = environment(plugin) if plugin is not None else environment()
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gated.net").write_text(SPEC, encoding="utf-8")
    return tmp_path


def test_a_spec_that_uses_it_is_checked(folder: Path, installed: Path) -> None:
    done = run(folder, "check", "gated.net", "--json", plugin=installed)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["diagnostics"] == []
    # conv and a gate of 8; a gate of 8; a gate of 128 and dense.
    assert found["params"]["trainable"] == (72 + 8 + 8) + 8 + (128 + 128 * 10 + 10)


def test_without_it_the_spec_is_wrong(folder: Path) -> None:
    done = run(folder, "check", "gated.net")
    assert done.returncode == 1
    assert "there is no collection gates" in done.stderr
    assert "channel_gate is not known here" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("channel_gate(log", "channel_gte(log", "did you mean channel_gate?"),
        ("(logistic)", "(cubic)", "squash expects logistic or hyperbolic"),
        ("(logistic)", "(squsah=logistic)", "did you mean squash?"),
        ("import gated", "import gatde", "did you mean gated?"),
        ("gated(8)", "gated(8, 9)", "gated takes 1 argument"),
    ],
)
def test_mistakes_are_told_as_those_with_the_language_s_own(
    folder: Path, installed: Path, old: str, new: str, told: str
) -> None:
    (folder / "wrong.net").write_text(SPEC.replace(old, new), encoding="utf-8")
    done = run(folder, "check", "wrong.net", plugin=installed)
    assert done.returncode == 1
    assert told in done.stderr


def test_its_docs_are_shown(folder: Path, installed: Path) -> None:
    done = run(folder, "layers", "channel_gate", plugin=installed)
    assert done.returncode == 0
    assert done.stdout.startswith("channel_gate(squash=logistic)\n")
    assert "Multiplies each channel by a learned number" in done.stdout
    assert "squash  what keeps the numbers small: logistic or hyperbolic" in done.stdout
    listed = run(folder, "layers", plugin=installed).stdout.splitlines()
    assert listed[-1] == "channel_gate(squash=logistic)  from netdsl-gates"
    missing = run(folder, "layers", "chanel_gate", plugin=installed)
    assert missing.returncode == 1
    assert missing.stderr == "error: there is no word chanel_gate; did you mean channel_gate?\n"


def test_both_backends_train_it_alike(folder: Path, installed: Path) -> None:
    logs = []
    for backend in ("torch", "keras"):
        done = run(
            folder, "train", "gated.net", "--backend", backend, "--out", backend, plugin=installed
        )
        assert done.returncode == 0, done.stderr
        lines = (folder / backend / "log.jsonl").read_text(encoding="utf-8").splitlines()
        logs.append([json.loads(line) for line in lines])
    # A run keeps the spec alone: the plugin is there where netdsl is.
    assert [path.name for path in (folder / "torch").rglob("*.net")] == ["gated.net"]
    judged = run(folder, "eval", "torch", plugin=installed)
    assert judged.returncode == 0, judged.stderr
    on_torch, on_keras = logs
    assert len(on_torch) == len(on_keras) == 2
    assert on_torch[-1]["val_loss"] < on_torch[0]["val_loss"]
    for one, other in zip(on_torch, on_keras, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-3)
        assert one["val_loss"] == pytest.approx(other["val_loss"], rel=1e-3)


def test_a_backend_without_a_row_says_so(folder: Path, installed: Path) -> None:
    done = run(folder, "export", "gated.net", "--to", "onnx", "-o", "a.onnx", plugin=installed)
    assert done.returncode == 1
    assert "channel_gate" in done.stderr and "ONNX" in done.stderr
    assert "internal failure" not in done.stderr


@pytest.mark.parametrize(("spec", "seen"), [("vgg16", False), ("gated.net", True)])
def test_it_is_imported_where_a_spec_names_it(
    folder: Path, installed: Path, spec: str, seen: bool
) -> None:
    code = (
        "import sys\nfrom netdsl.cli.main import main\n"
        f"assert main(['check', {spec!r}, '--json']) == 0\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(installed),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert ("netdsl_gates.layers" in loaded) == seen
    assert not loaded & {"netdsl_gates.on_torch", "netdsl_gates.on_keras", "torch", "keras"}


def test_a_plugin_that_cannot_be_loaded_is_told(folder: Path, installed: Path) -> None:
    broken = folder / "site"
    (broken / "netdsl_gates").mkdir(parents=True)
    (broken / "netdsl_gates" / "__init__.py").write_text("raise OSError('no such disk')\n")
    done = subprocess.run(
        [sys.executable, "-m", "netdsl", "check", "gated.net"],
        cwd=folder,
        env=environment(broken, installed),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "error[unknown-name]: channel_gate belongs to the plugin netdsl-gates" in done.stderr
    assert "OSError: no such disk" in done.stderr
    assert " --> gated.net:6:3" in done.stderr


def test_two_plugins_with_one_word_are_told(folder: Path, installed: Path) -> None:
    other = folder / "site" / "netdsl_rival-1.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: netdsl-rival\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[netdsl.layers]\nchannel_gate = rival:Gate\n")
    done = subprocess.run(
        [sys.executable, "-m", "netdsl", "check", "gated.net"],
        cwd=folder,
        env=environment(installed, other.parent),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "channel_gate is added by netdsl-gates and netdsl-rival" in done.stderr


def test_editors_know_it(folder: Path, installed: Path) -> None:
    async def work() -> None:
        client = Client()
        await client.begin(folder, also=installed)
        opened = await client.open(folder / "gated.net", SPEC)
        assert await opened.diagnostics() == []
        text = await opened.hover("channel_g|ate(logistic)")
        assert text.startswith("→ **4 x 4 x 8**, 8 weights")
        assert "Multiplies each channel by a learned number" in text
        assert "A convolution whose channels are weighed." in await opened.hover("ga|ted(8)")
        layers = await opened.complete("  |channel_gate(logistic)")
        assert layers["channel_gate"].detail == "channel_gate(squash=logistic)"
        assert {"logistic", "hyperbolic"} <= (await opened.complete("gate(|logistic)")).keys()
        assert {"std", "gates"} <= (await opened.complete("from |gates")).keys()
        assert "gated" in await opened.complete("import |gated")
        opened.replace("channel_gate(logistic)", "channel_gte(logistic)")
        (found,) = await opened.diagnostics()
        assert "did you mean channel_gate?" in found.message
        assert await client.end() == 0

    asyncio.run(work())
