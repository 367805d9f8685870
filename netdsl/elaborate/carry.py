"""Whether a section can carry states from window to window, and why not."""

from __future__ import annotations

from netdsl.catalog.layers.recurrent import Recurrence
from netdsl.catalog.settings import Training
from netdsl.catalog.sources import Windows
from netdsl.elaborate.report import Mistake, Report
from netdsl.elaborate.settings import setting_place
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.syntax import tree


def check_carry(report: Report, train: tree.Train, training: Training, net: ElaboratedNet) -> None:
    """Tells of a section whose states cannot go from window to window, where it says so."""
    sentence = cannot_carry(net, training)
    if sentence is not None:
        place = setting_place(train, "carry")
        report.add(Mistake("wrong-value", sentence, place).diagnostic)


def cannot_carry(net: ElaboratedNet, training: Training) -> str | None:
    """The sentence for a section that can carry nothing; None where it does not mean to, or can."""
    data = training.settings.data
    if not training.settings.carry:
        return None
    if not isinstance(data, Windows):
        return (
            "carry=true needs windows that follow one another, as those of text; "
            f"data = {data.word} has none"
        )
    settings = [phase.settings for phase in training.phases]
    if any(one.accumulate > 1 for one in settings):
        return "carry=true takes a step after each window; leave accumulate out"
    if any(one.batch == "all" for one in settings):
        return "carry=true carries nothing where all windows are one batch; write batch as a number"
    return _cannot_begin(net)


def nothing_to_carry(net: ElaboratedNet) -> str:
    """The sentence for a net without a state that could be carried."""
    return (
        f"carry=true carries the states of recurrences; {net.name} has none that starts from a "
        "first state of its own"
    )


def _cannot_begin(net: ElaboratedNet) -> str | None:
    """Why recurrences cannot begin where the window before has ended; None where they can."""
    found = [
        (named.layer_name, named.layer)
        for named in named_weights(net.graph)
        if isinstance(named.layer, Recurrence) and not named.layer.given
    ]
    both = next((name for name, layer in found if layer.bidirectional), None)
    if both is not None:
        return (
            f"carry=true goes along a text; {both} goes both ways, and what comes after a window "
            "is not there yet"
        )
    return None if found else nothing_to_carry(net)
