"""What the text of a spec says, whatever its spaces are."""

from __future__ import annotations

from typing import Any

from netdsl.record import Record
from netdsl.source import Source
from netdsl.syntax.parse import parse


def tree_of(text: str) -> Any:
    """The tree of a text that parses, without its places: all that elaboration goes by."""
    file, mistakes = parse(Source("spec", text))
    assert mistakes == []
    return _meaning(file)


def _meaning(value: Any) -> Any:
    if isinstance(value, Record):
        fields = {key: getattr(value, key) for key in type(value).fields}
        places = ("span", "doc", "source")
        return type(value), [_meaning(fields[key]) for key in fields if key not in places]
    return [_meaning(item) for item in value] if isinstance(value, tuple) else value
