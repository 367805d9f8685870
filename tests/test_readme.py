"""README shows the example as it stands; tests/docs tries everything else that it shows."""

from __future__ import annotations

from tests.conftest import REPOSITORY
from tests.docs.pages import fences

EXAMPLE = "examples/digits.net"


def test_the_spec_is_the_example() -> None:
    shown = [fence.text for fence in fences(REPOSITORY / "README.md") if fence.name == EXAMPLE]
    assert shown == [(REPOSITORY / EXAMPLE).read_text(encoding="utf-8")]
