"""`netdsl predict --generate`: the same text on every backend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netdsl.cli.main import main

SPEC = """
net Writer {
  input tokens: 12 of int
  embedding(11, 8)
  positional(learned)
  add(it, layernorm -> attention(2, causal=true))
  gru(24, return=sequence) -> lstm(24, return=sequence, peephole=true)
  dense(11) -> softmax
}

train {
  data      = text("t.txt", length=12)
  loss      = cross_entropy
  metrics   = bits
  optimizer = adam(lr=0.02)
  epochs    = 20
}
"""
# 25 units, so that windows of twelve begin at each of them.
SENTENCE = "the rat sat on the hats. "


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("writer")
    (folder / "t.txt").write_text(SENTENCE * 100, encoding="utf-8")
    (folder / "writer.net").write_text(SPEC, encoding="utf-8")
    assert main(["train", str(folder / "writer.net"), "--out", str(folder / "run")]) == 0
    return folder / "run"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["predict", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("backend", ["torch", "keras", "onnx"])
def test_it_goes_on_as_it_has_learned(
    backend: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    likeliest = ["--generate", "60", "--temperature", "0", "--prompt", "the rat sat"]
    assert told(capsys, str(run), *likeliest, "--backend", backend)[:71] == (SENTENCE * 4)[:71]
    hot = ["--generate", "40", "--temperature", "3", "--seed", "5", "--json"]
    made = json.loads(told(capsys, str(run), *hot, "--backend", backend))["text"]
    assert made == json.loads(told(capsys, str(run), *hot))["text"]
    assert len(made) == 40


def test_a_text_is_answered_in_its_units(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = run.parent / "new.txt"
    new.write_text(SENTENCE * 2, encoding="utf-8")
    lines = told(capsys, str(run), str(new)).splitlines()
    assert lines[1].startswith(f"{new}[12]: ")
    assert lines[1].endswith("he hats. ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give files, --generate"),
        (["new.txt", "--generate", "3", "--prompt", "a"], "one file, or with --prompt"),
        (["new.txt", "--seed", "3"], "--seed belongs to --generate"),
        (["new.txt", "--temperature", "3"], "--temperature belongs to --generate"),
        (["--generate", "0"], "0 is not in the range"),
    ],
)
def test_what_makes_no_sense(
    arguments: list[str], sentence: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(run), *arguments]) == 2
    assert sentence in capsys.readouterr().err
