"""A net of a run, asked of new examples: what it says of them, and how it goes on with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netdsl.backends.contest import Contest
from netdsl.backends.engine import Array, Model
from netdsl.catalog.methods import Adversarial, Method, Stylize
from netdsl.data.new import Schema, new_examples
from netdsl.data.texts import read_text
from netdsl.data.vocabulary import Vocabulary
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet
from netdsl.training import backends
from netdsl.training.answer import Reading, answers
from netdsl.training.carry import InOrder, carrying
from netdsl.training.contest import contest_of
from netdsl.training.drawn import Drawn, drawn
from netdsl.training.generate import CarryingWriter, Drawing, Writer, forecast
from netdsl.training.run import below
from netdsl.training.spec import Opener, Spec
from netdsl.training.stored import Stored

# What there is of a run instead of predictions.
_WAYS: dict[type[Method], str] = {
    Adversarial: "netdsl predict RUN --samples 64 -o samples.png shows what it makes",
    Stylize: "its picture is the last one in the folder pictures of the run",
}


def predict(
    path: Path,
    files: Iterable[Path],
    device: str,
    opener: Opener,
    backend_name: str | None = None,
    drawing: Callable[[Iterable[Drawn]], None] | None = None,
    plain: bool = False,
) -> list[dict[str, Any]]:
    """What a run's net says of new examples, by the backend that trained or another.

    The run's own data is not needed. Where the net has further outputs, `outputs` has what is said
    of each, the first one's too. `drawing` gets pictures of classes of pixels, see `drawn`.
    """
    known = trained(path, device, opener, backend_name)
    told = []
    for names, arrays in new_examples(files, known.schemas):
        outputs = known.model.predict(arrays)
        values = known.reading.numbers(outputs)
        found = answers(values, known.reading, known.vocabulary)
        if known.further:
            found = _with_outputs(found, outputs, known)
        told += [{"input": name} | answer for name, answer in zip(names, found, strict=True)]
        if drawing is not None:
            drawing(drawn(names, arrays, known.schemas, values, known.reading, plain))
    return told


def _with_outputs(
    answered: list[dict[str, Any]], outputs: Mapping[str, Array], known: Trained
) -> list[dict[str, Any]]:
    """The answers of each example with those of every output by name."""
    of = {known.reading.output: answered}
    of |= {one.output: answers(outputs[one.output], one) for one in known.further}
    return [
        one | {"outputs": {name: found[at] for name, found in of.items()}}
        for at, one in enumerate(answered)
    ]


def generate(
    path: Path,
    file: Path | None,
    drawing: Drawing,
    device: str,
    opener: Opener,
    backend_name: str | None = None,
) -> str | list[float]:
    """How a run's net goes on: a text with what it begins with, or the next values of a series.

    `file` has the series, or the beginning of the text.
    """
    known = trained(path, device, opener, backend_name)
    if len(known.schemas) > 1:
        raise UserError("only a net with one input can generate: what there is so far")
    (schema,) = known.schemas
    if schema.vocabulary is None:
        if file is None:
            raise UserError("a series goes on from the rows of a file; name one")
        return forecast(known.model, known.reading, schema, file, drawing)
    writer: Writer
    if isinstance(known.model, InOrder):
        writer = CarryingWriter(known.model, known.reading, schema)
    else:
        length = known.net.inputs[0].type.shape[0]
        whole = length if isinstance(length, int) else None
        writer = Writer(known.model, known.reading, schema, whole)
    return writer.write(drawing if file is None else drawing.replace(prompt=read_text(file)))


@dataclass(frozen=True, slots=True)
class Trained:
    """A net of a run with its weights, what flows into it, and how its outputs are read.

    `further` are the outputs that the answer itself is not read of.
    """

    net: ElaboratedNet
    model: Model
    schemas: list[Schema]
    reading: Reading
    further: list[Reading]

    @property
    def vocabulary(self) -> Vocabulary | None:
        """What the classes are units of, where the net answers with a text."""
        known = (schema.vocabulary for schema in self.schemas)
        return next((one for one in known if one and one.units == self.reading.classes), None)


def generator(
    path: Path, device: str, opener: Opener, backend_name: str | None = None
) -> tuple[Contest, Model] | None:
    """The generator of a run with adversaries, and their contest; None for any other run."""
    stored = Stored.open(path, opener)
    spec = stored.spec
    contest = contest_of(spec.net, spec.settings)
    if contest is None:
        return None
    weights = stored.weights(spec.net)
    side = contest.generator
    (output,) = side.net.graph.outputs
    chosen = backends.runtime(backend_name or stored.backend)
    model = chosen.make_model(side.net, output.name, device)
    model.put_weights(below(weights, side.full("")))
    return contest, model


def trained(
    path: Path,
    device: str,
    opener: Opener,
    backend_name: str | None = None,
    change: Callable[[Spec], ElaboratedNet] | None = None,
) -> Trained:
    """The net of a run, or what `change` makes of its spec: a net with the same weights."""
    stored = Stored.open(path, opener)
    spec = stored.spec
    if isinstance(spec.settings.method, Adversarial | Stylize):
        word, way = spec.settings.method.word, _WAYS[type(spec.settings.method)]
        raise UserError(f"a run with method = {word} predicts nothing; {way}")
    weights = stored.weights(spec.net)
    read_as = stored.reading
    schemas = [Schema.from_json(schema) for schema in stored.settings["inputs"]]
    chosen = backends.runtime(backend_name or stored.backend)
    net = change(spec) if change else _predicting(spec, read_as)
    carried = carrying(net) if spec.settings.carry and change is None else None
    model: Model = chosen.make_model(carried[0] if carried else net, read_as.output, device)
    if carried:
        model = InOrder(model, carried[1])
    model.put_weights(weights)
    there = {output.name for output in net.graph.outputs}
    others = [Reading.from_json(one) for one in stored.settings.get("further", ())]
    return Trained(net, model, schemas, read_as, [one for one in others if one.output in there])


def _predicting(spec: Spec, reading: Reading) -> ElaboratedNet:
    """The spec's net; where the loss alone makes an output of what is read, the one with it."""
    own = any(output.name == reading.output for output in spec.net.graph.outputs)
    return spec.net if own else spec.trained
