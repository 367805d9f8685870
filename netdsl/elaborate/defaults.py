"""`default` statements: which is in force where, and what it gives.

From: statements. To: values by what they are for and the argument's name, the innermost first.
"""

from __future__ import annotations

from typing import Any

from netdsl.catalog.arguments import Argument
from netdsl.diagnostics import Help
from netdsl.elaborate import binding, expressions, lookup
from netdsl.elaborate.families import parameters_of
from netdsl.elaborate.frame import Defaults, Elaboration, Frame
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.suggest import did_you_mean
from netdsl.elaborate.values import Definition, EntryWord, Poisoned, kind_of
from netdsl.source import Span
from netdsl.syntax import tree


def file_frame(elaboration: Elaboration, scope: Scope) -> Frame:
    """The frame of a file's own level, with the defaults that hold in all of it."""
    frame = elaboration.file_frames.get(scope)
    if frame is None:
        frame = Frame(elaboration, scope, {})
        elaboration.file_frames[scope] = frame
        for statement in scope.defaults:
            declare_defaults(frame, statement)
    return frame


def declare_defaults(frame: Frame, statement: tree.Default) -> None:
    """Puts a `default` statement in force from here on."""
    targets: list[Any] = []
    for word in statement.words:
        try:
            target = lookup.callable_named(frame, word)
        except Mistake as mistake:
            frame.elaboration.report.once(mistake.diagnostic)
            continue
        except Poisoned:
            continue
        if isinstance(target, EntryWord | Definition):
            _check_names(frame, word, target, statement.arguments)
            targets.append(target.entry if isinstance(target, EntryWord) else target.node)
        else:
            message = f"a default is for a layer or block, not {kind_of(target)}"
            frame.elaboration.report.once(Mistake("not-callable", message, word.span).diagnostic)
    frame.defaults = Defaults(statement, targets, frame, frame.defaults)


def _check_names(
    frame: Frame,
    word: tree.Name,
    target: EntryWord | Definition,
    arguments: tuple[tree.Argument, ...],
) -> None:
    """Reports the arguments of a `default` that its target does not have."""
    if isinstance(target, EntryWord):
        possible = list(target.entry.arguments())
    else:
        possible = [parameter.name.name for parameter in parameters_of(target)]
    for item in arguments:
        if item.name is None:
            message = "a default gives arguments by name"
            mistake = Mistake("unnamed-argument", message, item.span, help=_named(target, item))
        elif item.name.name not in possible:
            message = f"{word.name} has no argument {item.name.name}"
            hint = did_you_mean(item.name, possible)
            mistake = Mistake("unknown-argument", message, item.name.span, help=hint)
        else:
            continue
        frame.elaboration.report.once(mistake.diagnostic)


def _named(target: EntryWord | Definition, item: tree.Argument) -> tuple[Help, ...]:
    """An argument with the name that its word belongs to, else with that of the first place."""
    if isinstance(target, EntryWord):
        kinds = target.entry.arguments()
        word = item.value.name if isinstance(item.value, tree.Name) else ""
        names = [name for name, kind in kinds.items() if word in kind.symbols] or list(kinds)
    else:
        names = [parameter.name.name for parameter in parameters_of(target)]
    place = Span(item.span.source, item.span.start, item.span.start)
    return (Help("default conv(pad=same)", place, f"{names[0]}="),) if names else ()


def default_names(frame: Frame, target: Any) -> list[str]:
    """The arguments for which a `default` in force has a value, the innermost first."""
    names: list[str] = []
    defaults = frame.defaults
    while defaults is not None:
        if target in defaults.targets:
            names.extend(item.name.name for item in defaults.statement.arguments if item.name)
        defaults = defaults.outer
    return names


def default_for(
    frame: Frame, target: Any, name: str, kind: Argument | None
) -> tuple[Any, tree.Expression] | None:
    """The value and expression that the innermost `default` gives; None where none does."""
    defaults = frame.defaults
    while defaults is not None:
        if target in defaults.targets:
            for item in defaults.statement.arguments:
                if item.name is not None and item.name.name == name:
                    return _default_value(defaults, target, kind, item), item.value
        defaults = defaults.outer
    return None


def _default_value(
    defaults: Defaults, target: Any, kind: Argument | None, item: tree.Argument
) -> Any:
    assert item.name is not None
    # With a kind the target is a record of the catalogue, else a block or net of a file.
    key = (target, item.name.name)
    if key not in defaults.cache:
        if kind is None:
            defaults.cache[key] = expressions.evaluate(defaults.frame, item.value)
        else:
            word = target.word
            defaults.cache[key] = binding.accepted(defaults.frame, kind, item.value, word)
    return defaults.cache[key]
