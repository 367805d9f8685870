"""What a loss is about: tensors that are handed out, inputs and fields, and what it computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from netdsl.catalog.base import Layer
from netdsl.elaborate import calls, defaults, expressions, resume, steps
from netdsl.elaborate.builder import Builder, Draft, DraftRun
from netdsl.elaborate.frame import Elaboration, Frame
from netdsl.elaborate.nets import deep
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.values import EntryWord, FieldName, Poisoned, Tensor
from netdsl.graph import PRIVATE, ElaboratedNet, Graph, Output, named_weights
from netdsl.syntax import tree
from netdsl.tensor import TensorType

_Read = TypeVar("_Read")


def extended(
    elaboration: Elaboration, scope: Scope, net: ElaboratedNet, read: Callable[[Frame], _Read]
) -> tuple[ElaboratedNet, _Read] | None:
    """What `read` makes of names of the net's tensors, and the net with the outputs it asks for.

    None where there are mistakes, all told.
    """
    own = defaults.file_frame(elaboration, scope)
    frame = resume.resumed(elaboration, scope, net, own.defaults)
    assert frame.builder is not None
    begun = len(frame.builder.drafts)
    try:
        with deep():
            found = read(frame)
            if frame.builder.failed:
                return None
            settle(frame.builder, begun)
    except Mistake as mistake:
        elaboration.report.add(mistake.diagnostic)
        return None
    except Poisoned:
        return None
    return resume.frozen(net, frame.builder), found


def operand(frame: Frame, expression: tree.Expression) -> str:
    """The name of a tensor that is handed out, of an input, or of a field."""
    value: Any = meant(frame, expression) if isinstance(expression, tree.Name) else None
    if isinstance(value, FieldName):
        field: str = value.name
        return field
    if not isinstance(value, Tensor):
        value = _computed(frame, expression)
    return _handed_out(frame, value, expression)


def meant(frame: Frame, name: tree.Name) -> Any:
    """What a name means among tensors and fields: a value of the frame or file, else a field."""
    if name.name in frame.names or name.name == "it":
        return expressions.evaluate(frame, name)
    item = frame.scope.find(name.name)
    if item is not None and isinstance(item[0], tree.Let):
        return expressions.evaluate(frame, name)
    return FieldName(name.name)


def _computed(frame: Frame, expression: tree.Expression) -> Tensor:
    """The tensor that an expression computes from those of the net."""
    try:
        applied = _applied(frame, expression)
        if applied is not None:
            return applied
        found = steps.operands(frame, expression, "a tensor of the net, or a field of the data")
    except Mistake as mistake:
        raise _explained(mistake) from None
    if len(found) != 1:
        raise Mistake(
            "operands",
            f"one tensor stands here, not {len(found)}",
            expression.span,
            help="sum(mse(a, image) for a in tensors) takes them one by one",
        )
    return found[0]


def _applied(frame: Frame, expression: tree.Expression) -> Tensor | None:
    """What `gram(tensor)` means: a layer of one tensor called with it, as in a formula."""
    if not isinstance(expression, tree.Call) or not isinstance(expression.callee, tree.Name):
        return None
    target = calls.callee(frame, expression)
    if not isinstance(target, EntryWord) or not issubclass(target.entry, Layer):
        return None
    first = expression.arguments[:1]
    if not first or first[0].name is not None or target.entry.operands != (0, 0):
        return None
    given = _tensor(frame, first[0].value)
    if given is None:
        return None
    inner = frame.child(dict(frame.names), frame.defaults)
    inner.flow = given
    return steps.run(inner, expression.replace(arguments=expression.arguments[1:]))


def _tensor(frame: Frame, expression: tree.Expression) -> Tensor | None:
    """The tensor that an argument is; None for a number, a word or anything else."""
    match expression:
        case tree.Name() if isinstance(frame.names.get(expression.name), Tensor):
            return _computed(frame, expression)
        case tree.Pipeline():
            return _computed(frame, expression)
        case tree.Member() | tree.Index() | tree.Binary():
            value = expressions.evaluate(frame, expression)
            return value if isinstance(value, Tensor) else None
        case tree.Call():
            return _applied(frame, expression)
        case _:
            return None


def _explained(mistake: Mistake) -> Mistake:
    """A name that means nothing may have been meant as a field."""
    found = mistake.diagnostic
    if found.code != "unknown-name" or found.help:
        return mistake
    help_ = "a field of the data stands alone in a loss: nothing can be computed of it"
    return Mistake(found.code, found.message, found.label.span, help=help_)


def _handed_out(frame: Frame, tensor: Tensor, expression: tree.Expression) -> str:
    """The name of the input that a tensor is, or of its output, which is made where there is none.

    Its name is that of the tensor behind `PRIVATE`; the plan knows which fields there are, and
    takes a field of that name where a target stands.
    """
    builder = frame.body(expression.span)
    if tensor.value < len(builder.ports):
        return builder.ports[tensor.value].name
    for output in builder.outputs:
        if output.value == tensor.value:
            return output.name
    taken = {output.name for output in builder.outputs}
    numbers = [str(number) for number in range(1, len(taken) + 2)]
    stems = [expression.name, *numbers] if isinstance(expression, tree.Name) else numbers
    name = next(PRIVATE + stem for stem in stems if PRIVATE + stem not in taken)
    builder.outputs.append(Output(name, tensor.value, "output", expression.span))
    return name


def settle(builder: Builder, begun: int) -> None:
    """Settles what a loss added after the first `begun` nodes of a net.

    What it computes from auxiliary tensors exists in training only, as they do. A layer with
    weights is refused.
    """
    training: set[int] = set()
    for at, draft in enumerate(builder.drafts):
        if isinstance(draft, DraftRun):
            if draft.entry in training:
                training.add(draft.result)
            continue
        if at >= begun:
            draft.training = not training.isdisjoint(draft.inputs)
            _refuse_weights(draft, [builder.types[value] for value in draft.inputs])
        if draft.training:
            training.update(draft.outputs)
    builder.outputs = [
        output.replace(kind="auxiliary") if output.value in training else output
        for output in builder.outputs
    ]


def _refuse_weights(draft: Draft, types: list[TensorType]) -> None:
    work = draft.work
    weights = any(named_weights(work)) if isinstance(work, Graph) else bool(work.weights(*types))
    if weights:
        word = work.name if isinstance(work, Graph) else work.word
        raise Mistake(
            "wrong-value",
            f"{word} has weights, and a loss has none of its own",
            draft.written.span,
            help="the layer stands in the net, where `as` names its result for the loss",
        )
