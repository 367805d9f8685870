"""Seconds as people read them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """`0.42 s`, `37.1 s`, `5 min 20 s`, `3 h 05 min`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
