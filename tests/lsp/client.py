"""A real client: `netdsl lsp` as a process, driven over standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.conftest import REPOSITORY

COMMAND = [sys.executable, "-m", "netdsl", "lsp"]
# A server that does not answer in so many seconds never will.
PATIENCE = 60.0


class Client(LanguageClient):
    """A client that keeps what it is told of each document."""

    def __init__(self) -> None:
        super().__init__("tests", "0")
        self.told: dict[str, types.PublishDiagnosticsParams] = {}
        self.log: list[str] = []
        self._news = asyncio.Event()
        self._versions: dict[str, int] = {}

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = params
            self._news.set()

        @self.feature(types.WINDOW_LOG_MESSAGE)
        def logged(params: types.LogMessageParams) -> None:
            self.log.append(params.message)

    async def begin(
        self, folder: Path, encoding: str | None = None, also: Path | None = None
    ) -> types.InitializeResult:
        """Starts the server and shakes hands; `also` is a folder with further packages."""
        path = os.pathsep.join(map(str, filter(None, (REPOSITORY, also))))
        environment = {**os.environ, "PYTHONPATH": path}
        await self.start_io(*COMMAND, cwd=folder, env=environment)
        completion = types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(snippet_support=True)
        )
        general = types.GeneralClientCapabilities(
            position_encodings=[types.PositionEncodingKind(encoding)] if encoding else None
        )
        found = await self.initialize_async(
            types.InitializeParams(
                process_id=os.getpid(),
                capabilities=types.ClientCapabilities(
                    text_document=types.TextDocumentClientCapabilities(completion=completion),
                    general=general,
                ),
                workspace_folders=[types.WorkspaceFolder(folder.as_uri(), folder.name)],
            )
        )
        self.initialized(types.InitializedParams())
        return found

    async def end(self) -> int:
        """Asks the server to end; its exit status."""
        await self.shutdown_async(None)
        self.exit(None)
        assert self._server is not None
        status = await asyncio.wait_for(self._server.wait(), PATIENCE)
        await self.stop()
        return status

    async def open(self, path: Path, text: str) -> Spec:
        """Opens a document."""
        uri = path.as_uri()
        self._versions[uri] = 1
        item = types.TextDocumentItem(uri, "net", 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return Spec(self, uri, text)

    def edit(self, uri: str, text: str) -> int:
        """Sends another text of a document; its version."""
        self._versions[uri] += 1
        document = types.VersionedTextDocumentIdentifier(self._versions[uri], uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        return self._versions[uri]

    async def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """What is told of the newest version of a document, once it is."""
        wanted = self._versions[uri]

        async def wait() -> list[types.Diagnostic]:
            while uri not in self.told or self.told[uri].version != wanted:
                self._news.clear()
                await self._news.wait()
            return list(self.told[uri].diagnostics)

        return await asyncio.wait_for(wait(), PATIENCE)


class Spec:
    """A document that a client has open; places in it are found by what is written there."""

    def __init__(self, client: Client, uri: str, text: str) -> None:
        self.client = client
        self.uri = uri
        self.text = text

    @property
    def name(self) -> types.TextDocumentIdentifier:
        """How requests name it."""
        return types.TextDocumentIdentifier(self.uri)

    def edit(self, text: str) -> None:
        """Gives it another text."""
        self.text = text
        self.client.edit(self.uri, text)

    def replace(self, old: str, new: str) -> None:
        """Replaces what is written once."""
        assert self.text.count(old) == 1, old
        self.edit(self.text.replace(old, new))

    def position(self, marked: str) -> types.Position:
        """The place of the | in a piece of the text: `conv(|8`."""
        before, _, after = marked.partition("|")
        piece = before + after
        assert self.text.count(piece) == 1, piece
        offset = self.text.index(piece) + len(before)
        line = self.text.count("\n", 0, offset)
        start = self.text.rfind("\n", 0, offset) + 1
        return types.Position(line, units(self.text[start:offset]))

    def at(self, marked: str) -> dict[str, Any]:
        """The document and a place, as most requests want them."""
        return {"text_document": self.name, "position": self.position(marked)}

    async def diagnostics(self) -> list[types.Diagnostic]:
        """What is told of it as it stands."""
        return await self.client.diagnostics(self.uri)

    async def hover(self, marked: str) -> str:
        """What is shown of a place; empty for nothing."""
        found = await self.client.text_document_hover_async(types.HoverParams(**self.at(marked)))
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    async def complete(self, marked: str) -> dict[str, types.CompletionItem]:
        """What may be written at a place, by name."""
        params = types.CompletionParams(**self.at(marked))
        found = await self.client.text_document_completion_async(params)
        items = found.items if isinstance(found, types.CompletionList) else found or []
        return {item.label: item for item in items}

    async def rename(self, marked: str, new: str) -> dict[str, str]:
        """Texts of documents, by URI, after what stands at a place is given another name."""
        params = types.RenameParams(new_name=new, **self.at(marked))
        edit = await self.client.text_document_rename_async(params)
        assert edit is not None and edit.changes is not None
        return {uri: applied(text_of(self, uri), edits) for uri, edits in edit.changes.items()}

    def places(self, found: object) -> list[str]:
        """Locations in it, each as its line with a | before the place."""
        assert isinstance(found, Sequence)
        shown = []
        for place in found:
            assert place.uri == self.uri
            line = self.text.split("\n")[place.range.start.line]
            column = place.range.start.character
            shown.append(f"{line[:column]}|{line[column:]}".strip())
        return shown

    async def hints(self) -> dict[int, str]:
        """The shapes at the ends of lines, by line."""
        whole = types.Range(types.Position(0, 0), types.Position(self.text.count("\n") + 1, 0))
        params = types.InlayHintParams(self.name, whole)
        found = await self.client.text_document_inlay_hint_async(params)
        return {hint.position.line: str(hint.label) for hint in found or []}


def units(text: str) -> int:
    """How many code units of UTF-16 a text has."""
    return len(text.encode("utf-16-le")) // 2


def text_of(spec: Spec, uri: str) -> str:
    """The text of a document: as it is open, else as it is on disk."""
    if uri == spec.uri:
        return spec.text
    return Path(uri.removeprefix("file://")).read_text(encoding="utf-8")


def applied(text: str, edits: Any) -> str:
    """A text after edits."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character))[::-1]:
        start = offset_of(lines, edit.range.start)
        end = offset_of(lines, edit.range.end)
        whole = "\n".join(lines)
        lines = (whole[:start] + edit.new_text + whole[end:]).split("\n")
    return "\n".join(lines)


def offset_of(lines: list[str], position: types.Position) -> int:
    """The offset of a position in UTF-16 in a text of lines."""
    line = lines[position.line].encode("utf-16-le")[: 2 * position.character]
    before = sum(len(each) + 1 for each in lines[: position.line])
    return before + len(line.decode("utf-16-le"))
