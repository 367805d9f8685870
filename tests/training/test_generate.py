"""Texts that go on: draws, temperature, the window that a net reads, and nets that cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from netdsl.data.fields import Array, Column
from netdsl.data.new import Schema
from netdsl.data.vocabulary import Unit, Vocabulary, learn
from netdsl.diagnostics import UserError
from netdsl.training.answer import Reading, answers
from netdsl.training.generate import Writer

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
    assert writer(Net(after)).write("a", 5, 1.0, 0) == "ab\nab\n"
    # Without a prompt a new line stands before, and is not told.
    assert writer(Net(after)).write("", 4, 1.0, 0) == "ab\na"


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_draws_follow_the_chances_and_the_temperature(temperature: float) -> None:
    made = writer(Net(alike)).write("", 4000, temperature, 1)
    counted = Counter(made)
    expected = softmax(np.log([0.3, 0.15, 0.05]) / temperature)
    found = np.array([counted[unit] for unit in "a\nb"]) / 4000
    assert found == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 4000))
    assert writer(Net(alike)).write("", 40, temperature, 1) == made[:40]
    assert writer(Net(alike)).write("", 40, temperature, 2) != made[:40]


def test_without_heat_the_likeliest_is_taken() -> None:
    assert writer(Net(alike)).write("b", 3, 0, 0) == "baaa"


def test_it_reads_the_last_units_that_fit() -> None:
    net = Net(after)
    writer(net, length=4).write("ab", 4, 0, 0)
    filled = [window[0].tolist() for window in net.read[1:]]
    assert filled == [[1, 3, 0, 0], [1, 3, 2, 0], [1, 3, 2, 1], [3, 2, 1, 3]]


def test_an_open_net_reads_all_units() -> None:
    net = Net(after)
    writer(net, length=None).write("ab\n" * 30, 2, 0, 0)
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

    assert writer(Net(logits), vocabulary, 9).write(prompt, len(aimed), 1, 0) == expected


def test_a_net_that_looks_ahead_is_refused() -> None:
    with pytest.raises(UserError, match="looks at later positions"):
        writer(Net(lambda windows: after(windows[:, ::-1])))


def test_a_net_with_one_answer_is_refused() -> None:
    with pytest.raises(UserError, match="at each position"):
        writer(Net(lambda windows: after(windows)[:, -1]))


def test_a_net_for_labels_is_refused() -> None:
    with pytest.raises(UserError, match="what comes next"):
        writer(Net(after), columns=(Column("text"),))


def test_answers_at_each_position() -> None:
    values = np.eye(4)[[[1, 3, 2], [3, 3, 1]]]
    reading = Reading("output", LETTERS.units, "softmax", True)
    assert answers(values, reading, LETTERS) == [{"text": "ab\n"}, {"text": "bba"}]
    assert answers(values, reading)[0] == {"classes": ["a", "b", "\n"]}
