"""The extension for VS Code: its grammar against the parser, and what is packaged."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netdsl.source import Source
from netdsl.syntax.parse import parse
from netdsl.wordlists import groups
from tests.conftest import REPOSITORY
from tests.editors.parsed import EVERYTHING, SPECS, miscoloured
from tests.npm import install

EXTENSION = REPOSITORY / "editors" / "vscode"
GRAMMAR = Path("syntaxes") / "netdsl.tmLanguage.json"
SCRATCH = Path("tests") / "scratch"  # what is there is neither run by itself nor packaged


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the extension with what it needs."""
    folder = tmp_path_factory.mktemp("extension")
    install(EXTENSION, folder)
    (folder / SCRATCH).mkdir()
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of the extension's folder."""
    program = str(folder / "node_modules" / ".bin" / command[0])
    found = program if Path(program).exists() else command[0]
    return subprocess.run(
        [found, *command[1:]], cwd=folder, capture_output=True, text=True, check=False
    )


def test_its_own_tests(extension: Path) -> None:
    done = run(extension, "npm", "test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("run successfuly") == len(list(EXTENSION.glob("tests/*.net")))


# The scope of each group's words, and where they have it.
WORDS = [
    ("layers", "support.function.layer", "net N {\n  it -> {}(3)", 8),
    ("initializers", "support.function.initializer", "net N {\n  conv(8, init={})", 15),
    ("functions", "support.function.builtin", "net N {\n  let a = {}(2)", 10),
    ("symbols", "support.constant.symbol", "net N {\n  conv(8, pad={})", 14),
    ("called_symbols", "support.constant.symbol", "net N {\n  conv(8, pad={})", 14),
    ("training", "support.function.training", "train {\n  x = {}(2)", 6),
    ("settings", "support.type.property-name.setting", "train {\n  {} = 2", 2),
    ("starting", "keyword.other", "net N {\n  {} x", 2),
]
# These have scopes of their own, in which tests of the extension show them.
DECLARED = {"block", "fn", "from", "input", "let", "net", "shared", "train"}


def assertions() -> Iterator[str]:
    """A test for vscode-tmgrammar-test with every word of the catalogue."""
    yield '# SYNTAX TEST "source.netdsl" "every word"\n'
    for group, scope, text, column in WORDS:
        for word in sorted(groups()[group] - (DECLARED if group == "starting" else set())):
            marks = " " * (column - 1) + "^" * len(word)
            yield f"{text.replace('{}', word)}\n#{marks} {scope}.netdsl\n}}\n"


def test_every_word_of_the_catalogue_has_its_colour(extension: Path) -> None:
    (extension / SCRATCH / "words.net").write_text("".join(assertions()), encoding="utf-8")
    done = run(extension, "vscode-tmgrammar-test", f"{SCRATCH}/words.net")
    assert done.returncode == 0, done.stdout


def test_a_word_that_the_grammar_lacks_is_seen(extension: Path) -> None:
    (extension / SCRATCH / "words.net").write_text("".join(assertions()), encoding="utf-8")
    lacking = (extension / GRAMMAR).read_text(encoding="utf-8").replace("|dropout|", "|dropped|")
    (extension / SCRATCH / "lacking.json").write_text(lacking, encoding="utf-8")
    grammar = {"language": "netdsl", "scopeName": "source.netdsl", "path": "lacking.json"}
    contributes = {"languages": [{"id": "netdsl", "extensions": [".net"]}], "grammars": [grammar]}
    package = json.dumps({"contributes": contributes})
    (extension / SCRATCH / "package.json").write_text(package, encoding="utf-8")
    options = ["--config", f"{SCRATCH}/package.json"]
    done = run(extension, "vscode-tmgrammar-test", *options, f"{SCRATCH}/words.net")
    assert done.returncode != 0
    assert "it -> dropout(3)" in done.stdout


def test_snippets_are_pieces_of_specs() -> None:
    found = json.loads((EXTENSION / "snippets" / "netdsl.json").read_text(encoding="utf-8"))
    assert {"net", "block", "train", "repeat", "for", "if"} <= found.keys()
    for name, snippet in found.items():
        assert snippet["prefix"] == name
        text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", "\n".join(snippet["body"]))
        text = text.replace("($0)", "(bias=false)").replace("$0", "relu")
        around = "net N {{ {} }}\n" if name in ("repeat", "for", "if") else "{}\n"
        _, mistakes = parse(Source(name, around.format(text)))
        assert mistakes == [], text


def test_blocks_of_markdown_are_specs(extension: Path) -> None:
    folder = extension / SCRATCH / "markdown"
    folder.mkdir()
    host = {"scopeName": "text.html.markdown", "patterns": [], "fileTypes": ["md"]}
    (folder / "host.json").write_text(json.dumps(host), encoding="utf-8")
    package = json.loads((extension / "package.json").read_text(encoding="utf-8"))
    for grammar in package["contributes"]["grammars"]:
        grammar["path"] = f"../../../{grammar['path']}"
    package["contributes"]["languages"].append({"id": "markdown", "extensions": [".md"]})
    own = {"language": "markdown", "scopeName": "text.html.markdown", "path": "host.json"}
    package["contributes"]["grammars"].append(own)
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")
    text = "relu\n```net\nnet N { relu }\n```\nrelu\n```python\nrelu\n```\n"
    (folder / "page.md").write_text(text, encoding="utf-8")
    config = f"{SCRATCH}/markdown/package.json"
    done = run(
        extension, "vscode-tmgrammar-snap", "--config", config, f"{SCRATCH}/markdown/page.md"
    )
    assert done.returncode == 0, done.stdout
    scopes = coloured((folder / "page.md.snap").read_text(encoding="utf-8"))
    words = [scopes[found.start()] for found in re.finditer("relu", text)]
    assert words == ["text.html.markdown", "support.function.layer.netdsl", *2 * words[:1]]


# What the parser's tokens are coloured as: a name never as a keyword, a keyword always as one.
COLOURS = {
    "keyword": re.compile(r"(keyword|storage|constant\.language)\."),
    "INT": re.compile(r"constant\.numeric\.integer"),
    "FLOAT": re.compile(r"constant\.numeric\.float"),
    "STRING": re.compile(r"string"),
    "X": re.compile(r"keyword\.operator\.times"),
    "NAME": re.compile(r"(variable|support|entity)\.|storage\.type"),  # of float
}


def coloured(snapshot: str) -> dict[int, str]:
    """The innermost scope of every character of a text, from its snapshot."""
    found: dict[int, str] = {}
    start, width = 0, 0
    for line in snapshot.splitlines():
        if line.startswith(">"):
            start, width = start + width, len(line)
        elif marks := re.match(r"#( *)(\^+) (.*)$", line):
            first = start + len(marks.group(1))
            scope = marks.group(3).split()[-1]
            found.update(dict.fromkeys(range(first, first + len(marks.group(2))), scope))
    return found


def test_colours_are_those_of_the_parsers_tokens(extension: Path) -> None:
    folder = extension / SCRATCH / "specs"
    folder.mkdir()
    specs = {f"{number}.net": path for number, path in enumerate([*SPECS, EVERYTHING])}
    for name, path in specs.items():
        shutil.copy(path, folder / name)
    done = run(extension, "vscode-tmgrammar-snap", f"{SCRATCH}/specs/*.net")
    assert done.returncode == 0, done.stdout
    wrong: list[str] = []
    for name, path in specs.items():
        scopes = coloured((folder / f"{name}.snap").read_text(encoding="utf-8"))
        wrong += miscoloured(path, lambda token: scopes[token.start_pos], COLOURS)  # noqa: B023
    assert wrong == []


def test_what_is_packaged_starts(extension: Path, tmp_path: Path) -> None:
    done = run(extension, "npm", "run", "package")
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(extension / "netdsl.vsix") as package:
        package.extractall(tmp_path)
    packed = tmp_path / "extension"
    own = {path.relative_to(packed).parts[0] for path in packed.rglob("*")}
    assert own == {
        "README.md", "extension.js", "language-configuration.json", "node_modules",
        "package.json", "server.js", "snippets", "syntaxes",
    }  # fmt: skip
    needed = {path.name for path in (packed / "node_modules").iterdir()}
    assert needed == set(installed_for_use(extension))
    server = program(tmp_path / "right", f'exec "{sys.executable}" -m netdsl "$@"')
    assert started(packed, server) == {
        "state": "running", "hovers": True, "told": [], "stopped": True
    }  # fmt: skip


def test_a_server_that_does_not_start_is_told_in_one_sentence(
    extension: Path, tmp_path: Path
) -> None:
    needs = "netdsl lsp needs pygls"
    failing = program(tmp_path / "wrong", f"echo '{needs}' >&2; exit 2")
    assert started(extension, failing)["told"] == [f"netdsl lsp ended: {needs}"]
    missing = started(extension, "no-such-netdsl")
    assert missing["state"] == "none"
    assert [said[:29] for said in missing["told"]] == ["no-such-netdsl was not found:"]


def program(path: Path, text: str) -> str:
    """A program of a shell's text."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def started(folder: Path, server: str) -> dict[str, Any]:
    """What comes of the extension where a program is the server."""
    script = str(Path(__file__).parent / "start_extension.js")
    told = run(folder, "node", script, str(folder), server, str(REPOSITORY))
    assert told.returncode == 0, told.stdout + told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def installed_for_use(extension: Path) -> Iterator[str]:
    """The packages of the lock file that are not only for development."""
    lock = json.loads((extension / "package-lock.json").read_text(encoding="utf-8"))
    for place, package in lock["packages"].items():
        if place.count("node_modules/") == 1 and not package.get("dev"):
            yield place.removeprefix("node_modules/")


def test_the_lock_names_no_registry() -> None:
    lock = (EXTENSION / "package-lock.json").read_text(encoding="utf-8")
    assert set(re.findall(r'"resolved": "(https://[^/]+)', lock)) <= {"https://registry.npmjs.org"}
