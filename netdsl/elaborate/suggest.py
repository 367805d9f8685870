"""Did you mean: the likeliest of what is really possible at a place."""

from __future__ import annotations

from collections.abc import Iterable

from netdsl.diagnostics import Help
from netdsl.syntax import tree

# As many possibilities are named where none is near.
_MOST_NAMED = 8


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
    if 0 < len(candidates) <= _MOST_NAMED:
        return f"there is {', '.join(candidates)}"
    return ""


def did_you_mean(name: tree.Name, possible: Iterable[str]) -> tuple[Help, ...]:
    """The same as help for a name in a spec: what was likely meant, as the edit that writes it."""
    candidates = sorted(set(possible))
    near = nearest(name.name, candidates)
    if near:
        return (Help(f"did you mean {near}?", name.span, near),)
    text = suggestion(name.name, candidates)
    return (Help(text),) if text else ()


def nearest(name: str, possible: Iterable[str]) -> str | None:
    """The possibility that was likely meant, else None."""
    # A spec without a mistake starts without them.
    from difflib import get_close_matches

    from netdsl.catalog.elsewhere import folded, here

    candidates = sorted(set(possible) - {name})
    same = {folded(candidate): candidate for candidate in candidates}.get(folded(name))
    if same:
        return same
    elsewhere = here(name)
    if elsewhere in candidates:
        return elsewhere
    # A letter more or less is no likeness of words of one or two letters.
    near = get_close_matches(name, candidates, n=1, cutoff=0.6) if len(name) > 1 else []
    return near[0] if near else None
