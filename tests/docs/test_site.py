"""The site of the documentation is built without a warning and loads nothing from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from netdsl.catalog.arguments import Entry
from netdsl.catalog.describe import explanation
from netdsl.catalog.index import WORDS
from netdsl.elaborate.words import entry_named
from tests.conftest import REPOSITORY

# What a browser loads by itself, and does not wait to be clicked.
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Loads(HTMLParser):
    """What a page has a browser load, and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        value = dict(attrs).get(LOADED.get(tag, ""))
        if value and not (tag == "link" and dict(attrs).get("rel") in ("next", "prev")):
            self.found.append(value)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def pages(site: Path) -> Iterator[Path]:
    yield from sorted(site.rglob("*.html"))


def beginning(entry: type[Entry]) -> str:
    """How the explanation of an entry begins, up to something in code."""
    return " ".join(explanation(entry).partition("\n\n")[0].partition("`")[0].split())


def test_every_page_of_the_documentation_is_there(site: Path) -> None:
    docs = REPOSITORY / "docs"
    written = {page.relative_to(docs).with_suffix(".html") for page in docs.rglob("*.md")}
    built = {page.relative_to(site) for page in pages(site)}
    assert written - built == set()
    assert Path("index.html") in built


def test_every_layer_has_a_page_that_says_what_it_does(site: Path) -> None:
    for word in WORDS["layer"]:
        entry = entry_named("layer", word)
        assert entry is not None
        text = Loads(site / "layers" / f"{word}.html").text
        assert beginning(entry) in " ".join(text.split()), word
        assert "class Example(nn.Module)" in text and "keras.Model" in text, word


def test_every_other_word_has_a_section(site: Path) -> None:
    for kind in WORDS.keys() - {"layer"}:
        text = Loads(site / "words" / f"{kind.replace(' ', '_')}.html").text
        for word in WORDS[kind]:
            entry = entry_named(kind, word)
            assert entry is not None
            assert beginning(entry) in " ".join(text.split()), word


def test_what_pages_load_is_there(site: Path) -> None:
    for page in pages(site):
        for address in Loads(page).found:
            parts = urlsplit(unescape(address))
            assert not parts.scheme and not parts.netloc, f"{page.name} loads {address}"
            if page.name != "404.html":  # whose addresses are those of a server's root
                assert (page.parent / unquote(parts.path)).exists(), f"{page.name}: {address}"


def test_specs_are_coloured(site: Path) -> None:
    page = (site / "files" / "examples" / "gan.net.html").read_text(encoding="utf-8")
    assert '<span class="nb">dense</span>' in page


def test_a_link_to_nowhere_is_an_error(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    page = docs / "index.md"

    def build_page(link: str) -> None:
        page.write_text(f"# Start\n\n[there]({link})\n")
        file = str(REPOSITORY / "mkdocs.yml")
        folders = {"docs_dir": str(docs), "site_dir": str(tmp_path / "site")}
        build(load_config(file, **folders, hooks=[], nav=[{"Start": page.name}]))

    build_page("#start")
    for link in ("nowhere.md", "#nowhere", "../README.md"):
        with pytest.raises(Abort):
            build_page(link)
