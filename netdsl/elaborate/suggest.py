"""Did you mean: the likeliest of what is really possible at a place."""

from __future__ import annotations

from collections.abc import Iterable


def suggestion(name: str, possible: Iterable[str]) -> str:
    """A sentence that names the nearest possibility, or all where they are few; else empty."""
    # A spec without a mistake starts without it.
    from difflib import get_close_matches

    candidates = sorted(set(possible))
    folded = {candidate.lower().replace("_", ""): candidate for candidate in candidates}
    same = folded.get(name.lower().replace("_", ""))
    if same:
        return f"did you mean {same}?"
    near = get_close_matches(name, candidates, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    if 0 < len(candidates) <= 8:
        return f"there is {', '.join(candidates)}"
    return ""
