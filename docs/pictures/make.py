"""Makes every picture of the docs, and the tables in docs/pictures.md: `make docs-pictures`.

`--check` writes nothing and names what is stale.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from netdsl.cli.main import main as netdsl

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "pictures.md"
ROOT = HERE.parents[1]

# By the file, what `netdsl draw` is told in the repository's folder. What the page shows of it is
# the same, but for what all have: the colours of a white or a dark page.
PICTURES = {
    "lenet.svg": "lenet",
    "alexnet.svg": "alexnet",
    "alexnet_volumes.svg": "alexnet --as volumes",
    "vgg16.svg": "vgg16",
    "vgg16_volumes.svg": "vgg16 --as volumes",
    "googlenet.svg": "googlenet",
    "resnet50.svg": "resnet50",
    "densenet121.svg": "densenet121",
    "unet.svg": "unet",
    "unet_volumes.svg": "unet --as volumes",
    "lstm.svg": "docs/pictures/lstm.net:LSTMStep",
    "reviews.svg": "docs/pictures/lstm.net:Reviews",
    "vae.svg": "docs/pictures/vae.net",
}
ALWAYS = ("--theme", "auto")

# Between two comments of the page that have the file's name.
TABLES = {
    "vgg.md": "specs/vgg.net:VGG11,VGG11LRN,VGG13,VGG16C,VGG16,VGG19",
    "googlenet.md": "googlenet",
}


# The width and height of a page's text, 6.5 and 9 inches, in points.
WIDE, HIGH = 468, 648


def outdated() -> dict[Path, bytes]:
    """What should be in the files that are not what would be made now: pictures and the page."""
    made = {HERE / name: drawn(name, command, *ALWAYS) for name, command in PICTURES.items()}
    tables = {name: drawn(name, command).decode() for name, command in TABLES.items()}
    tables["sizes.md"] = sizes({name: made[HERE / name].decode() for name in PICTURES})
    made[PAGE] = with_tables(PAGE.read_text(encoding="utf-8"), tables).encode()
    return {file: content for file, content in made.items() if content_of(file) != content}


def drawn(name: str, command: str, *options: str) -> bytes:
    """The file that a command makes."""
    with TemporaryDirectory() as folder, chdir(ROOT):
        out = Path(folder, name)
        status = netdsl(["draw", *command.split(), *options, "-o", str(out)])
        assert status == 0, f"netdsl draw {command} -o {name} fails"
        return out.read_bytes()


def with_tables(page: str, tables: dict[str, str]) -> str:
    """The page with every table as it is now."""
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, found, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        assert found and ended, f"{PAGE.name} has no {begin.strip()} … {end.strip()}"
        page = f"{before}{begin}\n{table}{end}{after}"
    return page


def sizes(pictures: dict[str, str]) -> str:
    """A table of how large graphs are, beside those that other programs make of the same nets.

    Of those, peers.json has the boxes, the width and height, and the smallest letters in points.
    """
    peers = json.loads((HERE / "peers.json").read_text(encoding="utf-8"))
    columns = list(next(iter(peers.values())))
    rows = [["net", "netdsl", *columns], [":--"] * (2 + len(columns))]
    for name, others in peers.items():
        net = name.removesuffix(".svg")
        rows.append([net, *map(fits, [measured(pictures[name]), *others.values()])])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def measured(picture: str) -> Sequence[float]:
    """Boxes, width and height, and the smallest letters of a picture of ours."""
    size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', picture)
    assert size
    letters = min(map(float, re.findall(r'font-size="([\d.]+)"', picture)))
    return picture.count(" data-name="), float(size[1]), float(size[2]), letters


def fits(picture: Sequence[float]) -> str:
    """What is left of a picture that is made no wider than a page."""
    boxes, width, height, letters = picture
    shrunk = min(1, WIDE / width)
    return f"{boxes} boxes, {shrunk * letters:.1f} pt, {shrunk * height / HIGH:.1f} pages"


def content_of(file: Path) -> bytes | None:
    """What is in a file now; none where it is missing."""
    return file.read_bytes() if file.is_file() else None


def main(arguments: list[str]) -> int:
    """Writes what is stale; with `--check` it only says so, and gives 1."""
    if arguments not in ([], ["--check"]):
        sys.exit("usage: make.py [--check]")
    check = bool(arguments)
    stale = outdated()
    for file, content in stale.items():
        print(f"{'stale' if check else 'written'}: {file.relative_to(ROOT)}")
        if not check:
            file.write_bytes(content)
    if check and stale:
        print("make docs-pictures makes them anew")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
