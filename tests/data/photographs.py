"""Real photographs for tests: the two that scikit-learn brings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image


@cache
def photograph(name: str) -> Image.Image:
    """`china.jpg` or `flower.jpg`, 640 x 427 in colour."""
    return Image.fromarray(load_sample_image(name))


def cut_up(directory: Path, count: int, size: int = 24, ending: str = "jpg") -> list[Path]:
    """So many pieces of the two photographs, in a directory for each of them."""
    generator = np.random.default_rng(0)
    paths = []
    for index in range(count):
        name = ("china", "flower")[index % 2]
        whole = photograph(f"{name}.jpg")
        left, top = (int(generator.integers(0, most - size)) for most in whole.size)
        paths.append(directory / name / f"{index:05d}.{ending}")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        whole.crop((left, top, left + size, top + size)).save(paths[-1], quality=95)
    return paths
