"""What a text costs who knows how often each of its units occurs, and nothing else."""

from __future__ import annotations

from collections import Counter

import numpy as np

from netdsl.training.plan import Plan


def entropy(plan: Plan) -> float:
    """Bits for each unit of the test share."""
    counted = Counter(plan.data.fields["next"].array[plan.split.test].reshape(-1).tolist())
    shares = np.array(list(counted.values())) / counted.total()
    return float(-(shares * np.log2(shares)).sum())
