"""Bodies: statements in order, loops and branches.

A long loop whose rounds are alike becomes a run. What a mistake in one statement spoils is
poisoned, so that what follows from it is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, assert_never

from netdsl.diagnostics import Label
from netdsl.elaborate import defaults, expressions, inputs, steps
from netdsl.elaborate.builder import Builder, Draft, DraftRun
from netdsl.elaborate.frame import Frame, bind
from netdsl.elaborate.limits import Exceeded
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import bound_names
from netdsl.elaborate.static import survey
from netdsl.elaborate.values import (
    POISON,
    Closure,
    Definition,
    EntryWord,
    FinishedBlock,
    FinishedLayer,
    Poisoned,
    SharedValue,
    Tensor,
    contains_tensor,
    kind_of,
)
from netdsl.graph import Branch, Expectation, Output, Shared
from netdsl.source import Span
from netdsl.syntax import tree
from netdsl.tensor import Size

# Loops of more rounds are looked at for rounds that are alike; shorter ones stay as written.
LONG_LOOP = 64


# Mistakes in a block that may be mended where it is called.
_DEPENDS_ON_CALL = frozenset({"shape", "assertion", "wrong-value", "type", "unknown-size"})


def tell(frame: Frame, mistake: Mistake) -> None:
    """Reports a mistake; the body that it is in is not to be used."""
    if isinstance(mistake, Exceeded):
        raise mistake
    diagnostic = mistake.diagnostic
    calls = frame.elaboration.calls
    if calls and diagnostic.code in _DEPENDS_ON_CALL:
        place = Label(calls[-1], "called from here")
        diagnostic = diagnostic.replace(secondary=(*diagnostic.secondary, place))
    frame.elaboration.report.add(diagnostic)
    if frame.builder is not None:
        frame.builder.failed = True


@contextmanager
def nested(frame: Frame, span: Span) -> Iterator[None]:
    """One level of recursion deeper, within its bound."""
    meter = frame.elaboration.meter
    if meter.depth >= meter.limits.depth:
        raise meter.exceeded("depth", f"blocks call one another {meter.depth} deep", span)
    meter.depth += 1
    try:
        yield
    finally:
        meter.depth -= 1


# Statements


def statements(frame: Frame, body: tuple[tree.Statement, ...]) -> None:
    """Carries out statements in order; a mistake in one leaves the next to be read."""
    defaults = frame.defaults
    for item in body:
        try:
            _statement(frame, item)
        except Mistake as mistake:
            tell(frame, mistake)
            _poison(frame, item)
        except Poisoned:
            if frame.builder is not None:
                frame.builder.failed = True
            _poison(frame, item)
    frame.defaults = defaults


def _poison(frame: Frame, item: tree.Statement) -> None:
    """What a statement that failed would have made is not known."""
    match item:
        case tree.Flow() | tree.Input():
            frame.flow = POISON
        case tree.Let():
            bind(frame, item.pattern, POISON)
        case _:
            pass
    if isinstance(item, tree.Side | tree.SharedLayer | tree.Input):
        frame.names[item.name.name] = POISON


def _statement(frame: Frame, item: tree.Statement) -> None:
    match item:
        case tree.Flow():
            frame.flow = steps.run(frame, item.value)
        case tree.Side():
            frame.names[item.name.name] = _side(frame, item.value)
        case tree.Let():
            bind(frame, item.pattern, expressions.evaluate(frame, item.value))
        case tree.Default():
            defaults.declare_defaults(frame, item)
        case tree.Input():
            inputs.declare(frame, item)
        case tree.SharedLayer():
            _shared(frame, item, expressions.evaluate(frame, item.value))
        case tree.OutputStatement():
            _output(frame, item, lambda: steps.run_from(frame, item.value), "output")
        case tree.Auxiliary():
            builder = frame.body(item.span)
            outer, builder.training = builder.training, True
            try:
                _output(frame, item, lambda: steps.run_from(frame, item.value), "auxiliary")
            finally:
                builder.training = outer
        case tree.Assert():
            _check(frame, item)
        case tree.Expect():
            if not frame.is_net:
                raise Mistake("expect-in-block", "a net promises, not a block", item.span)
            frame.expectations.extend(promises(frame, item))
        case _:
            assert_never(item)


def _side(frame: Frame, expression: tree.Expression) -> Any:
    if isinstance(expression, tree.Member | tree.Index | tree.Slice | tree.Name | tree.Display):
        value = expressions.evaluate(frame, expression)
        if isinstance(value, tuple) and contains_tensor(value):
            return value
        before = frame.flow
        try:
            return steps.apply(frame, value, expression.span)
        finally:
            frame.flow = before
    return steps.run_from(frame, expression)


def _check(frame: Frame, item: tree.Assert) -> None:
    """Checks an `assert`; an equation that only the run can tell is a condition of the net."""
    condition = item.condition
    if isinstance(condition, tree.Binary) and condition.operator == "==":
        sides = [expressions.evaluate(frame, side) for side in (condition.left, condition.right)]
        if all(isinstance(side, int | Size) for side in sides):
            left, right = sides
            if isinstance(left - right, Size):
                elaboration = frame.elaboration
                elaboration.pair_spans[len(elaboration.pairs)] = condition.span
                elaboration.pairs.append((left, right))
                return
    if not expressions.truth(frame, condition):
        raise _assertion(frame, item)


def _assertion(frame: Frame, item: tree.Assert) -> Mistake:
    message = expressions.evaluate(frame, item.message) if item.message is not None else None
    return Mistake(
        "assertion",
        message if isinstance(message, str) else "this must hold, and does not",
        item.condition.span,
        label="does not hold",
    )


def promises(frame: Frame, item: tree.Expect) -> list[Expectation]:
    """The numbers of an `expect`."""
    return [
        Expectation(promise.name.name, expressions.evaluate(frame, promise.value), promise.span)
        for promise in item.promises
    ]


def _shared(frame: Frame, item: tree.SharedLayer, value: Any) -> None:
    layers = (FinishedLayer, FinishedBlock, Closure, EntryWord, Definition)
    if not isinstance(value, layers):
        raise Mistake("not-a-step", f"shared names a layer, not {kind_of(value)}", item.value.span)
    shared = Shared(item.name.name, item.span)
    frame.body(item.span).shared.append(shared)
    frame.names[item.name.name] = SharedValue(shared, value)


def _output(
    frame: Frame,
    item: tree.OutputStatement | tree.Auxiliary,
    compute: Callable[[], Tensor],
    kind: Any,
) -> None:
    builder = frame.body(item.span)
    if not frame.is_net:
        raise Mistake("output-in-block", f"{kind} stands in a net, not in a block", item.span)
    tensor = compute()
    name = last_name(item.value) or "output"
    for other in builder.outputs:
        if other.name == name:
            place = (Label(other.span, "the first"),)
            raise Mistake(
                "output-twice", f"two outputs are called {name}", item.span, secondary=place,
                help="as names an output: output dense(4) as box",
            )  # fmt: skip
    builder.outputs.append(Output(name, tensor.value, kind, item.span))


def last_name(expression: tree.Expression) -> str | None:
    """The `as` name of the last step of a pipeline."""
    if isinstance(expression, tree.Pipeline):
        last = expression.steps[-1]
        return last.name.name if last.name is not None else last_name(last.value)
    return None


# Loops and branches


def carry_out(frame: Frame, step: tree.Group | tree.If | tree.Repeat | tree.For) -> Tensor:
    """Carries out a body as a step; what flows afterwards."""
    match step:
        case tree.Group():
            statements(frame, step.body)
        case tree.If():
            _branch(frame, step)
        case tree.Repeat():
            count = expressions.whole_number(frame, step.count, "a number of rounds")
            _rounds(frame, step, count, lambda _: None)
        case tree.For():
            items = expressions.items_of(frame, step.iterable)
            _rounds(frame, step, len(items), lambda at: bind(frame, step.pattern, items[at]))
        case _:
            assert_never(step)
    return frame.current(step.span)


def _branch(frame: Frame, step: tree.If) -> None:
    builder = frame.builder
    bodies = [arm.body for arm in step.arms]
    number = next(
        (at for at, arm in enumerate(step.arms) if expressions.truth(frame, arm.condition)),
        len(bodies),
    )
    body = bodies[number] if number < len(bodies) else step.otherwise
    if body is None:
        return
    if builder is None:
        statements(frame, body)
        return
    outer = builder.branches
    builder.branches = (*outer, Branch(step, number))
    try:
        statements(frame, body)
    finally:
        builder.branches = outer


def _rounds(
    frame: Frame, step: tree.Repeat | tree.For, count: int, start: Callable[[int], None]
) -> None:
    """Carries out the rounds of a loop; where they are alike, the rest of them as one run."""
    meter = frame.elaboration.meter
    if count > meter.limits.rounds:
        raise meter.exceeded("rounds", f"a loop of {count:,} rounds", step.span)
    builder = frame.builder
    alike = builder is not None and count > LONG_LOOP and _rounds_alike(step)
    for at in range(count):
        start(at)
        meter.step(step.span)
        before = frame.flow
        drafts = len(builder.drafts) if builder is not None else 0
        statements(frame, step.body)
        after = frame.flow
        if not alike or not isinstance(before, Tensor) or not isinstance(after, Tensor):
            continue
        if before.type == after.type and count - at > 1:
            assert builder is not None
            _run(frame, builder, drafts, count - at, before, after)
            return


def _rounds_alike(step: tree.Repeat | tree.For) -> bool:
    """Whether the rounds of a loop can differ in nothing but the type that flows in."""
    found = survey(step)
    turned = bound_names(step.pattern) if isinstance(step, tree.For) else []
    counted = {name.name for name in turned}
    if set(found.bound) - counted or counted & {name.name for name in found.uses}:
        return False
    return all(isinstance(statement, tree.For) for statement in found.statements)


def _run(
    frame: Frame, builder: Builder, drafts: int, count: int, before: Tensor, after: Tensor
) -> None:
    first: list[Draft | DraftRun] = builder.drafts[drafts:]
    if not first or before.value == after.value:
        return
    del builder.drafts[drafts:]
    result = builder.new(after.type)
    builder.drafts.append(DraftRun(first, count, before.value, after.value, result))
    frame.flow = Tensor(builder, result, after.type)
