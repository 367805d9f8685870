"""`init = pretrained(…)`: which weights a run starts with, and what is told of a misfit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from netdsl.backends.engine import Array
from netdsl.cli.main import main
from netdsl.cli.specs import open_spec
from netdsl.diagnostics import SpecError, UserError
from netdsl.graph import named_weights
from netdsl.training import session
from netdsl.training.initial import initial_weights
from netdsl.training.run import RunFolder

SPEC = """
block backbone() {{ conv(4, 3) -> batchnorm -> relu }}
net Own {{
  input image: 8x8x1
  {{ backbone() as backbone }} as body
  global_avgpool -> dense(10) -> softmax
}}
train {{
  data = digits
  loss = cross_entropy
  optimizer = adam(lr=1e-3)
  epochs = 1
  init = {init}
}}
"""
CONV = {"conv1.weight": (4, 1, 3, 3), "conv1.bias": (4,)}
NORM = {f"batchnorm1.{name}": (4,) for name in ("weight", "bias", "running_mean", "running_var")}
BACKBONE: dict[str, tuple[int, ...]] = {**CONV, **NORM}
HEAD: dict[str, tuple[int, ...]] = {"dense1.weight": (7, 4), "dense1.bias": (7,)}


def given(shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """Tensors of these shapes, all numbers different."""
    draw = np.random.default_rng(1)
    return {name: draw.random(shape, np.float32) for name, shape in shapes.items()}


def request(folder: Path, init: str, weights: dict[str, Array]) -> str:
    """A spec that starts so, with the file of weights beside it."""
    save_file(weights, folder / "their.safetensors")
    spec = folder / "own.net"
    spec.write_text(SPEC.format(init=init), encoding="utf-8")
    return str(spec)


def begun(folder: Path, init: str, weights: dict[str, Array]) -> session.Session:
    spec = open_spec(request(folder, init, weights), {}, None)
    return session.start(spec, "torch", folder / "run", "cpu")


def usual(current: session.Session, names: Iterable[str]) -> bool:
    """Whether these weights are those that the seed draws."""
    drawn, first = initial_weights(current.plan.net.graph, 0), current.run.state().weights
    return all(np.array_equal(drawn[name], first[name]) for name in names)


def prefixed(weights: dict[str, Array]) -> dict[str, Array]:
    return {f"body.backbone.{name}": values for name, values in weights.items()}


@pytest.mark.parametrize("into", ["body.backbone", '"body.backbone"'])
def test_names_are_relative_to_a_part_of_the_net(into: str, tmp_path: Path) -> None:
    weights = given(BACKBONE)
    current = begun(tmp_path, f'pretrained("their.safetensors", into={into})', weights)
    first = current.run.state().weights
    for name, values in prefixed(weights).items():
        np.testing.assert_array_equal(first[name], values)
    assert usual(current, ["dense1.weight", "dense1.bias"])
    np.testing.assert_array_equal(
        current.engines(current.plan.task).weights()["body.backbone.conv1.weight"],
        weights["conv1.weight"],
    )


def test_a_name_means_a_part_of_the_net_also_where_a_block_is_called_so(tmp_path: Path) -> None:
    init, weights = 'pretrained("their.safetensors", into=backbone)', given(BACKBONE)
    spec = Path(request(tmp_path, init, weights))
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace("{ backbone() as backbone } as body", "backbone() as backbone"))
    current = session.start(open_spec(str(spec), {}, None), "torch", tmp_path / "run", "cpu")
    first = current.run.state().weights
    np.testing.assert_array_equal(first["backbone.conv1.bias"], weights["conv1.bias"])


def test_a_whole_net_needs_no_part(tmp_path: Path) -> None:
    weights = prefixed(given(BACKBONE)) | given({"dense1.weight": (10, 4), "dense1.bias": (10,)})
    current = begun(tmp_path, 'pretrained("their.safetensors")', weights)
    for name, values in current.run.state().weights.items():
        np.testing.assert_array_equal(values, weights[name])


def test_what_fits_is_taken_with_partial(tmp_path: Path) -> None:
    weights = prefixed(given(CONV)) | given(HEAD)
    current = begun(tmp_path, 'pretrained("their.safetensors", partial=true)', weights)
    first = current.run.state().weights
    taken = [f"body.backbone.{name}" for name in CONV]
    for name in taken:
        np.testing.assert_array_equal(first[name], weights[name])
    fresh = [name for name in first if name not in taken]
    assert len(fresh) == 6 and usual(current, fresh)
    assert current.started == (
        "2 tensors start from their.safetensors; 2 of it are not used (dense1.bias, "
        "dense1.weight); 6 start as usual (body.backbone.batchnorm1.weight, "
        "body.backbone.batchnorm1.bias, body.backbone.batchnorm1.running_mean, "
        "body.backbone.batchnorm1.running_var, …)"
    )


def test_the_run_folder_says_what_it_started_with(tmp_path: Path) -> None:
    init = 'pretrained("their.safetensors", into=body.backbone)'
    begun(tmp_path, init, given(BACKBONE))
    stored = json.loads((tmp_path / "run/settings.json").read_text(encoding="utf-8"))
    assert stored["settings"]["init"] == {
        "name": "pretrained",
        "file": "their.safetensors",
        "into": "body.backbone",
        "partial": False,
    }
    note = stored["pretrained"]
    assert (note["tensors"], note["unused"], note["fresh"]) == (6, [], [])
    assert len(note["sha256"]) == 64


MISFITS = {
    "a tensor too many": (
        given(BACKBONE) | given(HEAD),
        "dense1.bias (there is no such weight), dense1.weight (there is no such weight)",
    ),
    "a tensor too few": (
        given(CONV),
        "body.backbone.batchnorm1.weight (missing in the file), "
        "body.backbone.batchnorm1.bias (missing in the file), "
        "body.backbone.batchnorm1.running_mean (missing in the file), "
        "body.backbone.batchnorm1.running_var (missing in the file)",
    ),
    "another shape": (
        given({**BACKBONE, "conv1.weight": (4, 1, 5, 5)}),
        "conv1.weight (4 x 1 x 5 x 5 in the file, 4 x 1 x 3 x 3 in the net)",
    ),
    "nothing": (
        given({"other": (1,)}),
        "nothing in it does; other (there is no such weight), body.backbone.conv1.weight (missing",
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_is_listed(case: str, tmp_path: Path) -> None:
    weights, listed = MISFITS[case]
    with pytest.raises(UserError) as told:
        begun(tmp_path, 'pretrained("their.safetensors", into=body.backbone)', weights)
    file = tmp_path / "their.safetensors"
    assert str(told.value).startswith(f"{file} does not fit body.backbone of Own: {listed}")
    assert not (tmp_path / "run").exists()


def test_the_weights_of_a_whole_net_are_no_part_s(tmp_path: Path) -> None:
    weights = prefixed(given(BACKBONE)) | given(HEAD)
    with pytest.raises(UserError, match="a whole net, which partial=true takes without into=body"):
        begun(tmp_path, 'pretrained("their.safetensors", into=body.backbone)', weights)


def test_with_partial_something_must_fit(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing in it does; other"):
        begun(tmp_path, 'pretrained("their.safetensors", partial=true)', given({"other": (1,)}))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "there is no such file of weights"),
        (b"PK\x03\x04 and so on", "is no safetensors file; `netdsl weights convert` makes one"),
        (b"", "is no safetensors file"),
        (b'\x08\0\0\0\0\0\0\0{"a": 1', "damaged or cut off"),
    ],
)
def test_a_file_that_is_none_is_told(content: bytes | None, why: str, tmp_path: Path) -> None:
    spec = request(tmp_path, 'pretrained("their.safetensors")', given(BACKBONE))
    file = tmp_path / "their.safetensors"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=why):
        session.start(open_spec(spec, {}, None), "torch", tmp_path / "run", "cpu")


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("3", "init expects a source of weights, not 3"),
        ("pretrained()", "pretrained needs file"),
        ('pretrained("f", partial=1)', "partial expects true or false, not 1"),
        ('pretrained("f", into=3)', "into expects the name of a layer, block or level"),
        ('pretrained("f", into="a b")', "into expects the name of a layer, block or level"),
        ('pretrained("f", onto=a)', "pretrained has no argument onto"),
    ],
)
def test_a_wrong_setting_is_a_diagnostic(init: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=message):
        open_spec(request(tmp_path, init, given(BACKBONE)), {}, None)


def test_check_tells_of_a_part_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = request(tmp_path, 'pretrained("missing.safetensors", into=boddy)', given(BACKBONE))
    assert main(["check", spec]) == 1
    told = capsys.readouterr().err
    assert "own.net:13" in told
    assert "Own has no layer or level boddy with weights; did you mean body?" in told


def test_check_reads_no_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = request(tmp_path, 'pretrained("missing.safetensors", into=body)', given(BACKBONE))
    assert main(["check", spec]) == 0


def test_a_run_goes_on_and_is_judged_without_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init, run = 'pretrained("their.safetensors", into=body.backbone)', tmp_path / "run"
    spec = request(tmp_path, init, given(BACKBONE))
    assert main(["train", spec, "--out", str(run), "--device", "cpu"]) == 0
    assert "6 tensors start from their.safetensors\n" in capsys.readouterr().out
    (tmp_path / "their.safetensors").unlink()
    before = load_file(run / "weights.safetensors")
    options = ["--device", "cpu", "--set", "train.epochs=2"]
    assert main(["train", "--resume", str(run), *options]) == 0
    assert main(["eval", str(run)]) == 0
    after = RunFolder.open(run).weights()
    assert before.keys() == after.keys()
    stored = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    assert stored["pretrained"]["tensors"] == 6


def test_a_run_s_weights_start_another(tmp_path: Path) -> None:
    """What training writes, `pretrained` reads."""
    first = begun(tmp_path, 'pretrained("their.safetensors", into=body.backbone)', given(BACKBONE))
    first.run.write_weights(first.engines(first.plan.task).weights(), 0)
    (tmp_path / "run/weights.safetensors").rename(tmp_path / "their.safetensors")
    (tmp_path / "run").rename(tmp_path / "old")
    spec = tmp_path / "own.net"
    spec.write_text(SPEC.format(init='pretrained("their.safetensors")'), encoding="utf-8")
    second = session.start(open_spec(str(spec), {}, None), "torch", tmp_path / "run", "cpu")
    names = [named.name for named in named_weights(second.plan.net.graph)]
    assert second.started == f"{len(names)} tensors start from their.safetensors"
