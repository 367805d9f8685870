"""New examples come into the form that the net was trained on, or are refused with a reason."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netdsl.data.fields import Column
from netdsl.data.new import Schema, new_examples, read_new
from netdsl.data.scaling import Scaling
from netdsl.diagnostics import UserError

IMAGE = Schema("image", "image", (4, 5, 1))
TABLE = Schema(
    "features",
    "table",
    (3,),
    (Column("size"), Column("colour", ("blue", "red"))),
    Scaling(np.array([1.0, 0, 0]), np.array([2.0, 1, 1])),
)


def test_a_schema_comes_back_from_json() -> None:
    again = Schema.from_json(json.loads(json.dumps(TABLE.to_json())))
    assert again.columns == TABLE.columns
    assert again.shape == TABLE.shape
    assert again.to_json() == TABLE.to_json()


def test_a_table_is_scaled_and_its_other_columns_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("kind,colour,size\n?,red,5\n", encoding="utf-8")
    names, arrays = read_new(path, [TABLE])
    assert names == [f"{path}:2"]
    assert arrays[0].tolist() == [[2, 0, 1]]


def test_an_unknown_category(tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("colour,size\ngreen,5\n", encoding="utf-8")
    with pytest.raises(UserError, match=r'new\.csv:2: .* "green", which is none of blue, red'):
        read_new(tmp_path / "new.csv", [TABLE])


def test_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "new.png"
    Image.new("RGB", (5, 4), (255, 255, 255)).save(path)
    names, arrays = read_new(path, [IMAGE])
    assert names == [str(path)]
    assert np.array_equal(arrays[0], np.ones((1, 4, 5, 1)))


def test_a_picture_of_another_size(tmp_path: Path) -> None:
    Image.new("L", (9, 9)).save(tmp_path / "new.png")
    with pytest.raises(UserError, match="has 9 x 9 pixels, but the net was trained on 4 x 5"):
        read_new(tmp_path / "new.png", [IMAGE])
    resized = Schema("image", "image", (4, 5, 1), resized=(4, 5))
    assert read_new(tmp_path / "new.png", [resized])[1][0].shape == (1, 4, 5, 1)


def test_arrays_for_several_inputs(tmp_path: Path) -> None:
    np.savez(tmp_path / "new.npz", image=np.ones((2, 4, 5)), features=[[1.0, 0, 1], [3, 1, 0]])
    names, arrays = read_new(tmp_path / "new.npz", [IMAGE, TABLE])
    assert len(names) == 2
    assert arrays[0].shape == (2, 4, 5, 1)
    assert arrays[1].tolist() == [[0, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize(
    ("name", "schemas", "told"),
    [
        ("new.png", [TABLE], "is a picture, but the net was trained on a table"),
        ("new.csv", [IMAGE], "is no picture; give pictures or an .npz file"),
        ("new.csv", [IMAGE, TABLE], "several inputs; give an .npz file with image, features"),
        ("new.npz", [Schema("other", "table", (3,))], "has no array other; its arrays are image"),
        ("new.npz", [Schema("image", "image", (8, 8, 1))], "was trained on 8 x 8 x 1"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, name: str, schemas: list[Schema], told: str) -> None:
    np.savez(tmp_path / "new.npz", image=np.ones((2, 4, 5)))
    with pytest.raises(UserError, match=told):
        read_new(tmp_path / name, schemas)


def test_several_pictures_are_an_example(tmp_path: Path) -> None:
    files = [tmp_path / f"{shade}.png" for shade in (0, 51, 102, 255)]
    for file in files:
        Image.new("L", (5, 4), int(file.stem)).save(file)
    np.savez(tmp_path / "new.npz", image=np.zeros((2, 4, 5)), other=np.ones((2, 4, 5)))
    schemas = [IMAGE, Schema("other", "image", (4, 5, 1))]
    given = [*files[:2], tmp_path / "new.npz", *files[2:]]
    (one, first), (_, stored), (_, second) = new_examples(given, schemas)
    assert one == [f"{files[0]}, {files[1]}"]
    assert [float(values.mean()) for values in first] == pytest.approx([0, 0.2])
    assert [len(values) for values in stored] == [2, 2]
    assert [float(values.mean()) for values in second] == pytest.approx([0.4, 1])
    # Rows of a table are no pairs, though both pictures came from one.
    pair = [replace(schema, columns=(Column("picture"),)) for schema in schemas]
    (tmp_path / "new.csv").write_text("picture\n0.png\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"npz file with image, other, or 2 pictures in a row"):
        list(new_examples([tmp_path / "new.csv"], pair))
    with pytest.raises(UserError, match=r"102\.png: this net takes 2 pictures at once, image, oth"):
        list(new_examples(files[:3], schemas))


def test_a_table_names_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "seen").mkdir()
    Image.new("L", (5, 4), 255).save(tmp_path / "seen/a.png")
    path = tmp_path / "new.csv"
    path.write_text("colour,picture,size\nred,seen/a.png,5\n", encoding="utf-8")
    image = Schema("image", "image", (4, 5, 1), (Column("picture"),))
    with pytest.raises(UserError, match=r"with image, features, or a table with the columns of"):
        read_new(tmp_path / "seen/a.png", [image, TABLE])
    for schemas in ([image, TABLE], [image]):
        names, arrays = read_new(path, schemas)
        assert names == [f"{path}:2"]
        assert np.array_equal(arrays[0], np.ones((1, 4, 5, 1)))
    assert read_new(path, [image, TABLE])[1][1].tolist() == [[2, 0, 1]]
    path.write_text("colour,picture,size\nred,b.png,5\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"new\.csv:2: there is no file b\.png beside the table"):
        read_new(path, [image, TABLE])
