"""What an editor shows of the place under the cursor: docs of what is named there, what flows out
of it, and its weights and multiply-adds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netdsl.analyze.cost import Cost
from netdsl.analyze.expectations import shown
from netdsl.analyze.written import argument_text
from netdsl.catalog.describe import expected, markdown, parameter
from netdsl.elaborate.builtins import BUILTINS
from netdsl.lsp import names
from netdsl.lsp.document import Document
from netdsl.lsp.facts import types_of
from netdsl.lsp.meanings import (
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
from netdsl.syntax import tree

# Of so many bodies of a block what flows there is told one by one.
_MOST = 4


def hover(document: Document, offset: int) -> tuple[str, tuple[int, int]] | None:
    """Markdown for an offset, and the stretch of text that it is about; None for nothing."""
    found = document.occurrence_at(offset)
    if found is not None:
        item, occurrence = found
        place = document.place(occurrence.name.span)
        assert place is not None
        applied = occurrence.role in ("call", "use")
        figures = _figures(document, place[0]) if applied else ""
        text = _joined(figures, _of_name(document, item, occurrence))
        if text:
            return text, place
    word = document.word_at(offset) if found is None else None
    if word is not None:
        item_here = document.item_at(offset)
        meaning = names.named(document.scope, item_here, document.text[slice(*word)], True)
        if meaning is not None:
            return _joined(_figures(document, word[0]), describe(document, meaning)), word
    return _of_line(document, offset)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _of_name(document: Document, item: tree.Item, occurrence: Occurrence) -> str:
    meaning = names.meaning(document.scope, item, occurrence)
    return "" if meaning is None else describe(document, meaning)


def describe(document: Document, meaning: Meaning) -> str:
    """What a name means, as Markdown."""
    match meaning:
        case Word():
            return markdown(meaning.entry)
        case EntryParameter():
            argument = meaning.entry.arguments()[meaning.name]
            head = parameter(meaning.name, argument)
            return f"{_code(head)}\n\n{argument.doc}; {expected(argument)}"
        case Global():
            return _joined(_code(heading(meaning)), meaning.item.doc.strip())
        case Local():
            return _of_local(document, meaning)
        case MainOutput():
            graphs = document.shapes.graphs(meaning.net)
            told = list(dict.fromkeys(str(graph.types[graph.result]) for graph in graphs))
            here = f", here {_listed(told)}" if told else ""
            return f"the main output of {meaning.net.name.name}{here}"
        case LanguageWord():
            return meaning.text
        case DataField():
            return f"a field of {meaning.source.word}"
        case BuiltinName():
            return f"{_code(f'{meaning.name}(…)')}\n\n{BUILTINS[meaning.name].__doc__}"


def heading(item: Global) -> str:
    """The first line of an item: `block unit(channels, stride = 1)`."""
    node = item.item
    match node:
        case tree.Let():
            return one_line(node)
        case tree.Function():
            return one_line(node)
        case tree.Net() if node.body is None:
            return one_line(node)
        case _:
            word = "net" if isinstance(node, tree.Net) else "block"
            given = ", ".join(one_line(each) for each in node.parameters)
            return f"{word} {node.name.name}({given})" if given else f"{word} {node.name.name}"


def one_line(node: tree.TreeNode) -> str:
    """A piece of the tree as it is written, in one line."""
    return " ".join(node.span.text.split())


def _code(text: str) -> str:
    return f"```net\n{text}\n```"


def _of_local(document: Document, local: Local) -> str:
    item = local.item
    parts: list[str] = []
    if isinstance(item, tree.Block | tree.Net | tree.Function):
        for declared in item.parameters:
            if declared.name.name == local.word:
                parts.append(_code(f"{one_line(declared)}  # a parameter of {item.name.name}"))
    if not parts:
        parts += [_code(line) for line in _lines(local.bindings)[:_MOST]]
    if isinstance(item, tree.Block | tree.Net):
        parts += _values(document, item, local.word)
    return "\n\n".join(parts)


def _lines(bindings: Sequence[tree.Name]) -> list[str]:
    """The lines where a name is given."""
    lines = [name.span.source.line(name.span.line).strip() for name in bindings]
    return list(dict.fromkeys(lines))


def _values(document: Document, item: tree.Block | tree.Net, word: str) -> list[str]:
    """What a name of an item is in its bodies: the shapes of tensors, the values of parameters."""
    graphs = document.shapes.graphs(item)
    types = dict.fromkeys(str(type) for graph in graphs for type in types_of(graph, word))
    told = list(types) or list(
        dict.fromkeys(
            argument_text(graph.parameters[word]) for graph in graphs if word in graph.parameters
        )
    )
    return [f"here {_listed(told)}"] if told else []


def _listed(texts: Sequence[str]) -> str:
    """Some texts in a row, those of few."""
    text = ", ".join(texts[:_MOST])
    return f"{text} and {len(texts) - _MOST} more" if len(texts) > _MOST else text


def _figures(document: Document, start: int) -> str:
    """What flows out of the layer or block whose call begins at an offset, and what it costs."""
    begin, segment = document.segment_at(start)
    shapes, costs = document.shapes, document.costs
    uses = shapes.uses_from(segment, start - begin)
    return _rows((str(use.output), use.cost(costs)) for use in uses)


def _of_line(document: Document, offset: int) -> tuple[str, tuple[int, int]] | None:
    positions = document.positions
    line = positions.line_of(offset)
    begin, segment = document.segment_at(positions.start(line))
    number = line - positions.line_of(begin) + 1
    costs = document.costs
    found = document.shapes.line(segment, number)
    text = _rows((str(each.output), each.cost(costs)) for each in found)
    if not text:
        return None
    start = positions.start(line)
    return text, (start, start + len(positions.line(line)))


def _rows(figures: Iterable[tuple[str, Cost]]) -> str:
    """Shapes and figures, those that are alike told once."""
    rows = list(dict.fromkeys(_row(output, cost) for output, cost in figures))
    lines = rows if len(rows) <= _MOST else [*rows[:_MOST], f"and {len(rows) - _MOST} more"]
    return "\n".join(f"- {row}" for row in lines) if len(lines) > 1 else "".join(lines)


def _row(output: str, cost: Cost) -> str:
    parts = [f"→ **{output}**"]
    if cost.weights:
        parts.append(f"{shown(cost.weights)} weights")
    if cost.state:
        parts.append(f"{shown(cost.state)} of state")
    if not (isinstance(cost.macs, int) and cost.macs == 0):
        parts.append(f"{shown(cost.macs)} MACs")
    return ", ".join(parts)
