"""Whatever is asked of any place of any spec, right, wrong or broken, has an answer or none."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netdsl.lsp import protocol
from netdsl.lsp.completion import completion
from netdsl.lsp.document import Document
from netdsl.lsp.hover import hover
from netdsl.lsp.navigate import can_rename, definition, references
from netdsl.lsp.signatures import signature
from netdsl.lsp.workspace import Specs
from tests.fuzz.mutated import corpus, mutated
from tests.lsp.specs import WRONG, document

PLACES = 20  # of each text
ASKED: dict[str, Callable[[Document, int], object]] = {
    "hover": hover,
    "completion": completion,
    "signature": signature,
    "definition": definition,
    "references": lambda opened, offset: references(Nowhere(), opened, offset, True),
    "rename": can_rename,
    "fixes": lambda opened, offset: protocol.fixes(Specs(), opened, (offset, offset)),
}


class Nowhere(Specs):
    """No other files."""

    def others(self, document: Document, word: str) -> Iterator[Document]:
        return iter(())


def ask(opened: Document, chance: random.Random) -> int:
    """How many answers there are at some places of a text."""
    size = len(opened.text) + 1
    offsets = chance.sample(range(size), min(PLACES, size))
    return sum(bool(answer(opened, at)) for at in offsets for answer in ASKED.values())


@pytest.mark.parametrize("path", WRONG[::3], ids=lambda path: path.stem)
def test_wrong_specs(path: Path) -> None:
    opened = document(path)
    answers = ask(opened, random.Random(path.stem))
    assert answers > 0 or len(opened.text) < PLACES


@pytest.mark.parametrize("seed", range(40))
def test_broken_specs(seed: int) -> None:
    chance = random.Random(seed)
    text = mutated(chance, corpus()).decode("utf-8", errors="replace")
    ask(document(Path("broken.net"), text[:20_000]), chance)
