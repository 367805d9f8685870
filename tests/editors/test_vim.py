"""The files for Vim, as Vim itself reads them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from netdsl.wordlists import groups
from tests.conftest import REPOSITORY
from tests.editors.parsed import EVERYTHING, SPECS, miscoloured, tokens

FOLDER = REPOSITORY / "editors" / "vim"


def vim(folder: Path, file: Path, script: str) -> Any:
    """What a script leaves in `found` where a file is open in a Vim with our files alone."""
    program = shutil.which("vim")
    if program is None:
        pytest.skip("vim is not installed")
    answer = folder / "found.json"
    commands = folder / "script.vim"
    commands.write_text(
        f"{script}\ncall writefile([json_encode(g:found)], '{answer}')\nqall!\n", encoding="utf-8"
    )
    command = [program, "-es", "-u", "NONE", "-i", "NONE", "-n", "--not-a-term"]
    command += ["--cmd", f"set nocompatible encoding=utf-8 runtimepath^={FOLDER}"]
    command += ["-c", "filetype plugin indent on | syntax on", "-c", f"edit {file}"]
    command += ["-c", f"source {commands}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert answer.exists(), done.stdout + done.stderr
    return json.loads(answer.read_text(encoding="utf-8"))


def groups_at(folder: Path, file: Path, places: list[tuple[int, int]]) -> list[str]:
    """The syntax groups of places, each a line and a column from 1 in bytes."""
    asked = "synIDattr(synID(v:val[0], v:val[1], 1), 'name')"
    return list(vim(folder, file, f"let g:found = map({json.dumps(places)}, {json.dumps(asked)})"))


def written(folder: Path, text: str) -> Path:
    """A spec of its own."""
    file = folder / "spec.net"
    file.write_text(text, encoding="utf-8")
    return file


# The group of each list's words, and where they have it.
WORDS = [
    ("layers", "netdslLayer", "net N {\n  it -> {}(3)\n}\n", 9),
    ("initializers", "netdslInitializer", "net N {\n  conv(8, init={})\n}\n", 16),
    ("functions", "netdslBuiltin", "net N {\n  let a = {}(2)\n}\n", 11),
    ("symbols", "netdslSymbol", "net N {\n  conv(8, pad={})\n}\n", 15),
    ("called_symbols", "netdslArgumentSymbol", "net N {\n  conv(8, pad={})\n}\n", 15),
    ("training", "netdslTraining", "train {\n  x = {}(2)\n}\n", 7),
    ("settings", "netdslSetting", "train {\n  {} = 2\n}\n", 3),
    ("constants", "netdslConstant", "net N {\n  let a = {}\n}\n", 11),
    ("operators", "netdslWord", "net N {\n  let a = {} 1\n}\n", 11),
]


def test_every_word_of_the_catalogue_has_its_colour(tmp_path: Path) -> None:
    text, places, wanted = "", [], []
    for name, group, template, column in WORDS:
        for word in sorted(groups()[name]):
            places.append((text.count("\n") + 2, column))
            wanted.append((word, group))
            text += template.replace("{}", word)
    found = groups_at(tmp_path, written(tmp_path, text), places)
    assert list(zip([word for word, _ in wanted], found, strict=True)) == wanted


COLOURS = {
    "keyword": re.compile(
        "netdsl(Starting|Control|Word|Constant|Include|ImportWord|Let|Declaration|Input|Of|Type"
        "|Tensor|Train|Phase|As|Expect)$"
    ),
    "INT": re.compile("netdsl(Integer|Size)$"),
    "FLOAT": re.compile("netdslFloat$"),
    "STRING": re.compile("netdslString$"),
    "X": re.compile("netdslTimes$"),
    "NAME": re.compile(
        "netdsl(Layer|Call|Builtin|Symbol|Initializer|Training|It|Argument|ArgumentSymbol|Name|Side"
        "|InputName|Parameter|Defined|TrainName|Setting|UnknownSetting|Member|Dimension|Imported)$"
        "|netdslType$|$"  # of float; a name of nothing that is known
    ),
}


def test_colours_are_those_of_the_parsers_tokens(tmp_path: Path) -> None:
    wrong: list[str] = []
    for path in [*SPECS, EVERYTHING]:
        places = [_place(path, token) for token in tokens(path)]
        found = dict(zip(places, groups_at(tmp_path, path, places), strict=True))
        wrong += miscoloured(path, lambda token: found[_place(path, token)], COLOURS)  # noqa: B023
    assert wrong == []


def _place(path: Path, token: Any) -> tuple[int, int]:
    return token.line, token.column


@pytest.mark.parametrize(
    ("text", "place", "group"),
    [
        ("let mean = 3", (1, 5), "netdslName"),
        ("relu as mean", (1, 9), "netdslName"),
        ("p.mean", (1, 3), "netdslMember"),
        ("mean(a, b)", (1, 1), "netdslLayer"),
        ("rnn(8, activation=tanh)", (1, 19), "netdslArgumentSymbol"),
        ("rnn(8, activation=tanh)", (1, 8), "netdslArgument"),
        ("net N { input x: 8x8x1 }", (1, 19), "netdslTimes"),
        ("net N { input x: 8x8x1 }", (1, 18), "netdslSize"),
        ("net N { input x: 8x8x1 }", (1, 20), "netdslSize"),
        ("net N { input x: 8x8x1 }", (1, 15), "netdslInputName"),
        ("net output { output relu }", (1, 5), "netdslDefined"),
        ("net output { output relu }", (1, 14), "netdslStarting"),
        ("digits -> adam", (1, 1), ""),
        ("relu  # conv", (1, 9), "netdslComment"),
        ("from std import a  # why\nfrom std import b", (2, 1), "netdslInclude"),
        ("from std import a,  # why\n  b", (1, 21), "netdslComment"),
        ("from std import a,  # why\n  b", (2, 3), "netdslImported"),
        ("from std import a,  # why\n  b\nrelu", (3, 1), "netdslLayer"),
        ('assert a, "# conv"', (1, 13), "netdslString"),
    ],
)
def test_places(tmp_path: Path, text: str, place: tuple[int, int], group: str) -> None:
    assert groups_at(tmp_path, written(tmp_path, text + "\n"), [place]) == [group]


def test_groups_have_colours(tmp_path: Path) -> None:
    template = (FOLDER / "syntax" / "netdsl.vim").read_text(encoding="utf-8")
    linked = re.findall(r"^highlight default link (\w+)", template, re.MULTILINE)
    names = set(re.findall(r"^syntax (?:match|region) (\w+)", template, re.MULTILINE))
    transparent = set(re.findall(r"^syntax region (\w+).* transparent ", template, re.MULTILINE))
    assert names - set(linked) - transparent == {
        "netdslFor", "netdslImport", "netdslDimension", "netdslUnknownSetting"
    }  # fmt: skip
    asked = f"map({json.dumps(linked)}, 'synIDattr(synIDtrans(hlID(v:val)), \"name\")')"
    shown = set(vim(tmp_path, written(tmp_path, "relu\n"), f"let g:found = {asked}"))
    assert shown <= {
        "Comment", "Constant", "Identifier", "PreProc", "Special", "Statement", "Type"
    }  # fmt: skip


def test_specs_are_known_by_their_names(tmp_path: Path) -> None:
    script = "let g:found = [&filetype, &commentstring, &shiftwidth, &expandtab]"
    assert vim(tmp_path, written(tmp_path, "relu\n"), script) == ["netdsl", "# %s", 2, 1]


def test_the_package_is_found_where_the_page_puts_it(tmp_path: Path) -> None:
    if shutil.which("vim") is None:
        pytest.skip("vim is not installed")
    page = (REPOSITORY / "docs" / "editors.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^mkdir .*$", page, re.MULTILINE)
    home = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(["sh", "-c", command], cwd=REPOSITORY, env=home, check=True)
    settings, answer = tmp_path / "vimrc", tmp_path / "found"
    settings.write_text("filetype plugin indent on\n", encoding="utf-8")
    command_line = [
        "vim",
        "-es",
        "-u",
        str(settings),
        "-i",
        "NONE",
        "-n",
        "--cmd",
        "set nocompatible",
    ]
    command_line += ["-c", "edit spec.net", "-c", f"call writefile([&filetype], '{answer}')"]
    subprocess.run([*command_line, "-c", "qall!"], cwd=tmp_path, env=home, check=False, timeout=60)
    assert answer.read_text(encoding="utf-8") == "netdsl\n"


@pytest.mark.parametrize("path", [*SPECS, EVERYTHING], ids=lambda path: path.stem)
def test_specs_are_indented_as_fmt_does(tmp_path: Path, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    flat = written(tmp_path, "".join(f"{line.strip()}\n" for line in text.splitlines()))
    script = "silent normal! gg=G\nlet g:found = getline(1, '$')"
    assert vim(tmp_path, flat, script) == text.splitlines()
