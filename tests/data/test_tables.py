"""Tables: numbers, categories, targets; wrong files are told with line and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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


def listed(folder: Path, header: str = "file,size,kind", cells: str = ",1,b") -> Path:
    """A table of four pictures, each of one shade of grey."""
    rows = [header]
    for shade in (0, 85, 170, 255):
        Image.new("L", (5, 4), shade).save(folder / f"{shade}.png")
        rows.append(f"{shade}.png{cells}")
    path = folder / "t.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_column_may_name_pictures(tmp_path: Path) -> None:
    listed(tmp_path)
    data = read(Csv("t.csv", target="kind", images="file"), tmp_path, 0)
    assert list(data.fields) == ["image", "features", "kind"]
    assert data.main == "image"
    assert [column.name for column in data.fields["features"].columns] == ["size"]
    image = data.fields["image"]
    assert image.values.shape == (4, 4, 5, 1)
    assert image.read(np.array([2, 1]))[:, 0, 0, 0].tolist() == [170, 85]
    before = data.digest()
    Image.new("L", (5, 4), 9).save(tmp_path / "85.png")
    assert read(Csv("t.csv", target="kind", images="file"), tmp_path, 0).digest() != before


def test_pictures_alone_and_resized(tmp_path: Path) -> None:
    listed(tmp_path, "file,kind", ",b")
    data = read(Csv("t.csv", target="kind", images="file", size=(2, 3)), tmp_path, 0)
    assert list(data.fields) == ["image", "kind"]
    assert data.fields["image"].values.shape == (4, 2, 3, 1)
    assert data.fields["image"].size == (2, 3)


@pytest.mark.parametrize(
    ("images", "line", "message"),
    [
        ("picture", "", "t.csv has no column picture; its columns are file, size, kind"),
        ("kind", "", "t.csv: column kind cannot be both images and target"),
        ("file", "none.png,1,b", "t.csv:6: there is no file none.png beside the table"),
        ("file", "t.csv,1,b", "t.csv:6: t.csv is no picture that can be read"),
        ("file", "large.png,1,b", "t.csv:6: large.png has 9 x 9 pixels, but"),
        ("file", ",1,b", "t.csv:6: column file is empty"),
        ("file", f"{'a text ' * 60},1,b", "t.csv:6: there is no file a text"),
    ],
)
def test_pictures_that_are_not_there(tmp_path: Path, images: str, line: str, message: str) -> None:
    path = listed(tmp_path)
    Image.new("L", (9, 9)).save(tmp_path / "large.png")
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read(Csv("t.csv", target="kind", images=images), tmp_path, 0)
    assert message in str(caught.value)


def test_a_size_is_that_of_pictures(tmp_path: Path) -> None:
    listed(tmp_path)
    with pytest.raises(UserError, match=r't\.csv: size is that of pictures; images="…" says'):
        read(Csv("t.csv", target="kind", size=8), tmp_path, 0)
