"""How many patterns a Hopfield net holds: random ones, and digits with noise.

`python examples/hopfield_capacity.py out.png` draws it. It takes half a minute.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

import netdsl
from netdsl.training.hebbian import hebbian

SPEC = str(Path(__file__).with_name("hopfield.net"))
# Amit, Gutfreund and Sompolinsky (1985): of many units, no pattern is recalled above this load.
CRITICAL = 0.138
UNITS, ROUNDS = 1000, 50
LOADS = [load / 100 for load in (2, 4, 6, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 25)]
NOISE = (0.0, 0.1, 0.2)
# How many of the patterns are tried, and how much of one must come back for it to count.
TRIED, NEAR = 100, 0.9
Patterns = Any  # (n, units), -1 and 1


@cache
def net_of(units: int) -> torch.nn.Module:
    """The net of the spec, whose weights are to be set."""
    return netdsl.load(f"{SPEC}:Hopfield", set={"units": str(units), "rounds": str(ROUNDS)}).torch()


def recalled(patterns: Patterns, starts: Patterns) -> Patterns:
    """What a net that has stored the patterns ends in from each of the starts."""
    net = net_of(patterns.shape[1])
    with torch.no_grad():
        net.weights.weight.copy_(torch.from_numpy(hebbian(patterns)))
        return net(torch.from_numpy(starts)).numpy()


def flipped(patterns: Patterns, share: float, generator: np.random.Generator) -> Patterns:
    """The patterns with this share of their bits flipped, at other places in each."""
    order = generator.random(patterns.shape).argsort(axis=1)
    return np.where(order < round(share * patterns.shape[1]), -patterns, patterns)


def near(patterns: Patterns, ends: Patterns) -> float:
    """The share of patterns whose ends have an overlap with them of at least `NEAR`.

    It is 1 where they agree in every bit, 0 where they agree in half of them.
    """
    return float(((patterns * ends).mean(axis=1) >= NEAR).mean())


def random_patterns(load: float, units: int, generator: np.random.Generator) -> Patterns:
    """So many random patterns for each unit."""
    drawn = generator.choice([-1.0, 1.0], (max(1, round(load * units)), units))
    return drawn.astype(np.float32)


def curve(share: float, units: int = UNITS, seed: int = 0) -> list[float]:
    """The share of patterns recalled from so many flipped bits, for each of the loads."""
    generator = np.random.default_rng(seed)
    found = []
    for load in LOADS:
        patterns = random_patterns(load, units, generator)
        tried = patterns[:TRIED]
        found.append(near(tried, recalled(patterns, flipped(tried, share, generator))))
    return found


def some_digits(count: int, generator: np.random.Generator) -> Patterns:
    """So many digits of different classes, as far as there are, of 64 bits."""
    bundled = load_digits()
    bits = np.where(bundled.data > 8, 1.0, -1.0).astype(np.float32)
    classes = generator.permutation(10)[:count]
    chosen = [generator.choice(np.flatnonzero(bundled.target == one)) for one in classes]
    return bits[chosen]


def digits_recalled(count: int, share: float, tries: int = 40, seed: int = 0) -> float:
    """The share of so many stored digits that are recalled without a fault from noise."""
    generator = np.random.default_rng([seed, count])
    right = []
    for _ in range(tries):
        patterns = some_digits(count, generator)
        ends = recalled(patterns, flipped(patterns, share, generator))
        right.append((ends == patterns).all(axis=1).mean())
    return float(np.mean(right))


def draw(path: Path) -> None:
    """Draws both as a picture."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for share in NOISE:
        shares = [100 * one for one in curve(share)]
        left.plot(LOADS, shares, marker=".", label=f"{100 * share:g} % of bits flipped")
    left.axvline(CRITICAL, color="0.6", linestyle=":", label=f"{CRITICAL} of theory")
    left.set(
        title=f"Random patterns, {UNITS} units",
        xlabel="patterns / units",
        ylabel=f"recalled with an overlap of {NEAR}, %",
        ylim=(0, 105),
    )
    left.legend()
    counts = range(1, 11)
    for share in NOISE:
        shares = [100 * digits_recalled(count, share) for count in counts]
        right.plot(counts, shares, marker=".", label=f"{100 * share:g} % of bits flipped")
    right.set(
        title="Digits of different classes, 64 units",
        xlabel="digits stored",
        ylabel="recalled without a fault, %",
        ylim=(0, 105),
    )
    right.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
