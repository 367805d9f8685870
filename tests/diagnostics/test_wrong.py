"""Wrong specs: each says which mistakes are told of it and in which lines, and nothing else is.

`# error: [code]` at the end of a line announces a mistake there; where a comment cannot stand in
the line, one above says `# error on line 5: [code]`. Warnings are announced alike.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import netdsl
from netdsl.diagnostics import Diagnostic, Help
from netdsl.diagnostics.edit import edited
from netdsl.diagnostics.render import plain
from tests.conftest import Golden
from tests.diagnostics.checked import announced, checked
from tests.elaborate.specs import told

WRONG = Path(__file__).parent / "wrong"
FILES = sorted(path.stem for path in WRONG.glob("*.net"))


def found_in(name: str, monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    """The errors of a wrong spec, under its bare name; where it warns, the warnings too."""
    monkeypatch.chdir(WRONG)
    found = checked(f"{name}.net")
    warns = "warning" in announcements(name)
    return [one for one in found if one.severity == "error" or warns]


def announcements(name: str) -> str:
    """What a wrong spec and the files that it imports say of themselves."""
    texts = [WRONG / f"{name}.net"]
    if "circle" in name:
        texts.append(WRONG / "parts" / "circle.net")
    return "\n".join(path.read_text(encoding="utf-8-sig") for path in texts)


def lines(found: list[Diagnostic]) -> list[tuple[str, int, str]]:
    """Severity, line and code of each diagnostic."""
    return sorted((one.severity, one.label.span.line, one.code) for one in found)


@pytest.mark.parametrize("name", FILES)
def test_exactly_what_is_announced_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = announced((WRONG / f"{name}.net").read_text(encoding="utf-8-sig"))
    if name == "import_in_a_circle":
        expected = announced((WRONG / "parts" / "circle.net").read_text(encoding="utf-8"))
    assert lines(found_in(name, monkeypatch)) == sorted(expected)


@pytest.mark.parametrize("name", FILES)
def test_what_is_told(name: str, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    found = found_in(name, monkeypatch)
    golden(f"diagnostics/wrong/{name}.txt", "\n\n".join(map(plain, found)) + "\n")


def passes(name: str, help: Help) -> bool:
    """Whether a spec is right once the edit of a help is carried out."""
    text = edited(help)
    return text is not None and not any(
        found.severity == "error" for found in checked(f"{name}.net", text)
    )


def test_what_help_says_mends_the_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the specs with one mistake and with help, four fifths pass with the help's edit."""
    helped: dict[str, bool] = {}
    for name in FILES:
        found = found_in(name, monkeypatch)
        if len(found) == 1 and found[0].help and found[0].severity == "error":
            helped[name] = any(passes(name, help) for help in found[0].help)
    failing = sorted(name for name, mended in helped.items() if not mended)
    assert len(helped) >= 120
    assert len(failing) <= len(helped) // 5, failing


def test_there_are_many_wrong_specs() -> None:
    assert len(FILES) >= 120


def test_a_mistake_in_a_block_counts_its_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = found_in("instances", monkeypatch)
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


def test_diagnostics_come_in_the_order_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [one.label.span.line for one in found_in("names", monkeypatch)]
    assert found == sorted(found)


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
    assert found.help[0].replacement == meant


def test_told_is_by_severity() -> None:
    spec = netdsl.read("spec.net", text="block b { relu }\nnet N { input x: 4\n rellu }\n")
    spec.elaborate()
    assert told(spec) == [(3, "unknown-name")]
    assert told(spec, "warning") == [(1, "unused-block")]
