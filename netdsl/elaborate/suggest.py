"""Did you mean: the likeliest of what is really possible at a place."""

from __future__ import annotations

from collections.abc import Iterable


def with_suggestion(sentence: str, name: str, possible: Iterable[str]) -> str:
    """A sentence without its full stop, and what was likely meant if something is."""
    hint = suggestion(name, possible)
    return f"{sentence}; {hint}" if hint else sentence


def suggestion(name: str, possible: Iterable[str]) -> str:
    """A sentence that names the nearest possibility, or all where they are few; else empty."""
    candidates = sorted(set(possible))
    near = nearest(name, candidates)
    if near:
        return f"did you mean {near}?"
    if 0 < len(candidates) <= 8:
        return f"there is {', '.join(candidates)}"
    return ""


def nearest(name: str, possible: Iterable[str]) -> str | None:
    """The possibility that was likely meant, else None."""
    # A spec without a mistake starts without it.
    from difflib import get_close_matches

    candidates = sorted(set(possible))
    folded = {candidate.lower().replace("_", ""): candidate for candidate in candidates}
    same = folded.get(name.lower().replace("_", ""))
    if same:
        return same
    near = get_close_matches(name, candidates, n=1, cutoff=0.6)
    return near[0] if near else None
