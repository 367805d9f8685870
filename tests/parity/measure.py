"""Which backend measures a net; in a module, so that a new process finds it."""

from __future__ import annotations

from tests.parity.transplant import Result


def measure(backend: str, name: str) -> Result:
    """Measures a net with a backend, of which only what it needs is imported."""
    if backend == "keras":
        from tests.parity import in_keras

        return in_keras.measure(name)
    from tests.parity import transplant

    return transplant.measure(name)
