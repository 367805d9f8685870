"""The package's functions: load a spec, look at its nets, build them.

net = netdsl.load("vgg16.net")
model = net.torch()
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from netdsl.diagnostics import Diagnostic, SpecError, UserError
from netdsl.elaborate.families import ready
from netdsl.elaborate.frame import Elaboration
from netdsl.elaborate.limits import Limits, Meter
from netdsl.elaborate.lint import lint, unused_tensors
from netdsl.elaborate.nets import choose, elaborate_net
from netdsl.elaborate.report import Report
from netdsl.elaborate.scope import Files, Scope
from netdsl.graph import ElaboratedNet
from netdsl.source import Source
from netdsl.syntax import tree

if TYPE_CHECKING:
    import keras
    import onnx
    import torch

    from netdsl.catalog.settings import Settings, Training
    from netdsl.elaborate.methods import Prepared
    from netdsl.weights.arrays import Array


@contextmanager
def uncollected() -> Iterator[None]:
    """Holds back the search for cycles: tree, graph and figures are all kept, and have none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Spec:
    """A spec that was read: its nets are elaborated as they are asked for.

    Every mistake found so far is in `diagnostics`.
    """

    def __init__(self, scope: Scope, report: Report, files: Files, limits: Limits) -> None:
        self.scope = scope
        self._report = report
        self._files = files
        self._limits = limits
        self._linted = False
        # What was elaborated, so that a mistake in it is told of one elaboration.
        self._elaborated: dict[tuple[object, ...], ElaboratedNet | None] = {}
        # Nets of a family share the bodies of their blocks.
        self._family = Elaboration(report, files, limits, {})

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every error and warning so far."""
        return self._report.all()

    @property
    def failed(self) -> bool:
        """Whether there is an error among the diagnostics."""
        return self._report.failed

    @property
    def sources(self) -> Mapping[str, str]:
        """The text of every file that was read, by path."""
        return self._files.texts()

    @property
    def ready_names(self) -> tuple[str, ...]:
        """The nets of the file that need no arguments."""
        return tuple(net.name.name for net in self.scope.nets if ready(self.scope, net))

    def elaborate(
        self,
        name: str | None = None,
        set: Mapping[str, str] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> ElaboratedNet | None:
        """The graph of a net, or None where it has mistakes, which are then in `diagnostics`.

        `set` gives arguments as expressions of the language, `sizes` numbers for `?`. Raises
        `UserError` where there is no such net, parameter or size.
        """
        try:
            net = choose(self.scope, name)
        except UserError:
            # What could not be read may be what is asked for.
            if self.failed:
                raise SpecError(self.diagnostics) from None
            raise
        key = (net.name.name, *sorted((set or {}).items()), *sorted((sizes or {}).items()))
        if key not in self._elaborated:
            self._elaborated[key] = self._elaborate(net, set or {}, sizes or {})
        return self._elaborated[key]

    def _elaborate(
        self, net: tree.Net, set: Mapping[str, str], sizes: Mapping[str, int]
    ) -> ElaboratedNet | None:
        elaboration = self._family_of(sizes)
        with uncollected():
            found = elaborate_net(elaboration, self.scope, net, set)
            if not self._linted:
                self._linted = True
                self.scope.check_imports()
                lint(self.scope, self._report)
            if found is not None and not set:
                from netdsl.analyze.advice import advise

                unused_tensors(found.graph, self.scope, self._report)
                advise(found.graph, self._report)
        unused = [size for size in elaboration.sizes if size not in elaboration.size_names]
        if unused and found is not None:
            raise UserError(f"--size {unused[0]}: {net.name.name} has no such unknown size")
        return found

    def _family_of(self, sizes: Mapping[str, int]) -> Elaboration:
        """What the next net is elaborated with.

        What must hold of sizes known only at run time is noted when a body is elaborated, for one
        net: so nets with such sizes share nothing.
        """
        if sizes or self._family.symbols:
            return self._elaboration(sizes)
        self._family.meter = Meter(self._limits)
        return self._family

    def training(
        self, train: str | None = None, set: Mapping[str, str] | None = None
    ) -> Training | None:
        """What a train section says; None where it has mistakes.

        Its losses are as they are written; `prepared` reads them.
        """
        # A check of a spec without a train section starts without losses and optimizers.
        from netdsl.elaborate.settings import choose_train, elaborate_training

        section = choose_train(self.scope, train)
        return elaborate_training(self._elaboration({}), self.scope, section, set or {})

    def prepared(
        self, train: str | None, training: Training, net: ElaboratedNet | None
    ) -> Prepared | None:
        """What a section trains as its method says, and the section with its losses read.

        `net` is the one that it is about, unless its method names its own. None where there are
        mistakes, which are then in `diagnostics`.
        """
        from netdsl.elaborate.methods import prepared
        from netdsl.elaborate.settings import choose_train

        section = choose_train(self.scope, train)
        with uncollected():
            return prepared(self._elaboration({}), self.scope, section, training, net)

    def check_parts(self, train: str | None, training: Training, name: str | None) -> None:
        """Reports parts that a section names and that its net, or that of `name`, has not."""
        from netdsl.elaborate.methods import names_nets
        from netdsl.elaborate.parts import check_parts
        from netdsl.elaborate.settings import choose_train

        if names_nets(training):
            return  # read in `check_method`, with the nets of the method
        if training.settings.net is not None and name is None:
            return  # the arguments of a section's own net are read when it is trained
        net = self.elaborate(name)
        if net is not None:
            check_parts(self._report, choose_train(self.scope, train), training, net)

    def check_method(self, train: str | None, training: Training, net: ElaboratedNet) -> str:
        """Reports mistakes in a section's losses and method, read with the net that it is about.

        A section that has a net of its own is read with that one, where it takes no arguments;
        else when it is trained. What the method does is told, where that is more than to make a
        loss small.
        """
        from netdsl.analyze.methods import method_told
        from netdsl.elaborate.methods import names_nets
        from netdsl.elaborate.parts import check_parts
        from netdsl.elaborate.settings import choose_train

        chosen: ElaboratedNet | None = net
        own = training.settings.net
        if own is not None:
            ready = isinstance(own, tree.Name) and own.name in self.ready_names
            chosen = self.elaborate(own.name) if ready else None
        found = None if chosen is None else self.prepared(train, training, chosen)
        if found is not None and names_nets(training):
            check_parts(self._report, choose_train(self.scope, train), training, found.net)
        return "" if found is None else method_told(found)

    def _elaboration(self, sizes: Mapping[str, int]) -> Elaboration:
        return Elaboration(self._report, self._files, self._limits, sizes)


class Net:
    """One net of a spec, elaborated without a mistake."""

    def __init__(self, spec: Spec, elaborated: ElaboratedNet) -> None:
        self.spec = spec
        self.elaborated = elaborated

    @property
    def name(self) -> str:
        """The net's name."""
        return self.elaborated.name

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The warnings that were told."""
        return self.spec.diagnostics

    @property
    def sources(self) -> Mapping[str, str]:
        """The text of every file that was read, by path."""
        return self.spec.sources

    def settings(self, train: str | None = None, set: Mapping[str, str] | None = None) -> Settings:
        """The settings of a train section; raises `SpecError` where it has mistakes."""
        training = self.spec.training(train, set)
        found = training and self.spec.prepared(train, training, self.elaborated)
        if not found:
            raise SpecError(self.spec.diagnostics)
        return found.training.settings

    def torch(
        self, weights: str | os.PathLike[str] | None = None, **options: Any
    ) -> torch.nn.Module:
        """The net as a `torch.nn.Module`, made from the source that `netdsl export` prints.

        `weights` is a safetensors file under the language's names, as training and
        `netdsl weights convert` write them; a `UserError` lists what of it does not fit.
        """
        from netdsl.backends.torch import build

        module: torch.nn.Module = build(self.elaborated, **options)
        if weights is not None:
            from torch import from_numpy

            from netdsl.weights.fit import fit

            found = fit(self.elaborated, weights).weights
            # The file has everything but the counters of PyTorch's batchnorms.
            state = {name: from_numpy(values) for name, values in found.items()}
            module.load_state_dict(state, strict=False)
        return module

    def keras(self, weights: str | os.PathLike[str] | None = None, **options: Any) -> keras.Model:
        """The net as a `keras.Model`, made from the source that `netdsl export` prints.

        `weights` is a file as for `torch`. Auxiliary outputs, which training alone has, are left
        out; `netdsl.backends.keras.models` gives the model with them, of the same layers.
        """
        from netdsl.backends.keras import models

        made = models(self.elaborated, **options)
        if weights is not None:
            from netdsl.backends.keras.weights import put_weights
            from netdsl.weights.fit import fit

            found = fit(self.elaborated, weights).weights
            put_weights(made.training, self.elaborated.graph, found)
        return made.evaluation

    def onnx(self, weights: str | os.PathLike[str] | None = None) -> onnx.ModelProto:
        """The net with its weights as an ONNX model, in evaluation; see docs/onnx.md.

        `weights` is a file as for `torch`; without one the weights are those that training would
        start with.
        """
        from netdsl.backends.onnx import build
        from netdsl.extras import need

        for module in ("onnx", "numpy", "safetensors"):
            need(module)
        if weights is not None:
            from netdsl.weights.fit import fit

            return build(self.elaborated, fit(self.elaborated, weights).weights)
        from netdsl.training.initial import initial_weights

        return build(self.elaborated, initial_weights(self.elaborated.graph, self._seed()))

    def draw(self, file: str | os.PathLike[str], kind: str = "graph", **look: Any) -> None:
        """The net's picture as a file, whose ending is its format, as `netdsl draw` makes it.

        `kind` is `graph`, `volumes` or `table`, `look` fields of `netdsl.draw.draw.Look`:
        `net.draw("net.svg", depth=2, figures=True)`. Raises `UserError` where that cannot be.
        """
        from pathlib import Path

        from netdsl.draw.draw import Look, draw
        from netdsl.training.files import whole

        path = Path(file)
        ending = path.suffix.removeprefix(".").lower()
        picture = draw([self.elaborated], kind, ending, Look(**look))
        with whole(path) as draft:
            draft.write_bytes(picture)

    def _repr_html_(self) -> str:
        """The net's table and its drawing, as Jupyter shows them."""
        from netdsl.analyze.analysis import analyze
        from netdsl.draw.notebook import html

        return html(analyze(self.elaborated))

    def _seed(self) -> int:
        """The seed of the train section that is meant; 0 where there is none."""
        try:
            seed: int = self.settings().seed
        except UserError:
            return 0
        return seed

    def converted(self, source: str, file: str | os.PathLike[str]) -> dict[str, Array]:
        """The weights in another library's checkpoint, under this net's names and in its layouts.

        `source` is `torchvision`, `timm` or `keras`. Raises `UserError` where a tensor does not
        fit. See docs/weights.md.
        """
        from netdsl.weights.convert import convert

        named = self._as_built_by(source)
        return convert(self.elaborated, self._file(), source, file, self._others, named)

    def _as_built_by(self, source: str) -> str:
        """The bundled name of the net of this name as a source builds it; empty without one."""
        from netdsl.zoo import bundled_nets

        wanted = f"{source}/{self.name}".lower()
        return next((name for name in bundled_nets() if name.lower() == wanted), "")

    def _file(self) -> str:
        """The path of the file in which the net's body is written, also where an alias is not."""
        text = self.elaborated.graph.outputs[0].span.source.text
        return next(path for path, found in self.sources.items() if found == text)

    def _others(self) -> Iterator[ElaboratedNet]:
        """The other nets of the spec that need no arguments, as far as they are right."""
        for name in self.spec.ready_names:
            found = self.spec.elaborate(name)
            if found is not None and name != self.name:
                yield found

    def __repr__(self) -> str:
        return f"<net {self.name}>"


def read(
    spec: str, *, text: str | None = None, root: str | None = None, limits: Limits | None = None
) -> Spec:
    """A spec from a file, or from `text` shown under the name `spec`.

    Raises `UserError` where the file cannot be read. Mistakes in it are in `Spec.diagnostics`.
    """
    report = Report()
    limits = limits or Limits()
    files = Files(report, root, limits.imports)
    with uncollected():
        if text is None:
            scope = files.main(spec)
        else:
            path = os.path.realpath(spec)
            files.root = root or os.path.dirname(path)
            scope = files.add(Source(spec, text), path)
    return Spec(scope, report, files, limits)


def load(
    spec: str,
    *,
    text: str | None = None,
    set: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
    root: str | None = None,
    limits: Limits | None = None,
) -> Net:
    """A net of a spec: `file.net`, `file.net:Name` or the name of a bundled net.

    Raises `SpecError` with every diagnostic where the spec is wrong, `UserError` where the file
    or the net is not to be had.
    """
    path, name = locate(spec, text is not None)
    found = read(path, text=text, root=root, limits=limits)
    elaborated = found.elaborate(name, set, sizes)
    if elaborated is None or found.failed:
        raise SpecError(found.diagnostics)
    return Net(found, elaborated)


def _not_found(path: str) -> str:
    """The sentence for a spec that is neither a file nor a bundled name, with what was meant."""
    from netdsl.elaborate.suggest import nearest
    from netdsl.zoo import bundled_nets

    message = f"{path} is neither a .net file nor a bundled net"
    meant = f"{path}.net" if os.path.exists(f"{path}.net") else nearest(path, bundled_nets())
    return f"{message}; did you mean {meant}?" if meant else message


def locate(spec: str, is_text: bool = False) -> tuple[str, str | None]:
    """The path and the net of `file.net`, `file.net:Name` or a bundled name (`vgg16`).

    With `is_text` it is no path but what a text is called.
    """
    # Reading the list of bundled nets takes json, which a file's own path does without.
    from netdsl.zoo import bundled

    path, colon, name = spec.rpartition(":")
    if not colon or not name.isidentifier():
        path, name = spec, ""
    if not is_text and not path.endswith(".net"):
        found = bundled(path)
        if found is not None:
            return found[0], name or found[1]
        if not os.path.exists(path):
            raise UserError(_not_found(path))
    return path, name or None
