"""What a name means: the nearest of the block's own names, the file's items, imports, catalogue."""

from __future__ import annotations

from typing import Any

from netdsl.catalog.arguments import SET_APART, Argument, EntryArgument, Symbol
from netdsl.catalog.index import SYMBOLS, WORDS
from netdsl.diagnostics import Help, Label
from netdsl.elaborate import defaults, expressions
from netdsl.elaborate.builtins import BUILTINS
from netdsl.elaborate.frame import Frame, bind
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import bound_names
from netdsl.elaborate.static import survey
from netdsl.elaborate.suggest import did_you_mean, nearest
from netdsl.elaborate.values import (
    POISON,
    Builtin,
    Closure,
    Definition,
    EntryWord,
    FinishedBlock,
    FinishedLayer,
    Poison,
    Poisoned,
    SharedValue,
)
from netdsl.elaborate.words import added, entry_named, layer_words
from netdsl.syntax import tree

_CALLABLE = (Definition, EntryWord, Builtin, FinishedLayer, FinishedBlock, Closure, SharedValue)
_CONSTANTS = frozenset(("true", "false", "none"))
# In which order kinds of the catalogue are tried for a word that any of them may have.
_KINDS = ("layer", *sorted(WORDS.keys() - SET_APART - {"layer"}))


def value_named(frame: Frame, name: tree.Name, argument: Argument | None = None) -> Any:
    """The value of a name; `argument` is what it is given to, which may declare it as a word."""
    word = name.name
    if word in frame.names:
        value = frame.names[word]
        if isinstance(value, Poison):
            raise Poisoned
        return value
    if word == "it":
        return frame.current(name.span)
    found = item_named(frame, name)
    if found is not None:
        return found
    if argument is not None:
        declared = _declared(argument, word)
        if declared is not None:
            return declared
    for kind in _KINDS:
        entry = entry_named(kind, word)
        if entry is not None:
            return EntryWord(entry)
    if word in BUILTINS:
        return Builtin(word, BUILTINS[word])
    if word in SYMBOLS:
        return Symbol(word)
    layer = added(name)
    if layer is not None:
        return EntryWord(layer)
    raise unknown(frame, name, argument)


def _declared(argument: Argument, word: str) -> Any:
    """What a word means to the argument that it is given to."""
    if word in argument.symbols:
        return Symbol(word)
    if isinstance(argument, EntryArgument):
        entry = entry_named(argument.kind.category, word)
        return EntryWord(entry) if entry is not None else None
    return None


def callable_named(frame: Frame, name: tree.Name, argument: Argument | None = None) -> Any:
    """What `name(…)` calls: names that cannot be called are passed by."""
    value = frame.names.get(name.name)
    if isinstance(value, Poison):
        raise Poisoned
    if isinstance(value, _CALLABLE):
        return value
    found = item_named(frame, name)
    if isinstance(found, _CALLABLE):
        return found
    if argument is not None:
        declared = _declared(argument, name.name)
        if isinstance(declared, EntryWord):
            return declared
    for kind in _KINDS:
        entry = entry_named(kind, name.name)
        if entry is not None:
            return EntryWord(entry)
    if name.name in BUILTINS:
        return Builtin(name.name, BUILTINS[name.name])
    if value is not None or found is not None:
        raise Mistake("not-callable", f"{name.name} cannot be called", name.span)
    layer = added(name)
    if layer is not None:
        return EntryWord(layer)
    raise unknown(frame, name, argument, called=True)


def item_named(frame: Frame, name: tree.Name) -> Any:
    """The value of an item of the file or an import; None where there is no such item."""
    found = frame.scope.find(name.name)
    if found is None:
        return None
    item, scope = found
    if not isinstance(item, tree.Let):
        return Definition(item, scope)
    return _let(frame, item, scope, frame.scope.imports.get(name.name), name)


def _let(frame: Frame, item: tree.Let, scope: Any, imported: Any, name: tree.Name) -> Any:
    """The value of a file-level `let`, evaluated when it is first needed."""
    word = imported[1].name.name if imported else name.name
    if word not in scope.lets:
        for bound in _words(item.pattern):
            scope.lets[bound] = _EVALUATING
        own = defaults.file_frame(frame.elaboration, scope)
        holder = own.child({}, own.defaults)
        try:
            bind(holder, item.pattern, expressions.evaluate(holder, item.value))
        except Mistake as mistake:
            frame.elaboration.report.add(mistake.diagnostic)
            bind(holder, item.pattern, POISON)
        except Poisoned:
            bind(holder, item.pattern, POISON)
        scope.lets.update(holder.names)
    value = scope.lets[word]
    if value is _EVALUATING:
        place = (Label(item.span, "its value"),)
        raise Mistake("circular-let", f"{word} depends on itself", name.span, secondary=place)
    if isinstance(value, Poison):
        raise Poisoned
    return value


def _words(pattern: tree.Pattern) -> list[str]:
    return [name.name for name in bound_names(pattern)]


_EVALUATING = object()


def unknown(
    frame: Frame, name: tree.Name, argument: Argument | None = None, called: bool = False
) -> Mistake:
    """The mistake of a word that means nothing here."""
    frame.scope.check_imports()
    if frame.scope.may_define(name.name):
        raise Poisoned
    elsewhere = _bound_elsewhere(frame, name.name)
    if elsewhere is not None:
        return Mistake(
            "not-bound",
            f"{name.name} has no value here",
            name.span,
            secondary=(Label(elsewhere.span, "it is named here, on a way that was not taken"),),
        )
    second = _named_in_another(frame, name)
    if second:
        message = f"{name.name} is not known here"
        return Mistake("unknown-name", message, name.span, secondary=second)
    meant = did_you_mean(name, _possible(frame, argument, called))
    help_: tuple[Help, ...] | str = meant
    if argument is not None and not any(help.replacement for help in meant):
        near = nearest(name.name, frame.names)
        help_ = (
            did_you_mean(name, {near}) if near else f"{argument.name} expects {argument.expects}"
        )
    return Mistake("unknown-name", f"{name.name} is not known here", name.span, help=help_)


def _named_in_another(frame: Frame, name: tree.Name) -> tuple[Label, ...]:
    """Where another block or net of the file names the word, which is not seen from here."""
    for item in frame.scope.items.values():
        if item is frame.owner or not isinstance(item, tree.Block | tree.Net):
            continue
        bound = survey(item).bound.get(name.name)
        if bound is not None:
            text = f"this is a name of {item.name.name}; a block sees its own and its parameters"
            return (Label(bound.span, text),)
    return ()


def _possible(frame: Frame, argument: Argument | None, called: bool) -> set[str]:
    """What a word could have been at this place."""
    if argument is not None and argument.symbols:
        return {*argument.symbols, *frame.names}
    if isinstance(argument, EntryArgument):
        return set(WORDS.get(argument.kind.category, {}))
    possible = {*layer_words(), *BUILTINS, *frame.scope.items, *frame.scope.imports, *_CONSTANTS}
    return possible if called else {*possible, *frame.names, "it"}


def _bound_elsewhere(frame: Frame, word: str) -> tree.Name | None:
    """Where the body names the word on some other way of an `if`, or later."""
    return survey(frame.owner).bound.get(word) if frame.owner is not None else None
