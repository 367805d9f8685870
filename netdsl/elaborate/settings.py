"""A `train` section: from its settings as written to the catalogue's record of them.

In it a name that means nothing else stands for a tensor of the net or a field of the data, and
losses may be called on them and summed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.catalog.index import WORDS
from netdsl.catalog.losses import Loss, LossSum, LossTerm
from netdsl.catalog.settings import LossExpression, NetChoice, Settings
from netdsl.diagnostics import Label, UserError
from netdsl.elaborate import binding, defaults, expressions
from netdsl.elaborate.frame import Elaboration, Frame
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.suggest import nearest, suggestion, with_suggestion
from netdsl.elaborate.values import Poisoned, kind_of
from netdsl.elaborate.words import entry_named
from netdsl.record import REQUIRED
from netdsl.source import Source
from netdsl.syntax import tree
from netdsl.syntax.parse import parse


def choose_train(scope: Scope, name: str | None) -> tree.Train:
    """The section that is meant: by name, else the one without a name, else the only one."""
    trains = scope.trains
    shown = scope.file.source.name
    if not trains:
        raise UserError(f"{shown} has no train section: `train {{ … }}` sets data, loss, optimizer")
    names = [train.name.name if train.name else None for train in trains]
    if name is not None and name not in names:
        known = [found for found in names if found]
        raise UserError(with_suggestion(f"{shown} has no `train {name}`", name, known))
    if name is None and None not in names and len(trains) > 1:
        raise UserError(f"{shown} has several train sections: choose one with --train {names[0]}")
    return trains[names.index(name)] if name in names else trains[0]


def elaborate_settings(
    elaboration: Elaboration, scope: Scope, train: tree.Train, given: Mapping[str, str]
) -> Settings | None:
    """The settings of a section, `given` ones in their place; None where there are mistakes."""
    frame = defaults.file_frame(elaboration, scope)
    frame = frame.child({}, frame.defaults)
    declared = Settings.arguments()
    values: dict[str, Any] = {}
    failed = False
    seen: dict[str, tree.Setting] = {}
    for setting in _settings(train, given):
        try:
            known = _checked(setting, seen)
            values[known.name.name] = _value(frame, known)
        except Mistake as mistake:
            elaboration.report.add(mistake.diagnostic)
            failed = True
        except Poisoned:
            failed = True
    for name, kind in declared.items():
        if name not in seen and kind.default is not REQUIRED:
            values[name] = kind.default
    missing = _missing(train, {*values, *seen})
    if missing is not None:
        elaboration.report.add(missing.diagnostic)
    return Settings(**values) if not failed and missing is None else None


def _missing(train: tree.Train, there: set[str]) -> Mistake | None:
    """The settings that a section must have and has not, but for those that are misspelt in it."""
    declared = Settings.arguments()
    written = [item.name.name for item in train.settings if isinstance(item, tree.Setting)]
    misspelt = {nearest(name, declared) for name in written if name not in declared}
    missing = [name for name in declared if name not in there | misspelt]
    if not missing:
        return None
    first, last = ", ".join(missing[:-1]), missing[-1]
    told = f"{first} and {last}" if first else last
    help_ = "; ".join(f"{name}: {declared[name].doc}" for name in missing)
    return Mistake("missing-setting", f"this train section needs {told}", train.span, help=help_)


def _settings(train: tree.Train, given: Mapping[str, str]) -> list[tree.Setting | tree.Phase]:
    written = [
        item
        for item in train.settings
        if not (isinstance(item, tree.Setting) and item.name.name in given)
    ]
    return [*written, *[_from_text(name, text) for name, text in given.items()]]


def _from_text(name: str, text: str) -> tree.Setting:
    source = Source(f"--set train.{name}", f"train {{ {name} = {text} }}")
    file, diagnostics = parse(source)
    item = file.items[0] if len(file.items) == 1 else None
    if diagnostics or not isinstance(item, tree.Train) or len(item.settings) != 1:
        raise UserError(f"--set train.{name}={text} is not a value of the language")
    setting = item.settings[0]
    assert isinstance(setting, tree.Setting)
    return setting


def _checked(setting: tree.Setting | tree.Phase, seen: dict[str, tree.Setting]) -> tree.Setting:
    if isinstance(setting, tree.Phase):
        raise Mistake("unknown-setting", "phases are not known to this version", setting.span)
    name = setting.name.name
    known = Settings.arguments()
    if name not in known:
        raise Mistake(
            "unknown-setting",
            f"train has no setting {name}",
            setting.name.span,
            help=suggestion(name, known),
        )
    if name in seen:
        place = (Label(seen[name].span, "set here already"),)
        raise Mistake("defined-twice", f"{name} is set twice", setting.name.span, secondary=place)
    seen[name] = setting
    return setting


def _value(frame: Frame, setting: tree.Setting) -> Any:
    kind = Settings.arguments()[setting.name.name]
    if isinstance(kind, LossExpression):
        return kind.accept(_loss(frame, setting.value))
    if isinstance(kind, NetChoice):
        return setting.value
    return binding.accepted(frame, kind, setting.value, "train")


# Losses


def _loss(frame: Frame, expression: tree.Expression) -> LossSum:
    """A sum of losses: `cross_entropy(output, label) + 0.3 * cross_entropy(aux1, label)`."""
    match expression:
        case tree.Binary() if expression.operator == "+":
            return _loss(frame, expression.left).plus(_loss(frame, expression.right))
        case tree.Binary() if expression.operator == "*":
            return _scaled(frame, expression)
        case tree.Call() if isinstance(expression.callee, tree.Name):
            return _term(frame, expression.callee, expression.arguments, expression)
        case tree.Name():
            return _term(frame, expression, (), expression)
        case _:
            raise Mistake("wrong-value", "a loss, or a sum of losses, stands here", expression.span)


def _scaled(frame: Frame, expression: tree.Binary) -> LossSum:
    for factor, rest in (
        (expression.left, expression.right),
        (expression.right, expression.left),
    ):
        if _is_loss(factor):
            continue
        value = expressions.evaluate(frame, factor)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Mistake("type", f"a weight is a number, not {kind_of(value)}", factor.span)
        return _loss(frame, rest).times(value)
    raise Mistake("type", "losses are added, not multiplied", expression.span)


def _is_loss(expression: tree.Expression) -> bool:
    match expression:
        case tree.Binary():
            return _is_loss(expression.left) or _is_loss(expression.right)
        case tree.Call():
            return _is_loss(expression.callee)
        case tree.Name():
            return entry_named("loss", expression.name) is not None
        case _:
            return False


def _term(
    frame: Frame, word: tree.Name, given: tuple[tree.Argument, ...], expression: tree.Expression
) -> LossSum:
    entry = entry_named("loss", word.name)
    if entry is None:
        raise Mistake(
            "unknown-name",
            f"there is no loss {word.name}",
            word.span,
            help=suggestion(word.name, WORDS["loss"]),
        )
    tensors = [item for item in given if item.name is None]
    named = tuple(item for item in given if item.name is not None)
    loss = binding.entry_of(frame, entry, named, expression.span)
    assert isinstance(loss, Loss)
    if len(tensors) not in (0, 2):
        raise Mistake(
            "operands",
            f"{word.name} compares a tensor of the net with a field of the data",
            expression.span,
            help=f"{word.name}(output, label)",
        )
    prediction, target = [_field(item.value) for item in tensors] or (None, None)
    return LossSum((LossTerm(loss, prediction, target),))


def _field(expression: tree.Expression) -> str:
    if isinstance(expression, tree.Name):
        return expression.name
    raise Mistake("wrong-value", "the name of a tensor or of a field stands here", expression.span)
