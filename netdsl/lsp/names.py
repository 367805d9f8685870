"""What a name in a spec means: something of its own item, an item, a word of the catalogue.

The order is the elaborator's: the block's own names, the file's items, imports, the catalogue; a
name that is called passes by tensors. Nothing is elaborated, so that it works in a broken file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netdsl.catalog.arguments import Entry
from netdsl.catalog.describe import parameters
from netdsl.catalog.index import WORDS
from netdsl.catalog.settings import Settings
from netdsl.elaborate.builtins import BUILTINS
from netdsl.elaborate.families import origin, parameters_of
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope, bound_names
from netdsl.elaborate.static import nodes_in, survey
from netdsl.elaborate.values import Definition
from netdsl.elaborate.words import entry_named, known_entry
from netdsl.lsp.meanings import (
    IT,
    NUMBERS,
    PROMISES,
    SIZES,
    BuiltinName,
    DataField,
    EntryParameter,
    Global,
    LanguageWord,
    Local,
    MainOutput,
    Meaning,
    Word,
)
from netdsl.lsp.occurrences import Occurrence
from netdsl.lsp.order import is_bound
from netdsl.lsp.sections import kinds_of_setting, setting_at, source_of
from netdsl.syntax import tree

# In which order kinds of the catalogue are tried for a word in a train section, and elsewhere.
_KINDS = ("layer", *sorted(WORDS.keys() - {"layer"}))


def meaning(scope: Scope, item: tree.Item, occurrence: Occurrence) -> Meaning | None:
    """What a name in an item of a file means; None where nobody can say without elaborating."""
    name = occurrence.name
    match occurrence.role:
        case "bind":
            if isinstance(item, tree.Let) and name in bound_names(item.pattern):
                return Global(item, scope, name.name)
            return Local(item, scope, name.name)
        case "item":
            assert isinstance(item, tree.Function | tree.Block | tree.Net)
            return Global(item, scope, name.name)
        case "import":
            return _imported(scope, name)
        case "argument":
            assert occurrence.owner is not None
            return _argument(scope, item, occurrence.owner, name.name)
        case "member":
            assert occurrence.owner is not None
            inside = _member(scope, item, occurrence.owner, name.name)
            return inside or _language_word(SIZES, name.name)
        case "word":
            if isinstance(item, tree.Train):
                known = name.name in Settings.arguments()
                return EntryParameter(Settings, name.name) if known else None
            return _language_word({**PROMISES, **NUMBERS}, name.name)
        case _:
            return _used(scope, item, name, occurrence.role == "call")


def _language_word(words: Mapping[str, str], word: str) -> LanguageWord | None:
    return LanguageWord(word, words[word]) if word in words else None


def _used(scope: Scope, item: tree.Item, name: tree.Name, called: bool) -> Meaning | None:
    """What a name means that is used at its place."""
    word = name.name
    own = _own(scope, item, word, called)
    if own is not None and is_bound(item, word, name.span.start):
        return own
    if word == IT.word:
        return IT
    setting = setting_at(item, name.span.start) if isinstance(item, tree.Train) else None
    symbol = None if called else _symbol(scope, item, name, setting)
    return _find(scope, word) or symbol or _of_others(scope, item, word, setting) or own


def _symbol(
    scope: Scope, item: tree.Item, name: tree.Name, setting: str | None
) -> EntryParameter | None:
    """The argument or setting that a name is a symbol of."""
    for node in nodes_in(item):
        if not isinstance(node, tree.Call | tree.Default):
            continue
        for number, given in enumerate(node.arguments):
            if given.value is name:
                owner = node.callee if isinstance(node, tree.Call) else node.words[0]
                target = callee(scope, item, owner)
                entry = target.entry if isinstance(target, Word) else None
                return _takes(entry, given.name.name if given.name else number, name.name)
    return None if setting is None else _takes(Settings, setting, name.name)


def _takes(entry: type[Entry] | None, place: str | int, word: str) -> EntryParameter | None:
    """An argument of an entry by its name or place, if a word is a symbol of it."""
    if entry is None:
        return None
    if isinstance(place, int):
        by_place = [name for name, each in parameters(entry) if not each.keyword]
        place = by_place[place] if place < len(by_place) else ""
    argument = entry.arguments().get(place)
    known = argument is not None and word in argument.symbols
    return EntryParameter(entry, place) if known else None


def named(
    scope: Scope, item: tree.Item | None, word: str, called: bool, setting: str | None = None
) -> Meaning | None:
    """What a word means that is used somewhere in an item, or in none.

    In a train section `setting` is the one whose value it stands in.
    """
    own = _own(scope, item, word, called)
    return own if own is not None else _of_others(scope, item, word, setting)


def _of_others(
    scope: Scope, item: tree.Item | None, word: str, setting: str | None
) -> Meaning | None:
    """What a word means that is not an item's own."""
    found = _find(scope, word)
    if found is not None:
        return found
    trained = _of_training(scope, item, word, setting) if isinstance(item, tree.Train) else None
    if trained is not None:
        return trained
    for kind in _KINDS if setting is None else (*kinds_of_setting(setting), *_KINDS):
        entry = entry_named(kind, word)
        if entry is not None:
            return Word(entry)
    if word in BUILTINS:
        return BuiltinName(word)
    layer = known_entry("layer", word)
    return Word(layer) if layer is not None else None


def callee(scope: Scope, item: tree.Item | None, expression: tree.Expression) -> Meaning | None:
    """What an expression names that is called, or applied as a step."""
    if isinstance(expression, tree.Call):
        expression = expression.callee
    if not isinstance(expression, tree.Name):
        return None
    return called(scope, item, expression.name)


def called(
    scope: Scope, item: tree.Item | None, word: str, setting: str | None = None
) -> Meaning | None:
    """What is called by a word: by a parameter what it is worth where nobody gives it another."""
    found = named(scope, item, word, True, setting)
    if isinstance(found, Local) and isinstance(found.item, tree.Block | tree.Net):
        for declared in found.item.parameters:
            default = declared.default
            if declared.name.name == word and isinstance(default, tree.Name):
                return named(found.scope, None, default.name, True) or found
    return found


def _own(scope: Scope, item: tree.Item | None, word: str, called: bool) -> Local | None:
    """An item's own name: what is called is no tensor, and what a file's `let` names an item."""
    if item is None or word not in survey(item).bound:
        return None
    if isinstance(item, tree.Let) and word in {name.name for name in bound_names(item.pattern)}:
        return None
    return Local(item, scope, word) if not called or any(binds_layer(item, word)) else None


def binds_layer(item: tree.Item, word: str) -> list[bool]:
    """For each binding of a word in an item whether what it names may be called."""
    found: list[bool] = []
    if isinstance(item, tree.Block | tree.Net | tree.Function):
        found += [not p.tensor for p in item.parameters if p.name.name == word]
    for statement in survey(item).statements:
        if isinstance(statement, tree.Let | tree.For | tree.Comprehension):
            found += [True for name in bound_names(statement.pattern) if name.name == word]
        elif isinstance(statement, tree.SharedLayer) and statement.name.name == word:
            found.append(True)
    return found


def _find(scope: Scope, word: str) -> Global | None:
    if word in scope.imports:
        statement, imported = scope.imports[word]
        try:
            other = scope.files.imported(scope, statement, imported.name)
        except Mistake:
            return None
        return _find(other, imported.name.name)
    item = scope.items.get(word)
    return None if item is None else Global(item, scope, word)


def _imported(scope: Scope, name: tree.Name) -> Global | None:
    for alias, (_, imported) in scope.imports.items():
        if name.span in (imported.name.span, imported.alias.span):
            return _find(scope, alias)
    return None


def _argument(scope: Scope, item: tree.Item, owner: tree.Expression, name: str) -> Meaning | None:
    match callee(scope, item, owner):
        case Global(item=found) as target if not isinstance(found, tree.Let):
            return parameter(target, name)
        case Word(entry=entry) if name in entry.arguments():
            return EntryParameter(entry, name)
    return None


def parameter(target: Global, name: str) -> Local | None:
    """A parameter of an item; of an alias also one of the net that it names."""
    if isinstance(target.item, tree.Let):
        return None
    definition = Definition(target.item, target.scope)
    for found in parameters_of(definition):
        if found.name.name == name:
            owner = _owner(target.scope, found)
            return None if owner is None else Local(owner[0], owner[1], name)
    return None


def _owner(scope: Scope, wanted: tree.Parameter) -> tuple[tree.Item, Scope] | None:
    """The item of a parameter, among those of all files that are known."""
    for other in scope.files.scopes.values():
        for item in other.file.items:
            if item.span.source is wanted.span.source and (
                item.span.start <= wanted.span.start < item.span.end
            ):
                return item, other
    return None


def _member(scope: Scope, item: tree.Item, owner: tree.Expression, name: str) -> Local | None:
    """A name inside the block that made what `owner` names."""
    if not isinstance(owner, tree.Name):
        return None
    for maker in makers(scope, item, owner.name):
        if name in survey(maker.node).bound:
            return Local(maker.node, maker.scope, name)
    return None


def makers(scope: Scope, item: tree.Item, word: str) -> Iterator[Definition]:
    """The blocks and nets that make what an item calls by a name, or of a train section its net."""
    trained = trained_nets(scope, item) if isinstance(item, tree.Train) else []
    for inside, where in [(item, scope), *((net.node, net.scope) for net in trained)]:
        for value in values_named(inside, word):
            target = callee(where, inside, value)
            if isinstance(target, Global) and isinstance(target.item, tree.Block | tree.Net):
                yield origin(Definition(target.item, target.scope))


def values_named(item: tree.Item, word: str) -> list[tree.Expression]:
    """What an item gives a name to with `as` and `=`: of a pipeline its last step."""
    found: list[tree.Expression] = []
    for node in nodes_in(item):
        if not isinstance(node, tree.Step | tree.Side):
            continue
        if node.name is not None and node.name.name == word:
            value = node.value
            while isinstance(value, tree.Pipeline):
                value = value.steps[-1].value
            found.append(value)
    return found


def _of_training(
    scope: Scope, section: tree.Train, word: str, setting: str | None
) -> Local | MainOutput | DataField | None:
    """A name of a net that a train section is about; where it compares, a field of the data too."""
    nets = trained_nets(scope, section)
    for net in nets:
        if word in survey(net.node).bound:
            return Local(net.node, net.scope, word)
    if setting not in ("loss", "metrics"):
        return None
    if word == "output" and nets:
        assert isinstance(nets[0].node, tree.Net)
        return MainOutput(nets[0].node)
    source = source_of(section)
    return DataField(word, source) if source is not None and word in source.gives else None


def trained_nets(scope: Scope, section: tree.Train) -> list[Definition]:
    """The nets that a train section is about: those that it names, else those of the file.

    Of an alias it is the net that has the body.
    """
    written = [
        name
        for setting in section.settings
        if isinstance(setting, tree.Setting) and setting.name.name in ("net", "method")
        for name in survey(setting.value).uses
    ]
    found = [_find(scope, name.name) for name in written]
    chosen = [
        Definition(target.item, target.scope)
        for target in found
        if target is not None and isinstance(target.item, tree.Net)
    ]
    nets = chosen or [Definition(net, scope) for net in scope.nets]
    return list({net.node: net for net in map(origin, nets)}.values())
