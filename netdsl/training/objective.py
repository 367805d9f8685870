"""The loss as a spec writes it, resolved: which tensors meet which fields, what is folded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netdsl.analyze.fold import folded as fold_of
from netdsl.backends.engine import Operand, Term
from netdsl.catalog.layers.scaling import Identity
from netdsl.catalog.losses import BALANCED, CrossEntropy, Loss, LossSum, LossTerm
from netdsl.catalog.metrics import Metric, MetricTerm
from netdsl.data.fields import DataSet, Field, Indices, as_labels, counted
from netdsl.data.streamed import Streamed
from netdsl.diagnostics import SpecError, UserError
from netdsl.elaborate.suggest import suggestion
from netdsl.graph import PRIVATE, ElaboratedNet, Node, Output, Written
from netdsl.record import Record
from netdsl.training.compared import check, check_metric, refused

# Before the name of an output that the loss takes as it is, beside its logits.
PLAIN = f"{PRIVATE}plain_"
# Operands that are fields of the data, where a field has the name that is written.
_FIELDS = ("target", "same")


class Objective(Record):
    """What is to be made small.

    `net` is the net that is trained: where the loss takes a tensor both before and after its last
    activation, it has that tensor once more, as a further output. `folded` are the outputs whose
    logits the loss takes, `scored` is the term whose accuracy can be told.
    """

    net: ElaboratedNet
    terms: tuple[Term, ...]
    folded: frozenset[str]
    scored: Term | None


def main_output(net: ElaboratedNet) -> Output:
    """The output that a prediction is read from: the main one, else the first."""
    lasting = [output for output in net.graph.outputs if output.kind != "auxiliary"]
    if not lasting:
        raise UserError(f"{net.name} has no output to train on")
    return next((output for output in lasting if output.kind == "main"), lasting[0])


def with_targets(net: ElaboratedNet, loss: LossSum, data: DataSet) -> DataSet:
    """The data set with numbers as classes where a loss wants them."""
    finder = _Finder(net, data, {})
    flowing = {port.name for port in net.inputs}
    for term in loss.terms:
        *_, last = finder.operands(term)
        if isinstance(last, Field) and last.name not in flowing and _is_classes(term.loss, last):
            data = as_labels(data, last.name)
    return data


def objective(
    net: ElaboratedNet,
    loss: LossSum,
    data: DataSet,
    inputs: Mapping[str, str],
    train: Indices,
) -> Objective:
    """The objective of a loss; `inputs` has the field of each input, `train` the training share."""
    finder = _Finder(net, data, inputs)
    uses = [_Use(net, written, finder.operands(written)) for written in loss.terms]
    folded = frozenset(use.first.name for use in uses if use.folds)
    outputs = _Outputs(net, folded)
    terms = []
    scored: Term | None = None
    for use in uses:
        check(net, use.written, use.found, data)
        term = Term(
            _learned(use, data, train),
            tuple(outputs.operand(one, use.folds and at == 0) for at, one in enumerate(use.found)),
            use.written.weight,
            use.auxiliary,
        )
        terms.append(term)
        if scored is None and use.scores(data) and not term.auxiliary:
            scored = term
    if all(term.auxiliary for term in terms):
        raise UserError("the loss uses auxiliary outputs alone, which are absent from evaluation")
    return Objective(outputs.net, tuple(terms), folded, scored)


def looked_at(
    net: ElaboratedNet, term: MetricTerm, data: DataSet, inputs: Mapping[str, str]
) -> tuple[Operand, Operand]:
    """The output and the field that a metric names; `UserError` or `SpecError` where they differ.

    `inputs` has the field of each input.
    """
    finder, word = _Finder(net, data, inputs), term.metric.word
    output, field = (finder.operand(term, term.metric, at) for at in (0, 1))
    if not isinstance(output, Output) or output.kind == "auxiliary":
        raise refused(term, f"{word} looks at a tensor of the net that evaluation has", 0)
    if not isinstance(field, Field):
        raise refused(term, f"{word} compares it with a field of the data", 1)
    type = net.graph.types[output.value]
    check_metric(term, type, field, data)
    return Operand(output.name, type, False), Operand(field.name, field.type, True)


class _Use:
    """A term with the outputs and fields that it is about."""

    def __init__(self, net: ElaboratedNet, written: LossTerm, found: list[Output | Field]) -> None:
        self.written = written
        self.found = found
        self.first = first = found[0]
        self.type = first.type if isinstance(first, Field) else net.graph.types[first.value]
        self.auxiliary = any(isinstance(o, Output) and o.kind == "auxiliary" for o in found)
        word = written.loss.folds
        # Whether the activation at the end of the first tensor is folded into the loss.
        self.folds = isinstance(self.first, Output) and bool(
            word and fold_of(net.graph, self.first.value, word)
        )

    def scores(self, data: DataSet) -> bool:
        """Whether its answers are classes of the data, which can be right or wrong."""
        if not data.classes or not isinstance(self.first, Output):
            return False
        last = self.found[-1]
        return isinstance(last, Field) and last.name == data.target


class _Finder:
    """Finds what the operands of terms are."""

    def __init__(self, net: ElaboratedNet, data: DataSet, inputs: Mapping[str, str]) -> None:
        self._net = net
        self._data = data
        self._inputs = inputs

    def operands(self, term: LossTerm) -> list[Output | Field]:
        """The outputs and fields that a term is about; without any the main output and target."""
        if term.operands:
            return [self.operand(term, term.loss, at) for at in range(len(term.operands))]
        if term.loss.operands != Loss.operands:
            shown = ", ".join(term.loss.operands)
            raise UserError(f"{term.loss.word} names its tensors: {term.loss.word}({shown})")
        return [main_output(self._net), self._data.fields[self._data.target]]

    def operand(self, term: LossTerm | MetricTerm, entry: Loss | Metric, at: int) -> Output | Field:
        """The output or field that a term names at a place."""
        name = term.operands[at]
        output, field = self._output(name), self._field(name.removeprefix(PRIVATE))
        first, second = (field, output) if entry.operands[at] in _FIELDS else (output, field)
        found = first or second
        if found is None:
            raise self._unknown(term, at)
        return found

    def _output(self, name: str) -> Output | None:
        named = (output for output in self._net.graph.outputs if output.name == name)
        return next(named, main_output(self._net) if name == "output" else None)

    def _field(self, name: str) -> Field | None:
        if name == "label" and name not in self._data.fields:
            name = self._data.target
        return self._data.fields.get(self._inputs.get(name, name))

    def _unknown(self, term: LossTerm | MetricTerm, at: int) -> UserError | SpecError:
        name = term.operands[at]
        graph, fields = self._net.graph, list(self._data.fields)
        outputs = [output.name for output in graph.outputs if not output.name.startswith(PRIVATE)]
        uses = "the loss uses" if isinstance(term, LossTerm) else "metrics use"
        return refused(
            term,
            f"{uses} {name}, which is no tensor of {self._net.name} and no field of "
            f"{self._data.name}; its fields are {', '.join(fields)}",
            at,
            "unknown-name",
            suggestion(name, {*outputs, *fields, *graph.members}),
        )


class _Outputs:
    """The outputs that a loss takes. `net` has one more for each that it takes in two ways."""

    def __init__(self, net: ElaboratedNet, folded: frozenset[str]) -> None:
        self.net = net
        self._folded = folded

    def operand(self, found: Output | Field, folds: bool) -> Operand:
        """What is found, as an engine knows it."""
        if isinstance(found, Field):
            return Operand(found.name, found.type, True)
        name = found.name
        if name in self._folded and not folds:
            name = self._plain(found)
        return Operand(name, self.net.graph.types[found.value], False)

    def _plain(self, output: Output) -> str:
        """The name of an output that has its last activation, beside the one that has it not."""
        graph = self.net.graph
        name = PLAIN + output.name
        if all(other.name != name for other in graph.outputs):
            value = len(graph.types)
            node = Node(
                stem=Identity.word,
                named=False,
                level=None,
                work=Identity(),
                inputs=(output.value,),
                outputs=(value,),
                taps=(),
                written=Written(output.span, {}),
                training=output.kind == "auxiliary",
            )
            graph = graph.replace(
                nodes=(*graph.nodes, node),
                types=(*graph.types, graph.types[output.value]),
                outputs=(*graph.outputs, output.replace(name=name, value=value)),
            )
            self.net = self.net.replace(graph=graph)
        return name


def _learned(use: _Use, data: DataSet, train: Indices) -> Loss:
    """The loss with numbers in the place of balanced weights.

    They are examples / (classes * examples of the class) over the training share, as in
    scikit-learn; a class that is absent from it does not count.
    """
    written, loss = use.written, use.written.loss
    if not isinstance(loss, CrossEntropy) or loss.weights is None:
        return loss
    target, count = use.found[1], use.type.channels
    if loss.weights == BALANCED:
        if not isinstance(target, Field) or target.kind != "label":
            raise refused(written, "balanced weights are those of classes; this target has none", 1)
        if isinstance(target.values, Streamed):
            told = f"balanced weights count every label, but {target.name} is read batch by batch"
            raise refused(written, told, 1, help="weights=[1, 2.5] gives them")
        assert isinstance(count, int), "there is a unit for each class"
        counts = np.bincount(counted(target.array[train]), minlength=count)
        weights = counts.sum() / (count * np.maximum(counts, 1)) * (counts > 0)
        return loss.replace(weights=tuple(weights.tolist()))
    if len(loss.weights) != count:
        told = f"cross_entropy has {len(loss.weights)} weights, but there are {count} classes"
        raise refused(written, told, 0)
    return loss


def _is_classes(loss: Loss, target: Field) -> bool:
    """Whether numbers of a target are to be read as classes."""
    whole = target.kind == "array" and target.type.number == "int" and not target.type.rank
    whole = whole and not isinstance(target.values, Streamed)
    if target.kind != "number" and not whole:
        return False
    return loss.takes_label or (loss.folds == "sigmoid" and len(np.unique(target.array)) == 2)
