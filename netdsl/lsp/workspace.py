"""The specs that an editor has open, and those that lie beside them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from pygls.uris import from_fs_path, to_fs_path

from netdsl.elaborate.scope import read_text
from netdsl.lsp.document import Document
from netdsl.lsp.positions import Positions
from netdsl.resources import specs_folder

# More files than this are not looked through for uses of a name.
_MOST_FILES = 500


class Specs:
    """Open documents by their URI."""

    def __init__(self) -> None:
        self.open: dict[str, Document] = {}
        self.folders: list[str] = []
        self.encoding = "utf-16"

    def add_folders(self, uris: Iterable[str]) -> None:
        """Folders that the editor works in: imports may lead anywhere in them."""
        self.folders += [path_of(uri) for uri in uris if uri.startswith("file:")]

    def opened(self, uri: str, text: str) -> Document:
        """A document that was opened."""
        path = path_of(uri)
        document = Document(path, text, self._root(path), self._text, self.encoding)
        self.open[uri] = document
        self._changed(document)
        return document

    def edited(self, uri: str, text: str) -> Document:
        """A document that was edited; opened, where it was not."""
        document = self.open.get(uri)
        if document is None:
            return self.opened(uri, text)
        document.edit(text)
        self._changed(document)
        return document

    def closed(self, uri: str) -> None:
        """A document that was closed: its file counts again."""
        document = self.open.pop(uri, None)
        if document is not None:
            self._changed(document)

    def saved(self) -> None:
        """Some file changed on disk."""
        for document in self.open.values():
            document.outdated()

    def importers(self, document: Document) -> list[str]:
        """The other open documents that import a document, directly or not."""
        return [
            uri
            for uri, other in self.open.items()
            if other is not document and document.path in other.library.scopes
        ]

    def uri_of(self, path: str) -> str:
        """The URI of a file, as the editor writes it where it is open."""
        for uri, document in self.open.items():
            if document.path == path:
                return uri
        return str(from_fs_path(path))

    def positions(self, path: str) -> Positions:
        """The places of a file; of one that cannot be read those of an empty text."""
        for document in self.open.values():
            if document.path == path:
                return document.positions
        try:
            return Positions(read_text(path), self.encoding)
        except (OSError, ValueError):
            return Positions("", self.encoding)

    def with_texts(self, document: Document, path: str, texts: Mapping[str, str]) -> Document:
        """A file near a document as it would be with other texts in place of some files'."""
        text = texts.get(path, self._text(path))
        if text is None:
            text = read_text(path)

        def opened(other: str) -> str | None:
            return texts.get(other, self._text(other))

        return Document(path, text, document.library.root or "", opened, self.encoding)

    def others(self, document: Document, word: str) -> Iterator[Document]:
        """Every other spec near a document that has a word in its text, open or not."""
        seen = {document.path}
        for other in list(self.open.values()):
            if other.path not in seen and word in other.text:
                seen.add(other.path)
                yield other
        for path in self._files(document):
            if path in seen:
                continue
            seen.add(path)
            try:
                text = read_text(path)
            except (OSError, ValueError):
                continue
            if word in text:
                yield Document(path, text, document.library.root or "", self._text, self.encoding)

    def _changed(self, document: Document) -> None:
        for uri in self.importers(document):
            self.open[uri].outdated()

    def _text(self, path: str) -> str | None:
        for document in self.open.values():
            if document.path == path:
                return document.text
        return None

    def _root(self, path: str) -> str:
        """The folder in which imports may lie: the innermost one of the editor's around a file."""
        folders = [folder for folder in self.folders if is_inside(path, folder)]
        return max(folders, key=len, default=os.path.dirname(path))

    def _files(self, document: Document) -> Iterator[str]:
        root = document.library.root
        if not root or is_inside(document.path, specs_folder()):
            return
        count = 0
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if name.endswith(".net"):
                    count += 1
                    if count > _MOST_FILES:
                        return
                    yield os.path.realpath(os.path.join(folder, name))


def path_of(uri: str) -> str:
    """The path of a URI; of a text that is no file the URI itself."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return os.path.realpath(path) if path else uri


def is_inside(path: str, folder: str) -> bool:
    """Whether a file lies in a folder or below it."""
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))
