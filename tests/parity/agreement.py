"""What `netdsl parity` says of a net, held to the bounds that rounding leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netdsl.cli.main import main
from tests.conftest import REPOSITORY


def agreed(net: str, capsys: pytest.CaptureFixture[str], slopes: float = 1e-9) -> dict[str, Any]:
    """What is told of an example, whose numbers agree within 1e-5 and its gradients by `slopes`.

    Gradients and steps are computed in double precision.
    """
    spec = str(REPOSITORY / f"examples/{net}")
    assert main(["parity", spec, "--optimizer", "sgd", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    for row in found["forward"] + found["outputs"]:
        assert row["keras"] < 1e-5 > row["onnx"]
    for row in found["gradients"] + found["steps"]["sgd"]:
        assert row["keras"] < slopes
    return found
