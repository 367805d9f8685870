"""Schedules of the learning rate: what it is times, at each moment of training.

Times are in epochs. The optimizer's `lr` is the highest rate of every schedule here.
"""

from __future__ import annotations

from typing import ClassVar

from netdsl.catalog.arguments import Entry, figure_name
from netdsl.catalog.quantities import number, sizes, whole


class Schedule(Entry):
    """Base of all schedules."""

    category: ClassVar[str] = "schedule"


class Warmed(Schedule):
    """Base of schedules that may begin with a rate that rises from 0 in a straight line."""

    warmup: float = number("how many epochs the rate rises at first", 0, True, minimum=0)


class Constant(Warmed):
    """The same rate throughout."""

    word: ClassVar[str] = "constant"


class Step(Warmed):
    """A rate that falls at some epochs: `step(30)` every 30, `step([60, 80])` after these."""

    word: ClassVar[str] = "step"
    at: int | tuple[int, ...] = sizes("after how many epochs each time, or a list of epochs")
    factor: float = number("what the rate is times from then on", 0.1, minimum=0)


class Exponential(Warmed):
    """A rate that falls after every epoch."""

    word: ClassVar[str] = "exponential"
    factor: float = number("what the rate is times after each epoch", 0.95, minimum=0)


class Cosine(Warmed):
    """Half a wave of the cosine, step by step, down to the end (Loshchilov and Hutter, 2017)."""

    word: ClassVar[str] = "cosine"
    final: float = number("the share of the rate at the end", 0, True, minimum=0)


class OneCycle(Schedule):
    """Up to the rate and down again, along cosines, in the whole time (Smith and Topin, 2018)."""

    word: ClassVar[str] = "one_cycle"
    rise: float = number("the share of the time that goes up", 0.3, minimum=0, below=1)
    initial: float = number("the share of the rate at the start", 0.04, True, minimum=0)
    final: float = number("the share of the rate at the end", 4e-6, True, minimum=0)


class Plateau(Warmed):
    """A rate that falls where a figure has not become better for some epochs."""

    word: ClassVar[str] = "plateau"
    patience: int = whole("how many epochs without a better figure", 10)
    factor: float = number("what the rate is times from then on", 0.1, minimum=0)
    monitor: str = figure_name("the figure that is watched, such as val_loss", "val_loss", True)
