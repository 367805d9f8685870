"""The engines that train a run."""

from __future__ import annotations

from netdsl.backends.engine import Engine, Task
from netdsl.backends.team import ALONE, Team
from netdsl.catalog.methods import Adversarial, Hebbian
from netdsl.diagnostics import UserError
from netdsl.training import backends
from netdsl.training.hebbian import recalling
from netdsl.training.plan import Plan


class Engines:
    """Makes the engines of a run, one after the other: a phase's goes when the next one comes."""

    def __init__(
        self, name: str, plan: Plan, device: str, workers: int = 0, team: Team = ALONE
    ) -> None:
        """Examples that do not lie in memory are read by `workers` processes; 0: by this one.

        Of a `team` of several each process has its part of every batch, on the team's device.
        """
        method = plan.settings.method
        if team.size > 1 and isinstance(method, Adversarial | Hebbian):
            raise UserError(f"method = {method.word} trains on one device; leave --devices out")
        if team.size > 1 and plan.settings.carry:
            raise UserError(
                "carry=true goes along a text in one process; leave --devices out, or give it to "
                "--backend keras:jax"
            )
        self._team = team
        self._backend, self._plan, self._device = backends.backend(name), plan, device
        self.examples = plan.examples(workers)
        self._made: tuple[Task, Engine] | None = None

    def __call__(self, task: Task) -> Engine:
        """The engine of a task; the one that there is where it is of the same."""
        if self._made is None or self._made[0] is not task:
            self._made = None  # gives its memory back first
            made = (
                self._alone(task)
                if self._team.size == 1
                else self._backend.make_member(self._plan.net, task, self.examples, self._team)
            )
            self._made = task, made
        return self._made[1]

    def _alone(self, task: Task) -> Engine:
        """The engine of a process that trains by itself."""
        plan = self._plan
        if isinstance(plan.settings.method, Hebbian):
            return recalling(plan, self._backend, self.examples, self._device)
        return self._backend.make_engine(plan.net, task, self.examples, self._device)
