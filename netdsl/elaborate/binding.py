"""Binding the arguments of a call to what is called: a word of the catalogue, a block, a function.

A call's own arguments win, then the innermost `default` in force where the call is written, then
the record's or the block's own default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netdsl.catalog.arguments import (
    Argument,
    Entry,
    MadeInput,
    Rejection,
    TensorInput,
    TiedWeight,
    WrittenName,
    WrittenNet,
)
from netdsl.catalog.base import Layer
from netdsl.diagnostics import Label
from netdsl.elaborate import defaults, expressions, members, sharing, steps, surplus
from netdsl.elaborate.families import parameters_of
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.suggest import did_you_mean
from netdsl.elaborate.values import (
    Definition,
    EntryWord,
    FinishedBlock,
    FinishedLayer,
    Poison,
    Poisoned,
    Tensor,
    contains_tensor,
    kind_of,
)
from netdsl.elaborate.ways import of_argument
from netdsl.record import REQUIRED, Record
from netdsl.source import Span
from netdsl.syntax import tree


class BoundLayer(Record):
    """A layer with its arguments and the tensors that they brought."""

    layer: Layer
    tensors: tuple[Tensor, ...]
    arguments: Mapping[str, tree.Expression]
    tie: Any = None
    # Where each of the tensors is written; None where several are written in one.
    places: tuple[Span | None, ...] = ()


# Words of the catalogue


def bind_layer(
    frame: Frame, entry: type[Layer], given: tuple[tree.Argument, ...], span: Span
) -> BoundLayer:
    """Binds a layer's arguments; tensors among them are computed from the flow."""
    declared = entry.arguments()
    positional = [name for name, kind in declared.items() if not kind.keyword]
    expressions, operands = _place(frame, entry, given, positional, span)
    values: dict[str, Any] = {}
    tensors: list[Tensor] = []
    places: list[Span | None] = []
    tie: Any = None
    for operand in operands:
        brought = steps.operands(frame, operand)
        tensors.extend(brought)
        places.extend(_where(operand, brought))
    first = 1 if entry.takes_flow else 0
    for name, kind in _tensor_arguments(entry).items():
        source = expressions.get(name)
        if isinstance(kind, TiedWeight):
            if source is not None:
                tie, values[name] = sharing.tied(frame, source)
        elif source is not None:
            assert isinstance(kind, TensorInput)
            brought = _brought(frame, kind, source)
            values[name] = _places(kind, first + len(tensors), len(brought), source)
            tensors.extend(brought)
            places.extend(_where(source, brought))
        elif kind.required:
            raise _missing(entry.word, name, kind, span)
    _bind_values(frame, entry, expressions, values, span)
    _check_operands(entry, len(tensors), span)
    layer = entry(*[values[name] for name in declared])
    return BoundLayer(layer, tuple(tensors), expressions, tie, tuple(places))


def _where(source: tree.Expression, brought: list[Tensor]) -> list[Span | None]:
    """The place of each tensor that an expression stands for."""
    alone = len(brought) == 1 and not isinstance(source, tree.Comprehension)
    return [source.span if alone else None] * len(brought)


def _brought(frame: Frame, kind: TensorInput, source: tree.Expression) -> list[Tensor]:
    """The tensors that an argument brings."""
    help_ = f"{kind.name}: {kind.doc}"
    if not isinstance(kind, MadeInput):
        return steps.operands(frame, source, help_)
    brought = members.given_and_made(steps.operand(frame, source, help_), kind.member)
    if brought is None:
        raise Mistake(
            "wrong-value",
            f"{kind.name} expects {kind.expects}",
            source.span,
            help=f"`{kind.maker}(2) as p` names one; a block has only its own",
        )
    return brought


def _places(kind: TensorInput, first: int, count: int, source: tree.Expression) -> Any:
    """Which of a layer's inputs an argument brings."""
    try:
        return kind.places(first, count)
    except Rejection as rejection:
        raise Mistake("operands", rejection.message, source.span) from None


def _place(
    frame: Frame,
    entry: type[Layer],
    given: tuple[tree.Argument, ...],
    positional: list[str],
    span: Span,
) -> tuple[dict[str, tree.Expression], list[tree.Expression]]:
    """Expressions by argument's name, and the operands of a merge."""
    expressions: dict[str, tree.Expression] = {}
    operands: list[tree.Expression] = []
    if entry.collects:
        unnamed = [item.value for item in given if item.name is None]
        if len(unnamed) == 1:
            expressions[entry.collects] = unnamed[0]
        elif unnamed:
            place = unnamed[0].span.to(unnamed[-1].span)
            expressions[entry.collects] = tree.Display(place, tuple(unnamed), "()")
    free = iter([] if entry.collects else positional)
    for item in given:
        if item.name is not None:
            _put(entry.word, expressions, item, list(entry.arguments()), span)
        elif not entry.collects:
            name = next(free, None)
            if name is not None:
                _once(expressions, name, item.value, item.span)
            elif entry.operands[1] != 0:
                operands.append(item.value)
            else:
                raise Mistake(
                    "too-many-arguments",
                    f"{entry.word} takes {_count(len(positional), 'argument')} without a name",
                    item.span,
                    help=surplus.helps(frame, entry, given, item, span),
                )
    return expressions, operands


def _put(
    word: str,
    expressions: dict[str, tree.Expression],
    item: tree.Argument,
    possible: list[str],
    span: Span,
) -> None:
    """Puts an argument given by name among those of the call."""
    assert item.name is not None
    name = item.name.name
    if name not in possible:
        raise Mistake(
            "unknown-argument",
            f"{word} has no argument {name}",
            item.name.span,
            help=surplus.of_name(item, possible, span) or did_you_mean(item.name, possible),
        )
    _once(expressions, name, item.value, item.name.span)


def _once(
    expressions: dict[str, tree.Expression], name: str, value: tree.Expression, span: Span
) -> None:
    """Puts an argument, by name or by position, that must not have been given before."""
    if name in expressions:
        place = (Label(expressions[name].span, "given here already"),)
        raise Mistake(
            "argument-twice",
            f"{name} is given twice",
            span,
            secondary=place,
            help=surplus.again(value),
        )
    expressions[name] = value


def _tensor_arguments(entry: type[Layer]) -> dict[str, Argument]:
    """The arguments of a layer that take a tensor."""
    found = _tensors.get(entry)
    if found is None:
        found = _tensors[entry] = {
            name: kind
            for name, kind in entry.arguments().items()
            if isinstance(kind, TensorInput | TiedWeight)
        }
    return found


_tensors: dict[type[Layer], dict[str, Argument]] = {}


def _bind_values(
    frame: Frame,
    entry: type[Entry],
    expressions: dict[str, tree.Expression],
    values: dict[str, Any],
    span: Span,
) -> None:
    """Checks arguments: as given, else by a `default` in force, else the record's own."""
    declared = entry.arguments()
    for name, source in expressions.items():
        if name not in values:
            values[name] = accepted(frame, declared[name], source, entry.word)
    for name in defaults.default_names(frame, entry):
        if name not in values and name in declared:
            found = defaults.default_for(frame, entry, name, declared[name])
            assert found is not None
            values[name], expressions[name] = found
    for name, kind in declared.items():
        if name not in values:
            if kind.default is REQUIRED:
                raise _missing(entry.word, name, kind, span)
            values[name] = kind.default


def accepted(frame: Frame, kind: Argument, source: tree.Expression, word: str) -> Any:
    """The value of an argument in the normal form of its kind."""
    if isinstance(kind, WrittenNet):
        return kind.accept(source)
    name = _as_written(source) if isinstance(kind, WrittenName) else None
    value = expressions.evaluate(frame, source, kind) if name is None else name
    value = _instance(frame, value, source.span)
    try:
        return kind.accept(value)
    except Rejection as rejection:
        shown = _kind_message(kind, value, word, rejection)
        ways = of_argument(rejection, source.span)
        raise Mistake("wrong-value", shown, source.span, help=ways) from None


def _as_written(source: tree.Expression) -> str | tuple[str, ...] | None:
    """A name with its members, `encoder.stage2`, or a list of them; None for anything else."""
    if isinstance(source, tree.Display):
        names = [_dotted(item) for item in source.items]
        written = tuple(name for name in names if name is not None)
        return written if len(written) == len(names) else None
    return _dotted(source)


def _dotted(source: tree.Expression) -> str | None:
    if isinstance(source, tree.Member):
        outer = _dotted(source.value)
        return None if outer is None else f"{outer}.{source.name.name}"
    return source.name if isinstance(source, tree.Name) else None


def _kind_message(kind: Argument, value: Any, word: str, rejection: Rejection) -> str:
    if isinstance(value, EntryWord):
        return f"{word}: {kind.name} expects {kind.expects}, not {value.entry.word}"
    if isinstance(value, Tensor | Definition | FinishedLayer | FinishedBlock):
        return f"{word}: {kind.name} expects {kind.expects}, not {kind_of(value)}"
    return f"{word}: {rejection.message}"


def _instance(frame: Frame, value: Any, span: Span) -> Any:
    """A bare word of the catalogue stands for its record with every default."""
    if isinstance(value, tuple):
        return tuple(_instance(frame, item, span) for item in value)
    if isinstance(value, EntryWord) and not issubclass(value.entry, Layer):
        return entry_of(frame, value.entry, (), span)
    return value


def _missing(word: str, name: str, kind: Argument, span: Span) -> Mistake:
    return Mistake(
        "missing-argument", f"{word} needs {name}", span, help=surplus.missing(word, kind, span)
    )


def _check_operands(entry: type[Layer], count: int, span: Span) -> None:
    least, most = entry.operands
    if count < least or (most is not None and most > 0 and count > most):
        wanted = f"{least}" if least == most else f"at least {least}"
        raise Mistake(
            "operands",
            f"{entry.word} merges {wanted} tensors, not {count}",
            span,
            help=surplus.with_flow(entry.word, span) if count == 1 else "",
        )


def entry_of(
    frame: Frame, entry: type[Entry], given: tuple[tree.Argument, ...], span: Span
) -> Entry:
    """A record of the catalogue that is no layer: an initialiser, a loss, a source."""
    declared = entry.arguments()
    free = iter([name for name, kind in declared.items() if not kind.keyword])
    expressions: dict[str, tree.Expression] = {}
    for item in given:
        if item.name is not None:
            _put(entry.word, expressions, item, list(declared), span)
        else:
            name = next(free, None)
            if name is None:
                raise Mistake(
                    "too-many-arguments",
                    f"{entry.word} takes fewer arguments",
                    item.span,
                    help=surplus.helps(frame, entry, given, item, span),
                )
            _once(expressions, name, item.value, item.span)
    values: dict[str, Any] = {}
    _bind_values(frame, entry, expressions, values, span)
    return entry(**values)


# Blocks, nets and functions


def bind_definition(
    frame: Frame,
    target: Definition,
    given: tuple[tree.Argument, ...],
    span: Span,
    partial: bool = False,
) -> tuple[dict[str, Any], dict[str, tree.Expression]]:
    """The values of a block's parameters as far as they are given, and their expressions.

    Tensor parameters are computed from the flow; a pipeline given to another parameter stays a
    layer. Defaults of the block itself are evaluated in its body. Where the call is `partial`,
    required parameters may be left out.
    """
    node = target.node
    word = node.name.name
    parameters = parameters_of(target)
    written = place_parameters(node, parameters, given, span)
    values: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter.name.name
        source = written.get(name)
        if source is None:
            found = defaults.default_for(frame, node, name, None)
            if found is not None:
                values[name], written[name] = found
            elif parameter.default is None and not partial:
                place = (Label(parameter.span, "declared here"),)
                raise Mistake("missing-argument", f"{word} needs {name}", span, secondary=place)
        elif parameter.tensor:
            values[name] = steps.tensor_argument(frame, source)
        else:
            values[name] = expressions.evaluate(frame, source)
            frame.elaboration.meter.work(values[name], source.span)
            _refuse_tensor(values[name], source, parameter, word)
    return values, written


def _refuse_tensor(
    value: Any, source: tree.Expression, parameter: tree.Parameter, word: str
) -> None:
    if isinstance(value, Poison):
        raise Poisoned
    if contains_tensor(value):
        name = parameter.name.name
        raise Mistake(
            "wrong-value",
            f"{word}: {name} takes no tensor",
            source.span,
            secondary=(Label(parameter.span, f"{name}: tensor would take one"),),
        )


def place_parameters(
    node: tree.Block | tree.Net | tree.Function,
    parameters: tuple[tree.Parameter, ...],
    given: tuple[tree.Argument, ...],
    span: Span,
) -> dict[str, tree.Expression]:
    """The expressions that a call gives, by the names of the parameters that they are for."""
    names = [parameter.name.name for parameter in parameters]
    expressions: dict[str, tree.Expression] = {}
    free = iter(names)
    for item in given:
        if item.name is not None:
            _put(node.name.name, expressions, item, names, span)
            continue
        name = next(free, None)
        if name is None:
            place = (Label(node.name.span, "defined here"),)
            raise Mistake(
                "too-many-arguments",
                f"{node.name.name} takes {_count(len(names), 'argument')}",
                item.span,
                secondary=place,
                help=surplus.of_block(item),
            )
        _once(expressions, name, item.value, item.span)
    return expressions


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
