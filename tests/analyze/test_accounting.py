"""Predicted memory of a training step beside what PyTorch keeps, for the nets of docs/check.md."""

from __future__ import annotations

import pytest

from bench.memory import (
    DOCUMENT,
    NETS,
    Bytes,
    is_close,
    measured,
    predicted,
    render,
    saved,
    with_table,
)

# Small enough to be run with numbers.
SMALL = ("lenet5", "dsn", "highway_a", "stochastic_depth110")


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, Bytes, Bytes]]:
    return [(name, predicted(name), measured(name)) for name in NETS]


def test_predictions_are_within_five_percent(rows: list[tuple[str, Bytes, Bytes]]) -> None:
    assert [name for name, said, found in rows if not is_close(said, found)] == []


def test_the_table_of_the_docs_is_what_is_measured(rows: list[tuple[str, Bytes, Bytes]]) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert document == with_table(document, render(rows))


@pytest.mark.parametrize("name", SMALL)
def test_on_the_cpu_it_is_the_same(name: str) -> None:
    assert predicted(name).saved == saved(name, "cpu")
    assert predicted(name).saved == saved(name, "meta")


@pytest.mark.parametrize("change", range(4))
def test_a_prediction_that_is_off_is_seen(change: int) -> None:
    found = Bytes(1000, 1000, 2000, 1000)
    off = Bytes(*(value + 51 * (place == change) for place, value in enumerate(found)))
    assert is_close(found, found)
    assert not is_close(off, found)
