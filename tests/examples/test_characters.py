"""A character LSTM on held-out English, beside the same model written by hand in PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from netdsl.cli.specs import open_spec
from netdsl.training import session
from netdsl.training.initial import initial_weights
from netdsl.training.order import batches
from netdsl.training.plan import Plan
from tests.conftest import REPOSITORY
from tests.examples.frequencies import entropy
from tests.examples.whole import WHOLE
from tests.training.nets import Silent

SPEC = str(REPOSITORY / "examples/characters.net")
# Where not all of it is trained: a few steps, after which spaces and frequent letters are known.
SHORT = {} if WHOLE else {"train.steps": "60"}


class ByHand(nn.Module):
    """The model of the spec."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(96, 64)
        self.lstm = nn.LSTM(64, 256, batch_first=True)
        self.dense = nn.Linear(256, 96)

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.dense(self.lstm(self.embedding(tokens))[0])
        return logits

    def start(self, weights: dict[str, Tensor]) -> None:
        """Takes the spec's initial weights: it has one bias, in place of two."""
        own = {
            "embedding.weight": weights["embedding1.weight"],
            "lstm.weight_ih_l0": weights["lstm1.weight_ih"],
            "lstm.weight_hh_l0": weights["lstm1.weight_hh"],
            "lstm.bias_ih_l0": weights["lstm1.bias"],
            "lstm.bias_hh_l0": torch.zeros_like(weights["lstm1.bias"]),
            "dense.weight": weights["dense1.weight"],
            "dense.bias": weights["dense1.bias"],
        }
        self.load_state_dict(own)
        self.lstm.bias_hh_l0.requires_grad_(False)


def test_it_reaches_what_its_comment_says_as_by_hand(tmp_path: Path) -> None:
    begun = session.start(open_spec(SPEC, SHORT, None), "torch", tmp_path / "run", "cpu")
    assert begun.plan.data.fields["next"].array.size > 500_000
    begun.train(Silent())
    found = begun.finish()["bits"]
    assert found < (2.25 if WHOLE else 4)
    assert found < entropy(begun.plan)
    assert by_hand(begun.plan) == pytest.approx(found, rel=0.01)


def by_hand(plan: Plan) -> float:
    """Bits per character on the test share after the same steps over the same batches."""
    settings, model = plan.settings, ByHand()
    start = initial_weights(plan.net.graph, settings.seed)
    model.start({name: torch.from_numpy(values) for name, values in start.items()})
    tokens, following = (torch.from_numpy(plan.data.fields[n].array) for n in ("tokens", "next"))
    moved = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(moved, lr=3e-3)
    orders = [batches(plan.split.train, 32, settings.seed, 1 + epoch) for epoch in range(10)]
    steps = settings.steps or settings.epochs * len(orders[0])
    for rows in [batch for order in orders for batch in order][:steps]:
        loss = functional.cross_entropy(model(tokens[rows]).transpose(1, 2), following[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(moved, 1)
        optimizer.step()
    rows = torch.from_numpy(plan.split.test)
    with torch.no_grad():
        losses = [
            functional.cross_entropy(
                model(tokens[part]).transpose(1, 2), following[part], reduction="sum"
            )
            for part in rows.split(256)
        ]
    return float(sum(losses)) / following[rows].numel() / float(np.log(2))
