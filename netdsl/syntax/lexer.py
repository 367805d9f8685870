"""lark's contextual lexer with few contexts.

lark compiles a regular expression for each set of terminals that some state of the parser accepts:
some forty on the way of one spec, a quarter of a start of `netdsl check`. Contexts matter only to
tell words apart: `output` is a keyword where a statement begins and a name inside brackets, and
the x of `8x8` is none where a name may stand. States that agree on their words share a context.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lark.common import LexerConf
from lark.lexer import ContextualLexer


class FewContexts(ContextualLexer):
    """A contextual lexer whose states share contexts; what a state refuses the parser tells."""

    def __init__(
        self,
        conf: LexerConf,
        states: dict[int, Collection[str]],
        always_accept: Collection[str] = (),
    ) -> None:
        words = frozenset(
            terminal.name
            for terminal in conf.terminals
            if terminal.pattern.type == "str" and terminal.pattern.value.isalpha()
        )
        # The terminals were verified when the tables were written.
        conf.skip_validation = True
        super().__init__(conf, shared_contexts(states, words), always_accept)


def shared_contexts(
    states: dict[int, Collection[str]], words: frozenset[str]
) -> dict[int, Collection[str]]:
    """For each state the terminals of all states that tell words apart in the same way.

    A state tells a word from a name where it accepts both; the one letter x is a word that others
    may begin with, so it is told apart always.
    """
    groups: dict[Any, set[str]] = {}
    keys: dict[int, Any] = {}
    for state, accepts in states.items():
        accepted = frozenset(accepts)
        named = "NAME" in accepted
        keys[state] = (named, "X" in accepted, accepted & words if named else None)
        groups.setdefault(keys[state], set()).update(accepted)
    contexts = {key: frozenset(accepts) for key, accepts in groups.items()}
    return {state: contexts[key] for state, key in keys.items()}
