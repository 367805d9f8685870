"""What a reader of the spec would stumble over: nothing written is ignored.

From: a file, and the graph of a net. To: diagnostics. Bodies that no net reaches are read for
unknown names here, since the elaborator never comes to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdsl import plugins
from netdsl.catalog.index import SYMBOLS, WORDS
from netdsl.diagnostics import UserError
from netdsl.diagnostics.allow import allowances
from netdsl.diagnostics.codes import CODES, WARNINGS
from netdsl.elaborate.builtins import BUILTINS
from netdsl.elaborate.report import Report
from netdsl.elaborate.scope import Scope, bound_names
from netdsl.elaborate.static import survey, words_in
from netdsl.elaborate.suggest import did_you_mean, nearest
from netdsl.elaborate.words import added_layer, layer_words
from netdsl.graph import Graph, Node, Run, each_node
from netdsl.syntax import tree

_CATALOG = {word for words in WORDS.values() for word in words} | set(BUILTINS) | SYMBOLS


def lint(scope: Scope, report: Report) -> None:
    """Adds what can be said of a file as it is written."""
    used = {name.name for item in scope.file.items for name in survey(item).uses}
    for item in scope.items.values():
        if isinstance(item, tree.Block | tree.Net | tree.Function):
            meant = _unknown_names(scope, item, report)
            used |= meant
            if not scope.broken(item):
                _unused_inside(item, meant, report)
    if scope.nets and not scope.mistakes:
        _unused_items(scope, used, report)
    _unknown_codes(scope, report)
    for statement in scope.defaults:
        _unapplied(statement, used, report)


def _unknown_codes(scope: Scope, report: Report) -> None:
    """Tells of comments that allow what is no warning."""
    for allowance in allowances(scope.file.source):
        for code in allowance.codes:
            if code.text not in WARNINGS:
                name = tree.Name(code, code.text)
                kind = "an error, and no warning" if code.text in CODES else "no warning"
                message = f"{code.text} is {kind}"
                report.say("unknown-code", message, code, help=did_you_mean(name, WARNINGS))


def _unknown_names(
    scope: Scope, item: tree.Block | tree.Net | tree.Function, report: Report
) -> set[str]:
    """Tells of names that nothing has; returns what was likely meant, which is used then."""
    found = survey(item)
    if isinstance(item, tree.Function) and any(_names_loss(call) for call in found.calls):
        return set()  # a name in it may be a field of the data
    bound = found.bound
    known = {*bound, *scope.items, *scope.imports, *scope.unread, *_CATALOG, "it"}
    unknown = [name for name in found.uses if name.name not in known]
    if scope.names_everything:
        return set()
    if unknown:
        plugged = _of_plugins(found.uses)
        unknown = [name for name in unknown if name.name not in plugged]
    if not unknown:
        return set()
    passed_by = _given_to(item, set(unknown))
    possible = {*bound, *scope.items, *scope.imports, *layer_words(), *BUILTINS, *SYMBOLS}
    for name in unknown:
        if name not in passed_by:
            report.say(
                "unknown-name",
                f"{name.name} is not known here",
                name.span,
                help=did_you_mean(name, possible),
                severity="error",
            )
    meant = {nearest(name.name, possible) for name in unknown}
    return {name for name in meant if name is not None}


def _of_plugins(uses: Iterable[tree.Name]) -> set[str]:
    """The words of plugins among some names, and the words that their arguments declare."""
    words = {name.name for name in uses} & plugins.names(plugins.LAYERS)
    found = set(words)
    for word in words:
        try:
            layer = added_layer(word)
        except UserError:
            continue  # told where it is used
        assert layer is not None
        found.update(symbol for kind in layer.arguments().values() for symbol in kind.symbols)
    return found


def _given_to(item: tree.TreeNode, unknown: set[tree.Name]) -> set[tree.Expression]:
    """Words given to a call that is unknown itself: what they would mean there nobody can say."""
    return {
        argument.value
        for call in survey(item).calls
        if call.callee in unknown
        for argument in call.arguments
    }


def _unused_inside(
    item: tree.Block | tree.Net | tree.Function, meant: set[str], report: Report
) -> None:
    found = survey(item)
    used = {name.name for name in found.uses} | meant
    for parameter in item.parameters:
        if parameter.name.name not in used:
            message = f"{item.name.name} never uses {parameter.name.name}"
            report.say("unused-parameter", message, parameter.name.span)
    if isinstance(item, tree.Function) or item.body is None:
        return
    for statement in found.statements:
        if isinstance(statement, tree.Let):
            for name in bound_names(statement.pattern):
                if name.name not in used and not name.name.startswith("_"):
                    report.say("unused-name", f"{name.name} is never used", name.span)
        if isinstance(statement, tree.Default):
            _unapplied(statement, used, report)


def _names_loss(call: tree.Call) -> bool:
    return isinstance(call.callee, tree.Name) and call.callee.name in WORDS["loss"]


def _unused_items(scope: Scope, used: set[str], report: Report) -> None:
    for name, item in scope.items.items():
        if name in used or isinstance(item, tree.Net):
            continue
        if isinstance(item, tree.Block):
            report.say("unused-block", f"{name} is never called", item.name.span)
        elif isinstance(item, tree.Function):
            report.say("unused-name", f"{name} is never called", item.name.span)
        else:
            report.say("unused-name", f"{name} is never used", item.span)
    for name, (_, imported) in scope.imports.items():
        if name not in used:
            report.say("unused-import", f"{name} is imported and never used", imported.span)


def _unapplied(statement: tree.Default, used: set[str], report: Report) -> None:
    for word in statement.words:
        if word.name not in used and not report.told_at("unknown-name", word.span):
            message = f"this default never applies: there is no {word.name} where it holds"
            report.say("unused-default", message, word.span)


def unused_tensors(graph: Graph, scope: Scope, report: Report) -> None:
    """Warns of layers whose result goes nowhere, in a net's graph and in every body below.

    What a train section of the file names is used: a loss may be about any tensor.
    """
    asked: set[str] = set().union(*map(words_in, scope.trains))
    taken = _taken_members(graph)
    for body, members in taken.items():
        named = {value for name in asked & body.members.keys() for value in _all(body, name)}
        alive = {body.result, *(output.value for output in body.outputs), *members, *named}
        for node in reversed(_written_once(body.nodes)):
            if alive.isdisjoint(node.outputs):
                span = node.written.span
                report.say("unused-tensor", "what this computes is never used", span)
            else:
                alive.update(node.inputs)


def _all(body: Graph, name: str) -> Iterator[int]:
    """The tensors of a body that have a name: one, or a list of them."""
    waiting = [body.members[name]]
    while waiting:
        place = waiting.pop()
        if isinstance(place, tuple):
            waiting.extend(place)
        else:
            yield place


def _written_once(nodes: tuple[Node | Run, ...]) -> list[Node]:
    """The nodes outside of runs: a run feeds each of its rounds to the next."""
    return [node for node in nodes if isinstance(node, Node)]


def _taken_members(graph: Graph) -> dict[Graph, set[int]]:
    """For each body the tensors inside it that someone outside asks for."""
    taken: dict[Graph, set[int]] = {graph: set()}
    waiting = [graph]
    while waiting:
        body = waiting.pop()
        for node in each_node(body.nodes):
            if not isinstance(node.work, Graph):
                continue
            if node.work not in taken:
                taken[node.work] = set()
                waiting.append(node.work)
            for tap in node.taps:
                if isinstance(tap, tuple):
                    _take(node.work, tap, taken)
    for body in list(taken):
        for item in body.nodes:
            if isinstance(item, Run):
                taken[body].update(_inputs(item))
                taken[body].add(item.entry)
    return taken


def _take(body: Graph, path: tuple[int, ...], taken: dict[Graph, set[int]]) -> None:
    taken.setdefault(body, set()).add(path[0])
    if len(path) > 1:
        for node in each_node(body.nodes):
            if node.outputs[0] == path[0] and isinstance(node.work, Graph):
                _take(node.work, path[1:], taken)


def _inputs(run: Run) -> set[int]:
    return {value for node in each_node(run.nodes) for value in node.inputs}
