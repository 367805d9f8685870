"""Comments of a spec as docstrings of emitted code."""

from __future__ import annotations

import textwrap

from netdsl.backends.emission import layout
from netdsl.graph import ElaboratedNet


def module_doc(net: ElaboratedNet, backend: str) -> str:
    """The docstring of an emitted file: whose net it is, and what the spec says of it."""
    doc = _spoken(net.graph.definition.doc)
    text = f"{net.name} in {backend}, written by netdsl."
    if not doc:
        return f'"""{text}"""'
    return "\n".join([f'"""{text}', "", *_wrapped(_quotable(doc), 0), '"""'])


def part_doc(doc: str, otherwise: str) -> list[str]:
    """The docstring of a class or function: what the spec says of it, or what is said otherwise."""
    text = _quotable(_spoken(doc) or otherwise)
    if text.endswith('"'):
        text += " "
    if len(text) + 10 <= layout.WIDTH:
        return [f'    """{text}"""']
    first, *rest = _wrapped(f'"""{text}', 1)
    return [first, *rest, '    """'] if rest else [f'    """{text}"""']


def _spoken(doc: str) -> str:
    """A comment as one text, without its drawings: what is indented as code is in Markdown."""
    lines = [line for line in doc.splitlines() if not line.startswith(layout.INDENT)]
    return " ".join(" ".join(lines).split())


def _quotable(text: str) -> str:
    """A text that can stand between three quotes."""
    return text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _wrapped(text: str, depth: int) -> list[str]:
    lead = layout.INDENT * depth
    return textwrap.wrap(
        text, layout.WIDTH, initial_indent=lead, subsequent_indent=lead, break_long_words=False
    )
