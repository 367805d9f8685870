"""Optimizers: how gradients move the weights. Formulas and defaults are those of `torch.optim`.

`weight_decay` adds that many times the weight to its gradient, except in `adamw`, which takes it
from the weight itself. With `decay=matrices` it leaves out vectors, which are biases and the scales
of normalisations (He et al., 2019, "Bag of tricks", 3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from netdsl.catalog.arguments import Entry, EntryArgument, Rejection, choice, flag
from netdsl.catalog.quantities import number
from netdsl.record import REQUIRED

Decay: TypeAlias = Literal["all", "matrices"]

_WHICH = get_args(Decay)


class Optimizer(Entry):
    """Base of all optimizers: each has `lr`, its rate, and says which weights `decay`."""

    category: ClassVar[str] = "optimizer"
    # Each declares them anew: its own default, and its own place among the arguments.
    lr: float = number("learning rate", minimum=0)
    decay: Decay = choice("which weights decay", _WHICH, "all", True)

    def verify(self) -> None:
        """Raises a `Rejection` where arguments contradict one another."""
        raise NotImplementedError


class _Consistent(Optimizer):
    """Base of optimizers whose arguments do not depend on one another."""

    def verify(self) -> None:
        return None


class Sgd(Optimizer):
    """Stochastic gradient descent (Robbins and Monro, 1951), with momentum (Polyak, 1964)."""

    word: ClassVar[str] = "sgd"
    lr: float = number("learning rate", minimum=0)
    momentum: float = number("the share of the last step that is kept", 0, minimum=0, below=1)
    nesterov: bool = flag("look ahead along the momentum (Sutskever et al., 2013)", False)
    weight_decay: float = number("how strongly weights are drawn to zero", 0, True, minimum=0)
    decay: Decay = choice("which weights decay", _WHICH, "all", True)

    def verify(self) -> None:
        if self.nesterov and not self.momentum:
            raise Rejection(
                "nesterov looks ahead along the momentum, but momentum is 0",
                "optimizer",
                help="write momentum=0.9, or leave nesterov out",
            )


class Adagrad(_Consistent):
    """Divides each rate by the root of the sum of squared gradients (Duchi et al., 2011)."""

    word: ClassVar[str] = "adagrad"
    lr: float = number("learning rate", 1e-2, minimum=0)
    lr_decay: float = number("how fast the rate falls: lr / (1 + steps * lr_decay)", 0, minimum=0)
    eps: float = number("added to the root", 1e-10, True, minimum=0)
    weight_decay: float = number("how strongly weights are drawn to zero", 0, True, minimum=0)
    decay: Decay = choice("which weights decay", _WHICH, "all", True)


class RmsProp(_Consistent):
    """Divides each rate by a running root mean square of gradients (Hinton, 2012, lecture 6e)."""

    word: ClassVar[str] = "rmsprop"
    lr: float = number("learning rate", 1e-2, minimum=0)
    alpha: float = number("the share of the old mean that is kept", 0.99, minimum=0, below=1)
    momentum: float = number("the share of the last step that is kept", 0, minimum=0, below=1)
    centered: bool = flag("divide by the standard deviation instead", False, keyword=True)
    eps: float = number("added to the root", 1e-8, True, minimum=0)
    weight_decay: float = number("how strongly weights are drawn to zero", 0, True, minimum=0)
    decay: Decay = choice("which weights decay", _WHICH, "all", True)


class Adam(_Consistent):
    """Running means of gradients and of their squares (Kingma and Ba, 2015)."""

    word: ClassVar[str] = "adam"
    lr: float = number("learning rate", 1e-3, minimum=0)
    beta1: float = number("the share of the old mean that is kept", 0.9, minimum=0, below=1)
    beta2: float = number("the same for the squares", 0.999, minimum=0, below=1)
    eps: float = number("added to the root", 1e-8, True, minimum=0)
    weight_decay: float = number("how strongly weights are drawn to zero", 0, True, minimum=0)
    decay: Decay = choice("which weights decay", _WHICH, "all", True)


class AdamW(_Consistent):
    """Adam with decay apart from the gradient (Loshchilov and Hutter, 2019)."""

    word: ClassVar[str] = "adamw"
    lr: float = number("learning rate", 1e-3, minimum=0)
    beta1: float = number("the share of the old mean that is kept", 0.9, minimum=0, below=1)
    beta2: float = number("the same for the squares", 0.999, minimum=0, below=1)
    eps: float = number("added to the root", 1e-8, True, minimum=0)
    weight_decay: float = number("the share of lr taken from each weight", 1e-2, True, minimum=0)
    decay: Decay = choice("which weights decay", _WHICH, "all", True)


class OptimizerChoice(EntryArgument):
    """An optimizer whose arguments agree with one another."""

    __slots__ = ()

    def __init__(self, doc: str, default: object = REQUIRED, keyword: bool = False) -> None:
        super().__init__(doc, Optimizer, default, keyword)

    def normal(self, value: Any) -> Any:
        if not isinstance(value, Optimizer):
            raise self.refuse(value)
        value.verify()
        return value

    @property
    def expects(self) -> str:
        return "an optimizer such as adam(lr=1e-3)"


# To a type checker the default of any type, as in arguments.py.
optimizer_choice: Callable[..., Any] = OptimizerChoice
