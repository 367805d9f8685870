"""Batches are read ahead in order; what cannot be read is told, counted and left out."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netdsl.catalog.sources import Folder
from netdsl.data.examples import Examples, readable
from netdsl.data.fields import Array, DataSet, Field
from netdsl.data.read import read
from netdsl.data.streamed import Good, Indices, Names, Picked, Streamed
from netdsl.diagnostics import UserError
from tests.data.photographs import cut_up


class Squares(Streamed):
    """The squares of the numbers of rows; some rows cannot be read, some take long."""

    def __init__(self, count: int, bad: tuple[int, ...] = (), corrupt: float = 0.5) -> None:
        self.count = count
        self.bad = bad
        self.corrupt = corrupt

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.count, 1)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int64)

    def read(self, rows: Indices) -> tuple[Array, Good]:
        time.sleep(0.02 * (int(rows[0]) % 3))
        good = ~np.isin(rows, self.bad)
        return rows[good, None] ** 2, good

    def where(self, row: int) -> str:
        return f"row {row}"

    def digest(self) -> bytes:
        return b""


class Deadly(Squares):
    """The process that reads row 4 is killed, as the system does where memory is short."""

    def read(self, rows: Indices) -> tuple[Array, Good]:
        if 4 in rows:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(rows)


def rows(*batches: list[int]) -> list[Indices]:
    return [np.array(batch, np.int64) for batch in batches]


@pytest.fixture(params=[0, 2], ids=["here", "two workers"])
def workers(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_batches_come_in_order(workers: int) -> None:
    cut = np.split(np.random.default_rng(0).permutation(40), 10)
    examples = Examples({"square": Squares(40), "number": np.arange(40)}, workers)
    found = list(examples.batches(cut))
    again = list(examples.batches(cut))
    examples.close()
    for batches in (found, again):
        assert [batch["number"].tolist() for batch in batches] == [part.tolist() for part in cut]
        assert all((b["square"][:, 0] == b["number"] ** 2).all() for b in batches)


def test_what_cannot_be_read_is_left_out(workers: int, capsys: pytest.CaptureFixture[str]) -> None:
    fields = {"square": Squares(8, (1, 2)), "other": Squares(8, (4,)), "number": np.arange(8)}
    examples = Examples(fields, workers)
    for _ in range(2):
        found = list(examples.batches(rows([0, 1, 3], [2, 4, 5], [6, 7, 5])))
        assert [batch["number"].tolist() for batch in found] == [[0, 3], [6, 7, 5]]
        assert [batch["other"][:, 0].tolist() for batch in found] == [[0, 9], [36, 49, 25]]
    examples.close()
    told = capsys.readouterr().err.splitlines()
    assert told == [f"row {row} cannot be read and is left out" for row in (1, 2, 4)]
    assert examples.unreadable() == 3
    assert examples.unreadable(np.array([0, 1, 2])) == 2


def test_too_many_of_them_end_a_run(workers: int) -> None:
    examples = Examples({"square": Squares(20, (1, 2, 3), corrupt=0.1)}, workers)
    with pytest.raises(UserError, match=r"3 of 20 examples cannot be read.*more than 10 %"):
        list(examples.batches(rows([0, 1], [2, 5], [3, 6])))
    examples.close()


def test_a_worker_that_is_killed() -> None:
    examples = Examples({"square": Deadly(8)}, 1)
    with pytest.raises(UserError, match=r"a process that reads examples has died.*--workers 1"):
        list(examples.batches(rows([0, 1], [2, 3], [4, 5])))
    assert len(list(examples.batches(rows([0, 1], [2, 3])))) == 2
    examples.close()


def test_reading_stops_where_nobody_asks_any_more() -> None:
    examples = Examples({"square": Squares(3000)}, 2)
    batches = examples.batches(np.split(np.arange(3000), 1000))
    next(batches)
    started = time.perf_counter()
    batches.close()  # type: ignore[attr-defined]
    examples.close()
    assert time.perf_counter() - started < 5  # all of it would take 20 s


def test_what_lies_in_memory_is_given_at_once() -> None:
    numbers = np.arange(4)
    resident = Examples({"number": numbers})
    assert resident.resident() == {"number": numbers}
    assert [b["number"].tolist() for b in resident.batches(rows([3, 1]))] == [[3, 1]]
    assert Examples({"number": numbers, "square": Squares(4)}).resident() is None


def test_picked_rows() -> None:
    picked = Picked(Squares(9, (4,)), np.array([8, 4, 2]))
    values, good = picked.read(np.array([0, 1, 2, 2]))
    assert (picked.shape, picked.where(1)) == ((3, 1), "row 4")
    assert values[:, 0].tolist() == [64, 4, 4]
    assert good.tolist() == [True, False, True, True]


def test_names_are_kept_whole() -> None:
    texts = ["a/1.png", "", "größe/ü.png", "\udce4.png"]
    names = Names(texts)
    assert [names[index] for index in range(len(names))] == texts


def test_a_truncated_picture_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = cut_up(tmp_path / "data", 40, 64)
    paths[7].write_bytes(paths[7].read_bytes()[:-300])  # the header stays
    data = read(Folder(directory="data", corrupt=0.05), tmp_path, 0)
    examples = Examples({name: field.values for name, field in data.fields.items()})
    (batch,) = examples.batches([np.arange(40)])
    assert len(batch["image"]) == len(batch["label"]) == 39
    assert f"{paths[7].name} cannot be read" in capsys.readouterr().err
    strict = read(Folder(directory="data"), tmp_path, 0)
    with pytest.raises(UserError, match=r"1 of 40 examples .*more than 1 % end a run"):
        list(Examples({"image": strict.fields["image"].values}).batches([np.arange(40)]))


def test_of_what_can_be_read_all_fields_have_the_same_examples() -> None:
    fields = {
        "one": Field("one", "array", Squares(9, (1, 4))),
        "other": Field("other", "array", Squares(9, (4, 5))),
        "held": Field("held", "array", np.arange(9) + 10),
    }
    data = DataSet("squares", fields, "one", "held")
    found, kept = readable(data, ["one", "other", "held"], np.array([5, 3, 1, 8]))
    assert kept.tolist() == [3, 8]
    assert {name: values.reshape(-1).tolist() for name, values in found.items()} == {
        "one": [9, 64],
        "other": [9, 64],
        "held": [13, 18],
    }
    found, kept = readable(data, ["held"], np.array([4, 2]))
    assert kept.tolist() == [4, 2]
    assert found["held"].tolist() == [14, 12]
