"""Specs as the commands that train load them: the net that is meant, overrides, files."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.catalog.losses import CrossEntropy
from netdsl.cli.specs import open_spec
from netdsl.diagnostics import SpecError, UserError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "blocks.net").write_text(
        "block head(classes) { dense(classes) -> softmax }\n", encoding="utf-8"
    )
    path = tmp_path / "points.net"
    path.write_text(
        """\
from "blocks.net" import head

net Points(width = 8) {
  input point: 2
  dense(width) -> relu -> head(2)
}

net Wide = Points(64)

train {
  data      = spirals(n=100)
  loss      = cross_entropy
  optimizer = adam(lr=1e-2)
}

train wide {
  net       = Points(width=16)
  data      = spirals
  loss      = 0.5 * cross_entropy(output, label)
  optimizer = sgd(0.1)
  epochs    = 7
}
""",
        encoding="utf-8",
    )
    return path


def test_the_files_own_net_and_section(file: Path) -> None:
    spec = open_spec(str(file), {}, None)
    assert (spec.asked, spec.section, spec.folder) == (None, None, file.parent)
    assert spec.net.arguments == {"width": 8}
    assert spec.settings.data.n == 100  # type: ignore[attr-defined]
    assert isinstance(spec.settings.loss.terms[0].loss, CrossEntropy)
    assert [path.name for path in spec.sources] == ["points.net", "blocks.net"]


def test_overrides_go_to_the_net_and_to_the_section(file: Path) -> None:
    spec = open_spec(str(file), {"width": "12", "train.epochs": "3", "train.seed": "5"}, None)
    assert spec.net.arguments == {"width": 12}
    assert (spec.settings.epochs, spec.settings.seed) == (3, 5)


def test_a_section_chooses_its_net_and_the_command_line_wins(file: Path) -> None:
    spec = open_spec(str(file), {}, "wide")
    assert spec.net.arguments == {"width": 16}
    assert spec.settings.epochs == 7
    assert spec.settings.loss.terms[0].weight == 0.5
    assert open_spec(str(file), {"width": "3"}, "wide").net.arguments == {"width": 3}
    assert open_spec(f"{file}:Wide", {}, "wide").net.name == "Wide"


def test_mistakes_in_the_section_have_their_place(file: Path) -> None:
    file.write_text(
        file.read_text(encoding="utf-8").replace("adam(lr=1e-2)", "adam(lr=fast)"),
        encoding="utf-8",
    )
    with pytest.raises(SpecError, match=r"points\.net:13:"):
        open_spec(str(file), {}, None)


SECTIONS = [
    ("los = mse\n optimzer = adam", ["train has no setting los", "train has no setting optimzer"]),
    ("epochs = 3", ["this train section needs loss and optimizer"]),
    ("loss = mse", ["this train section needs optimizer"]),
]


@pytest.mark.parametrize(("settings", "messages"), SECTIONS)
def test_what_a_section_lacks_is_told_once(
    tmp_path: Path, settings: str, messages: list[str]
) -> None:
    path = tmp_path / "lacking.net"
    path.write_text(f"net N {{ input x: 2\n dense(1) }}\ntrain {{ data = xor\n {settings} }}\n")
    with pytest.raises(SpecError) as caught:
        open_spec(str(path), {}, None)
    assert [found.message for found in caught.value.diagnostics] == messages


def test_a_file_without_its_ending_is_recognised(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    with pytest.raises(UserError, match=rf"did you mean {file.name}\?"):
        open_spec(file.stem, {}, None)


def test_positional_arguments_of_the_net_are_refused(file: Path) -> None:
    with pytest.raises(UserError, match="whose arguments are named"):
        open_spec(str(file), {"train.net": "Points(3)"}, None)
