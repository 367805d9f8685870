"""A run as its folder keeps it: its settings, the spec that it was begun with, and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netdsl.backends.engine import Array
from netdsl.diagnostics import UserError
from netdsl.graph import ElaboratedNet, named_weights
from netdsl.training.answer import Reading
from netdsl.training.plan import Plan, make_plan
from netdsl.training.run import RunFolder
from netdsl.training.spec import Opener, Spec


@dataclass(frozen=True, slots=True)
class Stored:
    """A run that there is; `settings` is its settings.json, `spec` that of the run."""

    run: RunFolder
    settings: dict[str, Any]
    spec: Spec

    @classmethod
    def open(cls, path: Path, opener: Opener, overrides: Mapping[str, str] | None = None) -> Stored:
        """The run of a folder; `overrides` go before what it was begun with."""
        run = RunFolder.open(path)
        stored = run.settings()
        request = str(run.path / stored["spec"])
        if stored["asked"]:
            request += f":{stored['asked']}"
        spec = opener(request, {**stored["set"], **(overrides or {})}, stored["section"])
        return cls(run, stored, spec)

    @property
    def backend(self) -> str:
        """The name of the backend that trains it."""
        name: str = self.settings["backend"]
        return name

    @property
    def reading(self) -> Reading:
        """How the answers of its net are read."""
        return Reading.from_json(self.settings["reading"])

    def plan(self) -> Plan:
        """Its plan, over the data that it was begun with; raises `UserError` where that changed."""
        spec, stored = self.spec, self.settings
        plan = make_plan(spec.trained, spec.training, Path(stored["data_folder"]))
        if plan.digest != stored["data"]["digest"]:
            raise UserError(
                f"{plan.data.name} has changed since this run was begun, so that its shares would "
                "mix; train anew"
            )
        return plan

    def weights(self, net: ElaboratedNet) -> dict[str, Array]:
        """The weights that are kept, which fit this net."""
        weights = self.run.weights()
        self.check(net, weights)
        return weights

    def check(self, net: ElaboratedNet, weights: Mapping[str, Array]) -> None:
        """Raises `UserError` where weights of the run have other names or shapes than the net."""
        wanted = {named.name: named.weight.shape for named in named_weights(net.graph)}
        found = {name: values.shape for name, values in weights.items()}
        for name in sorted(wanted.keys() | found.keys()):
            if wanted.get(name) != found.get(name):
                raise UserError(
                    f"{self.run.path}: {name} is {found.get(name, 'missing')} in the run, but "
                    f"{wanted.get(name, 'missing')} in the net {net.name}"
                )
