"""Sources of data: named fields for each example, one of them the main one, one the target.

Paths are relative to the folder of the spec. Scaling belongs to the source: images are from 0 to
1; columns of tables are standardised by the training share.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from netdsl.catalog.arguments import Entry, choice, entry, flag, text, texts
from netdsl.catalog.quantities import integers, number, sizes, whole


class DataSource(Entry):
    """Base of all sources; `gives` are the fields that are known before it is read, if all are."""

    category: ClassVar[str] = "data source"
    gives: ClassVar[tuple[str, ...]] = ()


class Labelled(DataSource):
    """Base of sources of a fixed content, of which some classes may be taken."""

    classes: int | tuple[int, ...] | None = integers(
        "the numbers of the classes that are kept, in their new order", None, keyword=True
    )


class Digits(Labelled):
    """1,797 handwritten digits: `image` 8x8x1, `label` (Alpaydin and Kaynak, 1998)."""

    word: ClassVar[str] = "digits"
    gives: ClassVar[tuple[str, ...]] = ("image", "label")


class Iris(Labelled):
    """150 flowers of three kinds: `features`, four lengths in cm; `label` (Fisher, 1936)."""

    word: ClassVar[str] = "iris"
    gives: ClassVar[tuple[str, ...]] = ("features", "label")


class Photographs(Labelled):
    """Pieces of two photographs that scikit-learn brings: `image`, `label` (china or flower).

    The pieces do not overlap; there are 4,240 of 8x8 pixels in each photograph.
    """

    word: ClassVar[str] = "photographs"
    size: int = whole("height and width of a piece", 8, minimum=1)
    grey: bool = flag("one channel in place of red, green and blue", False, keyword=True)


class Idx(Labelled):
    """Base of what is published as MNIST is: `image` 28x28x1, `label`; 10,000 for the test."""

    gives: ClassVar[tuple[str, ...]] = ("image", "label")

    path: str | None = text("the folder or archive of its files; else they are downloaded", None)


class Mnist(Idx):
    """70,000 handwritten digits (LeCun, Bottou, Bengio and Haffner, 1998)."""

    word: ClassVar[str] = "mnist"


class FashionMnist(Idx):
    """70,000 pieces of clothing of ten kinds (Xiao, Rasul and Vollgraf, arXiv:1708.07747)."""

    word: ClassVar[str] = "fashion_mnist"


class Cifar(Labelled):
    """Base of small photographs: `image` 32x32x3, `label`; 10,000 for the test."""

    gives: ClassVar[tuple[str, ...]] = ("image", "label")

    path: str | None = text("the folder or archive of its files; else it is downloaded", None)


class Cifar10(Cifar):
    """60,000 photographs of ten kinds (Krizhevsky, 2009)."""

    word: ClassVar[str] = "cifar10"


class Cifar100(Cifar):
    """60,000 photographs of a hundred kinds, which form twenty groups (Krizhevsky, 2009)."""

    word: ClassVar[str] = "cifar100"
    coarse: bool = flag("whether the label is the group", False, keyword=True)


class Csv(DataSource):
    """A table in a text file whose first line names the columns.

    All columns but the target are the field `features`: a column of numbers is standardised, any
    other is one number for each of its values, 1 where it holds. The target has its column's
    name: the number of a class for a classification, else the number as it stands. With `images`
    a column names picture files, beside the table or below it: they are `image`, the main field.
    """

    word: ClassVar[str] = "csv"
    file: str = text("the file, in UTF-8")
    target: str = text("the column that is to be predicted", keyword=True)
    separator: str | None = text(
        "what stands between columns; else a comma, or a tab in .tsv", None, keyword=True
    )
    images: str | None = text("the column of the names of picture files", None, keyword=True)
    size: int | tuple[int, ...] | None = sizes(
        "height and width that every picture is resized to", None, keyword=True
    )
    corrupt: float = number(
        "the share of pictures that may be unreadable", 0.01, True, minimum=0, below=1
    )


class Npz(DataSource):
    """Arrays of a numpy file, each a field of its name; the first axis counts the examples.

    A directory of `.npy` files is taken too. Large arrays that are not compressed are read as they
    are needed. Arrays of bytes with three or more axes are images and divided by 255; (n, height,
    width) gets a channel. Floats with two axes are a table and standardised; all else stays as it
    is.
    """

    word: ClassVar[str] = "npz"
    file: str = text("the file, or a directory of `.npy` files")
    target: str | None = text("the target's name; else `label`, or `y`", None, keyword=True)


class Folder(DataSource):
    """Pictures in a directory for each class, whose name is the class's: `image`, `label`.

    They are read while the net is trained. All must have one size, or are resized to `size`. They
    are grey where all are, else red, green and blue. Directories `train`, `val` and `test` above
    those of the classes are the shares.
    """

    word: ClassVar[str] = "folder"
    gives: ClassVar[tuple[str, ...]] = ("image", "label")
    directory: str = text("the directory that holds one for each class")
    size: int | tuple[int, ...] | None = sizes(
        "height and width that every picture is resized to", None, keyword=True
    )
    corrupt: float = number(
        "the share of pictures that may be unreadable", 0.01, True, minimum=0, below=1
    )


class Masks(DataSource):
    """Pictures with a class for each pixel: `image`, and `mask` (height, width), the target.

    Files of two directories belong together where they have the same name but for its ending. A
    mask is grey or has a palette: the number of a pixel is its class. Both are resized to `size`.
    """

    word: ClassVar[str] = "masks"
    gives: ClassVar[tuple[str, ...]] = ("image", "mask")
    images: str = text("the directory of the pictures")
    masks: str = text("the directory of the masks")
    size: int | tuple[int, ...] | None = sizes(
        "height and width that every picture is resized to", None, keyword=True
    )
    classes: int | None = whole(
        "how many classes there are; else the masks are read to count them", None, keyword=True
    )
    names: tuple[str, ...] | None = texts(
        "what the classes are called, in the order of their numbers", None, keyword=True
    )
    ignore: int = whole(
        "the number of pixels that no loss and no figure counts", 255, keyword=True, minimum=0
    )
    corrupt: float = number(
        "the share of pictures that may be unreadable", 0.01, True, minimum=0, below=1
    )


class Windows(DataSource):
    """Base of long texts in windows: `tokens`, and `next`, the same moved on by one, the target.

    The first part of the text is the training share, the last the test share. The vocabulary is
    that of the training share; what it has not is 0, `<unknown>`.
    """

    gives: ClassVar[tuple[str, ...]] = ("tokens", "next")
    length: int = whole("how many units a window has", 128, keyword=True)
    unit: Literal["character", "word", "byte"] = choice(
        "what is numbered", ("character", "word", "byte"), "character", keyword=True
    )
    vocabulary: int | None = whole(
        "how many units have a number at most, the most frequent ones", None, keyword=True
    )


class Text(Windows):
    """A long text of one's own in windows, each with what follows it."""

    word: ClassVar[str] = "text"
    file: str = text("the file, in UTF-8")


class LibraryText(Windows):
    """English about Python: every docstring of its standard library once, 1.5 million characters.

    The modules are parsed in the order of their names and never run. The text depends on the
    version of Python.
    """

    word: ClassVar[str] = "library_text"


class LabelledText(DataSource):
    """Texts in a table, cut or filled up to one length: `tokens`; the target is another column.

    The vocabulary is that of the training share, after 0, which fills up, and 1, `<unknown>`.
    """

    word: ClassVar[str] = "labelled_text"
    file: str = text("the table, in UTF-8, whose first line names the columns")
    target: str = text("the column that is to be predicted", keyword=True)
    length: int = whole("how many units of a text are taken", 128, keyword=True)
    unit: Literal["character", "word", "byte"] = choice(
        "what is numbered", ("character", "word", "byte"), "word", keyword=True
    )
    vocabulary: int | None = whole(
        "how many units have a number at most, the most frequent ones", None, keyword=True
    )
    separator: str | None = text(
        "what stands between columns; else a comma, or a tab in .tsv", None, keyword=True
    )
    text: str = text("the column of the texts", keyword=True)


class Forecast(DataSource):
    """Base of series in windows: `window` (rows x columns), and what follows in one column.

    The first part of the series is the training share, the last the test share; no window reaches
    into another share. Columns of numbers and the target are standardised by the training share.
    """

    window: int = whole("how many rows flow in", 48, keyword=True)
    horizon: int = whole("how many rows ahead are to be predicted", 1, keyword=True)


class Series(Forecast):
    """A table in a text file whose rows follow one another in time, in windows at every row.

    Every column flows in, also the target; the target's field has its column's name and the
    `horizon` values after the window.
    """

    word: ClassVar[str] = "series"
    file: str = text("the file, in UTF-8, whose first line names the columns")
    target: str = text("the column that is to be predicted", keyword=True)
    separator: str | None = text(
        "what stands between columns; else a comma, or a tab in .tsv", None, keyword=True
    )


class MackeyGlass(Forecast):
    """A chaotic series, x' = 0.2 y / (1 + y^10) - 0.1 x, with y = x 17 before: `window`, `x`.

    It models how many blood cells a body keeps (Mackey and Glass, 1977), and is what forecasts are
    often tried on. The values are a unit of time apart.
    """

    word: ClassVar[str] = "mackey_glass"
    gives: ClassVar[tuple[str, ...]] = ("window", "x")
    n: int = whole("how many values", 3000, minimum=2)


class Reversal(DataSource):
    """Sequences to be said backwards: a toy for encoders and decoders, drawn by the seed.

    `tokens` are so many symbols from 1 at most, at least one, filled up with 0. `reversed` is the
    target: the symbols backwards, then 0 as the end; what is after it does not count. `before` is
    what a decoder has said before each place, 0 at first.
    """

    word: ClassVar[str] = "reversal"
    gives: ClassVar[tuple[str, ...]] = ("tokens", "before", "reversed")
    length: int = whole("how many symbols a sequence has at most", 8)
    symbols: int = whole("how many symbols there are", 10, keyword=True)
    n: int = whole("how many sequences", 5000, keyword=True, minimum=2)


class Parquet(DataSource):
    """A table in a Parquet file.

    Columns of numbers and words become `features` as in `csv`. A column of lists of one length is a
    field of its own, and so is one of pictures (bytes, or what `datasets` stores), which are read
    as they are needed. The target is treated as in `csv`.
    """

    word: ClassVar[str] = "parquet"
    file: str = text("the file")
    target: str = text("the column that is to be predicted", keyword=True)
    size: int | tuple[int, ...] | None = sizes(
        "height and width that every picture is resized to", None, keyword=True
    )
    corrupt: float = number(
        "the share of pictures that may be unreadable", 0.01, True, minimum=0, below=1
    )


class Shards(DataSource):
    """Tar archives with a few files of one stem for each example, as WebDataset writes them.

    A picture is `image`, `.cls` the number of `label`, `.npy` an array, and what `.json` has under
    a name is a field of that name. They are read as they are needed and never unpacked.
    """

    word: ClassVar[str] = "shards"
    files: str = text("the archives: data-{000..099}.tar stands for a hundred")
    target: str | None = text("the target's name; else `label`", None, keyword=True)
    size: int | tuple[int, ...] | None = sizes(
        "height and width that every picture is resized to", None, keyword=True
    )
    corrupt: float = number(
        "the share of examples that may be unreadable", 0.01, True, minimum=0, below=1
    )


class HuggingFace(DataSource):
    """A data set of Hugging Face, by name or from a folder that `save_to_disk` has written.

    Images, lists and the target are fields of their names; numbers and words become `features`, as
    in `csv`. With `length` a text becomes `tokens`, as in `labelled_text`. Its parts `train`,
    `validation` and `test` are the shares.
    """

    word: ClassVar[str] = "huggingface"
    name: str = text("the name, or a folder")
    subset: str | None = text("which version of it, where it has several", None, keyword=True)
    split: str | None = text("the only part that is taken", None, keyword=True)
    target: str | None = text("the target's name; else `label`", None, keyword=True)
    size: int | tuple[int, ...] | None = sizes(
        "height and width that every picture is resized to", None, keyword=True
    )
    length: int | None = whole("how many units of a text are taken", None, keyword=True)
    unit: Literal["character", "word", "byte"] = choice(
        "what is numbered", ("character", "word", "byte"), "word", keyword=True
    )
    vocabulary: int | None = whole(
        "how many units have a number at most, the most frequent ones", None, keyword=True
    )
    corrupt: float = number(
        "the share of pictures that may be unreadable", 0.01, True, minimum=0, below=1
    )


class Synthetic(DataSource):
    """Random examples with random labels, for measurements: `image` (bytes) or `features`."""

    word: ClassVar[str] = "synthetic"
    shape: int | tuple[int, ...] = sizes("the shape of an example; three axes are an image")
    classes: int = whole("how many classes there are", 10, keyword=True)
    n: int = whole("how many examples", 1000, keyword=True, minimum=2)


class Matched(DataSource):
    """Base of examples of a labelled source beside others, which are drawn by the seed.

    Partners are drawn within training, validation and test. With `unseen` the test share has these
    classes alone, and training and validation have none of them.
    """

    source: DataSource = entry("where the examples come from", DataSource)
    unseen: int | tuple[int, ...] | None = integers(
        "the numbers of the classes that are kept for the test alone", None, keyword=True
    )


class Pairs(Matched):
    """Each example of a labelled source beside one of its class and one of another.

    Fields `first` and `second`, and `same`, whether the classes are, as the target.
    """

    word: ClassVar[str] = "pairs"
    gives: ClassVar[tuple[str, ...]] = ("first", "second", "same")


class Triplets(Matched):
    """Each example of a labelled source with one of its class and one of another.

    Fields `anchor`, `positive` and `negative`, and `label`, the anchor's.
    """

    word: ClassVar[str] = "triplets"
    gives: ClassVar[tuple[str, ...]] = ("anchor", "positive", "negative", "label")


class Shapes(DataSource):
    """Discs, triangles and squares over the pictures of another source: `image`, and `mask`.

    A mask (height, width) has the class of each pixel: 0 for the picture, 1 for a disc, 2 for a
    triangle, 3 for a square. Places, sizes and colours are drawn by the seed, and no share has a
    picture of another beneath its shapes.
    """

    word: ClassVar[str] = "shapes"
    gives: ClassVar[tuple[str, ...]] = ("image", "mask")
    source: DataSource = entry("where the pictures come from", DataSource)
    most: int = whole("how many shapes a picture has at most, one at least", 3, keyword=True)
    times: int = whole(
        "how often each picture is taken, each time with other shapes", 1, keyword=True
    )


class Toy(DataSource):
    """Base of points in the plane, of two classes, drawn by the seed: `point` (2), `label`."""

    gives: ClassVar[tuple[str, ...]] = ("point", "label")

    n: int = whole("how many points", 500, minimum=2)
    noise: float = number("standard deviation of what is added to each coordinate", 0.1, minimum=0)


class Gauss(Toy):
    """Two clouds around (0.5, 0.5) and (-0.5, -0.5)."""

    word: ClassVar[str] = "gauss"


class Xor(Toy):
    """Points of a square: the class is whether both coordinates have the same sign."""

    word: ClassVar[str] = "xor"


class Circles(Toy):
    """A disc, and a ring around it."""

    word: ClassVar[str] = "circles"


class Spirals(Toy):
    """Two spirals wound around each other (Lang and Witbrock, 1988)."""

    word: ClassVar[str] = "spirals"
    noise: float = number("standard deviation of what is added to each coordinate", 0.02, minimum=0)


class ContentAndStyle(DataSource):
    """Two pictures of one size, one example: `content` and `style`. A method brings it along."""

    word: ClassVar[str] = "pictures"
    category: ClassVar[str] = "pictures of a method"
    gives: ClassVar[tuple[str, ...]] = ("content", "style")
    content: str = text("a file, or the name of one of scikit-image's pictures")
    style: str = text("another one")
    size: int | tuple[int, ...] = sizes("height and width that both are resized to")
