"""Writes what inputs.net reads: pictures, and a table that names them, of scikit-learn's digits.

`python examples/inputs_data.py` makes the folder examples/inputs: the upper half of each digit as a
picture, and `digits.csv` with the picture's file, how much ink each quarter of the lower half has,
and which digit it is.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

HALF, LEVELS = 4, 16
COLUMNS = ("file", "third_left", "third_right", "last_left", "last_right", "digit")


def write(folder: Path) -> None:
    """Writes the pictures, 4 x 8, and the table into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    with (folder / "digits.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for number, (image, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
            name = f"{number:04}.png"
            shades = np.round(image[:HALF] * (255 / LEVELS)).astype(np.uint8)
            Image.fromarray(shades).save(folder / name)
            # Quarters of the lower half: two rows and four columns each.
            ink = image[HALF:].reshape(2, HALF // 2, 2, HALF).sum(axis=(1, 3))
            table.writerow([name, *(f"{one:g}" for one in ink.reshape(-1)), digit])


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "inputs")
