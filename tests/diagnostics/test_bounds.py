"""Whatever is written, reading it ends within seconds, in a graph or a diagnostic."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

import netdsl
from netdsl.diagnostics import SpecError, UserError
from netdsl.diagnostics.edit import edited
from netdsl.diagnostics.render import plain
from netdsl.elaborate.limits import Limits
from tests.elaborate.specs import told

# What is looked for is a spec that never ends: the slowest of these takes some ten seconds on a
# quiet machine, and a busy one may take three times as long.
SECONDS = 40.0


# The default bounds take the seconds that they are meant to; most tests do with a tenth.
TENTH = Limits(steps=200_000, layers=15_000, rounds=1_000_000, length=100_000)


def codes(text: str, limits: Limits | None = None) -> set[str]:
    """The codes of the errors of a text, read, elaborated and rendered within some seconds."""
    start = time.monotonic()
    spec = netdsl.read("spec.net", text=text, limits=limits)
    for name in spec.ready_names:
        spec.elaborate(name)
    assert all(len(plain(found)) < 20_000 for found in spec.diagnostics)
    assert time.monotonic() - start < SECONDS
    return {code for _, code in told(spec)}


def net(statements: str, items: str = "", input: str = "4") -> str:
    """A spec with one net."""
    return f"{items}\nnet N {{\n  input x: {input}\n{statements}\n}}\n"


GRAPHS = {
    "many equal rounds": net("repeat 1_000_000 { relu }"),
    "many equal blocks": net("repeat 100_000 { b }", "block b { dense(4) -> relu }"),
    "a chain of steps": net("relu" + " -> relu" * 50_000),
    "a chain of plus": net("let a = 1" + " + 1" * 50_000 + "\ndense(a // a)"),
    "a chain of plus over tensors": net("it" + " + it" * 5_000),
    "many lines": net("relu\n" * 20_000),
    "many blocks": "".join(f"block b{n} {{ relu }}\n" for n in range(5_000)) + net("b7"),
    "a long name": net(f"relu as {'n' * 100_000}"),
    "a long comment": "# " + "c" * 1_000_000 + "\n" + net("relu"),
    "a long string": net(f'assert true, "{"s" * 100_000}"\nrelu'),
    "a list of many numbers": net("let a = [" + "1, " * 50_000 + "1]\ndense(len(a) // 50000)"),
    "rounds of nothing": net("repeat 10_000_000 { }"),
    "recursion in doubles": net(
        "f(16)", "block f(n) { if n > 0 { f(n - 1) -> f(n - 1) } else { relu } }"
    ),
}


@pytest.mark.parametrize("text", GRAPHS.values(), ids=GRAPHS)
def test_a_large_spec_has_a_graph(text: str) -> None:
    assert codes(text) == set()


WRONG = {
    "too many rounds": (net("repeat 10 ** 12 { relu }"), "limit"),
    "too many rounds in rounds": (
        net("repeat 9_999_999 { repeat 9_999_999 { let a = 1 } }"),
        "limit",
    ),
    "too many layers": (net("for i in range(1_000_000) { dense(i + 1) }"), "limit"),
    "too many rounds in rounds, of a layer": (
        net("repeat 60 { repeat 60 { repeat 60 { repeat 60 { relu } } } }"),
        "limit",
    ),
    "a block without end": (net("f", "block f { f }"), "limit"),
    "a block without end, in two branches": (net("f", "block f { add(f, f) }"), "limit"),
    "a block without end, wider each time": (
        net("f(1)", "block f(n) { dense(n) -> f(n + 1) }"),
        "limit",
    ),
    "a function without end": (net("dense(f(1))", "fn f(n) = f(n) + 1"), "limit"),
    "functions without end": (net("dense(f(1))", "fn f(n) = g(n)\nfn g(n) = f(n)"), "limit"),
    "a function in doubles": (
        net("dense(f(90))", "fn f(n) = 1 if n == 0 else f(n - 1) + f(n - 1)"),
        "limit",
    ),
    "a tower of powers": (net("dense(9 ** 9 ** 9)"), "limit"),
    "a large product": (net("let a = 10 ** 15\nlet b = a * a * a\ndense(b)"), "limit"),
    "a large power of a float": (net("let a = 1e300 ** 9\nrelu"), "limit"),
    "infinity": (net("let a = 1e999\ndense(a)"), "number-too-large"),
    "a list doubled for ever": (net("let a = [1]\nrepeat 100 { let a = a + a }\nrelu"), "limit"),
    "a list times a number": (net("let a = [1] * 10 ** 12\nrelu"), "limit"),
    "a list of lists doubled": (net("let a = [1]\nrepeat 100 { let a = [a, a] }\nrelu"), "limit"),
    "lists of lists that are zipped": (
        net("let a = [1]\nrepeat 100 { let a = zip(a, a) + zip(a, a) }\nrelu"),
        "limit",
    ),
    "nested lists compared": (
        net("let a = [1] * 50_000\nlet b = [1] * 50_000\nrepeat 10_000_000 { let c = a == b }"),
        "limit",
    ),
    "nested lists in a message": (
        net("let a = [1]\nrepeat 15 { let a = [a, a] }\ndense(a)"),
        "wrong-value",
    ),
    "nested lists as arguments": (
        net(
            "let a = [1]\nrepeat 14 { let a = [a, a] }\nfor i in range(5000) { b(a, i) }",
            "block b(a, i) { relu }",
        ),
        None,
    ),
    "a string doubled for ever": (net('let a = "a"\nrepeat 100 { let a = a + a }\nrelu'), "limit"),
    "a range without end": (net("for i in range(10 ** 15) { relu }"), "type"),
    "a comprehension in a comprehension": (
        net("let a = [[[k for k in range(1000)] for j in range(1000)] for i in range(1000)]\nrelu"),
        "limit",
    ),
    "a number of a million digits": (net(f"dense({'9' * 1_000_000})"), "number-too-large"),
    "a float of a million digits": (net(f"dropout(0.{'9' * 1_000_000})"), "number-too-large"),
    "round brackets nested deep": (
        net("dense(" + "(" * 100_000 + "1" + ")" * 100_000 + ")"),
        "nested-too-deeply",
    ),
    "square brackets nested deep": (
        net("let a = " + "[" * 100_000 + "]" * 100_000),
        "nested-too-deeply",
    ),
    "braces nested deep": (net("{" * 100_000 + "relu" + "}" * 100_000), "nested-too-deeply"),
    "ifs nested deep": (net("if true { " * 100_000 + "relu" + "}" * 100_000), "nested-too-deeply"),
    "braces nested a million deep": (net("{" * 1_000_000), "nested-too-deeply"),
    "brackets that never close": (net("(" * 100_000), "nested-too-deeply"),
    "minus signs": (net("let a = " + "-" * 20_000 + "1\nrelu"), "nested-too-deeply"),
    "a chain of else if": (net("if false { relu } " + "else if false { relu } " * 5_000), None),
    "a chain of powers": (net("let a = 1" + " ** 1" * 20_000 + "\nrelu"), "nested-too-deeply"),
    "a chain of not": (net("let a = " + "not " * 20_000 + "true\nrelu"), "nested-too-deeply"),
    "a chain of conditionals": (
        net("let a = " + "1 if false else " * 20_000 + "2\ndense(a)"),
        "nested-too-deeply",
    ),
    "a chain of members": (net("x" + ".a" * 20_000), None),
    "a chain of calls": (net("relu" + "()" * 20_000), None),
    "a chain of indices": (net("let a = [1]" + "[0]" * 20_000 + "\nrelu"), None),
    "a chain of lets": (
        "".join(f"let a{n} = a{n + 1}\n" for n in range(5_000))
        + "let a5000 = 1\n"
        + net("dense(a0)"),
        None,
    ),
    "a chain of blocks": (
        "".join(f"block b{n} {{ b{n + 1} }}\n" for n in range(5_000))
        + "block b5000 { relu }\n"
        + net("b0"),
        "limit",
    ),
    "a chain of aliases": (
        net("relu") + "net A0 = N\n" + "".join(f"net A{n + 1} = A{n}\n" for n in range(200)),
        None,
    ),
    "a chain of closures": (net("let f = relu\nrepeat 2000 { let f = { f } }\nf"), None),
    "closures in doubles": (net("let f = relu\nrepeat 100 { let f = { f -> f } }\nf"), "limit"),
    "a huge number of groups": (
        net("conv(10 ** 15, 1, groups=10 ** 14 + 1)", input="8 x (10 ** 15)"),
        "shape",
    ),
    "a huge weight": (net("dense(10 ** 15) -> dense(10 ** 15)"), None),
    "a huge input": (net("relu", input="(10 ** 19)"), None),
    "many mistakes": (net("rellu\n" * 5_000), "unknown-name"),
    "many mistakes of syntax": (net("relu ->-> relu\n" * 5_000), "syntax"),
    "closing brackets": ("}" * 10_000, "syntax"),
    "nothing but names": ("a " * 50_000, "syntax"),
    "one long line of rubbish": ("@" * 100_000, "syntax"),
    "a quotation without an end": (net('assert true, "no end\nrelu'), "syntax"),
    "quotation marks": ('"' * 100_001, "syntax"),
    "a file too large": ("# " + "x" * 3_000_000, "file-too-large"),
    "NULs": ("\0" * 10_000, "syntax"),
}


@pytest.mark.parametrize(("text", "code"), WRONG.values(), ids=WRONG)
def test_a_bound_is_told(text: str, code: str | None) -> None:
    """Where either answer is right (`None`), it is only asked that there is one."""
    found = codes(text, TENTH)
    if code is not None:
        assert found == {code}


@pytest.mark.parametrize("name", ["too many layers", "a function in doubles", "many mistakes"])
def test_the_default_bounds_are_reached_within_seconds(name: str) -> None:
    text, code = WRONG[name]
    assert codes(text) == {code}


def test_settings_are_bounded_too() -> None:
    train = "train {{ data = digits\n loss = mse\n optimizer = sgd(0.1)\n epochs = {} }}\n"
    for value in ("1" + " + 1" * 50_000, "9 ** 9 ** 9", "[1] * 10 ** 12", "f(1)"):
        spec = netdsl.read("spec.net", text=train.format(value) + "fn f(n) = f(n)\n" + net("relu"))
        spec.training()
        assert len(told(spec)) <= 1


def test_arguments_from_outside_are_bounded_too() -> None:
    for value in (
        "1" + " + 1" * 50_000,
        "9 ** 9 ** 9",
        "[1] * 10 ** 12",
        "(" * 10_000,
        "-" * 10_000 + "1",
    ):
        spec = netdsl.read(
            "spec.net", text="net N(n = 1) { input x: 4\n dense(1 if n == 0 else 2) }"
        )
        with suppress(UserError):
            spec.elaborate("N", {"n": value})
        assert len(told(spec)) <= 1


BYTES = {
    "NULs": (b"\0" * 1_000, "not-text", (1, 1)),
    "a NUL": ("net É {\n  re\0lu".encode(), "not-text", (2, 5)),
    "invalid UTF-8": ("net É { input x: 4\n ".encode() + b"\xff\xfe relu }", "not-text", (2, 2)),
    "Latin-1": ("\n# É".encode("latin-1"), "not-text", (2, 3)),
    "UTF-16": ("net N { }".encode("utf-16"), "not-text", (1, 1)),
    "half a character": ("# É".encode()[:-1], "not-text", (1, 3)),
    "a hundred megabytes of one line": (b"a" * 100_000_000, "file-too-large", (1, 1)),
}


@pytest.mark.parametrize(("content", "code", "place"), BYTES.values(), ids=BYTES)
def test_a_file_that_is_no_text(
    content: bytes, code: str, place: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "spec.net"
    path.write_bytes(content)
    start = time.monotonic()
    with pytest.raises(SpecError) as caught:
        netdsl.load(str(path))
    (found,) = caught.value.diagnostics
    assert time.monotonic() - start < SECONDS / 10
    span = found.label.span
    assert (found.code, (span.line, span.column)) == (code, place)
    assert len(plain(found)) < 1_000


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "spec.net").mkdir()
    with pytest.raises(UserError, match=r"spec\.net: "):
        netdsl.read(str(tmp_path / "spec.net"))
    with pytest.raises(UserError, match=r"no such file|neither a"):
        netdsl.read(str(tmp_path / "nowhere.net"))


LINKS = {
    "a link to itself": ("a.net", {"a.net": "a.net"}, "import-missing"),
    "links in a circle": ("a.net", {"a.net": "b.net", "b.net": "a.net"}, "import-missing"),
    "a folder in itself": ("here/here/here/spec.net", {"here": "."}, "import-circle"),
    "a link out of the folder": ("link.net", {"link.net": "../outside.net"}, "import-outside"),
    "a path out of the folder": ("../outside.net", {}, "import-outside"),
    "a path from the root": ("/etc/passwd", {}, "import-outside"),
    "a device without an end": ("zero.net", {"zero.net": "/dev/zero"}, "import-outside"),
}


@pytest.mark.parametrize(("origin", "links", "code"), LINKS.values(), ids=LINKS)
def test_imports_that_lead_astray(
    origin: str, links: dict[str, str], code: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "outside.net").write_text("block unit { relu }\n")
    for name, target in links.items():
        (folder / name).symlink_to(target)
    path = folder / "spec.net"
    path.write_text(f'from "{origin}" import unit\n' + net("unit"))
    spec = netdsl.read(str(path))
    spec.elaborate()
    assert [found for _, found in told(spec)] == [code]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.net")
    path = tmp_path / "spec.net"
    path.write_text('from "pipe.net" import unit\n' + net("unit"))
    spec = netdsl.read(str(path))
    spec.elaborate()
    assert [found for _, found in told(spec)] == ["import-missing"]


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("indent", [b"  ", b"\t"], ids=["blanks", "tabs"])
def test_files_of_every_editor(start: bytes, end: bytes, indent: bytes, tmp_path: Path) -> None:
    lines = [b"net N {", b"input x: 8 x 8 x 3", b"conv(4, 3)  # why", b"", b"  -> rellu", b"}", b""]
    (tmp_path / "spec.net").write_bytes(start + (end + indent).join(lines))
    spec = netdsl.read(str(tmp_path / "spec.net"))
    spec.elaborate()
    (found,) = spec.diagnostics
    assert (found.code, found.label.span.line, found.label.span.text) == (
        "unknown-name",
        5,
        "rellu",
    )


def test_curly_quotes_are_told_with_the_edit() -> None:
    spec = netdsl.read("spec.net", text="from “blocks.net” import unit\n")
    assert [found.code for found in spec.diagnostics][:1] == ["syntax"]
    assert edited(spec.diagnostics[0].help[0]) == 'from "blocks.net" import unit\n'
