"""PyTorch's rows of the optimizers. Where PyTorch has one kernel for all weights, it is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import torch
from torch import optim
from torch.nn import Parameter

from netdsl.catalog.optimizers import Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd

_Row = Callable[[Any, list[Parameter]], optim.Optimizer]


def _sgd(record: Sgd, weights: list[Parameter]) -> optim.Optimizer:
    return optim.SGD(
        weights,
        lr=record.lr,
        momentum=record.momentum,
        nesterov=record.nesterov,
        weight_decay=record.weight_decay,
        fused=True,
    )


def _adagrad(record: Adagrad, weights: list[Parameter]) -> optim.Optimizer:
    return optim.Adagrad(
        weights,
        lr=record.lr,
        lr_decay=record.lr_decay,
        eps=record.eps,
        weight_decay=record.weight_decay,
    )


def _rmsprop(record: RmsProp, weights: list[Parameter]) -> optim.Optimizer:
    return optim.RMSprop(
        weights,
        lr=record.lr,
        alpha=record.alpha,
        momentum=record.momentum,
        centered=record.centered,
        eps=record.eps,
        weight_decay=record.weight_decay,
    )


def _adam(record: Adam, weights: list[Parameter]) -> optim.Optimizer:
    return optim.Adam(
        weights,
        lr=record.lr,
        betas=(record.beta1, record.beta2),
        eps=record.eps,
        weight_decay=record.weight_decay,
        fused=True,
    )


def _adamw(record: AdamW, weights: list[Parameter]) -> optim.Optimizer:
    return optim.AdamW(
        weights,
        lr=record.lr,
        betas=(record.beta1, record.beta2),
        eps=record.eps,
        weight_decay=record.weight_decay,
        fused=True,
    )


_ROWS: dict[type[Optimizer], _Row] = {
    Sgd: _sgd,
    Adagrad: _adagrad,
    RmsProp: _rmsprop,
    Adam: _adam,
    AdamW: _adamw,
}


def optimizer(
    record: Optimizer,
    weights: Mapping[str, Parameter],
    undecayed: Collection[str] = (),
    whole: bool = True,
) -> optim.Optimizer:
    """The PyTorch optimizer of a record; weights named in `undecayed` have no weight decay.

    Not all of PyTorch's kernels take weights of which this process holds a part (not `whole`).
    """
    made = _ROWS[type(record)](record, [w for name, w in weights.items() if name not in undecayed])
    rest = [weight for name, weight in weights.items() if name in undecayed]
    if rest:
        made.add_param_group({"params": rest, "weight_decay": 0.0})
    if not whole:
        for group in made.param_groups:
            group["fused"] = False
    return made


def names_kept(record: Optimizer) -> frozenset[str]:
    """The names of what the optimizer keeps for each weight, as one step shows."""
    weight = Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    running = optimizer(record, {"weight": weight})
    running.step()
    return frozenset(name for name, value in running.state[weight].items() if value is not None)
