"""A `train` section: from its settings as written to the catalogue's record of them.

Losses stay as they are written: they are read with the net that is trained (losses.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from netdsl.catalog.arguments import Argument
from netdsl.catalog.losses import WrittenLoss
from netdsl.catalog.methods import Method, Supervised
from netdsl.catalog.settings import (
    OF_RUN,
    Augmentations,
    LossExpression,
    Metrics,
    Phase,
    Settings,
    Training,
)
from netdsl.diagnostics import Help, Label, UserError
from netdsl.elaborate import binding, defaults
from netdsl.elaborate.augmentations import augmentations
from netdsl.elaborate.frame import Elaboration, Frame
from netdsl.elaborate.metrics import metrics
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.suggest import did_you_mean, nearest, with_suggestion
from netdsl.elaborate.values import Poisoned
from netdsl.record import REQUIRED
from netdsl.source import Source, Span
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


def elaborate_training(
    elaboration: Elaboration, scope: Scope, train: tree.Train, given: Mapping[str, str]
) -> Training | None:
    """What a section says, `given` settings in their place; None where there are mistakes.

    `given` has settings by name, those of a phase as `head.epochs`.
    """
    frame = defaults.file_frame(elaboration, scope)
    frame = frame.child({}, frame.defaults)
    names = phase_names(train)
    _check_given(given, names)
    declared = Settings.arguments()
    own = {name: text for name, text in given.items() if "." not in name}
    written = _with_given([item for item in train.settings if isinstance(item, tree.Setting)], own)
    values = _values(frame, written, declared)
    method: Method = (values or {}).get("method", Supervised())
    # Without its method nobody knows what a section must have.
    undecided = values is None and any(_is_method(item) for item in written)
    missing = None if undecided else _missing(train, own, method.given)
    if missing is not None:
        elaboration.report.add(missing.diagnostic)
    changeable = {name: kind for name, kind in declared.items() if name not in OF_RUN}
    phases = [
        _values(frame, _with_given(phase.settings, _given_to(given, name)), changeable)
        for name, phase in zip(names, _phases(train), strict=True)
    ]
    if values is None or missing is not None or None in phases:
        return None
    if _tells_of_unused(elaboration, method, train, given):
        return None
    settings = Settings(**{**method.given, **values})
    changed = [
        Phase(name, settings.replace(**phase))
        for name, phase in zip(names, phases, strict=True)
        if phase is not None
    ]
    return Training(settings, tuple(changed)) if changed else Training.in_one(settings)


def phase_names(train: tree.Train) -> list[str]:
    """The names of a section's phases: their own, else `phase1`, `phase2`, …"""
    phases = enumerate(_phases(train), 1)
    return [phase.name.name if phase.name else f"phase{number}" for number, phase in phases]


def setting_place(section: tree.Train | tree.Phase, name: str) -> Span:
    """Where a section says a setting; else the section, for it may have been given elsewhere."""
    written = [item for item in section.settings if isinstance(item, tree.Setting)]
    return next((item.span for item in written if item.name.name == name), section.span)


def method_place(train: tree.Train, argument: str = "", item: str = "") -> Span:
    """Where a section says its method, or an item of one of its arguments; else the section.

    A method may have been given elsewhere.
    """
    value = next((one.value for one in train.settings if _is_method(one)), None)
    if value is None:
        return train.span
    given = value.arguments if isinstance(value, tree.Call) else ()
    found = next((one.value for one in given if one.name and one.name.name == argument), value)
    items = found.items if isinstance(found, tree.Display) else ()
    return next((one.span for one in items if one.span.text == item), found.span)


def _is_method(item: tree.Setting | tree.Phase) -> TypeGuard[tree.Setting]:
    return isinstance(item, tree.Setting) and item.name.name == "method"


def _tells_of_unused(
    elaboration: Elaboration, method: Method, train: tree.Train, given: Mapping[str, str]
) -> bool:
    """Reports what a section says that its method has no use for; whether there is any."""
    unused = method.unused | method.given.keys()
    for name in given:
        if name.rpartition(".")[2] in unused:
            raise UserError(f"--set train.{name}: method = {method.word} does not use {name}")
    phases = _phases(train)
    inner = [item for phase in phases for item in phase.settings]
    written = [*train.settings, *(inner if method.phased else ())]
    found = [
        (item.name.name, item.name.span)
        for item in written
        if isinstance(item, tree.Setting) and item.name.name in unused
    ]
    if not method.phased:
        found += [("phases", phase.span) for phase in phases]
    for what, place in found:
        message = f"method = {method.word} does not use {what}"
        elaboration.report.add(Mistake("wrong-value", message, place).diagnostic)
    return bool(found)


def _phases(train: tree.Train) -> list[tree.Phase]:
    return [item for item in train.settings if isinstance(item, tree.Phase)]


def _check_given(given: Mapping[str, str], phases: list[str]) -> None:
    for name in given:
        phase, dot, _ = name.rpartition(".")
        if dot and phase not in phases:
            raise UserError(
                with_suggestion(f"--set train.{name}: there is no phase {phase}", phase, phases)
            )


def _given_to(given: Mapping[str, str], phase: str) -> dict[str, str]:
    prefix = f"{phase}."
    return {
        name.removeprefix(prefix): text for name, text in given.items() if name.startswith(prefix)
    }


def _values(
    frame: Frame, settings: list[tree.Setting | tree.Phase], known: Mapping[str, Argument]
) -> dict[str, Any] | None:
    """The values of what is written; None where there are mistakes, which are reported."""
    values: dict[str, Any] = {}
    seen: dict[str, tree.Setting] = {}
    failed = False
    for item in settings:
        try:
            setting = _checked(item, seen, known)
            values[setting.name.name] = _value(frame, setting)
        except Mistake as mistake:
            frame.elaboration.report.add(mistake.diagnostic)
            failed = True
        except Poisoned:
            failed = True
    return None if failed else values


def _missing(
    train: tree.Train, given: Mapping[str, str], by_method: Mapping[str, Any]
) -> Mistake | None:
    """The settings that a section must have and has not, but for those that are misspelt in it."""
    declared = Settings.arguments()
    written = [item.name.name for item in train.settings if isinstance(item, tree.Setting)]
    misspelt = {nearest(name, declared) for name in written if name not in declared}
    there = {*written, *given, *by_method} | misspelt
    missing = [
        name for name, kind in declared.items() if kind.default is REQUIRED and name not in there
    ]
    if not missing:
        return None
    first, last = ", ".join(missing[:-1]), missing[-1]
    told = f"{first} and {last}" if first else last
    text = "; ".join(f"{name}: {declared[name].doc}" for name in missing)
    lines = "".join(f"\n  {name} = {_SAMPLES[name]}" for name in missing if name in _SAMPLES)
    source, start = train.span.source, train.span.start
    at = source.text.index("{", start) + 1
    help_ = (Help(text, Span(source, at, at), lines),)
    # A section has many lines: its word stands for it.
    place = Span(source, start, start + len("train"))
    return Mistake("missing-setting", f"this train section needs {told}", place, help=help_)


# What a first training may begin with.
_SAMPLES = {"data": "digits", "loss": "cross_entropy", "optimizer": "adam(1e-3)"}


def _with_given(
    written: Sequence[tree.Setting | tree.Phase], given: Mapping[str, str]
) -> list[tree.Setting | tree.Phase]:
    kept = [
        item for item in written if not (isinstance(item, tree.Setting) and item.name.name in given)
    ]
    return [*kept, *[_from_text(name, text) for name, text in given.items()]]


def _from_text(name: str, text: str) -> tree.Setting:
    source = Source(f"--set train.{name}", f"train {{ {name} = {text} }}")
    file, diagnostics = parse(source)
    item = file.items[0] if len(file.items) == 1 else None
    if diagnostics or not isinstance(item, tree.Train) or len(item.settings) != 1:
        raise UserError(f"--set train.{name}={text} is not a value of the language")
    setting = item.settings[0]
    assert isinstance(setting, tree.Setting)
    return setting


def _checked(
    setting: tree.Setting | tree.Phase,
    seen: dict[str, tree.Setting],
    known: Mapping[str, Argument],
) -> tree.Setting:
    if isinstance(setting, tree.Phase):
        raise Mistake(
            "wrong-value", "a phase stands in a train section, not in a phase", setting.span
        )
    name = setting.name.name
    if name in Settings.arguments() and name not in known:
        raise Mistake(
            "wrong-value",
            f"{name} holds for the whole run; a phase cannot change it",
            setting.name.span,
            help="write it in the train section, before the phases",
        )
    if name not in known:
        raise Mistake(
            "unknown-setting",
            f"train has no setting {name}",
            setting.name.span,
            help=did_you_mean(setting.name, known),
        )
    if name in seen:
        place = (Label(seen[name].span, "set here already"),)
        raise Mistake("defined-twice", f"{name} is set twice", setting.name.span, secondary=place)
    seen[name] = setting
    return setting


def _value(frame: Frame, setting: tree.Setting) -> Any:
    kind = Settings.arguments()[setting.name.name]
    if isinstance(kind, LossExpression):
        return kind.accept(WrittenLoss(setting.value))
    if isinstance(kind, Metrics):
        return metrics(frame, kind, setting.value)
    if isinstance(kind, Augmentations):
        return augmentations(frame, kind, setting.value)
    return binding.accepted(frame, kind, setting.value, "train")
