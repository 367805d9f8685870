"""From what was found out about a spec to what the protocol calls it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lsprotocol import types

from netdsl.catalog.describe import markdown
from netdsl.diagnostics import Diagnostic, Help
from netdsl.diagnostics.allow import allowing
from netdsl.diagnostics.explain import file as page_of
from netdsl.elaborate.words import known_entry
from netdsl.lsp.candidates import Candidate
from netdsl.lsp.document import Document
from netdsl.lsp.meanings import Global
from netdsl.lsp.names import named
from netdsl.lsp.navigate import Place
from netdsl.lsp.positions import Positions
from netdsl.lsp.signatures import Signature
from netdsl.lsp.symbols import Fold, Symbol
from netdsl.lsp.workspace import Specs
from netdsl.source import Span

SOURCE = "netdsl"
_SEVERITY = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
_COMPLETION = {
    "layer": types.CompletionItemKind.Class,
    "entry": types.CompletionItemKind.EnumMember,
    "block": types.CompletionItemKind.Module,
    "function": types.CompletionItemKind.Function,
    "local": types.CompletionItemKind.Variable,
    "argument": types.CompletionItemKind.Property,
    "symbol": types.CompletionItemKind.Value,
    "keyword": types.CompletionItemKind.Keyword,
    "file": types.CompletionItemKind.File,
    "member": types.CompletionItemKind.Field,
}
_SYMBOL = {
    "net": types.SymbolKind.Class,
    "block": types.SymbolKind.Module,
    "function": types.SymbolKind.Function,
    "train": types.SymbolKind.Event,
    "phase": types.SymbolKind.Event,
    "let": types.SymbolKind.Constant,
    "name": types.SymbolKind.Variable,
    "parameter": types.SymbolKind.TypeParameter,
}


def markup(text: str) -> types.MarkupContent:
    """Markdown."""
    return types.MarkupContent(types.MarkupKind.Markdown, text)


# Diagnostics


def diagnostics(specs: Specs, document: Document) -> list[types.Diagnostic]:
    """What is told of a document; what is wrong in a file that it imports is told at the import."""
    return [_diagnostic(specs, document, each) for each in document.checked().diagnostics]


def _diagnostic(specs: Specs, document: Document, found: Diagnostic) -> types.Diagnostic:
    place = document.place(found.label.span)
    message = "\n".join([found.message, *(help.text for help in found.help)])
    if place is None:
        place = _import_of(document, found.label.span)
        where = os.path.basename(found.label.span.source.name)
        message = f"{where}, line {found.label.span.line}: {found.message}"
    elif found.label.text:
        message = f"{found.message}: {found.label.text}" if not found.help else message
    related = [
        types.DiagnosticRelatedInformation(location(specs, document, label.span), label.text)
        for label in found.secondary
    ]
    unused = found.code.startswith("unused-")
    return types.Diagnostic(
        range=document.positions.range(*place),
        message=message,
        severity=_SEVERITY[found.severity],
        code=found.code,
        code_description=types.CodeDescription(page_of(found.code).as_uri()),
        source=SOURCE,
        tags=[types.DiagnosticTag.Unnecessary] if unused else None,
        related_information=related or None,
    )


def _import_of(document: Document, span: Span) -> tuple[int, int]:
    """Where a document imports what another file has: the import statement, else its start."""
    for statement, imported in document.scope.imports.values():
        place = document.place(statement.origin.span)
        if place is not None and _brings(document, imported.alias.name, span):
            return place
    return 0, min(1, len(document.text))


def _brings(document: Document, alias: str, span: Span) -> bool:
    found = named(document.scope, None, alias, False)
    return isinstance(found, Global) and found.item.span.source is span.source


def location(specs: Specs, document: Document, span: Span) -> types.Location:
    """A span of a document or of a file that it knows."""
    here = document.place(span)
    if here is not None:
        return types.Location(specs.uri_of(document.path), document.positions.range(*here))
    for path, scope in document.library.scopes.items():
        if scope.file.source is span.source:
            positions = Positions(span.source.text, specs.encoding)
            return types.Location(specs.uri_of(path), positions.range(span.start, span.end))
    return types.Location(specs.uri_of(document.path), document.positions.range(0, 0))


def place_location(specs: Specs, place: Place) -> types.Location:
    """A place of a file, which is read where it is not open."""
    return types.Location(specs.uri_of(place.path), place_range(specs, place))


def place_range(specs: Specs, place: Place) -> types.Range:
    """The range of a place in its file."""
    return specs.positions(place.path).range(place.start, place.end)


def fixes(specs: Specs, document: Document, wanted: tuple[int, int]) -> list[types.CodeAction]:
    """What may be done about the diagnostics within a stretch of the text: the edits of their help,
    and a warning can be allowed on its line."""
    found: list[types.CodeAction] = []
    for diagnostic in document.checked().diagnostics:
        place = document.place(diagnostic.label.span)
        if place is None or place[1] < wanted[0] or wanted[1] < place[0]:
            continue
        told = _diagnostic(specs, document, diagnostic)
        allowed = allowing(diagnostic)
        mended = [help for help in diagnostic.help if help.replacement is not None]
        found += _actions(specs, document, told, mended, preferred=len(mended) == 1)
        found += _actions(specs, document, told, [allowed] if allowed else [], preferred=False)
    return found


def _actions(
    specs: Specs, document: Document, told: types.Diagnostic, helps: list[Help], preferred: bool
) -> Iterator[types.CodeAction]:
    for help in helps:
        edit = _edit(document, help)
        if edit is not None:
            yield types.CodeAction(
                title=help.text,
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[told],
                is_preferred=preferred or None,
                edit=types.WorkspaceEdit(changes={specs.uri_of(document.path): [edit]}),
            )


def _edit(document: Document, help: Help) -> types.TextEdit | None:
    if help.span is None or help.replacement is None:
        return None
    place = document.place(help.span)
    if place is None:
        return None
    return types.TextEdit(document.positions.range(*place), help.replacement)


# Lists


def completion_item(candidate: Candidate, number: int, snippets: bool) -> types.CompletionItem:
    """A candidate; its page comes when somebody looks at it."""
    snippet = candidate.snippet if snippets else ""
    return types.CompletionItem(
        label=candidate.label,
        kind=_COMPLETION[candidate.sort],
        detail=candidate.detail or None,
        documentation=markup(candidate.doc) if candidate.doc else None,
        sort_text=f"{number:04}",
        insert_text=snippet or None,
        insert_text_format=types.InsertTextFormat.Snippet if snippet else None,
        data={"kind": candidate.kind} if candidate.kind else None,
    )


def resolved(item: types.CompletionItem) -> types.CompletionItem:
    """A candidate with the page of its entry."""
    kind = item.data.get("kind") if isinstance(item.data, dict) else None
    entry = known_entry(kind, item.label) if kind else None
    if entry is not None:
        item.documentation = markup(markdown(entry))
    return item


def signature_help(found: Signature) -> types.SignatureHelp:
    """A signature with the parameter that is being written."""
    shown = [
        types.ParameterInformation(each.label, markup(each.doc) if each.doc else None)
        for each in found.parameters
    ]
    told = types.SignatureInformation(
        found.label, markup(found.doc) if found.doc else None, shown, found.active
    )
    return types.SignatureHelp([told], 0, found.active)


def document_symbol(document: Document, symbol: Symbol) -> types.DocumentSymbol:
    """An entry of the outline with those inside it."""
    positions = document.positions
    return types.DocumentSymbol(
        name=symbol.name,
        kind=_SYMBOL[symbol.sort],
        range=positions.range(*symbol.whole),
        selection_range=positions.range(*symbol.place),
        detail=symbol.detail or None,
        children=[document_symbol(document, each) for each in symbol.inside] or None,
    )


def folding_range(fold: Fold) -> types.FoldingRange:
    """Lines that can be folded."""
    kind = types.FoldingRangeKind.Comment if fold.comment else types.FoldingRangeKind.Region
    return types.FoldingRange(fold.first, fold.last, kind=kind)
