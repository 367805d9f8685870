"""Random examples, pairs and triplets are drawn by the seed, and no share meets another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netdsl.catalog.sources import (
    Digits,
    Folder,
    Iris,
    Pairs,
    Reversal,
    Spirals,
    Synthetic,
    Triplets,
)
from netdsl.data.fields import Array, DataSet
from netdsl.data.read import read
from netdsl.data.split import split
from netdsl.data.streamed import Picked
from netdsl.diagnostics import UserError
from tests.data.photographs import cut_up

SHARES = (0.7, 0.1, 0.2)


def test_synthetic_examples() -> None:
    data, again = (read(Synthetic(shape=(4, 5, 3), n=50), Path(), seed) for seed in (1, 1))
    assert data.fields["image"].array.dtype == np.uint8
    assert (len(data), str(data.fields["image"].type)) == (50, "4 x 5 x 3")
    assert data.digest() == again.digest()
    vectors = read(Synthetic(shape=7, classes=3, n=50), Path(), 1)
    assert str(vectors.fields["features"].type) == "7"
    assert vectors.classes == ("0", "1", "2")


def test_sequences_to_be_said_backwards() -> None:
    data, again, other = (read(Reversal(length=4, symbols=5, n=90), Path(), s) for s in (1, 1, 2))
    assert data.digest() == again.digest() != other.digest()
    assert (data.main, data.target) == ("tokens", "reversed")
    assert data.classes == ("end", "1", "2", "3", "4", "5")
    rows = zip(*(data.fields[name].array for name in ("tokens", "before", "reversed")), strict=True)
    lengths = set()
    for tokens, before, backwards in rows:
        said = [symbol for symbol in tokens if symbol]
        lengths.add(len(said))
        assert tokens.tolist() == said + [0] * (4 - len(said))
        assert backwards.tolist() == [*said[::-1], 0, *[-100] * (4 - len(said))]
        assert before.tolist() == [0, *said[::-1], *[0] * (4 - len(said))]
    assert lengths == {1, 2, 3, 4}


def rows_of(data: DataSet, name: str, source: DataSet) -> Array:
    """Which examples of the source stand in a field; every example differs from the others."""
    known = {values.tobytes(): row for row, values in enumerate(source.fields["image"].array)}
    assert len(known) == len(source)
    return np.array([known[values.tobytes()] for values in data.fields[name].array])


def test_pairs() -> None:
    source = read(Digits(classes=(1, 2, 3)), Path(), 0)
    data = read(Pairs(source=Digits(classes=(1, 2, 3))), Path(), 0, SHARES)
    labels = source.fields["label"].array
    first, second = (rows_of(data, name, source) for name in ("first", "second"))
    same = data.fields["same"].array
    assert np.array_equal(labels[first] == labels[second], same == 1)
    assert (first != second).all()
    assert same.mean() == 0.5
    assert (data.main, data.target, data.classes) == ("first", "same", ("no", "yes"))
    apart(data, source, [first, second])


def test_triplets() -> None:
    source = read(Digits(), Path(), 0)
    data = read(Triplets(source=Digits()), Path(), 0, SHARES)
    labels = source.fields["label"].array
    anchor, positive, negative = (
        rows_of(data, name, source) for name in ("anchor", "positive", "negative")
    )
    assert np.array_equal(labels[anchor], labels[positive])
    assert (labels[anchor] != labels[negative]).all()
    assert (anchor != positive).all()
    assert np.array_equal(data.fields["label"].array, labels[anchor])
    assert sorted(anchor.tolist()) == list(range(len(source)))
    # Partners are of every class alike, not of the one that comes next.
    assert len({*zip(labels[anchor].tolist(), labels[negative].tolist(), strict=True)}) == 90
    apart(data, source, [anchor, positive, negative])


def apart(data: DataSet, source: DataSet, drawn: list[Array]) -> None:
    """Each share is drawn from the share of the source alone."""
    of_source, of_data = split(source, SHARES, 0), split(data, SHARES, 0)
    for name in ("train", "validation", "test"):
        rows = getattr(of_data, name)
        for field in drawn:
            assert np.isin(field[rows], getattr(of_source, name)).all()


def test_the_seed_decides() -> None:
    first, again, other = (read(Pairs(source=Digits()), Path(), seed) for seed in (1, 1, 2))
    assert first.digest() == again.digest() != other.digest()


def test_pairs_of_pictures_are_read_as_they_are_needed(tmp_path: Path) -> None:
    cut_up(tmp_path / "data", 20)
    data = read(Pairs(source=Folder(directory="data")), tmp_path, 0, (0.5, 0.0, 0.5))
    assert isinstance(data.fields["second"].values, Picked)
    assert str(data.fields["second"].type) == "24 x 24 x 3"


def test_sources_without_partners() -> None:
    with pytest.raises(UserError, match="iris is a table"):
        read(Pairs(source=Iris()), Path(), 0)
    with pytest.raises(UserError, match="has no two classes"):
        read(Triplets(source=Digits(classes=(3,))), Path(), 0)
    assert len(read(Pairs(source=Spirals(n=50)), Path(), 0)) == 100
