"""Arguments that are too many, missing or of another library: the edits that were likely meant."""

from __future__ import annotations

from netdsl.catalog.arguments import Argument, Entry
from netdsl.catalog.base import Layer
from netdsl.catalog.elsewhere import ADDED_STEPS, NEEDLESS, folded
from netdsl.catalog.index import WORDS
from netdsl.diagnostics import Help
from netdsl.elaborate.frame import Frame
from netdsl.elaborate.values import Tensor
from netdsl.elaborate.ways import Use, given, in_place, without
from netdsl.source import Span
from netdsl.syntax import tree

Arguments = tuple[tree.Argument, ...]


def helps(
    frame: Frame, entry: type[Entry], written: Arguments, surplus: tree.Argument, span: Span
) -> tuple[Help, ...]:
    """What was likely meant by an argument without a name that is one too many."""
    if issubclass(entry, Layer):
        flowing = _flowing(frame, written)
        if flowing is not None:
            return (_joined(entry.word, flowing, written, span),)
        known = _known_channels(frame, entry, written)
        if known is not None:
            return (known,)
    by_name = _next_by_name(entry, written, surplus)
    if by_name is None:
        return (Help("leave it out", *without(surplus.span)),)
    place = Span(span.source, surplus.span.start, surplus.span.start)
    return (Help(f"the others by name: {', '.join(_by_name(entry))}", place, f"{by_name}="),)


def _flowing(frame: Frame, written: Arguments) -> tree.Argument | None:
    """The argument that is a step or a tensor: `relu(conv(8, 3))`, `conv(it, 8, 3)`."""
    for item in written:
        if item.name is None and _is_step(frame, item.value):
            return item
    return None


def _is_step(frame: Frame, value: tree.Expression) -> bool:
    match value:
        case tree.Pipeline():
            return True
        case tree.Call(callee=tree.Name(name=name)):
            return name in WORDS["layer"] or isinstance(
                frame.scope.items.get(name), tree.Block | tree.Net
            )
        case tree.Name():
            return value.name == "it" or isinstance(frame.names.get(value.name), Tensor)
        case _:
            return False


def _joined(word: str, flowing: tree.Argument, written: Arguments, span: Span) -> Help:
    others = ", ".join(item.span.text for item in written if item is not flowing)
    call = f"{word}({others})" if others else word
    step = flowing.span.text
    text = call if step == "it" else f"{step} -> {call}"
    return Help("what goes through a layer stands before it", span, in_place(span, text))


def _known_channels(frame: Frame, entry: type[Layer], written: Arguments) -> Help | None:
    """The channels that flow in, as PyTorch wants them told."""
    positional = sum(not kind.keyword for kind in entry.arguments().values())
    first = written[0].value
    if len(written) <= positional or not isinstance(frame.flow, Tensor) or not frame.flow.type.rank:
        return None
    if not isinstance(first, tree.Literal) or first.value != frame.flow.type.channels:
        return None
    text = f"the {first.value} channels that flow in are known; leave them out"
    return Help(text, *without(written[0].span))


def _by_name(entry: type[Entry]) -> list[str]:
    """The arguments that are given by name, the layer's own before those of its kind."""
    names = [name for name, kind in entry.arguments().items() if kind.keyword]
    own = set(getattr(entry, "__slots__", ()))
    return sorted(names, key=lambda name: name not in own)


def _next_by_name(entry: type[Entry], written: Arguments, surplus: tree.Argument) -> str | None:
    """The argument that would come next if all had places; None where none had one."""
    positional = [name for name, kind in entry.arguments().items() if not kind.keyword]
    named = {item.name.name for item in written if item.name is not None}
    if not positional:
        return None
    return next((name for name in _by_name(entry) if name not in named), None)


def of_name(item: tree.Argument, possible: list[str], span: Span) -> tuple[Help, ...]:
    """What is said of an argument that other libraries have, and netdsl has otherwise or not."""
    assert item.name is not None
    word = folded(item.name.name)
    if word in possible or not span.text.endswith(")"):
        return ()
    if word in NEEDLESS:
        return (Help(NEEDLESS[word], *without(item.value.span)),)
    if word in ADDED_STEPS:
        value = item.value.span.text.strip('"')
        step = ADDED_STEPS[word].format(value)
        place, _ = without(item.value.span)
        rest = span.source.text[span.start : place.start] + span.source.text[place.end : span.end]
        text = in_place(span, f"{rest} -> {step}")
        return (Help(f"{step} is a step of its own", span, text),)
    return ()


def of_block(item: tree.Argument) -> tuple[Help, ...]:
    """An argument too many for a block."""
    return (Help("leave it out", *without(item.span)),)


def again(value: tree.Expression) -> tuple[Help, ...]:
    """An argument that is given twice."""
    return (Help("leave it out", *without(value.span)),)


def missing(word: str, kind: Argument, span: Span) -> tuple[Help, ...]:
    """What an argument is that is missing, with a value that it takes."""
    text = f"{kind.name}: {kind.doc}" if kind.doc else f"{kind.name} is {kind.expects}"
    alone = span.text.startswith(word)
    edit = given(Use(word, span, {}), kind.name, kind.sample) if kind.sample and alone else None
    return (Help(text, *edit) if edit is not None else Help(text),)


def with_flow(word: str, span: Span) -> tuple[Help, ...]:
    """The flow as the first of what is merged."""
    text = f"what flows in is called it: {word}(it, …)"
    opening = span.text.find("(")
    if not span.text.startswith(word) or opening < 0:
        return (Help(text),)
    at = span.start + opening + 1
    return (Help(text, Span(span.source, at, at), "it, "),)
