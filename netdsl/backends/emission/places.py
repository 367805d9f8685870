"""What the backend needs for each node of a body: the rows' answers, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable

from netdsl.backends.emission.plan import Place, SharedModule, Use, shared_names
from netdsl.backends.emission.target import Target
from netdsl.backends.rows import Code, Emission, in_full
from netdsl.catalog.arguments import Rejection
from netdsl.catalog.base import Layer
from netdsl.diagnostics import Diagnostic, Help, Label, SpecError
from netdsl.graph import Graph, Node, Shared, each_node
from netdsl.tensor import TensorType


class Refusals:
    """Collects what a backend cannot build, one diagnostic for each place in the spec."""

    def __init__(self) -> None:
        self._found: dict[object, Diagnostic] = {}

    def add(self, node: Node, message: str, way_out: str = "") -> None:
        """Remembers that a node cannot be built."""
        span = node.written.span
        help_ = (Help(way_out),) if way_out else ()
        self._found[span] = Diagnostic("backend", message, Label(span), help=help_)

    def tell(self) -> None:
        """Raises what was found, if anything was."""
        if self._found:
            raise SpecError(tuple(self._found.values()))


def places(graph: Graph, target: Target, refusals: Refusals) -> dict[int, Place]:
    """What each node of a body needs, by the node's `id`."""
    for node in each_node(graph.nodes):
        reason = target.refuse(node)
        if reason is not None:
            refusals.add(node, reason, "another name after `as` can be built")
    return {
        id(node): place(node, node.work, graph.input_types(node), target, refusals)
        for node in each_node(graph.nodes)
    }


def words(node: Node) -> set[str]:
    """The words that a node's name is made of, those of kinds with numbers left out."""
    found = {node.stem} if node.named else set()
    level = node.level
    while level is not None:
        found.add(level.stem)
        level = level.parent
    return found


def place(
    node: Node,
    work: Layer | Graph,
    inputs: tuple[TensorType, ...],
    target: Target,
    refusals: Refusals,
) -> Place:
    """What one use of a layer or a block needs."""
    if isinstance(work, Graph):
        return Place(node, None, work, None, inputs)
    row = target.find(type(work))
    if row is None:
        refusals.add(node, f"{target.name}'s backend cannot build {work.word}")
        return Place(node, Emission(Code("{0}")), None, type(work), inputs)
    try:
        brief = row(work, inputs)
    except Rejection as rejection:
        refusals.add(node, rejection.message, rejection.help)
        return Place(node, Emission(Code("{0}")), None, type(work), inputs)
    with in_full():
        full = row(work, inputs)
    begins = target.starts(work, brief.construct.text, inputs) if brief.construct else ()
    omitted = _omitted(full, brief)
    if omitted is None:
        return Place(node, brief, None, type(work), inputs, begins)
    return Place(node, full, None, type(work), inputs, begins, omitted)


def _omitted(full: Emission, brief: Emission) -> frozenset[str] | None:
    """What may be left out, by the names of its values; None where it is not all that differs."""
    pairs = [
        (full.call, brief.call),
        *zip(full.members.values(), brief.members.values(), strict=True),
    ]
    if full.construct is not None and brief.construct is not None:
        pairs.append((full.construct, brief.construct))
    names = {name for more, less in pairs for name in more.values if name not in less.values}
    for more, less in pairs:
        if without(more.text, names & more.values.keys()) != less.text:
            return None
    return frozenset(names)


def without(template: str, names: Iterable[str]) -> str:
    """A template without some keyword arguments and factors."""
    for name in names:
        template = template.replace(f", {name}={{{name}}}", "").replace(f"{{{name}}} * ", "")
    return template


def helpers(uses: Iterable[Use]) -> list[str]:
    """The helpers that some uses need, each once."""
    found: dict[str, None] = {}
    for use in uses:
        for place in (place for places in use.places.values() for place in places):
            if place.emission is not None:
                needed = place.emission.member_helpers if use.taps else ()
                found.update(dict.fromkeys((*place.emission.helpers, *needed)))
    return list(found)


def owned(graph: Graph, target: Target, refusals: Refusals) -> list[SharedModule]:
    """The shared layers that a body constructs, as their first use needs them."""
    found: list[SharedModule] = []
    for shared, name in shared_names(graph).items():
        node = _first_use(shared, graph)
        if node is None or shared.work is None:
            continue
        needs = place(node, shared.work, shared.inputs, target, refusals)
        found.append(SharedModule(name, {graph: needs}, {graph: shared}))
    return found


def _first_use(shared: Shared, graph: Graph) -> Node | None:
    """The first node that uses a shared layer, in a body or inside its blocks."""
    for node in each_node(graph.nodes):
        if node.shared is shared:
            return node
        if isinstance(node.work, Graph):
            inner = _first_use(shared, node.work)
            if inner is not None:
                return inner
    return None


def code_of(place: Place, part: str) -> Code | None:
    """A part of what a use needs: `construct`, `call`, `members.NAME` or `starts.NUMBER`."""
    emission = place.emission
    if emission is None:
        return None
    kind, _, name = part.partition(".")
    match kind:
        case "construct":
            return emission.construct
        case "members":
            return emission.members[name]
        case "starts":
            return place.starts[int(name)].code
    return emission.call
