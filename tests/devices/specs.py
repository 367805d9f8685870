"""Specs that several processes train, and the data of those that read files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

_PLAIN = """net Plain {
  input image: 8x8x1
  conv(4, 3, pad=same) -> relu -> maxpool(2) -> flatten -> dense(10) -> softmax
}
"""
# Adam would make steps of what rounding leaves of the gradient of a bias before a batchnorm.
_NORMALISED = """net Normalised {
  input image: 8x8x1
  conv(4, 3, stride=2, bias=false) -> batchnorm -> relu -> flatten -> dense(10) -> softmax
}
"""
_POINTWISE = """net Pointwise {
  input image: 6x6x3
  conv(4, 3, pad=same) -> relu -> conv(3, 1) -> softmax
}
"""
_DIGITS = "  data = digits\n  batch = 100\n  accumulate = 2\n  clip = 0.5\n"

# By name. Batches of 100 and the rest of the 1257 digits are not shared out in equal parts.
SPECS = {
    "momentum": f"""{_PLAIN}train {{
{_DIGITS}
  loss = cross_entropy
  metrics = [f1, auc]
  optimizer = sgd(lr=0.1, momentum=0.9)
  l2 = 0.001
  epochs = 1
}}
""",
    "adam": f"""{_PLAIN}train {{
{_DIGITS}
  loss = cross_entropy(weights=[1, 2, 0.5, 1, 3, 1, 0.2, 1, 1, 4])
  optimizer = adam(lr=0.005)
  ema = 0.9
  epochs = 1
}}
""",
    "normalised": f"""{_NORMALISED}train {{
{_DIGITS}
  loss = cross_entropy
  epochs = 1
  optimizer = sgd(lr=0.05)
  phase {{ epochs = 1 }}
  phase {{ optimizer = adam(lr=0.002) }}
}}
""",
    "streamed": f"""{_POINTWISE}train {{
  data = masks("images", "masks")
  batch = 7
  loss = cross_entropy
  optimizer = sgd(lr=0.05, momentum=0.9)
  epochs = 1
}}
""",
}


def write(folder: Path) -> list[Path]:
    """The specs as files, with 31 pictures whose masks count unlike numbers of pixels."""
    drawn = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for number in range(31):
        picture = drawn.integers(0, 256, (6, 6, 3), np.uint8)
        mask = drawn.integers(0, 3, (6, 6), np.uint8)
        mask[: number % 6] = 255
        Image.fromarray(picture).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    paths = [folder / f"{name}.net" for name in SPECS]
    for path in paths:
        path.write_text(SPECS[path.stem], encoding="utf-8")
    return paths
