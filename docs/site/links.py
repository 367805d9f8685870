"""Links from pages to other files of the repository, and the pages that show these files."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_PAGES = "files"  # the folder of the pages that show files
_LANGUAGES = {".net": "net", ".py": "python"}

_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"(?:^#.*\n)+", re.MULTILINE)
_END = re.compile(r"[.:](?:\s|$)| \(")
# A link or a picture, in Markdown or in HTML, to no other host and not within the page.
_LINK = re.compile(r"""(\]\(|<img\b[^>]*?\bsrc=")([^)\s"#:]+)(?=[)#"])""")


class Linked:
    """The files and folders that pages link to, each with the name of the page that shows it."""

    def __init__(self, shown: Mapping[Path, str]) -> None:
        self._shown = shown

    def pages(self) -> dict[str, str]:
        """The text of each page, by its name."""
        return {name: self._page(path) for path, name in self._shown.items()}

    def rewritten(self, text: str, place: Path, name: str) -> str:
        """The text of a page with links from `place`, where it was written, as it is called `name`.

        A link that leads nowhere stays, and MkDocs tells of it.
        """

        def link(match: re.Match[str]) -> str:
            target = (place.parent / match[2]).resolve()
            if target not in self._shown and not target.is_relative_to(DOCS):
                return match[0]
            there = self._shown.get(target) or target.relative_to(DOCS).as_posix()
            return match[1] + os.path.relpath(there, os.path.dirname(name) or ".")

        return _outside_of_fences(text, lambda part: _LINK.sub(link, part))

    def _page(self, path: Path) -> str:
        title = f"# {path.relative_to(ROOT).as_posix()}\n\n"
        if path.is_dir():
            inside = {each: page for each, page in self._shown.items() if each.parent == path}
            here = os.path.dirname(self._shown[path])
            return title + "".join(
                f"- [{each.name}]({os.path.relpath(page, here)}){_about(each)}\n"
                for each, page in inside.items()
            )
        return f"{title}```{_LANGUAGES[path.suffix]}\n{path.read_text(encoding='utf-8')}```\n"


def linked_files(pages: Mapping[Path, str]) -> Linked:
    """What pages link to that is no page and no picture; of a folder the specs in it, too.

    The texts of the pages are given by the places where they were written.
    """
    targets = {target for place, text in pages.items() for target in _targets(text, place)}
    folders = {target for target in targets if target.is_dir()}
    files = {spec for folder in folders for spec in folder.glob("*.net")}
    files |= {target for target in targets if target.suffix in _LANGUAGES and target.is_file()}
    return Linked({path: _name(path) for path in sorted(folders | files)})


def _targets(text: str, place: Path) -> Iterator[Path]:
    outside = "".join(_FENCE.split(text)[::2])
    for match in _LINK.finditer(outside):
        yield (place.parent / match[2]).resolve()


def _name(path: Path) -> str:
    name = path.relative_to(ROOT).as_posix()
    return f"{_PAGES}/{name}/index.md" if path.is_dir() else f"{_PAGES}/{name}.md"


def _about(path: Path) -> str:
    """How the first comment of a spec begins, up to a bracket, a colon or the sentence's end."""
    comment = _COMMENT.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    if comment is None:
        return ""
    text = " ".join(line.strip("# ") for line in comment[0].splitlines())
    return f": {_END.split(text)[0]}"


def _outside_of_fences(text: str, change: Callable[[str], str]) -> str:
    """A text with its prose changed and its fenced code as it is."""
    parts = _FENCE.split(text)
    return "".join(part if at % 2 else change(part) for at, part in enumerate(parts))
