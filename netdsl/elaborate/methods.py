"""What a method trains. From: a train section and a net. To: the net that is trained, and the
section with its losses read."""

from __future__ import annotations

from netdsl.catalog.methods import Adversarial, Hebbian, Stylize
from netdsl.catalog.settings import Settings, Training
from netdsl.elaborate.adversaries import adversaries
from netdsl.elaborate.carry import check_carry
from netdsl.elaborate.frame import Elaboration
from netdsl.elaborate.losses import with_losses
from netdsl.elaborate.report import Mistake
from netdsl.elaborate.scope import Scope
from netdsl.elaborate.settings import method_place
from netdsl.elaborate.stored import with_patterns
from netdsl.elaborate.stylize import stylized
from netdsl.graph import ElaboratedNet
from netdsl.record import Record
from netdsl.syntax import tree


class Prepared(Record):
    """What a section trains: `net` is the net, `trained` the same with what training looks at."""

    net: ElaboratedNet
    trained: ElaboratedNet
    training: Training


def prepared(
    elaboration: Elaboration,
    scope: Scope,
    train: tree.Train,
    training: Training,
    net: ElaboratedNet | None,
) -> Prepared | None:
    """What a section means for the net that it is about; None where there are mistakes, all told.

    A method that names its nets itself (`names_nets`) needs none.
    """
    method, place = training.settings.method, method_place(train)
    if isinstance(method, Adversarial):
        both = adversaries(elaboration, scope, method)
        return None if both is None else Prepared(both, both, _shown(training, method))
    assert net is not None
    if isinstance(method, Stylize):
        made = stylized(elaboration, scope, train, training, net)
        return None if made is None else Prepared(*made)
    if isinstance(method, Hebbian):
        try:
            return Prepared(net, with_patterns(net, place), training)
        except Mistake as mistake:
            elaboration.report.add(mistake.diagnostic)
            return None
    check_carry(elaboration.report, train, training, net)
    read = with_losses(elaboration, scope, net, training)
    return None if read is None else Prepared(net, *read)


def names_nets(training: Training) -> bool:
    """Whether the nets of a section stand in its method."""
    return isinstance(training.settings.method, Adversarial)


def _shown(training: Training, method: Adversarial) -> Training:
    """The section with the nets of its method as texts, which settings can be kept as."""
    said = method.replace(
        generator=method.generator.span.text, discriminator=method.discriminator.span.text
    )

    def changed(settings: Settings) -> Settings:
        return settings.replace(method=said)

    phases = tuple(phase.replace(settings=changed(phase.settings)) for phase in training.phases)
    return Training(changed(training.settings), phases)
