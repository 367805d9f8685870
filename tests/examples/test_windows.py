"""A character LSTM over windows that are shorter than what it has to remember."""

from __future__ import annotations

from pathlib import Path

from netdsl.cli.specs import open_spec
from netdsl.training import answering, session
from netdsl.training.generate import Drawing
from tests.conftest import REPOSITORY
from tests.examples.frequencies import entropy
from tests.examples.whole import WHOLE
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/windows.net")
SHORT = {} if WHOLE else {"train.steps": "100"}


def trained(out: Path, **sets: str) -> tuple[float, float]:
    """Bits per character on the test share, and by how often each character occurs."""
    begun = session.start(open_spec(SPEC, SHORT | sets, None), "torch", out, "cpu")
    begun.train(Silent())
    return begun.finish()["bits"], entropy(begun.plan)


def test_it_reaches_what_its_comment_says(tmp_path: Path) -> None:
    found, guessed = trained(tmp_path / "run")
    assert found < (2.2 if WHOLE else 4)
    assert found < guessed
    if WHOLE:
        alone, _ = trained(tmp_path / "alone", **{"train.carry": "false"})
        assert alone > found + 0.15
    drawing = Drawing(20, "The ")
    assert len(answering.generate(tmp_path / "run", None, drawing, "cpu", open_spec)) == 24
