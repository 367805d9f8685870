"""What a net does that its author may not have meant: warnings about its layers.

From: the graph of a net without a mistake. To: diagnostics, each once for its place in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netdsl.analyze.cost import Costs
from netdsl.analyze.idle import idle_argument, idle_layer
from netdsl.catalog.base import Activation, Elementwise, Layer, ShapeOnly
from netdsl.catalog.windows import axes_of
from netdsl.diagnostics import Help, Label
from netdsl.elaborate.report import Report
from netdsl.elaborate.ways import Use, given
from netdsl.graph import Graph, Node, Run, each_node
from netdsl.record import Record
from netdsl.syntax import tree

# What takes the mean of each channel away, and with it a bias.
_CENTERED = frozenset(("batchnorm", "instancenorm"))
_WINDOWED = frozenset(("conv", "depthwise", "separable", "maxpool", "avgpool"))
_SOFTMAX = frozenset(("softmax", "log_softmax"))
# Which part of a net's weights is too much for one dense layer.
_MOST_OF_ALL = 0.9


def advise(graph: Graph, report: Report) -> None:
    """Adds what can be said of the layers of a net and of every body below it."""
    levels = [_Level(body) for body in _bodies(graph)]
    for level in levels:
        for node in level.nodes:
            if isinstance(node.work, Layer):
                _bias_before_norm(level, node, node.work, report)
                _skipping_stride(level, node, node.work, report)
                _softmax_inside(level, node, node.work, report)
                _without_effect(level, node, node.work, report)
    _heavy_dense(graph, levels, report)


class _Level:
    """The nodes of one body, each once, and who uses what."""

    def __init__(self, body: Graph) -> None:
        self.body = body
        self.nodes: list[Node] = list(each_node(body.nodes))
        self.uses: dict[int, list[Node]] = {}
        self.makers: dict[int, Node] = {}
        for node in self.nodes:
            self.makers.update(dict.fromkeys(node.outputs, node))
            for value in node.inputs:
                self.uses.setdefault(value, []).append(node)
        for run in _runs(body.nodes):
            # What leaves a round enters the next, and what leaves the last goes on.
            after = [*self.uses.get(run.entry, ()), *self.uses.get(run.result, ())]
            self.uses.setdefault(run.exit, []).extend(after)
        self.handed_out = {body.result, *(output.value for output in body.outputs)}

    def layers_after(self, value: int) -> list[Layer | None]:
        """The layers that use a tensor; None stands for a block, and for who is outside."""
        found: list[Layer | None] = [
            node.work if isinstance(node.work, Layer) else None for node in self.uses.get(value, ())
        ]
        return [*found, None] if value in self.handed_out else found


def _bodies(graph: Graph) -> Iterator[Graph]:
    """A net's graph and every body below it, each once."""
    found, waiting = {graph}, [graph]
    while waiting:
        body = waiting.pop()
        yield body
        for node in each_node(body.nodes):
            if isinstance(node.work, Graph) and node.work not in found:
                found.add(node.work)
                waiting.append(node.work)


def _runs(nodes: Iterable[Node | Run]) -> Iterator[Run]:
    for item in nodes:
        if isinstance(item, Run):
            yield item
            yield from _runs(item.nodes)


class _Arguments(Record):
    """How the arguments of a layer's use are written."""

    node: Node
    layer: Layer

    def chosen_here(self, name: str) -> bool:
        """Whether an argument is left out or a plain value, rather than a parameter of a block."""
        written = self.node.written.arguments.get(name)
        parts = written.items if isinstance(written, tree.Display) else (written,)
        return all(part is None or isinstance(part, tree.Literal | tree.Unary) for part in parts)

    def edit(self, text: str, name: str, value: str) -> tuple[Help, ...]:
        """The help that gives an argument another value."""
        written = self.node.written
        if not written.span.text.startswith(self.layer.word):
            return (Help(text),)
        edit = given(Use(self.layer.word, written.span, written.arguments), name, value)
        return (Help(text, *edit),) if edit is not None else (Help(text),)


def _value(layer: Layer, name: str) -> object:
    """The value of an argument; None for a layer that has no such one."""
    return getattr(layer, name) if name in type(layer).arguments() else None


def _bias_before_norm(level: _Level, node: Node, layer: Layer, report: Report) -> None:
    """A bias that a normalisation takes away again: Ioffe and Szegedy, 2015, section 3.2."""
    if _value(layer, "bias") is not True or node.shared is not None:
        return
    after = level.layers_after(node.outputs[0])
    arguments = _Arguments(node, layer)
    if len(after) != 1 or after[0] is None or after[0].word not in _CENTERED:
        return
    if arguments.chosen_here("bias"):
        report.say(
            "bias-before-norm",
            f"the bias of this {layer.word} is taken away by the {after[0].word} after it",
            node.written.span,
            secondary=(Label(level.uses[node.outputs[0]][0].written.span, "subtracts the mean"),),
            help=arguments.edit("it can be left out", "bias", "false"),
        )


def _skipping_stride(level: _Level, node: Node, layer: Layer, report: Report) -> None:
    """Steps larger than the window, over inputs that no other layer sees."""
    beyond = _beyond(level, node, layer)
    if beyond is None:
        return
    others = [other for other in level.uses[node.inputs[0]] if other is not node]
    if any(
        not isinstance(other.work, Layer) or _beyond(level, other, other.work) is None
        for other in others
    ):
        return
    reach, stride = beyond
    argument = "size" if _value(layer, "size") is not None else "kernel"
    arguments = _Arguments(node, layer)
    report.say(
        "stride-skips",
        f"steps of {stride} with a window of {reach} leave inputs unseen",
        node.written.span,
        label=f"{level.body.types[node.inputs[0]]} flows in",
        help=arguments.edit(f"{argument}={stride} sees all of them", argument, str(stride))
        if reach > 1
        else (),
    )


def _beyond(level: _Level, node: Node, layer: Layer) -> tuple[int, int] | None:
    """How far a window reaches and by how much it moves, where the latter is more."""
    if layer.word not in _WINDOWED:
        return None
    rank = level.body.types[node.inputs[0]].rank - 1
    size = _value(layer, "kernel")
    kernel = axes_of(_sizes(size if size is not None else _value(layer, "size")), rank, "kernel")
    stride = axes_of(_sizes(_value(layer, "stride") or 1), rank, "stride")
    dilation = axes_of(_sizes(_value(layer, "dilation") or 1), rank, "dilation")
    for k, s, d in zip(kernel, stride, dilation, strict=True):
        if s > d * (k - 1) + 1:
            return d * (k - 1) + 1, s
    return None


def _sizes(value: object) -> int | tuple[int, ...]:
    assert isinstance(value, int | tuple)
    return value


def _softmax_inside(level: _Level, node: Node, layer: Layer, report: Report) -> None:
    """Shares that a layer with weights, a normalisation or an activation makes numbers of again."""
    if layer.word not in _SOFTMAX:
        return
    user = _learning_user(level, node.outputs[0])
    if user is not None:
        report.say(
            "softmax-inside",
            f"a {layer.word} in the middle of a net: its shares flow into {user.stem}",
            node.written.span,
            secondary=(Label(user.written.span, "computes with them as with any numbers"),),
            help="relu is the usual activation between two layers",
        )


def _learning_user(level: _Level, value: int) -> Node | None:
    """The first layer that computes with a tensor, past those that only move its numbers."""
    for node in level.uses.get(value, ()):
        work = node.work
        if not isinstance(work, Layer):
            continue
        names = type(work).arguments().keys()
        if not names.isdisjoint(("filters", "units")) or work.word.endswith("norm"):
            return node
        if isinstance(work, ShapeOnly):
            found = _learning_user(level, node.outputs[0])
            if found is not None:
                return found
        elif isinstance(work, Activation):
            return node
    return None


def _without_effect(level: _Level, node: Node, layer: Layer, report: Report) -> None:
    """A step, or a value of an argument, without which everything would be the same."""
    inputs = level.body.input_types(node)
    output = level.body.types[node.outputs[0]]
    before = level.makers.get(node.inputs[0]) if node.inputs else None
    in_net = isinstance(level.body.definition, tree.Net)
    told = idle_layer(layer, inputs, output, before.work if before is not None else None)
    if told is not None and all(map(_Arguments(node, layer).chosen_here, type(layer).arguments())):
        if in_net or not told.depends_on_input:
            report.say("no-effect", told.text, node.written.span)
        return
    for name in node.written.arguments:
        text = idle_argument(layer, name, inputs)
        argument = node.written.arguments[name]
        if text and isinstance(argument, tree.Literal | tree.Name | tree.Call):
            report.say("no-effect", text, argument.span)


def _heavy_dense(graph: Graph, levels: list[_Level], report: Report) -> None:
    """A dense layer that outweighs the convolutions before it."""
    found = [
        (level, node)
        for level in levels
        for node in level.nodes
        if isinstance(node.work, Layer) and node.work.word == "dense"
    ]
    convolves = any(
        isinstance(node.work, Layer) and node.work.word in _WINDOWED and "filters" in
        type(node.work).arguments()
        for level in levels
        for node in level.nodes
    )  # fmt: skip
    if not found or not convolves:
        return
    costs = Costs()
    total = costs.graph(graph).weights
    for level, node in found:
        own = costs.alone(level.body, node).weights
        if own > _MOST_OF_ALL * total:
            report.say(
                "heavy-dense",
                f"this dense layer has {own:,} of the net's {total:,} weights",
                node.written.span,
                label=f"{level.body.types[node.inputs[0]]} flows in",
                secondary=_flattened(level, node)[0],
                help=_flattened(level, node)[1],
            )


def _flattened(level: _Level, node: Node) -> tuple[tuple[Label, ...], tuple[Help, ...]]:
    """Where the image before a dense layer was made a vector, and what makes a shorter one."""
    text = "global_avgpool in place of flatten keeps one number for each channel"
    maker = level.makers.get(node.inputs[0])
    while maker is not None and isinstance(maker.work, Elementwise):
        maker = level.makers.get(maker.inputs[0])
    if maker is None or not isinstance(maker.work, Layer) or maker.work.word != "flatten":
        return (), (Help("fewer units, or fewer features before it"),)
    span = maker.written.span
    if span.text != "flatten" or level.body.input_types(maker)[0].rank < 2:
        return (), (Help(text),)
    return (Label(span, "here the image becomes a vector"),), (Help(text, span, "global_avgpool"),)
