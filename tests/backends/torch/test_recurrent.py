"""Specs with recurrences: emitted modules, members, states that flow on, training, mistakes."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import netdsl
from netdsl.analyze.analysis import analyze
from netdsl.api import Net
from netdsl.backends.torch import emit
from netdsl.backends.torch.saved import FLOAT
from netdsl.cli.main import main
from tests.backends.torch.interpreter import Interpreter

TRANSLATE = """
net Translate {
  input source: ? x 5
  lstm(4, bidirectional=true) as encoded
  input target: ? x 6
  lstm(8, initial=[encoded.state, encoded.cell], return=sequence) as decoded
  output decoded.cell as memory
  gru(4, initial = encoded.state -> dense(4), reset_after=false)
  dense(3) -> softmax
}
"""


WAVES = """
net Waves {
  input x: 8 x 2
  lstm(8, return=sequence, peephole=true) -> gru(4) -> dense(2) -> softmax
}

train {
  data = npz("waves.npz")
  loss = cross_entropy
  optimizer = adam(lr=0.02)
  epochs = 8
}
"""


def net(text: str) -> Net:
    """The only net of a spec."""
    return netdsl.load("spec.net", text=text)


def test_states_flow_on() -> None:
    found = net(TRANSLATE)
    torch.manual_seed(0)
    module = found.torch().eval()
    given = [torch.randn(2, 7, 5), torch.randn(2, 9, 6)]
    with torch.no_grad():
        result = module(*given)
        graph = found.elaborated.graph
        values = Interpreter(module.state_dict(), training=False).run(graph, given)
    assert result["output"].shape == (2, 3) and result["memory"].shape == (2, 8)
    for output in graph.outputs:
        assert torch.equal(result[output.name], values[output.value])
    source = emit(found.elaborated)
    assert "_, x, y = self.encoded.states(source)" in source
    assert "decoded, _, memory = self.decoded.states(target, x, y)" in source


def test_a_state_carries_gradients_to_what_made_it() -> None:
    module = net(TRANSLATE).torch()
    module(torch.randn(2, 7, 5), torch.randn(2, 9, 6))["output"].square().sum().backward()
    assert [key for key, weight in module.named_parameters() if weight.grad is None] == []


def test_a_state_needs_a_gradient_as_the_output_does() -> None:
    text = "net N {{\n  input x: 7 x 5\n  gru(6) as h\n  {step} -> relu\n}}"
    kept = []
    for step in ("h", "h.state"):
        memory = analyze(net(text.format(step=step)).elaborated).memory
        assert memory is not None
        kept.append(memory.saved)
    # The input, its copy, what the gates leave, and the result of relu.
    assert kept[0] == kept[1] == FLOAT * (2 * 7 * 5 + 7 * 7 * 6 + 6)


def test_weights_have_the_names_of_pytorch_without_the_number_of_the_layer() -> None:
    module = net("net N {\n  input x: 7 x 5\n  lstm(4, bidirectional=true, bias=double)\n}").torch()
    peer = torch.nn.LSTM(5, 4, bidirectional=True)
    names = [f"lstm1.{name.replace('_l0', '')}" for name in peer.state_dict()]
    assert sorted(module.state_dict()) == sorted(names)


def test_a_module_is_copied_and_saved_whole() -> None:
    module = net("net N {\n  input x: 7 x 5\n  rnn(4, activation=sigmoid) -> dense(2)\n}").torch()
    x = torch.randn(2, 7, 5)
    twin = copy.deepcopy(module)
    assert torch.equal(twin(x), module(x))
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    twin.load_state_dict(torch.load(file, weights_only=True))


WRONG = {
    "lstm(4, initial=[h.state, h.state, h.state])": ("operands", "a tensor, or a list of up to 2"),
    "gru(4, initial=[h.state, h.state])": ("operands", "one tensor stands here, not 2"),
    "gru(4, initial=h.state)": ("shape", "the state before the first position must be 4, not 8"),
    "gru(4, initial=h)": ("shape", "must be 4, not 7 x 8"),
    "gru(4, mask=h)": ("shape", "a mask says of each of the 7 positions whether it counts"),
    "not_equal(0)": ("shape", "not_equal needs whole numbers, not 7 x 8 of float"),
    "gru(4, bias=false)": ("wrong-value", "bias expects single or double or none, not false"),
    "gru(4, return=first)": ("unknown-name", "first is not known here"),
    "gru(4, peephole=true)": ("unknown-argument", "gru has no argument peephole"),
    "h.cell -> dense(2)": ("unknown-name", "this tensor has no cell"),
    "h.state -> gru(4)": ("shape", "gru needs length x features, not 8"),
}


@pytest.mark.parametrize("step", WRONG)
def test_mistakes_are_told(step: str) -> None:
    text = f"net N {{\n  input x: 7 x 5\n  gru(8, return=sequence) as h\n  {step}\n}}"
    spec = netdsl.read("spec.net", text=text)
    spec.elaborate()
    (found,) = [d for d in spec.diagnostics if d.severity == "error"]
    code, message = WRONG[step]
    assert found.code == code
    assert message in found.message
    assert found.label.span.line == 4


def test_a_block_names_the_states_that_it_hands_out() -> None:
    text = (
        "block encoder {{ gru(8, return=sequence) as h\n {line} }}\n"
        "net N {{\n  input x: 7 x 5\n  encoder as code\n  code.{member}\n  dense(2)\n}}"
    )
    spec = netdsl.read("spec.net", text=text.format(line="h", member="h.state"))
    spec.elaborate()
    found = next(d for d in spec.diagnostics if d.severity == "error")
    assert found.message == "this tensor has no state"
    assert "inside its block state can be given a name" in found.help[0].text
    module = net(text.format(line="state = h.state", member="state")).torch()
    assert module(torch.randn(2, 7, 5)).shape == (2, 2)


def test_a_run_learns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draws = np.random.default_rng(0)
    label = draws.integers(0, 2, 120)
    x = draws.normal(size=(120, 8, 2)) + label[:, None, None]
    np.savez(tmp_path / "waves.npz", x=x.astype("float32"), label=label)
    spec = tmp_path / "waves.net"
    spec.write_text(WAVES, encoding="utf-8")
    run = tmp_path / "run"
    assert main(["train", str(spec), "--out", str(run), "--device", "cpu"]) == 0
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] < 0.5 * log[0]["loss"]
