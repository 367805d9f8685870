"""The words of the language in the groups that are coloured alike, for every editor and renderer.

From the grammar and the catalogue, so that a new layer is coloured everywhere.
"""

from __future__ import annotations

from netdsl.catalog.index import SYMBOLS, WORDS
from netdsl.elaborate.builtins import BUILTINS
from netdsl.syntax.keywords import keywords

CONSTANTS = frozenset(("true", "false", "none"))
OPERATORS = frozenset(("and", "or", "not", "in"))
# Keywords within a statement; the others begin one, and are names anywhere else: `output`.
INNER = frozenset(("as", "else", "for", "if", "import", "of", "repeat"))
TYPES = frozenset(("int", "tensor"))
STARTING = keywords() - CONSTANTS - OPERATORS - INNER - TYPES

LAYERS = frozenset(WORDS["layer"])
CALLED = frozenset(word for kind in WORDS.values() for word in kind) | frozenset(BUILTINS)
# Words that an argument takes and that nothing is called.
PLAIN_SYMBOLS = SYMBOLS - CONSTANTS - CALLED


def groups() -> dict[str, frozenset[str]]:
    """Every group by the name that a template of an editor's grammar has for it."""
    from netdsl.catalog.settings import Settings

    elsewhere = {"layer", "initializer", "settings"}
    return {
        "constants": CONSTANTS,
        "operators": OPERATORS,
        "inner": INNER,
        "types": TYPES,
        "starting": STARTING,
        "layers": LAYERS,
        "initializers": frozenset(WORDS["initializer"]),
        "functions": frozenset(BUILTINS),
        "symbols": PLAIN_SYMBOLS,
        "called_symbols": SYMBOLS - CONSTANTS - PLAIN_SYMBOLS,
        "training": frozenset(w for kind in WORDS.keys() - elsewhere for w in WORDS[kind]),
        "settings": frozenset(Settings.arguments()),
    }
