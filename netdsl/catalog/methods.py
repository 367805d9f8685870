"""Methods of training: what a `train` section makes small, of what, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from netdsl.catalog.arguments import Entry, entry, flag, tensor_names, text, written_net
from netdsl.catalog.losses import LossSum
from netdsl.catalog.optimizers import Optimizer, Sgd, optimizer_choice
from netdsl.catalog.quantities import number, sizes, whole
from netdsl.catalog.sources import ContentAndStyle


class Method(Entry):
    """Base of all methods.

    `unused` are the settings that it has no use for: a section that names it must not give them.
    `phased` says whether a section that names it may have phases.
    """

    category: ClassVar[str] = "method of training"
    unused: ClassVar[frozenset[str]] = frozenset()
    phased: ClassVar[bool] = True

    @property
    def given(self) -> Mapping[str, Any]:
        """The settings that the method itself gives: a section must not give them too."""
        return {}


class Supervised(Method):
    """The weights of one net are moved along the gradient of the section's loss."""

    word: ClassVar[str] = "supervised"


class Game(Entry):
    """Base of what a discriminator D and a generator G make small, by turns.

    Averages are over the batch. Where D answers with the `logits` of a probability, it may end in a
    sigmoid, which is folded into the objective; else its answer is taken as it is.
    """

    category: ClassVar[str] = "objective of adversaries"
    logits: ClassVar[bool] = False


class Minimax(Game):
    """D: -log D(x) - log(1 - D(G(z))). G: log(1 - D(G(z))). Goodfellow et al., 2014, Equation 1."""

    word: ClassVar[str] = "minimax"
    logits: ClassVar[bool] = True


class NonSaturating(Game):
    """As minimax for D. G: -log D(G(z)), which moves it also where D is sure (ibid., section 3)."""

    word: ClassVar[str] = "non_saturating"
    logits: ClassVar[bool] = True


class LeastSquares(Game):
    """D: ((D(x) - 1)^2 + D(G(z))^2) / 2. G: (D(G(z)) - 1)^2 / 2. Mao et al. (2017), Equation 9."""

    word: ClassVar[str] = "least_squares"


class WassersteinGradientPenalty(Game):
    """D: D(G(z)) - D(x) + penalty * (|gradient of D| - 1)^2. G: -D(G(z)). Gulrajani et al. (2017).

    The gradient is that at x + share * (G(z) - x), with a share from 0 to 1 drawn for each example;
    its length is Euclidean.
    """

    word: ClassVar[str] = "wgan_gp"
    penalty: float = number("how much a gradient counts that is not of length 1", 10, above=0)


class Adversarial(Method):
    """A generator learns to make what a discriminator takes for examples (Goodfellow et al., 2014).

    Each batch moves the discriminator; each `critic_steps`-th batch of an epoch then moves the
    generator. The noise that flows into the generator is normal, of mean 0 and deviation 1.
    """

    word: ClassVar[str] = "adversarial"
    unused: ClassVar[frozenset[str]] = frozenset(
        {
            *("net", "loss", "metrics", "augment", "freeze", "l1", "l2", "carry", "accumulate"),
            *("early_stopping", "precision", "fast"),
        }
    )
    generator: Any = written_net(
        "the net that makes examples out of noise, its input", keyword=True
    )
    discriminator: Any = written_net("the net that judges examples, its input", keyword=True)
    objective: Game = entry("what both make small", Game, NonSaturating(), True)
    critic_steps: int = whole("how many steps the discriminator takes for one", 1, keyword=True)
    generator_optimizer: Optimizer | None = optimizer_choice(
        "the generator's; else the section's optimizer", None, True
    )
    discriminator_optimizer: Optimizer | None = optimizer_choice(
        "the discriminator's; else the section's optimizer", None, True
    )
    samples: int = whole("how many pictures stand in the grid of each epoch", 64, keyword=True)

    @property
    def given(self) -> Mapping[str, Any]:
        """See `Method.given`: an optimizer where both nets have their own."""
        given: dict[str, Any] = {"loss": LossSum(())}
        if self.generator_optimizer is not None and self.discriminator_optimizer is not None:
            given["optimizer"] = self.generator_optimizer
        return given


class Hebbian(Method):
    """Patterns are stored at once: w_ij is the sum of x_i x_j over them, w_ii is 0 (Hopfield 1982).

    The net has one layer with weights, a `dense` without bias that gives as many units as it takes:
    the patterns are what flows into its first use, -1 and 1. What comes out of the net is what is
    recalled. That is tried with examples of which a share of the numbers is mirrored at `middle`.
    """

    word: ClassVar[str] = "hebbian"
    unused: ClassVar[frozenset[str]] = frozenset(
        {
            *("loss", "metrics", "augment", "optimizer", "schedule", "init", "freeze", "l1", "l2"),
            *(
                "batch",
                "carry",
                "accumulate",
                "clip",
                "ema",
                "precision",
                "fast",
                "epochs",
                "steps",
            ),
            "early_stopping",
        }
    )
    phased: ClassVar[bool] = False
    flipped: float = number(
        "the share of an example's numbers that is mirrored in a trial",
        0.2,
        True,
        minimum=0,
        below=1,
    )
    trials: int = whole("how often recall is tried", 200, keyword=True)
    middle: float | None = number(
        "where they are mirrored; else 0.5 for pictures, and 0", None, True
    )

    @property
    def given(self) -> Mapping[str, Any]:
        """See `Method.given`: nothing is made small, and everything is learned in one epoch."""
        return {"loss": LossSum(()), "optimizer": Sgd(1.0), "epochs": 1}


class Stylize(Method):
    """A picture is moved until a net sees the content of one and the style of another.

    Gatys, Ecker and Bethge (2016). Made small is content_weight * L_content + style_weight *
    L_style. L_content adds up half the squared differences between the tensors of the picture and
    of the content (Equation 1). L_style is the mean over its layers of E = |G - A|^2 / (2 n m)^2,
    with `gram` matrices G and A of picture and style, n channels and m positions (Equations 4 and
    5).

    The net's weights stay as they are. An epoch has `every` steps.
    """

    word: ClassVar[str] = "stylize"
    unused: ClassVar[frozenset[str]] = frozenset(
        {
            *("data", "split", "loss", "metrics", "augment", "freeze", "l1", "l2", "batch"),
            *("carry", "accumulate", "early_stopping"),
        }
    )
    content: str = text("a picture: a file, or one of scikit-image's by its name", keyword=True)
    style: str = text("another one", keyword=True)
    content_layers: tuple[str, ...] = tensor_names("tensors that show content", keyword=True)
    style_layers: tuple[str, ...] = tensor_names("tensors that show style", keyword=True)
    content_weight: float = number("how much the content counts", 1, True, minimum=0)
    style_weight: float = number("how much the style counts", 1000, True, minimum=0)
    size: int | tuple[int, ...] | None = sizes(
        "height and width that both are resized to; else those of the net's input", None, True
    )
    from_noise: bool = flag("whether the picture starts as noise, not as the content", False, True)
    every: int = whole("how many steps an epoch has, at whose end the picture is written", 25, True)

    @property
    def given(self) -> Mapping[str, Any]:
        """See `Method.given`: its pictures are the data, one example of them."""
        data = ContentAndStyle(self.content, self.style, self.size or 1)
        return {"data": data, "split": (1.0, 0.0, 0.0), "loss": LossSum(()), "batch": 1}
