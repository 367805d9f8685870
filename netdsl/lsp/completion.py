"""What may be written at the cursor. From: an open spec and a place. To: candidates, best first."""

from __future__ import annotations

from collections.abc import Iterator

from netdsl.catalog.arguments import (
    Argument,
    EntryArgument,
    FigureName,
    PartName,
    PartNames,
    TensorInput,
    TiedWeight,
    WrittenNet,
)
from netdsl.catalog.base import Layer
from netdsl.catalog.describe import parameters
from netdsl.catalog.index import WORDS
from netdsl.catalog.settings import Settings
from netdsl.elaborate.static import survey
from netdsl.graph import Graph, unrolled
from netdsl.lsp import candidates, names
from netdsl.lsp.candidates import Candidate
from netdsl.lsp.context import Call, Context, context
from netdsl.lsp.document import Document
from netdsl.lsp.meanings import NUMBERS, PROMISES, SIZES, Global, Word
from netdsl.lsp.sections import kinds_of_setting, source_of
from netdsl.syntax import tree

ITEMS = {
    "net": "net ${1:Name} {\n  input ${2:image}: ${3:28x28x1}\n\n  $0\n}",
    "block": "block ${1:name}(${2:channels}) {\n  $0\n}",
    "train": "train {\n  data      = ${1:digits}\n  loss      = ${2:cross_entropy}\n"
    "  optimizer = ${3:adam(lr=1e-3)}\n  epochs    = ${4:10}\n}",
    "from": "from ${1:std} import $0",
    "fn": "fn ${1:name}(${2:value}) = $0",
    "let": "let ${1:name} = $0",
    "default": "default ${1:conv}($0)",
}
STEPS = {
    "repeat": "repeat ${1:2} {\n  $0\n}",
    "for": "for ${1:i} in ${2:range(4)} {\n  $0\n}",
    "if": "if ${1:condition} {\n  $0\n}",
    "it": "it",
}
_STATEMENTS = {
    **STEPS,
    "input": "input ${1:image}: $0",
    "output": "output $0",
    "auxiliary": "auxiliary $0",
    "shared": "shared ${1:name} = $0",
    "let": "let ${1:name} = $0",
    "default": "default ${1:conv}($0)",
    "assert": 'assert ${1:condition}, "$0"',
    "expect": "expect $0",
}
_BLOCKS = (tree.Block, tree.Net)


def completion(document: Document, offset: int) -> list[Candidate]:
    """The candidates at an offset, each once."""
    begin, _ = document.segment_at(offset)
    text = document.text[begin:offset]
    found = context(text, len(text))
    item = document.item_at(offset)
    once: dict[str, Candidate] = {}
    for candidate in _candidates(document, item, found, text):
        once.setdefault(candidate.label, candidate)
    return list(once.values())


def _candidates(
    document: Document, item: tree.Item | None, found: Context, text: str
) -> Iterator[Candidate]:
    scope = document.scope
    match found.kind:
        case "item":
            yield from candidates.keywords(ITEMS)
        case "statement":
            yield from candidates.locals_of(item, text)
            yield from _steps(document)
            yield from candidates.keywords(_STATEMENTS)
        case "setting":
            yield from candidates.settings(item, phase=found.owner == "phase")
        case "member":
            yield from _members(document, item, found.owner)
        case "promise":
            yield from (Candidate(word, "argument", doc=doc) for word, doc in PROMISES.items())
        case "callable":
            yield from candidates.items(scope, _BLOCKS)
            yield from candidates.entries("layer", called=False)
        case "net":
            yield from candidates.items(scope, (tree.Net,))
        case "number":
            yield from (Candidate(word, "symbol", doc=doc) for word, doc in NUMBERS.items())
        case "origin":
            yield from candidates.origins()
        case "import":
            yield from candidates.imported(scope, found.owner)
        case "file":
            yield from candidates.files(scope, found.word)
        case "value":
            yield from _values(document, item, found, text)


def _steps(document: Document) -> Iterator[Candidate]:
    yield from candidates.items(document.scope, _BLOCKS)
    yield from candidates.entries("layer")


def _values(
    document: Document, item: tree.Item | None, found: Context, text: str
) -> Iterator[Candidate]:
    """What may stand in an expression: first what the argument or setting around it takes."""
    scope, call = document.scope, found.call
    if call is not None:
        target = names.called(scope, item, call.callee, found.setting)
        if isinstance(target, Word):
            yield from _of_entry(document, item, call, target)
            if not _takes_steps(call, target):
                yield from _plain(document, item, text)
                return
        elif isinstance(target, Global) and call.argument is None:
            yield from candidates.parameters_by_name(target, call.given)
    elif found.setting is not None:
        yield from _of_setting(document, found.setting)
        yield from _plain(document, item, text)
        return
    yield from _plain(document, item, text)
    yield from _steps(document)
    yield from candidates.keywords(STEPS)


def _plain(document: Document, item: tree.Item | None, text: str) -> Iterator[Candidate]:
    """Names that stand for numbers, lists, tensors and functions."""
    if isinstance(item, tree.Train):
        yield from _trained(document, item)
    else:
        yield from candidates.locals_of(item, text)
    yield from candidates.items(document.scope, (tree.Let, tree.Function))
    yield from candidates.builtins()


def _trained(document: Document, section: tree.Train) -> Iterator[Candidate]:
    """The tensors of the nets that a train section is about, fields of its data, its own names."""
    yield Candidate("output", "local", "the main output")
    for node in (section, *(net.node for net in names.trained_nets(document.scope, section))):
        yield from candidates.locals_of(node, "")
    source = source_of(section)
    for field in source.gives if source is not None else ():
        yield Candidate(field, "local", "a field of the data")


def _of_entry(
    document: Document, item: tree.Item | None, call: Call, target: Word
) -> Iterator[Candidate]:
    argument = argument_at(call, target)
    if argument is not None:
        yield from candidates.values(argument)
        if isinstance(argument, EntryArgument):
            yield from candidates.entries(argument.kind.category)
        if isinstance(argument, WrittenNet):
            yield from candidates.items(document.scope, (tree.Net,))
        if isinstance(argument, FigureName):
            yield from candidates.figures()
        if isinstance(argument, PartName | PartNames) and isinstance(item, tree.Train):
            yield from _trained(document, item)
    if call.argument is None:
        yield from candidates.arguments(target.entry, call.given)


def argument_at(call: Call, target: Word) -> Argument | None:
    """The argument of an entry that stands at a place of a call."""
    declared = target.entry.arguments()
    if call.argument is not None:
        return declared.get(call.argument)
    if call.default:
        return None
    by_place = [argument for _, argument in parameters(target.entry) if not argument.keyword]
    return by_place[call.index] if call.index < len(by_place) else None


def _takes_steps(call: Call, target: Word) -> bool:
    """Whether layers may stand among the arguments: where tensors are merged or taken."""
    entry = target.entry
    if not issubclass(entry, Layer):
        return entry.category == "loss"
    taken = argument_at(call, target)
    return entry.operands != (0, 0) or isinstance(taken, TensorInput | TiedWeight)


def _of_setting(document: Document, setting: str) -> Iterator[Candidate]:
    """What a setting takes: entries of its kind, and of the net that is trained its names."""
    argument = Settings.arguments().get(setting)
    if argument is None:
        return
    yield from candidates.values(argument)
    for kind in kinds_of_setting(setting):
        if kind in WORDS:
            yield from candidates.entries(kind)
    if isinstance(argument, WrittenNet):
        yield from candidates.items(document.scope, (tree.Net,))


def _members(document: Document, item: tree.Item | None, owner: str) -> Iterator[Candidate]:
    """What may stand after the dot of a tensor: what its maker hands out, and its sizes."""
    if item is not None:
        for maker in names.makers(document.scope, item, owner):
            given = {each.name.name for each in maker.node.parameters if not each.tensor}
            for name in survey(maker.node).bound.keys() - given:
                yield Candidate(name, "member", f"of {maker.node.name.name}")
        for graph in _graphs(document, item):
            yield from (Candidate(name, "member") for name in _handed_out(graph, owner))
    yield from (Candidate(name, "member", doc) for name, doc in SIZES.items())


def _graphs(document: Document, item: tree.Item) -> list[Graph]:
    """The bodies of an item, of a train section those of its nets."""
    trained = names.trained_nets(document.scope, item) if isinstance(item, tree.Train) else []
    nodes = [item, *(net.node for net in trained)]
    return [
        graph
        for node in nodes
        if isinstance(node, tree.Block | tree.Net)
        for graph in document.shapes.graphs(node)
    ]


def _handed_out(graph: Graph, owner: str) -> Iterator[str]:
    for node in unrolled(graph.nodes):
        if node.named and node.stem == owner:
            work = node.work
            yield from (
                work.members if isinstance(work, Graph) else work.members(*graph.input_types(node))
            )
