"""The loss of a train section. From: its expression and a net. To: a sum of terms, and that net
with further outputs for the tensors that the terms use.

Names mean tensors of the net, else fields of the data. What a loss computes of them becomes layers
at the end of the net; the net's own layers, names and outputs stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from netdsl.catalog.index import WORDS
from netdsl.catalog.losses import Loss, LossSum, LossTerm, WrittenLoss
from netdsl.catalog.metrics import MetricTerm
from netdsl.catalog.settings import Training
from netdsl.catalog.sources import DataSource
from netdsl.elaborate import binding, bodies, defaults, expressions
from netdsl.elaborate.families import parameters_of
from netdsl.elaborate.frame import Elaboration, Frame
from netdsl.elaborate.metrics import read_metrics
from netdsl.elaborate.operands import extended, meant, operand
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.suggest import did_you_mean
from netdsl.elaborate.values import Definition, Poisoned, kind_of
from netdsl.elaborate.words import entry_named
from netdsl.graph import ElaboratedNet
from netdsl.record import Record
from netdsl.source import Span
from netdsl.syntax import tree

_BOTH = "a loss stands here, or a sum of losses"
_EXAMPLE = "cross_entropy(output, label) + 0.3 * cross_entropy(aux, label)"


class ReadLoss(Record):
    """A loss, and the net whose outputs it is about."""

    net: ElaboratedNet
    loss: LossSum


def with_losses(
    elaboration: Elaboration, scope: Scope, net: ElaboratedNet, training: Training
) -> tuple[ElaboratedNet, Training] | None:
    """A train section with its losses read, and the net that they are about.

    None where there are mistakes, all told.
    """
    settings = [training.settings, *(phase.settings for phase in training.phases)]
    written = [_expression_of(each.loss) for each in settings]
    known: dict[tree.Expression, LossSum] = {}
    failed = False
    for expression in dict.fromkeys(written):  # most phases have the loss of the run
        found = read_loss(elaboration, scope, net, expression)
        if found is not None:
            known_fields = _fields_known(
                elaboration, found.net, found.loss.terms, training.settings.data, "the loss uses"
            )
            failed |= not known_fields
        failed |= found is None
        net, known[expression] = (found.net, found.loss) if found else (net, LossSum(()))
    told = read_metrics(elaboration, scope, net, training.settings.metrics)
    if told is None:
        return None
    net, metrics = told
    terms = [one for one in metrics or () if isinstance(one, MetricTerm)]
    if not _fields_known(elaboration, net, terms, training.settings.data, "metrics use") or failed:
        return None
    own, *of_phases = [
        each.replace(loss=known[expression], metrics=metrics)
        for each, expression in zip(settings, written, strict=True)
    ]
    phases = [
        phase.replace(settings=read) for phase, read in zip(training.phases, of_phases, strict=True)
    ]
    return net, Training(own, tuple(phases))


def read_loss(
    elaboration: Elaboration, scope: Scope, net: ElaboratedNet, expression: tree.Expression
) -> ReadLoss | None:
    """The loss that an expression of a train section means; None where it has mistakes, all told.

    Operands of the terms are names of outputs of the net, of its inputs, or of fields. It does not
    know which fields the data has.
    """
    found = extended(elaboration, scope, net, lambda frame: _Reader().loss(frame, expression))
    return None if found is None else ReadLoss(*found)


def _fields_known(
    elaboration: Elaboration,
    net: ElaboratedNet,
    terms: Iterable[LossTerm | MetricTerm],
    source: DataSource,
    uses: str,
) -> bool:
    """Whether what is no tensor of the net is a field, as far as that is known without the data."""
    graph = net.graph
    tensors = {"output", *(o.name for o in graph.outputs), *(port.name for port in graph.ports)}
    known = True
    for term in terms:
        for name, place in zip(term.operands, term.places, strict=True):
            # `label` is the target of any source.
            if not source.gives or name in {"label", *source.gives, *tensors}:
                continue
            known = False
            mistake = Mistake(
                "unknown-name",
                f"{uses} {name}, which is no tensor of {net.name} and no field of {source.word}",
                place,
                help=did_you_mean(
                    tree.Name(place, name), {*graph.members, *source.gives, "output"}
                ),
            )
            elaboration.report.add(mistake.diagnostic)
    return known


def _expression_of(loss: LossSum | WrittenLoss) -> tree.Expression:
    assert isinstance(loss, WrittenLoss)
    expression: tree.Expression = loss.expression
    return expression


class _Reader:
    """Reads one loss."""

    def __init__(self) -> None:
        # The functions and lets that are being read, so that none is read within itself.
        self._open: list[str] = []

    # Sums of losses

    def loss(self, frame: Frame, expression: tree.Expression) -> LossSum:
        """The sum that an expression means."""
        frame.elaboration.meter.step(expression.span)
        match expression:
            case tree.Binary() if expression.operator in ("+", "-"):
                sign = 1 if expression.operator == "+" else -1
                left, right = (self._side(frame, e) for e in (expression.left, expression.right))
                if left is None or right is None:
                    raise Poisoned
                return left.plus(right.times(sign))
            case tree.Binary() if expression.operator == "*":
                return self._scaled(frame, expression)
            case tree.Binary() if expression.operator == "/":
                divisor = self._number(frame, expression.right)
                if divisor == 0:
                    raise Mistake("arithmetic", "division by zero", expression.right.span)
                return self.loss(frame, expression.left).times(1 / divisor)
            case tree.Unary() if expression.operator in ("+", "-"):
                found = self.loss(frame, expression.operand)
                return found if expression.operator == "+" else found.times(-1)
            case tree.Conditional():
                holds = expressions.truth(frame, expression.condition)
                return self.loss(frame, expression.then if holds else expression.otherwise)
            case tree.Call() if isinstance(expression.callee, tree.Name):
                return self._call(frame, expression, expression.callee)
            case tree.Name():
                return self._named(frame, expression)
            case _:
                raise Mistake("wrong-value", _BOTH, expression.span, help=_EXAMPLE)

    def _side(self, frame: Frame, expression: tree.Expression) -> LossSum | None:
        """One side of a sum; a mistake in it leaves the other to be read."""
        try:
            return self.loss(frame, expression)
        except Mistake as mistake:
            bodies.tell(frame, mistake)
        except Poisoned:
            pass
        return None

    def _scaled(self, frame: Frame, expression: tree.Binary) -> LossSum:
        sides = (expression.left, expression.right), (expression.right, expression.left)
        for factor, rest in sides:
            if not self._is_loss(frame, factor):
                return self.loss(frame, rest).times(self._number(frame, factor))
        raise Mistake("type", "losses are added, not multiplied", expression.span)

    def _number(self, frame: Frame, expression: tree.Expression) -> float:
        if self._is_loss(frame, expression):
            raise Mistake("type", "a loss is divided by a number, not by a loss", expression.span)
        value = expressions.evaluate(frame, expression)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Mistake("type", f"a weight is a number, not {kind_of(value)}", expression.span)
        return value

    def _is_loss(self, frame: Frame, expression: tree.Expression) -> bool:
        """Whether an expression means losses, rather than a number."""
        match expression:
            case tree.Binary():
                sides = (expression.left, expression.right)
                return any(self._is_loss(frame, side) for side in sides)
            case tree.Unary():
                return self._is_loss(frame, expression.operand)
            case tree.Conditional():
                return self._is_loss(frame, expression.then)
            case tree.Call() if _is_sum(frame, expression):
                return any(self._is_loss(frame, item.value) for item in expression.arguments)
            case tree.Call():
                return self._is_loss(frame, expression.callee)
            case tree.Comprehension():
                return self._is_loss(frame, expression.element)
            case tree.Display():
                return any(self._is_loss(frame, item) for item in expression.items)
            case tree.Name():
                item, scope = frame.scope.find(expression.name) or (None, frame.scope)
                if isinstance(item, tree.Let | tree.Function):
                    if expression.name in self._open:
                        return False
                    with_item = _in_file(frame, scope)
                    with self._within(expression.name):
                        return self._is_loss(with_item, item.value)
                return entry_named("loss", expression.name) is not None
            case _:
                return False

    def _call(self, frame: Frame, call: tree.Call, word: tree.Name) -> LossSum:
        if _is_sum(frame, call):
            return self._sum(frame, call)
        item, scope = frame.scope.find(word.name) or (None, frame.scope)
        if isinstance(item, tree.Function):
            return self._function(frame, Definition(item, scope), call)
        return self._term(frame, word, call.arguments, call)

    def _named(self, frame: Frame, name: tree.Name) -> LossSum:
        """A loss by its bare word, or the loss that a `let` of the file names."""
        item, scope = frame.scope.find(name.name) or (None, frame.scope)
        if isinstance(item, tree.Let) and isinstance(item.pattern, tree.Name):
            self._refuse_circle(name)
            inner = _in_file(frame, scope)
            with self._within(name.name):
                return self.loss(inner, item.value)
        return self._term(frame, name, (), name)

    def _sum(self, frame: Frame, call: tree.Call) -> LossSum:
        """`sum(… for … in …)`, `sum([…])`: every round or item is a loss."""
        if len(call.arguments) != 1 or call.arguments[0].name is not None:
            raise Mistake("operands", "sum takes one list of losses", call.span)
        found = [self.loss(*one) for one in self._items(frame, call.arguments[0].value)]
        if not found:
            raise Mistake("wrong-value", "this list has no losses", call.span)
        total = found[0]
        for loss in found[1:]:
            total = total.plus(loss)
        return total

    def _items(
        self, frame: Frame, expression: tree.Expression
    ) -> Iterator[tuple[Frame, tree.Expression]]:
        match expression:
            case tree.Comprehension():
                for inner in expressions.rounds(frame, expression):
                    yield from self._items(inner, expression.element)
            case tree.Display():
                for item in expression.items:
                    yield from self._items(frame, item)
            case _:
                yield frame, expression

    def _function(self, frame: Frame, target: Definition, call: tree.Call) -> LossSum:
        """The loss that a function of the file gives for tensors, fields and numbers."""
        node = target.node
        assert isinstance(node, tree.Function)
        assert isinstance(call.callee, tree.Name)
        self._refuse_circle(call.callee)
        parameters = parameters_of(target)
        written = binding.place_parameters(node, parameters, call.arguments, call.span)
        inner = _in_file(frame, target.scope)
        for parameter in parameters:
            name = parameter.name.name
            if name in written:
                inner.names[name] = self._argument(frame, written[name])
            elif parameter.default is not None:
                inner.names[name] = expressions.evaluate(inner, parameter.default)
            else:
                message = f"{node.name.name} needs {name}"
                raise Mistake("missing-argument", message, call.span)
        with self._within(node.name.name):
            return self.loss(inner, node.value)

    def _argument(self, frame: Frame, expression: tree.Expression) -> Any:
        if isinstance(expression, tree.Name):
            return meant(frame, expression)
        return expressions.evaluate(frame, expression)

    def _refuse_circle(self, name: tree.Name) -> None:
        if name.name in self._open:
            raise Mistake("circular-let", f"{name.name} depends on itself", name.span)

    @contextmanager
    def _within(self, name: str) -> Iterator[None]:
        self._open.append(name)
        try:
            yield
        finally:
            self._open.pop()

    # Terms

    def _term(
        self,
        frame: Frame,
        word: tree.Name,
        given: tuple[tree.Argument, ...],
        expression: tree.Expression,
    ) -> LossSum:
        entry = entry_named("loss", word.name)
        if entry is None:
            raise Mistake(
                "unknown-name",
                f"there is no loss {word.name}",
                word.span,
                help=did_you_mean(word, WORDS["loss"]),
            )
        assert issubclass(entry, Loss)
        tensors, named = _placed(entry, given, expression.span)
        loss = binding.entry_of(frame, entry, named, expression.span)
        assert isinstance(loss, Loss)
        operands = tuple(operand(frame, tensor) for tensor in tensors)
        places = tuple(tensor.span for tensor in tensors)
        return LossSum((LossTerm(loss, operands, places=places),))


def _is_sum(frame: Frame, call: tree.Call) -> bool:
    name = call.callee
    return isinstance(name, tree.Name) and name.name == "sum" and not frame.scope.find("sum")


def _in_file(frame: Frame, scope: Scope) -> Frame:
    """A frame for an item of a file, which may name the tensors of the net too."""
    own = defaults.file_frame(frame.elaboration, scope)
    inner = own.child(dict(frame.names), own.defaults)
    inner.builder, inner.flow = frame.builder, frame.flow
    return inner


def _placed(
    entry: type[Loss], given: tuple[tree.Argument, ...], span: Span
) -> tuple[list[tree.Expression], tuple[tree.Argument, ...]]:
    """The tensors of a call in the order of the loss's own, and its other arguments."""
    free = [item.value for item in given if item.name is None]
    by_name = {
        item.name.name: item.value
        for item in given
        if item.name is not None and item.name.name in entry.operands
    }
    rest = tuple(item for item in given if item.name is not None and item.name.name not in by_name)
    tensors = [
        by_name[role] if role in by_name else free.pop(0)
        for role in entry.operands
        if role in by_name or free
    ]
    count = len(tensors) + len(free)
    if count != len(entry.operands) and not (count == 0 and entry.operands == Loss.operands):
        raise _refused_count(entry, count, span)
    return tensors, rest


def _refused_count(entry: type[Loss], count: int, span: Span) -> Mistake:
    if entry.operands == Loss.operands:
        return Mistake(
            "operands",
            f"{entry.word} compares a tensor of the net with a field of the data",
            span,
            help=f"{entry.word}(output, label)",
        )
    return Mistake(
        "operands",
        f"{entry.word} takes {len(entry.operands)} tensors, not {count}",
        span,
        help=f"{entry.word}({', '.join(entry.operands)})",
    )
