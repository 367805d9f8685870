"""Augmentations: how examples are changed for training, anew each time that they are seen.

What is random is drawn for each example. Pixels that come from outside of a picture are 0; the
centre of a picture is that of its middle pixel, or lies between its two middle ones. A label map
follows its picture: with the nearest pixel instead of an average, with class 0 from outside.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from netdsl.catalog.arguments import Entry, Rejection, choice
from netdsl.catalog.quantities import number, whole


class Augmentation(Entry):
    """Base of all augmentations."""

    category: ClassVar[str] = "augmentation"
    # Whether it changes anything but pictures.
    takes_any: ClassVar[bool] = False

    def verify(self) -> None:
        """Raises a `Rejection` where arguments contradict one another."""


class Geometric(Augmentation):
    """Base of what moves pixels: label maps and pictures that are targets move with the input."""


class Affine(Geometric):
    """Base of affine maps about the centre: neighbours are one map, and one bilinear resampling."""


class Photometric(Augmentation):
    """Base of what changes colours where they are: of the input, and of a target that is it."""


class Corruption(Augmentation):
    """Base of what is lost from the input alone: a target that is the input stays whole.

    So an autoencoder becomes a denoising one (Vincent et al., 2010).
    """


class Mixing(Augmentation):
    """Base of what puts two examples of a batch together, and their targets in the same shares."""


class Flip(Geometric):
    """Mirrors a picture: left and right (`width`), or top and bottom (`height`)."""

    word: ClassVar[str] = "flip"
    axis: Literal["width", "height"] = choice(
        "the axis along which pixels change places", ("width", "height"), "width"
    )
    chance: float = number("how likely it is", 0.5, minimum=0, maximum=1)


class Rotate(Affine):
    """Turns a picture by an angle between -degrees and degrees, all equally likely."""

    word: ClassVar[str] = "rotate"
    degrees: float = number("the largest angle, to either side", minimum=0, maximum=180)


class Scale(Affine):
    """Enlarges a picture by a factor between two bounds, all equally likely; below 1 shrinks it."""

    word: ClassVar[str] = "scale"
    from_: float = number("the smallest factor, above 0", minimum=0)
    to: float = number("the largest factor", minimum=0)

    def verify(self) -> None:
        if not 0 < self.from_ <= self.to:
            raise Rejection(
                f"scale goes from a factor above 0 up to another, not from {self.from_:g} to "
                f"{self.to:g}",
                help="scale(0.9, 1.1) is from a tenth smaller to a tenth larger",
            )


class Shift(Affine):
    """Moves a picture, along each axis by up to a share of its size, all equally likely."""

    word: ClassVar[str] = "shift"
    share: float = number("the largest move, as a share of height and width", minimum=0, maximum=1)


class Crop(Geometric):
    """Adds a border of zeros and cuts a picture of the old size out of it, at a random place.

    So for CIFAR, by 4 pixels (He et al., 2016, section 4.2).
    """

    word: ClassVar[str] = "crop"
    amount: int = whole("how many pixels are added on each side")


class Noise(Corruption):
    """Adds numbers from a normal distribution around 0 (Bishop, 1995): to inputs of any kind.

    They are the only ones that a backend draws itself, so that they differ between backends.
    """

    word: ClassVar[str] = "noise"
    takes_any: ClassVar[bool] = True
    std: float = number("their standard deviation", minimum=0)


class Cutout(Corruption):
    """Sets a square to 0 whose centre is any pixel, as far as it lies in the picture.

    (DeVries and Taylor, 2017, arXiv:1708.04552.)
    """

    word: ClassVar[str] = "cutout"
    size: int = whole("the side of the square in pixels")


class Mixup(Mixing):
    """The average of two examples, weighted by a share from Beta(alpha, alpha).

    (Zhang et al., 2018, arXiv:1710.09412.) The other example is one of the same batch; the targets
    are averaged with the same weights. With `alpha` 0 nothing is mixed.
    """

    word: ClassVar[str] = "mixup"
    takes_any: ClassVar[bool] = True
    alpha: float = number("how strongly: 1 makes all shares equally likely", 0.2, minimum=0)


class CutMix(Mixing):
    """A box of the picture is that of another of the batch (Yun et al., 2019, arXiv:1905.04899).

    The box has a share of the area from Beta(alpha, alpha) and any pixel as its centre; what lies
    outside of the picture is cut off. The targets are averaged by the areas that are seen.
    """

    word: ClassVar[str] = "cutmix"
    alpha: float = number("how strongly: 1 makes all areas equally likely", 1, minimum=0)


class ColorJitter(Photometric):
    """Changes brightness, contrast, saturation and hue, in this order (torchvision's formulas).

    The first three are factors between 1 - the number, at least 0, and 1 + the number: times the
    picture, away from the mean of its grey, away from its grey at each pixel (Krizhevsky et al.,
    2012, and Howard, 2013, have such changes). Hues move by up to a share of the circle. All stays
    from 0 to 1.
    """

    word: ClassVar[str] = "color_jitter"
    brightness: float = number("how far brightness goes from 1", minimum=0)
    contrast: float = number("how far contrast goes from 1", minimum=0)
    saturation: float = number("how far saturation goes from 1", 0, minimum=0)
    hue: float = number("how far hues move, as a share of the circle", 0, minimum=0, maximum=0.5)
