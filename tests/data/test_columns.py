"""Tables in Parquet, large tables in text files, and pictures in columns."""

from __future__ import annotations

import io
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet as pq

from netdsl.catalog.sources import Csv, Parquet
from netdsl.data import tables
from netdsl.data.fields import Column, DataSet
from netdsl.data.read import read
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import UserError
from tests.data.photographs import photograph

ROWS = 40
RANDOM = np.random.default_rng(0)
COLUMNS: dict[str, Any] = {
    "size": RANDOM.normal(3, 2, ROWS),
    "count": RANDOM.integers(0, 9, ROWS),
    "colour": [("red", "blue")[i % 2] for i in range(ROWS)],
    "kind": [("odd", "even", "none")[i % 3] for i in range(ROWS)],
}


def written(folder: Path, columns: dict[str, Any], target: str = "kind", **given: Any) -> DataSet:
    pq.write_table(pa.table(columns), folder / "t.parquet", row_group_size=7)
    return read(Parquet(file="t.parquet", target=target, **given), folder, 0)


def test_parquet_is_as_csv(tmp_path: Path) -> None:
    data = written(tmp_path, COLUMNS)
    cells = zip(*COLUMNS.values(), strict=True)
    lines = "\n".join(",".join(map(str, row)) for row in cells)
    (tmp_path / "t.csv").write_text(f"{','.join(COLUMNS)}\n{lines}\n", encoding="utf-8")
    expected = read(Csv(file="t.csv", target="kind"), tmp_path, 0)
    assert (data.main, data.target, data.classes) == ("features", "kind", expected.classes)
    for name, field in expected.fields.items():
        assert np.array_equal(data.fields[name].array, field.array)
        assert data.fields[name].columns == field.columns
    assert data.fields["features"].standardised
    assert written(tmp_path, COLUMNS, "size").fields["size"].kind == "number"


def test_lists_are_arrays(tmp_path: Path) -> None:
    lists = {"tokens": [[i, i + 1] for i in range(6)], "y": ["a", "b"] * 3}
    data = written(tmp_path, lists, "y")
    assert data.main == "tokens"
    assert str(data.fields["tokens"].type) == "2 of int"
    with pytest.raises(UserError, match="the lists of column tokens have different lengths"):
        written(tmp_path, {**lists, "tokens": [[1]] * 5 + [[1, 2]]}, "y")


def encoded(index: int) -> bytes:
    file = io.BytesIO()
    photograph("china.jpg").crop((index, index, index + 12, index + 10)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("form", ["bytes", "struct"])
def test_pictures_in_a_column(tmp_path: Path, form: str) -> None:
    content = [encoded(index) for index in range(20)]
    column = content if form == "bytes" else [{"bytes": one, "path": None} for one in content]
    data = written(tmp_path, {"picture": column, "y": ["a", "b"] * 10}, "y")
    values = data.fields["picture"].values
    assert isinstance(values, Streamed)
    assert (data.main, values.shape) == ("picture", (20, 10, 12, 3))
    rows = np.array([19, 0, 7])
    found, good = pickle.loads(pickle.dumps(values)).read(rows)
    assert good.all()
    for row, pixels in zip(rows, found, strict=True):
        with Image.open(io.BytesIO(content[row])) as expected:
            assert np.array_equal(pixels, np.asarray(expected))


@pytest.mark.parametrize(
    ("columns", "target", "told"),
    [
        ({"x": [1.0, None], "y": [0, 1]}, "y", "column x is empty in 1 rows"),
        ({"x": [1.0, float("nan")], "y": [0, 1]}, "y", "row 1 of column x is nan, not a number"),
        ({"x": [1.0], "y": [0]}, "z", "has no column z; its columns are x, y"),
        ({"y": [0]}, "y", "has no column beside the target y"),
        ({"x": [{"a": 1}], "y": [0]}, "y", "column x holds struct<a: int64>; leave it out"),
        ({"x": [1.0][:0], "y": [0][:0]}, "y", "holds no rows"),
    ],
)
def test_wrong_tables(tmp_path: Path, columns: dict[str, Any], target: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        written(tmp_path, columns, target)


def test_what_is_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UserError, match=r"t\.parquet is no Parquet file"):
        read(Parquet(file="t.parquet", target="y"), tmp_path, 0)
    with pytest.raises(UserError, match=r"no\.parquet"):
        read(Parquet(file="no.parquet", target="y"), tmp_path, 0)


# Large tables in text files

TABLES = [
    "x,y\n1,a\n 2.5 ,b\n",
    '﻿x,colour,y\n1,"red, dark",a\n2, blue,b\n\n3,"a ""b""",a\n',
    "x;y\n1e3;0.5\n-7;1\n",
]


@pytest.mark.parametrize("text", TABLES)
def test_both_ways_of_reading_agree(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    source = Csv(file="t.csv", target="y", separator=";" if ";" in text else None)
    expected = read(source, tmp_path, 0)
    monkeypatch.setattr(tables, "LARGE", 1)
    monkeypatch.setattr(tables, "read_rows", None)  # must do without
    data = read(source, tmp_path, 0)
    assert data.classes == expected.classes
    for name, field in expected.fields.items():
        assert np.array_equal(data.fields[name].array, field.array)
        assert data.fields[name].array.dtype == field.array.dtype
        assert (data.fields[name].columns, data.fields[name].kind) == (field.columns, field.kind)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,y\n1,a\n,b\n", r"t\.csv:3: column x is empty"),
        ("x,y\n1,a\nz,b\n", r't\.csv:3: column x holds "z"'),
        ("x,y\n1,a\ninf,b\n", r't\.csv:3: column x holds "inf"'),
        ("x,y\n1,a\n2\n", r"t\.csv:3: 1 cells"),
        ("x,x\n1,a\n", "names that differ"),
        ("x,y\n", "holds no rows"),
    ],
)
def test_mistakes_have_their_line(
    tmp_path: Path, text: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "LARGE", 1)
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=told):
        read(Csv(file="t.csv", target="y"), tmp_path, 0)


def test_a_tab_in_tsv(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("x\ty\n1\ta,b\n2\tc\n", encoding="utf-8")
    data = read(Csv(file="t.tsv", target="y"), tmp_path, 0)
    assert data.classes == ("a,b", "c")
    assert data.fields["features"].columns == (Column("x"),)


def test_many_rows_are_read_in_seconds(tmp_path: Path) -> None:
    line = "0.123456,7,red,-3.5,a\n0.654321,8,blue,4.25,b\n"
    (tmp_path / "t.csv").write_text("u,v,w,x,y\n" + line * 500_000, encoding="utf-8")
    started = time.perf_counter()
    data = read(Csv(file="t.csv", target="y"), tmp_path, 0)
    assert len(data) == 1_000_000
    assert time.perf_counter() - started < 15  # about 2 s where nothing else runs
