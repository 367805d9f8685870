"""Texts become numbers: windows, what follows them, words with labels, and no peeking ahead."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from netdsl.catalog.sources import LabelledText, Text
from netdsl.data import texts
from netdsl.data.fields import Column, DataSet
from netdsl.data.new import Schema, read_new
from netdsl.data.read import read
from netdsl.data.split import split
from netdsl.data.streamed import Streamed
from netdsl.data.vocabulary import Vocabulary, learn
from netdsl.diagnostics import UserError

# The training share ends before the first digit.
WHOLE = "to be, or not to be: that is the question. " * 8 + "0123456789" * 14


def written(folder: Path, whole: str = WHOLE, **given: Any) -> DataSet:
    (folder / "t.txt").write_text(whole, encoding="utf-8")
    return read(Text(file="t.txt", **given), folder, 0, (0.7, 0.1, 0.2))


def vocabulary_of(data: DataSet) -> Vocabulary:
    found = data.fields["tokens"].vocabulary
    assert found is not None
    return found


def test_windows_and_what_follows(tmp_path: Path) -> None:
    data = written(tmp_path, length=10)
    units = vocabulary_of(data).units
    tokens, following = data.fields["tokens"].array, data.fields["next"].array
    assert tokens.shape == following.shape
    assert np.array_equal(tokens[:, 1:], following[:, :-1])
    assert "".join(units[n] for n in tokens[0]) == WHOLE[:10]
    assert "".join(units[n] for n in following[0]) == WHOLE[1:11]
    assert data.classes == units
    assert data.fields["next"].kind == "label"


def test_shares_are_stretches_of_the_text(tmp_path: Path) -> None:
    data = written(tmp_path, length=10)
    parts = split(data, (0.7, 0.1, 0.2), 0)
    cut = round(len(WHOLE) * 0.7)
    assert parts.train.tolist() == list(range((cut - 1) // 10))
    assert len(parts.train) + len(parts.validation) + len(parts.test) == len(data)
    tokens = data.fields["tokens"].array
    # What training has not is unknown: the digits, which are 0.
    assert set(WHOLE[:cut]) == {*vocabulary_of(data).units[1:]}
    assert (tokens[parts.test] == 0).all()
    assert (tokens[parts.train] > 0).all()


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("word", ["to", "be", ",", "or"]), ("byte", ["74", "6f", "20", "62"])],
)
def test_other_units(tmp_path: Path, unit: str, expected: list[str]) -> None:
    data = written(tmp_path, length=4, unit=unit)
    assert [data.classes[n] for n in data.fields["tokens"].array[0]] == expected


def test_a_vocabulary_of_the_most_frequent_words(tmp_path: Path) -> None:
    data = written(tmp_path, length=4, unit="word", vocabulary=4)
    counted = CountVectorizer(token_pattern=r"\w+|[^\w\s]", lowercase=False)
    # All of the text that training sees: eight times the sentence, and no whole word after it.
    found = counted.fit_transform([WHOLE[: WHOLE.index("0")]]).toarray()[0]
    names = counted.get_feature_names_out()
    order = sorted(range(len(names)), key=lambda index: (-found[index], names[index]))
    assert data.classes == ("<unknown>", *(str(names[index]) for index in order[:3]))


def test_bytes_of_any_script(tmp_path: Path) -> None:
    data = written(tmp_path, "größe → 大きさ " * 9, length=5, unit="byte")
    content = ("größe → 大きさ " * 9).encode()
    assert data.fields["tokens"].array[0].tolist() == list(content[:5])
    assert len(data.classes) == 256


def test_long_texts_are_cut_as_they_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = written(tmp_path, length=10)
    monkeypatch.setattr(texts, "LARGE", 1)
    data = written(tmp_path, length=10)
    rows = np.array([5, 0, 30])
    for name in ("tokens", "next"):
        values = data.fields[name].values
        assert isinstance(values, Streamed)
        assert np.array_equal(values.read(rows)[0], expected.fields[name].array[rows])
        assert data.fields[name].type == expected.fields[name].type


def test_wrong_texts(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has 20 characters, too few for windows of 8 in a share"):
        written(tmp_path, "x" * 20, length=8)
    with pytest.raises(UserError, match=r"t\.txt is empty"):
        written(tmp_path, "")
    (tmp_path / "t.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not a text in UTF-8"):
        read(Text(file="t.txt"), tmp_path, 0)


def test_a_new_text_is_cut_into_windows(tmp_path: Path) -> None:
    vocabulary = learn(["abc"], "character")
    schema = Schema("tokens", "array", (3,), vocabulary=vocabulary)
    schema = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    (tmp_path / "new.txt").write_text("abcz?cab", encoding="utf-8")
    names, (values,) = read_new(tmp_path / "new.txt", [schema])
    assert values.tolist() == [[1, 2, 3], [0, 0, 3]]
    assert names == [f"{tmp_path / 'new.txt'}[{begin}]" for begin in (0, 3)]
    (tmp_path / "new.txt").write_text("ab", encoding="utf-8")
    with pytest.raises(UserError, match="has 2 characters; the net reads 3 at once"):
        read_new(tmp_path / "new.txt", [schema])


ROWS = [(f"good film number {n}", "yes") for n in range(10)]
ROWS += [(f"bad film, really bad {n}", "no") for n in range(10)]


def labelled(folder: Path, **given: Any) -> DataSet:
    lines = "\n".join(f'"{text}",{kind}' for text, kind in ROWS)
    (folder / "t.csv").write_text(f"review,liked\n{lines}\n", encoding="utf-8")
    source = LabelledText(file="t.csv", text="review", target="liked", **given)
    return read(source, folder, 3, (0.5, 0.2, 0.3))


def test_texts_with_labels(tmp_path: Path) -> None:
    data = labelled(tmp_path, length=6)
    units = vocabulary_of(data).units
    assert units[:2] == ("<padding>", "<unknown>")
    assert data.classes == ("no", "yes")
    read_back = [units[n] for n in data.fields["tokens"].array[0]]
    assert read_back[:3] == ["good", "film", "number"]
    assert read_back[4:] == ["<padding>"] * 2
    seen = {
        word
        for row in split(data, (0.5, 0.2, 0.3), 3).train
        for word in re.findall(r"\w+|,", ROWS[row][0])
    }
    assert {*units[2:]} == seen


def test_new_texts_for_labels(tmp_path: Path) -> None:
    vocabulary = learn(["a good film"], "word", padded=True)
    schema = Schema("tokens", "array", (2,), (Column("review"),), vocabulary=vocabulary)
    (tmp_path / "new.txt").write_text("good film noir\n\nfilm\n", encoding="utf-8")
    (tmp_path / "new.tsv").write_text("id\treview\n1\tgood film\n", encoding="utf-8")
    good, film = (units_at(vocabulary, word) for word in ("good", "film"))
    names, (values,) = read_new(tmp_path / "new.txt", [schema])
    assert values.tolist() == [[good, film], [film, 0]]
    assert [name.rpartition(":")[2] for name in names] == ["1", "3"]
    assert read_new(tmp_path / "new.tsv", [schema])[1][0].tolist() == [[good, film]]


def units_at(vocabulary: Vocabulary, word: str) -> int:
    return vocabulary.units.index(word)
