"""What holds for every comparison of backends."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _collected(collected: None) -> None:
    """Each comparison collects after each model."""
