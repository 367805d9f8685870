"""What MkDocs does not do by itself for the site of the documentation (`make docs`).

README is its first page; each layer and each other kind of word has a page that is made from the
catalogue; a link to a file outside of docs/ leads to a page that shows the file. None of these is
written down a second time: they are there for the build alone.
"""

from __future__ import annotations

from pathlib import Path

import layer_pages
import word_pages
from links import DOCS, ROOT, Linked, linked_files
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# What stands in the navigation for pages that are made.
_MADE = {"layers": layer_pages.navigation, "words": word_pages.navigation}
_linked = Linked({})


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts pages that are made where mkdocs.yml names them."""
    config.nav = [
        {title: _MADE[item]() if isinstance(item, str) and item in _MADE else item}
        for section in config.nav or []
        for title, item in section.items()
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made."""
    start = (ROOT / "README.md").read_text(encoding="utf-8")
    made = {"index.md": start, **layer_pages.layer_pages(), **word_pages.word_pages()}
    pages = {file.src_uri: file.content_string for file in files.documentation_pages()} | made
    global _linked
    _linked = linked_files({_place(name): text for name, text in pages.items()})
    for name, text in (made | _linked.pages()).items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links to files of the repository into links to their pages."""
    return _linked.rewritten(markdown, _place(page.file.src_uri), page.file.src_uri)


def _place(name: str) -> Path:
    """The file of the repository that a page is read from, to which its links are relative."""
    return ROOT / "README.md" if name == "index.md" else DOCS / name
