"""What `method = stylize` trains. From: a net. To: one whose only trained weight is a picture.

The net, `eye`, looks at the content, at the style and at the picture, with one set of weights. The
loss compares what it sees, so that everything else is as for any net with a loss.
"""

from __future__ import annotations

from netdsl.catalog.losses import WrittenLoss
from netdsl.catalog.methods import Stylize
from netdsl.catalog.settings import Settings, Training
from netdsl.catalog.sources import ContentAndStyle
from netdsl.diagnostics import Diagnostic
from netdsl.elaborate.frame import Elaboration
from netdsl.elaborate.losses import with_losses
from netdsl.elaborate.nets import choose, elaborate_net
from netdsl.elaborate.quiet import quiet
from netdsl.elaborate.report import Mistake, Report
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.settings import method_place
from netdsl.elaborate.suggest import did_you_mean, suggestion
from netdsl.elaborate.values import Definition, FinishedBlock
from netdsl.graph import EYE, PICTURE, ElaboratedNet, named_weights
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.parse import parse
from netdsl.tensor import Size

# Where the text below is shown to be from; mistakes in it are told at the section's method.
_SOURCE = "method = stylize"
_CONTENT_SEEN, _STYLE_SEEN, _PICTURE_SEEN = "content_seen", "style_seen", "picture_seen"
_TEXT = """
net Stylized({eye}_net) {{
  input content: {size}
  input style: {size}
  shared {eye} = {eye}_net
  content_seen = content -> {eye}
  style_seen = style -> {eye}
  parameter(({shape}), init=uniform(0, 1)) as {picture}
  picture_seen = {picture} -> {eye}
}}

train {{ loss = {loss} }}
"""


def stylized(
    elaboration: Elaboration,
    scope: Scope,
    train: tree.Train,
    training: Training,
    net: ElaboratedNet,
) -> tuple[ElaboratedNet, ElaboratedNet, Training] | None:
    """The net that shows the picture, the same with what its loss is about, and the section.

    Both pictures are data of the section. None where there are mistakes, all reported.
    """
    method, place = training.settings.method, method_place(train)
    assert isinstance(method, Stylize)
    try:
        shape = _shape(net, method, place, method_place(train, "size"))
        _check_layers(net, method, train)
    except Mistake as mistake:
        elaboration.report.add(mistake.diagnostic)
        return None
    own = Report()
    name = net.inputs[0].name
    sizes = {f"{name}.{axis}": size for axis, size in zip(("height", "width"), shape, strict=False)}
    apart = Elaboration(own, elaboration.files, elaboration.meter.limits, sizes)
    made = _made(apart, scope, training, net, shape)
    for diagnostic in own.all():
        elaboration.report.add(_placed(diagnostic, place))
    return made


def _placed(diagnostic: Diagnostic, place: Span) -> Diagnostic:
    """A diagnostic without places in the text above: what is there is the method's."""
    label = diagnostic.label
    if label.span.source.name == _SOURCE:
        label = label.replace(span=place)
    secondary = tuple(one for one in diagnostic.secondary if one.span.source.name != _SOURCE)
    return diagnostic.replace(label=label, secondary=secondary)


def _made(
    elaboration: Elaboration,
    scope: Scope,
    training: Training,
    net: ElaboratedNet,
    shape: tuple[int, ...],
) -> tuple[ElaboratedNet, ElaboratedNet, Training] | None:
    method = training.settings.method
    assert isinstance(method, Stylize)
    text = _TEXT.format(
        eye=EYE,
        picture=PICTURE,
        size=" x ".join(map(str, shape)),
        shape=", ".join(map(str, shape)),
        loss=_loss(method),
    )
    file, diagnostics = parse(Source(_SOURCE, text))
    assert not diagnostics, diagnostics
    node, train = file.items
    assert isinstance(node, tree.Net) and isinstance(train, tree.Train)
    definition = Definition(choose(scope, net.name), scope)
    seen_by = FinishedBlock(definition, dict(net.arguments), {})
    made = elaborate_net(elaboration, scope, node, {}, {f"{EYE}_net": seen_by})
    if made is None:
        return None
    made = quiet(made).replace(arguments=net.arguments)
    (setting,) = train.settings
    assert isinstance(setting, tree.Setting)
    written = WrittenLoss(setting.value)
    data = ContentAndStyle(method.content, method.style, shape)
    read = with_losses(elaboration, scope, made, _with(training, made, written, data))
    return None if read is None else (made, *read)


def _with(
    training: Training, net: ElaboratedNet, loss: WrittenLoss, data: ContentAndStyle
) -> Training:
    """The section as one that trains the picture alone."""
    has_weights = any(named.name.startswith(f"{EYE}.") for named in named_weights(net.graph))

    def changed(settings: Settings) -> Settings:
        init = settings.init
        if init is not None:
            into = f"{EYE}.{init.into}" if init.into else EYE
            init = init.replace(into=into)
        frozen = (EYE,) if has_weights else ()
        return settings.replace(loss=loss, data=data, init=init, freeze=frozen)

    phases = tuple(phase.replace(settings=changed(phase.settings)) for phase in training.phases)
    return Training(changed(training.settings), phases)


def _loss(method: Stylize) -> str:
    """The loss in the language, see `Stylize`."""
    terms = []
    for name in method.content_layers:
        pair = f"{_PICTURE_SEEN}.{name}, {_CONTENT_SEEN}.{name}"
        terms.append(f"{method.content_weight!r} / 2 * mse({pair}, reduce=sum)")
    share = method.style_weight / len(method.style_layers)
    for name in method.style_layers:
        pair = f"gram({_PICTURE_SEEN}.{name}), gram({_STYLE_SEEN}.{name})"
        size = f"{_PICTURE_SEEN}.{name}.size"
        terms.append(f"{share!r} / (2 * {size}) ** 2 * mse({pair}, reduce=sum)")
    return " + ".join(terms)


def _shape(net: ElaboratedNet, method: Stylize, place: Span, at_size: Span) -> tuple[int, ...]:
    """Height, width and channels of what the net sees; a size is given `at_size`."""
    if len(net.inputs) != 1 or net.inputs[0].type.rank != 3:
        told = f"{net.name} does not see one picture: its input is no height x width x channels"
        raise Mistake("wrong-value", told, place)
    declared = net.inputs[0].type
    *sizes, channels = declared.shape
    if channels not in (1, 3):
        told = f"{net.name} sees {declared}, but pictures have 3 channels, or 1"
        raise Mistake("wrong-value", told, place)
    given = method.size if isinstance(method.size, tuple) else (method.size,) * 2
    if len(given) != 2:
        raise Mistake("wrong-value", "the size of a picture is height and width", at_size)
    shape = []
    for size, wanted in zip(sizes, given, strict=True):
        known = None if isinstance(size, Size) else size
        if known is None and wanted is None:
            told = f"{net.name} leaves the size of its input open"
            raise Mistake("missing-argument", told, place, help="stylize(…, size=128) says it")
        if known is not None and wanted not in (None, known):
            told = f"{net.name} sees {declared}, but size={method.size} is asked for"
            raise Mistake("wrong-value", told, at_size)
        shape.append(known or wanted)
    assert isinstance(channels, int)
    return (*[int(size) for size in shape if size is not None], channels)


def _check_layers(net: ElaboratedNet, method: Stylize, train: tree.Train) -> None:
    """Refuses names that the net has not; a name inside of a block is looked up later."""
    members = net.graph.members
    for argument in ("content_layers", "style_layers"):
        for name in getattr(method, argument):
            first = name.partition(".")[0]
            if first not in members:
                place = method_place(train, argument, name)
                told = f"{net.name} has no tensor {first}"
                alone = place.text == first
                meant = did_you_mean(tree.Name(place, first), members) if alone else ""
                raise Mistake("unknown-name", told, place, help=meant or suggestion(first, members))
