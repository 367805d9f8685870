"""The signature of the call around the cursor, and the argument that is being written."""

from __future__ import annotations

from netdsl.catalog.arguments import Argument
from netdsl.catalog.describe import expected, explanation, operands, parameter, parameters
from netdsl.elaborate.families import parameters_of
from netdsl.elaborate.values import Definition
from netdsl.lsp import names
from netdsl.lsp.context import Call, call_at
from netdsl.lsp.document import Document
from netdsl.lsp.hover import one_line
from netdsl.lsp.meanings import Global, Word
from netdsl.lsp.sections import setting_at
from netdsl.record import Record
from netdsl.syntax import tree


class Parameter(Record):
    """A parameter as a signature shows it, and what is said of it."""

    label: str
    doc: str


class Signature(Record):
    """How something is called; `active` is the parameter that is being written, if one is."""

    label: str
    doc: str
    parameters: tuple[Parameter, ...]
    active: int | None


def signature(document: Document, offset: int) -> Signature | None:
    """The signature of the innermost call around an offset; None where there is no call."""
    begin, _ = document.segment_at(offset)
    item = document.item_at(offset)
    text = document.text[begin:offset]
    call = call_at(text, len(text))
    if call is None:
        return None
    setting = None
    if isinstance(item, tree.Train):
        setting = setting_at(item, offset - begin)
    match names.called(document.scope, item, call.callee, setting):
        case Word() as word:
            return _of_entry(word, call)
        case Global() as target if not isinstance(target.item, tree.Let):
            return _of_item(target, call)
    return None


def _of_entry(word: Word, call: Call) -> Signature:
    entry = word.entry
    told = [Parameter(each, "") for each in operands(entry).split(", ") if each]
    merged = len(told)
    declared = parameters(entry)
    told += [Parameter(parameter(*each), _doc(each[1])) for each in declared]
    named = [name for name, _ in declared]
    if call.argument is not None:
        active = merged + named.index(call.argument) if call.argument in named else None
    else:
        places = [at for at, (_, argument) in enumerate(declared) if not argument.keyword]
        if merged:
            active = min(call.index, merged - 1)
        else:
            active = places[call.index] if call.index < len(places) else None
    return _signature(entry.word, explanation(entry), told, active)


def _doc(argument: Argument) -> str:
    return f"{argument.doc}; {expected(argument)}"


def _of_item(target: Global, call: Call) -> Signature:
    assert not isinstance(target.item, tree.Let)
    declared = parameters_of(Definition(target.item, target.scope))
    named = [each.name.name for each in declared]
    active: int | None = call.index if call.index < len(named) else None
    if call.argument is not None:
        active = named.index(call.argument) if call.argument in named else None
    told = [Parameter(one_line(each), "") for each in declared]
    return _signature(target.word, target.item.doc, told, active)


def _signature(name: str, doc: str, told: list[Parameter], active: int | None) -> Signature:
    label = f"{name}({', '.join(each.label for each in told)})"
    return Signature(label, doc, tuple(told), active)
