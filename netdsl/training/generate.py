"""Sequences that a trained net goes on with: texts unit by unit, series stretch by stretch.

A net that says what comes next at each position reads what there is so far, and one unit is drawn
of the probabilities at the last position; then it reads on with that one. Where its input has a
length it reads the last so many units, else all: a recurrence starts from its first state
each time, so that what it gives is the same as if it had gone on from where it stood. One that was
trained to go on from window to window reads a window at a time, from the states before it.

A net that forecasts a series reads its last rows, and its forecast is taken for the rows that
follow them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from netdsl.backends.engine import Array, Model
from netdsl.data.new import Schema, read_new
from netdsl.data.vocabulary import PADDING, UNKNOWN, Vocabulary
from netdsl.diagnostics import UserError
from netdsl.record import Record
from netdsl.training.answer import Reading, probabilities
from netdsl.training.carry import InOrder, States

# An open input gets lengths that double, so that no backend compiles for each of them.
_LEAST = 64
# What a later unit may change of an earlier answer, by rounding alone.
_CLOSE = 1e-4


class Drawing(Record):
    """How a sequence goes on: so many units or values, of a text after a prompt.

    Probabilities are raised to 1 / temperature; with 0 the likeliest unit is taken. `temperature`,
    `prompt` and `seed` are of texts alone; None where nothing is said.
    """

    count: int
    prompt: str | None = None
    temperature: float | None = None
    seed: int | None = None


class Writer:
    """Goes on with a text by a net that was trained on windows of one.

    `length` is how many units the net reads at once, None for any number.
    """

    def __init__(self, model: Model, reading: Reading, schema: Schema, length: int | None) -> None:
        """Raises `UserError` where the net does not say what comes next."""
        vocabulary = schema.vocabulary
        if vocabulary is None or schema.columns or reading.classes != vocabulary.units:
            raise UserError(
                "only a net that says what comes next can generate: text or series as its data"
            )
        self._model, self._reading, self._length = model, reading, length
        self._vocabulary = vocabulary
        self._never = np.array([unit in (PADDING, UNKNOWN) for unit in vocabulary.units])
        self._check_causal()

    def write(self, drawing: Drawing) -> str:
        """The prompt, and what follows it. Draws are numpy's, alike on every backend."""
        generator = np.random.default_rng(drawing.seed or 0)
        heat = 1.0 if drawing.temperature is None else drawing.temperature
        prompt = drawing.prompt or ""
        known = self._vocabulary.numbers(prompt).tolist() or [_beginning(self._vocabulary)]
        begun = len(known)
        for _ in range(drawing.count):
            chances = self._next(np.array(known))
            known.append(_drawn(chances, heat, generator))
        apart = " " if prompt and self._vocabulary.unit == "word" else ""
        return prompt + apart + self._vocabulary.text(known[begun:])

    def _next(self, known: Array) -> Array:
        """The probability of each unit after these."""
        return self._after(known[-self._length :] if self._length else known)

    def _after(self, window: Array) -> Array:
        """The probability of each unit after those of a window, which may be shorter than it."""
        chances = self._read(window[None])[0, len(window) - 1]
        chances[self._never] = 0
        return np.asarray(chances / chances.sum())

    def _read(self, windows: Array) -> Array:
        """What is said at each position of some windows, (windows, length, units)."""
        rows, count = windows.shape
        length = self._length or max(_LEAST, 1 << (count - 1).bit_length())
        filled = np.zeros((rows, length), np.int64)
        filled[:, :count] = windows
        found = self._outputs(filled)[self._reading.output]
        if found.ndim != 3 or found.shape[1] != length:
            raise UserError(
                "only a net that says what comes next at each position can generate; "
                "return=sequence has a recurrence say something at each"
            )
        return probabilities(found, self._reading)

    def _outputs(self, windows: Array) -> dict[str, Array]:
        """What the net gives for windows of the length that it reads."""
        return self._model.predict([windows])

    def _check_causal(self) -> None:
        """Refuses a net that looks ahead: what it would say with the last position to come."""
        length = self._length or _LEAST
        windows = np.zeros((2, length), np.int64)
        windows[1, length // 2 :] = len(self._vocabulary) - 1
        one, other = self._read(windows)[:, : length // 2]
        if not np.allclose(one, other, atol=_CLOSE):
            raise UserError(
                "this net looks at later positions, which are not there yet when it generates; "
                "recurrences must go one way and attention be causal"
            )


class CarryingWriter(Writer):
    """Goes on with a text by a net that was trained to go on from window to window."""

    def __init__(self, model: InOrder, reading: Reading, schema: Schema) -> None:
        """See `Writer`."""
        self._lane, self._window = model, schema.shape[0]
        self._begin()
        super().__init__(model, reading, schema, self._window)

    def write(self, drawing: Drawing) -> str:
        """See `Writer.write`."""
        self._begin()
        return super().write(drawing)

    def _begin(self) -> None:
        # The states after so many units, None before the first.
        self._states: States | None = None
        self._passed = 0

    def _next(self, known: Array) -> Array:
        while len(known) - self._passed > self._window:
            whole = known[None, self._passed : self._passed + self._window]
            _, self._states = self._lane.step([whole], self._states)
            self._passed += self._window
        return self._after(known[self._passed :])

    def _outputs(self, windows: Array) -> dict[str, Array]:
        return self._lane.step([windows], self._states)[0]


def forecast(
    model: Model, reading: Reading, schema: Schema, path: Path, drawing: Drawing
) -> list[float]:
    """So many values after the last row of a series in a file, in the file's units.

    Raises `UserError` where the net does not say how a series goes on.
    """
    if reading.classes or len(schema.shape) != 2 or not schema.columns or not reading.scaling:
        raise UserError(
            "only a net that says what comes next can generate: text or series as its data"
        )
    if schema.shape[1] > 1:
        names = ", ".join(column.name for column in schema.columns)
        raise UserError(
            f"the net reads the columns {names}, of which it forecasts one; only a series of one "
            "column can go on beyond its horizon"
        )
    if (drawing.prompt, drawing.temperature, drawing.seed) != (None, None, None):
        raise UserError(
            "nothing is drawn of a series: --prompt, --temperature and --seed are of text"
        )
    _, (windows,) = read_new(path, [schema])
    window, found = windows[-1:], np.empty(0)
    while len(found) < drawing.count:
        after = model.predict([window])[reading.output].reshape(-1)
        told = reading.scaling.undo(after)
        found = np.concatenate([found, told])
        rows = schema.scaling.apply(told[:, None]) if schema.scaling else told[:, None]
        window = np.concatenate([window[0], rows])[None, -schema.shape[0] :]
    return [float(value) for value in found[: drawing.count]]


def _beginning(vocabulary: Vocabulary) -> int:
    """What stands before a text that has no beginning: a new line, else the most frequent unit."""
    line = "0a" if vocabulary.unit == "byte" else "\n"
    if line in vocabulary.units:
        return vocabulary.units.index(line)
    return next(n for n, unit in enumerate(vocabulary.units) if unit not in (PADDING, UNKNOWN))


def _drawn(chances: Array, temperature: float, generator: np.random.Generator) -> int:
    if temperature == 0:
        return int(chances.argmax())
    with np.errstate(divide="ignore"):
        powers = np.log(chances) / temperature
    raised = np.exp(powers - powers.max()).cumsum()
    place = np.searchsorted(raised, generator.random() * raised[-1], side="right")
    return int(min(place, len(raised) - 1))
