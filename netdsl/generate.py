"""Writes what the package carries ready-made, so that a start of `netdsl check` is quick.

`python -m netdsl.generate` writes the parser's tables from grammars/netdsl.lark, and from the
records the index of the catalogue's words; from the explanations of diagnostics their page in the
documentation; and the grammars that editors colour specs with. With `--check` it writes nothing and
fails where a file is stale.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

PACKAGE = Path(__file__).parent
GRAMMAR = PACKAGE.parent / "grammars" / "netdsl.lark"
TABLES = PACKAGE / "syntax" / "tables.py"
EDITORS = PACKAGE.parent / "editors"


def tables() -> str:
    """The source of syntax/tables.py: lark's LALR tables of the grammar, as plain data.

    lark numbers its states in another order at every run, so the tables carry the digest of the
    grammar that they were made from: while it is that of the grammar, they stay as they are.
    """
    grammar = GRAMMAR.read_text(encoding="utf-8")
    stamp = f'GRAMMAR = "{sha256(grammar.encode()).hexdigest()}"\n'
    standing = TABLES.read_text(encoding="utf-8") if TABLES.exists() else ""
    if stamp in standing:
        return standing
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    parser = Lark(
        grammar,
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
        f"{stamp}"
        f"DATA: dict[str, Any] = {data!r}\n"
        f"MEMO: dict[int, Any] = {memo!r}\n"
    )


def index() -> str:
    """The source of catalog/index.py: which module has each word, and which words are symbols."""
    from netdsl.catalog.collect import collect

    words, symbols = collect()
    kinds = [
        f'    "{kind}": {{\n'
        + "".join(f'        "{word}": "{place}",\n' for word, place in sorted(places.items()))
        + "    },\n"
        for kind, places in sorted(words.items())
    ]
    return (
        '"""Where each word of the catalogue is found: written by netdsl/generate.py."""\n\n'
        "# Kind of entry, then word, then the module that has it.\n"
        f"WORDS: dict[str, dict[str, str]] = {{\n{''.join(kinds)}}}\n\n"
        "# Words that some argument declares.\n"
        "SYMBOLS: frozenset[str] = frozenset(\n    [\n"
        + "".join(f'        "{symbol}",\n' for symbol in sorted(symbols))
        + "    ]\n)\n"
    )


def diagnostics() -> str:
    """The page of all codes, from their explanations."""
    from netdsl.diagnostics.explain import page

    return page()


def textmate() -> str:
    """The grammar of VS Code, and of whatever else reads those of TextMate."""
    from netdsl.editors import filled

    return filled(EDITORS / "templates" / "netdsl.tmLanguage.json", "|")


def vim() -> str:
    """The grammar of Vim and Neovim."""
    from netdsl.editors import filled

    return filled(EDITORS / "templates" / "netdsl.vim", r"\|")


def snippets() -> str:
    """The snippets of VS Code."""
    from netdsl.editors import snippets

    return snippets()


FILES = {
    TABLES: tables,
    PACKAGE / "catalog" / "index.py": index,
    PACKAGE.parent / "docs" / "diagnostics.md": diagnostics,
    EDITORS / "vscode" / "syntaxes" / "netdsl.tmLanguage.json": textmate,
    EDITORS / "vim" / "syntax" / "netdsl.vim": vim,
    EDITORS / "vscode" / "snippets" / "netdsl.json": snippets,
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
