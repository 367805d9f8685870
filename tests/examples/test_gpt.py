"""A small GPT on held-out English."""

from __future__ import annotations

from pathlib import Path

from netdsl.cli.specs import open_spec
from netdsl.training import answering, session
from netdsl.training.generate import Drawing
from tests.conftest import REPOSITORY
from tests.examples.frequencies import entropy
from tests.examples.whole import WHOLE
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/gpt.net")
DRAWING = Drawing(20, "The ")
SHORT = {} if WHOLE else {"train.steps": "60", "train.schedule": "constant", "train.batch": "16"}


def test_it_reaches_what_its_comment_says(tmp_path: Path) -> None:
    begun = session.start(open_spec(SPEC, SHORT, None), "torch", tmp_path / "run", "cpu")
    begun.train(Silent())
    found = begun.finish()["bits"]
    assert found < (2.4 if WHOLE else 4.5)
    assert found < entropy(begun.plan)
    assert len(answering.generate(tmp_path / "run", None, DRAWING, "cpu", open_spec)) == 24
