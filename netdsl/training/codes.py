"""What a trained net makes of codes, and examples of codes: autoencoders, variational ones too.

Examples are made from draws of the prior, the standard normal distribution. The codes of examples
that training has not seen show what the net has found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from netdsl.backends.engine import Array, Indices, as_numbers
from netdsl.catalog.losses import KlDivergence
from netdsl.data.examples import readable
from netdsl.data.new import Schema, new_examples
from netdsl.diagnostics import UserError
from netdsl.elaborate.suggest import with_suggestion
from netdsl.graph import PRIVATE, ElaboratedNet, Output
from netdsl.record import Record
from netdsl.training import answering
from netdsl.training.draws import draws_of, from_prior
from netdsl.training.judging import judged_share
from netdsl.training.plan import Plan
from netdsl.training.spec import Opener, Spec
from netdsl.training.stored import Stored

# How far two examples lie apart that are the same but for rounding, of the largest number.
_ROUNDING = 1e-4
_CODE = f"{PRIVATE}code"


class Codes(Record):
    """The codes of some examples, (n, numbers): those of the tensor `name`.

    `labels` are the numbers of their classes, whose names are `classes`; None without classes.
    `examples` counts the source's examples from 0; they are those of a `share`.
    """

    name: str
    values: Array
    labels: Array | None
    classes: tuple[str, ...]
    examples: Indices
    share: str


class Pictured(Record):
    """What a net made of the examples of a file, and the examples, (n, …), with a name for each."""

    names: list[str]
    given: Array
    made: Array


def samples(
    path: Path,
    count: int,
    seed: int,
    device: str,
    opener: Opener,
    backend_name: str | None = None,
) -> Array:
    """So many examples that a run's net makes when each `sample` draws from the prior.

    Of adversaries they are what the generator makes of noise. The draws are numpy's, alike on every
    backend. Raises `UserError` where the net draws nothing, or also goes by what it reads.
    """
    found = answering.generator(path, device, opener, backend_name)
    if found is not None:
        contest, model = found
        (drawn,) = model.predict([contest.noise(count, seed)]).values()
        return drawn
    trained = answering.trained(path, device, opener, backend_name, _of_prior)
    shapes = [schema.shape for schema in trained.schemas]
    draws = draws_of(trained.net, shapes, seed)
    assert draws is not None, "the net is that of the prior"
    noise = draws.prior(count).values()
    made, other = (
        trained.model.predict([*_filled(trained.schemas, count, with_), *noise]) for with_ in (0, 1)
    )
    name = trained.reading.output
    apart = np.abs(made[name] - other[name]).max()
    if apart > _ROUNDING * max(1.0, float(np.abs(made[name]).max())):
        raise UserError(
            f"{trained.net.name} reads more than what it draws: its input also goes another way to "
            f"{name}, so that examples cannot be made from draws alone"
        )
    return made[name]


def codes(
    path: Path,
    name: str | None,
    device: str,
    opener: Opener,
    backend_name: str | None = None,
) -> Codes:
    """The codes that a run's net has for the examples that it is judged by.

    They are what the tensor of that name is, of those that can be read; without a name the means
    that the loss's `kl_divergence` is of.
    """
    plan = Stored.open(path, opener).plan()
    found = name or _means(plan)

    def with_code(spec: Spec) -> ElaboratedNet:
        return _handing_out(spec.trained, found)

    trained = answering.trained(path, device, opener, backend_name, with_code)
    share, rows = judged_share(plan)
    fields, rows = readable(plan.data, plan.task.inputs, rows)
    values = trained.model.predict([fields[name] for name in plan.task.inputs])[_CODE]
    target = plan.data.fields[plan.data.target]
    classified = bool(plan.data.classes) and target.array.ndim == 1
    return Codes(
        found.removeprefix(PRIVATE),
        values.reshape(len(values), -1),
        target.array[rows] if classified else None,
        plan.data.classes,
        rows,
        share,
    )


def pictured(
    path: Path,
    files: Iterable[Path],
    device: str,
    opener: Opener,
    backend_name: str | None = None,
) -> Iterator[Pictured]:
    """What a run's net makes of the examples of each file."""
    trained = answering.trained(path, device, opener, backend_name)
    for names, arrays in new_examples(files, trained.schemas):
        made = trained.model.predict(arrays)[trained.reading.output]
        yield Pictured(names, as_numbers(arrays[0]), made)


def _of_prior(spec: Spec) -> ElaboratedNet:
    net = from_prior(spec.trained)
    if len(net.inputs) == len(spec.net.inputs):
        raise UserError(f"{net.name} has no sample, from whose prior examples could be made")
    return net


def _filled(schemas: Iterable[Schema], count: int, value: int) -> list[Array]:
    """Inputs that count nothing."""
    return [
        np.full((count, *one.shape), value, np.int64 if one.kind == "label" else np.float32)
        for one in schemas
    ]


def _means(plan: Plan) -> str:
    """The output that a divergence from the prior is of."""
    for term in plan.task.terms:
        if isinstance(term.loss, KlDivergence) and not term.prediction.field:
            return term.prediction.name
    raise UserError(
        "the loss has no kl_divergence, whose means are the codes; --latent NAME names a tensor of "
        f"{plan.net.name}"
    )


def _handing_out(net: ElaboratedNet, name: str) -> ElaboratedNet:
    """The net with a tensor as a further output, `_CODE`."""
    graph = net.graph
    place = next((o.value for o in graph.outputs if o.name == name), graph.members.get(name))
    if not isinstance(place, int):
        sentence = f"{net.name} has no tensor {name} of its own"
        raise UserError(with_suggestion(sentence, name, graph.members))
    further = Output(_CODE, place, "output", graph.outputs[0].span)
    return net.replace(graph=graph.replace(outputs=(*graph.outputs, further)))
