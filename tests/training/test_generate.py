"""Texts and series that go on: draws, the window that a net reads, and nets that cannot."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from netdsl.data.fields import Array, Column
from netdsl.data.new import Schema
from netdsl.data.scaling import Scaling
from netdsl.data.vocabulary import Unit, Vocabulary, learn
from netdsl.diagnostics import UserError
from netdsl.training.answer import Reading, answers
from netdsl.training.generate import Drawing, Writer, forecast

LETTERS = learn(["aab\n"], "character")  # <unknown>, a, newline, b


class Net:
    """Logits at each position by a function of the windows; it notes what it has read."""

    def __init__(self, logits: Callable[[Array], Array]) -> None:
        self.logits = logits
        self.read: list[Array] = []

    def predict(self, inputs: Sequence[Array]) -> dict[str, Array]:
        (windows,) = inputs
        self.read.append(windows)
        return {"output": self.logits(windows)}

    def weights(self, names: Any = None) -> dict[str, Array]:
        raise NotImplementedError

    def put_weights(self, weights: Any) -> None:
        raise NotImplementedError


def writer(net: Net, vocabulary: Vocabulary = LETTERS, length: int | None = 4, **of: Any) -> Writer:
    reading = Reading("output", vocabulary.units, "softmax", True)
    schema = Schema("tokens", "array", (length or 4,), vocabulary=vocabulary, **of)
    return Writer(net, reading, schema, length)


def after(windows: Array) -> Array:
    """After a comes b, after b a new line, after it a; surely."""
    following = np.array([1, 3, 1, 2])
    return np.asarray(np.eye(4)[following[windows]] * 50)


def alike(windows: Array) -> Array:
    """The same chances everywhere; most of all for what is unknown."""
    return np.broadcast_to(np.log([0.5, 0.3, 0.15, 0.05]), (*windows.shape, 4))


def test_it_goes_on_with_what_is_likely() -> None:
    assert writer(Net(after)).write(Drawing(5, "a", 1.0, 0)) == "ab\nab\n"
    # Without a prompt a new line stands before, and is not told.
    assert writer(Net(after)).write(Drawing(4, "", 1.0, 0)) == "ab\na"


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_draws_follow_the_chances_and_the_temperature(temperature: float) -> None:
    made = writer(Net(alike)).write(Drawing(4000, "", temperature, 1))
    counted = Counter(made)
    expected = softmax(np.log([0.3, 0.15, 0.05]) / temperature)
    found = np.array([counted[unit] for unit in "a\nb"]) / 4000
    assert found == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 4000))
    assert writer(Net(alike)).write(Drawing(40, "", temperature, 1)) == made[:40]
    assert writer(Net(alike)).write(Drawing(40, "", temperature, 2)) != made[:40]


def test_without_heat_the_likeliest_is_taken() -> None:
    assert writer(Net(alike)).write(Drawing(3, "b", 0, 0)) == "baaa"


def test_it_reads_the_last_units_that_fit() -> None:
    net = Net(after)
    writer(net, length=4).write(Drawing(4, "ab", 0, 0))
    filled = [window[0].tolist() for window in net.read[1:]]
    assert filled == [[1, 3, 0, 0], [1, 3, 2, 0], [1, 3, 2, 1], [3, 2, 1, 3]]


def test_an_open_net_reads_all_units() -> None:
    net = Net(after)
    writer(net, length=None).write(Drawing(2, "ab\n" * 30, 0, 0))
    assert net.read[-1].shape == (1, 128)
    assert np.count_nonzero(net.read[-1]) == 91


@pytest.mark.parametrize(
    ("unit", "prompt", "expected"),
    [("word", "to", "to be or"), ("word", "", "be or"), ("byte", "to ", "to bé")],
)
def test_other_units_are_told_as_text(unit: Unit, prompt: str, expected: str) -> None:
    vocabulary = learn(["to be or"], unit)
    aimed = vocabulary.numbers("be or" if unit == "word" else "bé")

    def logits(windows: Array) -> Array:
        """The next of what is aimed at, by what has been read: what is not 0 counts."""
        read = np.cumsum(windows != 0, axis=1) - max(len(vocabulary.numbers(prompt)), 1)
        return np.asarray(np.eye(len(vocabulary))[aimed[np.clip(read, 0, len(aimed) - 1)]] * 50)

    assert writer(Net(logits), vocabulary, 9).write(Drawing(len(aimed), prompt, 1, 0)) == expected


def test_a_net_that_looks_ahead_is_refused() -> None:
    with pytest.raises(UserError, match="looks at later positions"):
        writer(Net(lambda windows: after(windows[:, ::-1])))


def test_a_net_with_one_answer_is_refused() -> None:
    with pytest.raises(UserError, match="at each position"):
        writer(Net(lambda windows: after(windows)[:, -1]))


def test_a_net_for_labels_is_refused() -> None:
    with pytest.raises(UserError, match="text or series"):
        writer(Net(after), columns=(Column("text"),))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Five rows, each ten more than the one before."""
    (tmp_path / "rows.csv").write_text("x\n10\n20\n30\n40\n50\n")
    return tmp_path / "rows.csv"


def by_ten(windows: Array) -> Array:
    """The next two rows, where ten is one as the net sees it."""
    return np.asarray(windows[:, -1] + np.array([1, 2]))


SCALING = Scaling(np.zeros(()), np.array(10.0))
FORECAST = Reading("output", (), "none", False, scaling=SCALING)


def series(*columns: str, scaled: bool = True) -> Schema:
    known = tuple(map(Column, columns))
    scaling = Scaling(np.zeros(len(known)), np.full(len(known), 10.0)) if scaled else None
    return Schema("window", "array", (3, len(known)), known, scaling)


def test_a_forecast_is_taken_for_what_follows(rows: Path) -> None:
    net = Net(by_ten)
    assert forecast(net, FORECAST, series("x"), rows, Drawing(5)) == [60, 70, 80, 90, 100]
    assert [read.reshape(-1).tolist() for read in net.read] == [[3, 4, 5], [5, 6, 7], [7, 8, 9]]
    plain = forecast(Net(by_ten), FORECAST, series("x", scaled=False), rows, Drawing(1))
    assert plain == [510]


@pytest.mark.parametrize(
    ("reading", "schema", "drawing", "sentence"),
    [
        (FORECAST, series("x", "y"), Drawing(1), "reads the columns x, y"),
        (FORECAST, series("x"), Drawing(1, "a"), "nothing is drawn of a series"),
        (FORECAST, series("x"), Drawing(1, seed=0), "nothing is drawn of a series"),
        (FORECAST.replace(scaling=None), series("x"), Drawing(1), "text or series"),
        (FORECAST.replace(classes=("a",)), series("x"), Drawing(1), "text or series"),
    ],
)
def test_what_is_no_series_to_go_on(
    reading: Reading, schema: Schema, drawing: Drawing, sentence: str, rows: Path
) -> None:
    with pytest.raises(UserError, match=sentence):
        forecast(Net(by_ten), reading, schema, rows, drawing)


def test_a_reading_comes_back_from_json() -> None:
    for reading in (FORECAST, Reading("output", ("a", "b"), "softmax", True)):
        again = Reading.from_json(json.loads(json.dumps(reading.to_json())))
        assert again.to_json() == reading.to_json()
    values = np.array([[1.0, 2.5]])
    assert answers(values, FORECAST) == [{"value": [10.0, 25.0]}]


def test_answers_at_each_position() -> None:
    values = np.eye(4)[[[1, 3, 2], [3, 3, 1]]]
    reading = Reading("output", LETTERS.units, "softmax", True)
    assert answers(values, reading, LETTERS) == [{"text": "ab\n"}, {"text": "bba"}]
    assert answers(values, reading)[0] == {"classes": ["a", "b", "\n"]}
