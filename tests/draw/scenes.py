"""Pictures made by hand, and what tests of their files share."""

from __future__ import annotations

import os
import subprocess
import sys
from shutil import which

import pytest
from PIL import Image, ImageChops, ImageStat

from netdsl.draw import fonts
from netdsl.draw.scene import Anchor, Group, Item, Path, Rectangle, Scene, Text

# Every sign of ASCII, with what formats take for an order or join; then letters beyond it.
HOSTILE = [
    "".join(map(chr, range(0x21, 0x50))),
    "".join(map(chr, range(0x50, 0x7F))),
    "<b>&amp;</b> ]]> <!-- x -- y --> \"q\" 'p'",
    r"\input{x} $x_1^2$ 50% #1 ~ {a} `b' --- ,,c'' <<d>> \\",
    "é ü ß Å ñ 3 × 4",
]


def text(
    words: str,
    x: float,
    y: float,
    size: float = 8.0,
    anchor: Anchor = "start",
    bold: bool = False,
    **more: bool,
) -> Text:
    """A text whose width is measured."""
    return Text(x, y, words, size, "text", fonts.width(words, size, bold), anchor, bold, **more)


def box(title: str, x: float, y: float, category: str) -> Group:
    """A box of 120 to 30 points with a title and a line below it."""
    items: tuple[Item, ...] = (
        Rectangle(x, y, 120.0, 30.0, f"{category}.fill", f"{category}.stroke", 4.0),
        text(title, x + 60, y + 13, 9.0, "middle", bold=True),
        text("batchnorm, relu", x + 60, y + 24, anchor="middle"),
    )
    return Group(items, f"{title}: a box", f"net > {title}")


SHAPES: tuple[Item, ...] = (
    Rectangle(10.0, 10.0, 280.0, 160.0, "frame.fill", "block.stroke", 6.0, dashed=True),
    Rectangle(200.0, 20.0, 60.0, 20.0, "pool.fill", None),
    Rectangle(200.0, 130.0, 60.0, 20.0, None, "pool.stroke", 100.0, line=2.0),
    Path((80.0, 60.0), (((80.0, 90.0),),), "edge", arrow=True),
    Path(
        (140.0, 45.0),
        (((180.0, 45.0),), ((220.0, 45.0), (220.0, 105.0), (145.0, 105.0)), ((140.0, 105.0),)),
        "edge",
        line=1.5,
        dashed=True,
        arrow=True,
    ),
    Path(
        (230.0, 60.0),
        (((270.0, 60.0),), ((250.0, 90.0),)),
        "merge.stroke",
        "merge.fill",
        closed=True,
    ),
)
BOXES: tuple[Item, ...] = (
    box("conv(64, 3)", 20.0, 30.0, "conv"),
    box("dense(10)", 20.0, 90.0, "linear"),
    text("224 × 224 × 64", 80.0, 78.0, anchor="middle"),
    text("12 × 64", 275.0, 110.0, anchor="middle", rotated=True),
    text("AVATAR To", 285.0, 165.0, anchor="end"),
)
BARE = Scene(300.0, 180.0, SHAPES, "Shapes", "No letters")
PICTURE = Scene(300.0, 180.0, SHAPES + BOXES, "A net & <its> picture", "Boxes \\ edges é")
STRANGE = Scene(
    330.0,
    120.0,
    tuple(
        Group((text(words, 5.0, 15.0 + 20 * index, bold=bool(index % 2)),), words, words)
        for index, words in enumerate(HOSTILE)
    ),
    " ".join(HOSTILE) + "\n\\input{x}",
    " ".join(HOSTILE),
)
# Half of a pair, control codes, no character at all, a line's end, and letters that the font lacks.
UNSEEN = Scene(
    100.0,
    50.0,
    (Group((text("a\ud800b\x00\x1b\uffffc\n  d漢λ→", 5.0, 20.0),), "\x00\ud800", "\x07"),),
    "\x00 t \udfff",
    "\x0b d",
)


def needs(program: str) -> str:
    """The program's path; the test is skipped where it is not installed."""
    found = which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def elsewhere(module: str, writer: str, *arguments: str) -> str:
    """The digest of what a writer makes of the picture in an interpreter with other hashes."""
    code = (
        "from hashlib import sha256\n"
        f"from netdsl.draw.{module} import {writer}\n"
        "from tests.draw.scenes import PICTURE\n"
        f"made = {writer}(PICTURE, *{arguments!r})\n"
        "made = made.encode() if isinstance(made, str) else made\n"
        "print(sha256(made).hexdigest())\n"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def difference(one: Image.Image, other: Image.Image) -> float:
    """How far two images of the same size are apart, as a share of black against white."""
    assert one.size == other.size
    means = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean
    return sum(means) / len(means) / 255
