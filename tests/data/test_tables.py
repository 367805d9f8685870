"""Tables: numbers, categories, targets; wrong files are told with line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.catalog.sources import Csv
from netdsl.data.fields import DataSet, as_labels
from netdsl.data.read import read
from netdsl.diagnostics import UserError

FLOWERS = """\
length,colour,kind
1.5,red,rose
2.5,blue,"tulip, wild"
3.5,red,rose
"""


def table(folder: Path, text: str, target: str = "kind", separator: str = ",") -> DataSet:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return read(Csv(file="t.csv", target=target, separator=separator), folder, 0)


def test_numbers_and_categories(tmp_path: Path) -> None:
    data = table(tmp_path, FLOWERS)
    assert data.fields["features"].values.tolist() == [[1.5, 0, 1], [2.5, 1, 0], [3.5, 0, 1]]
    assert data.fields["features"].columns[1].categories == ("blue", "red")
    assert data.fields["features"].standardised
    assert data.classes == ("rose", "tulip, wild")
    assert data.fields["kind"].values.tolist() == [0, 1, 0]


def test_a_target_of_numbers_is_a_number_until_classes_are_wanted(tmp_path: Path) -> None:
    data = table(tmp_path, "x,y\n1,20\n2,10\n3,20\n", target="y")
    assert data.fields["y"].kind == "number"
    labelled = as_labels(data)
    assert labelled.fields["y"].values.tolist() == [1, 0, 1]
    assert labelled.classes == ("10", "20")


def test_numbers_with_fractions_are_no_classes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds numbers such as 1\.5, which are no classes"):
        as_labels(table(tmp_path, "x,y\n1,2\n2,1.5\n", target="y"))


def test_separator_blank_lines_and_byte_order_mark(tmp_path: Path) -> None:
    data = table(tmp_path, "\ufeffx;kind\n\n1;a\n\n2;b\n", separator=";")
    assert data.fields["features"].values.tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,kind\n1,a\nmany,b\n", r't\.csv:3: column x holds "many", which is no number'),
        ("x,kind\n1,a\n\nnan,b\n", r't\.csv:4: column x holds "nan"'),
        ("x,kind\n1,a\n,b\n", r"t\.csv:3: column x is empty"),
        ("x,kind\n1,a\n2,b,c\n", r"t\.csv:3: 3 cells, but the first line names 2 columns"),
        ("x,kind\n", r"t\.csv holds no rows"),
        ("", r"t\.csv holds no rows"),
        ("x,x\n1,2\n", r"t\.csv:1: the columns need names that differ"),
        ("x,y\n1,2\n", r"t\.csv has no column kind; its columns are x, y"),
        ("kind\na\n", r"no column beside the target kind"),
        ('x,kind\n1,"a\n', r"t\.csv:2: "),
    ],
)
def test_a_wrong_table(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        table(tmp_path, text)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"t\.csv: No such file"):
        read(Csv(file="t.csv", target="y"), tmp_path, 0)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"x,y\n\xff\xfe,1\n")
    with pytest.raises(UserError, match="not a text in UTF-8"):
        read(Csv(file="t.csv", target="y"), tmp_path, 0)
