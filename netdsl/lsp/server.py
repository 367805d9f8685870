"""The server: an editor's requests on standard input, what is known of its specs on output."""

from __future__ import annotations

import asyncio
import gc
import time
import traceback
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from netdsl.catalog.index import WORDS
from netdsl.diagnostics import SpecError, UserError
from netdsl.elaborate.words import entry_named
from netdsl.format.format import format_text
from netdsl.lsp import protocol
from netdsl.lsp.completion import completion
from netdsl.lsp.document import Document
from netdsl.lsp.hints import hints
from netdsl.lsp.hover import hover
from netdsl.lsp.navigate import can_rename, definition, references, renamed
from netdsl.lsp.signatures import signature
from netdsl.lsp.symbols import folds, symbols
from netdsl.lsp.workspace import Specs

# A check that takes longer than this, in seconds, waits until nobody has typed for as long.
_QUICK = 0.1
_LONGEST_WAIT = 1.0

_FIX = types.CodeActionKind.QuickFix
_Answer = TypeVar("_Answer")


class Server(LanguageServer):
    """The language server of netdsl."""

    def __init__(self) -> None:
        super().__init__(
            "netdsl",
            version("netdsl"),
            # Whole texts: nobody has to agree on what ends a line.
            text_document_sync_kind=types.TextDocumentSyncKind.Full,
        )
        self.specs = Specs()
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._versions: dict[str, int | None] = {}
        # How long the last check took, in seconds.
        self._took = 0.0
        self.snippets = False
        # Whether the client said that it ends.
        self.ended = False

    def document(self, uri: str) -> Document | None:
        """An open document; None for any other."""
        return self.specs.open.get(uri)

    def at(
        self,
        params: types.TextDocumentPositionParams | Any,
        answer: Callable[[Document, int], _Answer],
    ) -> _Answer | None:
        """What an open document answers at the position of a request."""
        document = self.document(params.text_document.uri)
        if document is None:
            return None
        return answer(document, document.positions.offset(params.position))

    def changed(self, uri: str, number: int | None) -> None:
        """A document was opened or edited: what is told of it is to be told anew."""
        self._versions[uri] = number
        self._check_soon(uri)
        document = self.specs.open[uri]
        for importer in self.specs.importers(document):
            self._check_soon(importer)

    def check_all(self) -> None:
        """Tells anew of everything that is open."""
        for uri in self.specs.open:
            self._check_soon(uri)

    def forget(self, uri: str) -> None:
        """A document was closed: nothing is told of it any more."""
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        self._versions.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def _check_soon(self, uri: str) -> None:
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        wait = 0.0 if self._took < _QUICK else min(self._took, _LONGEST_WAIT)
        self._waiting[uri] = asyncio.get_running_loop().call_later(wait, self._check, uri)

    def _check(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        document = self.document(uri)
        if document is None:
            return
        started = time.perf_counter()
        try:
            told = protocol.diagnostics(self.specs, document)
        except Exception:
            # Ours, not the spec's: the editor's log has it, and the server lives on.
            text = f"internal failure while {uri} was checked\n{traceback.format_exc()}"
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, text))
            return
        self._took = time.perf_counter() - started
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, told, self._versions.get(uri))
        )


def _prepare() -> None:
    """Loads what the first requests would wait for, and keeps it out of the search for cycles."""
    for kind, words in WORDS.items():
        for word in words:
            entry_named(kind, word)
    gc.collect()
    gc.freeze()


server = Server()


# Life


@server.feature(types.INITIALIZE)
def initialize(params: types.InitializeParams) -> None:
    """Learns what the client can do and which folders it works in."""
    workspace = server.workspace
    encoding = workspace.position_encoding or types.PositionEncodingKind.Utf16
    server.specs.encoding = types.PositionEncodingKind(encoding).value
    server.specs.add_folders([folder.uri for folder in params.workspace_folders or ()])
    if params.root_uri and not params.workspace_folders:
        server.specs.add_folders([params.root_uri])
    abilities = params.capabilities.text_document
    items = abilities.completion.completion_item if abilities and abilities.completion else None
    server.snippets = bool(items and items.snippet_support)


@server.feature(types.INITIALIZED)
def initialized(params: types.InitializedParams) -> None:
    """Gets ready while nobody waits."""
    asyncio.get_running_loop().call_later(0.05, _prepare)


@server.feature(types.SHUTDOWN)
def shut_down(params: None) -> None:
    """The client is about to end the server."""
    server.ended = True


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def opened(params: types.DidOpenTextDocumentParams) -> None:
    """A spec is shown."""
    item = params.text_document
    server.specs.opened(item.uri, item.text)
    server.changed(item.uri, item.version)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def edited(params: types.DidChangeTextDocumentParams) -> None:
    """A spec is edited."""
    item = params.text_document
    server.specs.edited(item.uri, server.workspace.get_text_document(item.uri).source)
    server.changed(item.uri, item.version)


@server.feature(types.TEXT_DOCUMENT_DID_SAVE)
def saved(params: types.DidSaveTextDocumentParams) -> None:
    """A file is written: specs that import it may mean something else."""
    server.specs.saved()
    server.check_all()


@server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
def changed_outside(params: types.DidChangeWatchedFilesParams) -> None:
    """Files changed on disk."""
    server.specs.saved()
    server.check_all()


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
def closed(params: types.DidCloseTextDocumentParams) -> None:
    """A spec is no longer shown."""
    server.specs.closed(params.text_document.uri)
    server.forget(params.text_document.uri)


# Requests


@server.feature(types.TEXT_DOCUMENT_HOVER)
def on_hover(params: types.HoverParams) -> types.Hover | None:
    """Docs, shapes and figures of the place under the cursor."""

    def answer(document: Document, offset: int) -> types.Hover | None:
        found = hover(document, offset)
        if found is None:
            return None
        text, place = found
        return types.Hover(protocol.markup(text), document.positions.range(*place))

    return server.at(params, answer)


@server.feature(
    types.TEXT_DOCUMENT_COMPLETION,
    types.CompletionOptions(trigger_characters=[".", "(", ",", "=", '"'], resolve_provider=True),
)
def on_completion(params: types.CompletionParams) -> list[types.CompletionItem] | None:
    """What may be written at the cursor."""

    def answer(document: Document, offset: int) -> list[types.CompletionItem]:
        return [
            protocol.completion_item(candidate, number, server.snippets)
            for number, candidate in enumerate(completion(document, offset))
        ]

    return server.at(params, answer)


@server.feature(types.COMPLETION_ITEM_RESOLVE)
def on_resolve(item: types.CompletionItem) -> types.CompletionItem:
    """The docs of one candidate."""
    return protocol.resolved(item)


@server.feature(
    types.TEXT_DOCUMENT_SIGNATURE_HELP, types.SignatureHelpOptions(trigger_characters=["(", ","])
)
def on_signature(params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    """How the thing is called whose arguments are being written."""

    def answer(document: Document, offset: int) -> types.SignatureHelp | None:
        found = signature(document, offset)
        return protocol.signature_help(found) if found is not None else None

    return server.at(params, answer)


@server.feature(types.TEXT_DOCUMENT_DEFINITION)
def on_definition(params: types.DefinitionParams) -> list[types.Location] | None:
    """Where a name is defined."""

    def answer(document: Document, offset: int) -> list[types.Location]:
        places = definition(document, offset)
        return [protocol.place_location(server.specs, place) for place in places]

    return server.at(params, answer)


@server.feature(types.TEXT_DOCUMENT_REFERENCES)
def on_references(params: types.ReferenceParams) -> list[types.Location] | None:
    """Where a name is used."""

    def answer(document: Document, offset: int) -> list[types.Location]:
        declared = params.context.include_declaration
        places = references(server.specs, document, offset, declared)
        return [protocol.place_location(server.specs, place) for place in places]

    return server.at(params, answer)


@server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
def on_prepare_rename(params: types.PrepareRenameParams) -> types.Range | None:
    """Whether a name can be given another one."""

    def answer(document: Document, offset: int) -> types.Range | None:
        place = can_rename(document, offset)
        return document.positions.range(*place) if place is not None else None

    return server.at(params, answer)


@server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
def on_rename(params: types.RenameParams) -> types.WorkspaceEdit | None:
    """The edits that give a name another one."""

    def answer(document: Document, offset: int) -> types.WorkspaceEdit:
        try:
            found = renamed(server.specs, document, offset, params.new_name)
        except UserError as error:
            raise JsonRpcException(str(error), types.LSPErrorCodes.RequestFailed.value) from None
        return types.WorkspaceEdit(
            changes={
                server.specs.uri_of(path): [
                    types.TextEdit(protocol.place_range(server.specs, place), params.new_name)
                    for place in places
                ]
                for path, places in found.items()
            }
        )

    return server.at(params, answer)


@server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
def on_inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint] | None:
    """Shapes at the end of lines."""
    document = server.document(params.text_document.uri)
    if document is None:
        return None
    return [
        types.InlayHint(
            document.positions.position(hint.offset),
            hint.text,
            types.InlayHintKind.Type,
            padding_left=True,
        )
        for hint in hints(document, params.range.start.line, params.range.end.line)
    ]


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def on_symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
    """The outline."""
    document = server.document(params.text_document.uri)
    if document is None:
        return None
    return [protocol.document_symbol(document, symbol) for symbol in symbols(document)]


@server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
def on_folding(params: types.FoldingRangeParams) -> list[types.FoldingRange] | None:
    """What can be folded."""
    document = server.document(params.text_document.uri)
    return [protocol.folding_range(fold) for fold in folds(document)] if document else None


@server.feature(types.TEXT_DOCUMENT_FORMATTING)
def on_formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    """The whole text in the one style; nothing where it does not parse."""
    document = server.document(params.text_document.uri)
    if document is None:
        return None
    try:
        text = format_text(document.text)
    except SpecError:
        return None
    if text == document.text:
        return []
    return [types.TextEdit(document.positions.range(0, len(document.text)), text)]


@server.feature(
    types.TEXT_DOCUMENT_CODE_ACTION,
    types.CodeActionOptions(code_action_kinds=[_FIX]),
)
def on_code_action(params: types.CodeActionParams) -> list[types.CodeAction] | None:
    """The edits that diagnostics offer."""
    document = server.document(params.text_document.uri)
    wanted_kinds = params.context.only or [_FIX]
    if document is None or not {_FIX, types.CodeActionKind.Empty} & set(wanted_kinds):
        return None
    positions = document.positions
    wanted = positions.offset(params.range.start), positions.offset(params.range.end)
    return protocol.fixes(server.specs, document, wanted)
