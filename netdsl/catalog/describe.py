"""Entries of the catalogue in words: how one is called, what its arguments are, what it does."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from netdsl.catalog.arguments import Argument, Entry, TensorInput, TiedWeight, WrittenName, show
from netdsl.catalog.base import Biased, Layer
from netdsl.record import REQUIRED


def value_text(value: object, argument: Argument | None = None) -> str:
    """A value as a spec would write it where this argument is given."""
    if isinstance(value, Entry):
        return _call(value)
    if isinstance(value, str) and argument is not None and _is_word(value, argument):
        return value
    return show(value)


def _is_word(value: str, argument: Argument) -> bool:
    """Whether a text stands without quotes where this argument is given."""
    return value in argument.symbols or isinstance(argument, WrittenName)


def _call(value: Entry) -> str:
    """Another thing of the catalogue, with what differs from its defaults."""
    given = [
        f"{name}={show(getattr(value, name))}" if argument.keyword else show(getattr(value, name))
        for name, argument in value.arguments().items()
        if getattr(value, name) != argument.default
    ]
    return f"{value.word}({', '.join(given)})" if given else value.word


def parameter(name: str, argument: Argument) -> str:
    """An argument as a signature shows it: `stride=1`, or `filters` where it must be given."""
    if argument.default is REQUIRED:
        return name
    return f"{name}={value_text(argument.default, argument)}"


def parameters(entry: type[Entry]) -> list[tuple[str, Argument]]:
    """The arguments in the order of a signature: those given by position, then those by name.

    What every layer with weights has (`init`, `l1`) comes last.
    """
    declared = entry.arguments()
    ordered = sorted(declared, key=lambda name: (declared[name].keyword, name in Biased.fields))
    return [(name, declared[name]) for name in ordered]


def operands(entry: type[Entry]) -> str:
    """The tensors that a layer merges, as a signature shows them; empty for any other entry."""
    if not issubclass(entry, Layer) or entry.operands == (0, 0):
        return ""
    least, most = entry.operands
    names = [chr(ord("a") + index) for index in range(max(least, 1))]
    return ", ".join([*names, *([] if most == least else ["…"])])


def signature(entry: type[Entry]) -> str:
    """How an entry is called: `conv(filters, kernel | stride=1, …)`, by name after the bar."""
    by_place = [operands(entry)] if operands(entry) else []
    by_place += [
        f"{name}…" if _collects(entry, name) else parameter(name, argument)
        for name, argument in parameters(entry)
        if not argument.keyword
    ]
    by_name = [parameter(*each) for each in parameters(entry) if each[1].keyword]
    inside = ", ".join(by_place)
    if by_name:
        inside = f"{inside} | {', '.join(by_name)}" if inside else f"| {', '.join(by_name)}"
    return f"{entry.word}({inside})" if inside else entry.word


def _collects(entry: type[Entry], name: str) -> bool:
    """Whether an argument takes all that is given by position: `unflatten(8, 8, 1)`."""
    return issubclass(entry, Layer) and entry.collects == name


def explanation(entry: type[Entry]) -> str:
    """What an entry does: the docstring of its record."""
    return inspect.cleandoc(entry.__doc__ or "")


def expected(argument: Argument) -> str:
    """What an argument takes, in words."""
    if isinstance(argument, (TensorInput, TiedWeight)) or argument.default is not None:
        return argument.expects
    return f"{argument.expects}, or none"


def markdown(entry: type[Entry]) -> str:
    """An entry's page: its signature, what it does, and its arguments."""
    lines = [f"```net\n{signature(entry)}\n```", explanation(entry)]
    told = list(_arguments(entry))
    if told:
        lines.append("\n".join(told))
    return "\n\n".join(line for line in lines if line)


def _arguments(entry: type[Entry]) -> Iterator[str]:
    for name, argument in parameters(entry):
        default = (
            "" if argument.default is REQUIRED else f" ({value_text(argument.default, argument)})"
        )
        yield f"- `{name}`{default}: {argument.doc}; {expected(argument)}"
