"""Writes what the package carries ready-made, so that a start of `netdsl check` is quick.

`python -m netdsl.generate` writes the parser's tables from grammars/netdsl.lark; the index of the
catalogue from the records. With `--check` it writes nothing and fails where a file is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from pprint import pformat

PACKAGE = Path(__file__).parent
GRAMMAR = PACKAGE.parent / "grammars" / "netdsl.lark"


def tables() -> str:
    """The source of syntax/tables.py: lark's LALR tables of the grammar, as plain data."""
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    parser = Lark(
        GRAMMAR.read_text(encoding="utf-8"),
        parser="lalr",
        lexer="contextual",
        start="file",
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    return (
        '"""LALR tables of grammars/netdsl.lark: written by netdsl/generate.py."""\n\n'
        "from typing import Any\n\n"
        f"DATA: dict[str, Any] = {data!r}\n"
        f"MEMO: dict[int, Any] = {memo!r}\n"
    )


def index() -> str:
    """The source of catalog/index.py: which module has each word, and which words are symbols."""
    from netdsl.catalog.collect import collect

    words, symbols = collect()
    return (
        '"""Where each word of the catalogue is found: written by netdsl/generate.py."""\n\n'
        "# Kind of entry, then word, then the module that has it.\n"
        f"WORDS: dict[str, dict[str, str]] = {pformat(words, width=96)}\n\n"
        "# Words that some argument declares.\n"
        f"SYMBOLS: frozenset[str] = frozenset({pformat(sorted(symbols), width=90)})\n"
    )


FILES = {
    PACKAGE / "syntax" / "tables.py": tables,
    PACKAGE / "catalog" / "index.py": index,
}


def main(arguments: list[str]) -> int:
    """Writes the files, or with `--check` names those that are stale; 1 if there are any."""
    stale = 0
    for path, source in FILES.items():
        text = source()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            print(f"{path.relative_to(PACKAGE.parent)} is stale: run `make generate`")
            stale = 1
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(PACKAGE.parent)}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
