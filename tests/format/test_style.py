"""The one style, piece by piece: what is written, and what comes of it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from netdsl.diagnostics import SpecError
from netdsl.format.format import format_text


def formatted(text: str) -> str:
    found = format_text(dedent(text))
    assert format_text(found) == found
    return found


# A statement in the body of a net, and how it is written.
STATEMENTS = {
    "calls": ("conv( 64 ,3 )->relu", "conv(64, 3) -> relu"),
    "an argument": ("conv(64, 3, stride = 2, pad =same)", "conv(64, 3, stride=2, pad=same)"),
    "a negative argument": ("roll(1, axis=- 1)", "roll(1, axis=-1)"),
    "an argument with spaces of its own": (
        "unit(64, stride=2 if i else 1, out=4*n, of=batchnorm->relu, end={ relu })",
        "unit(64, stride = 2 if i else 1, out = 4 * n, of = batchnorm -> relu, end = { relu })",
    ),
    "an argument with spaces in brackets": ("unit(norm = f(a=1+1))", "unit(norm=f(a = 1 + 1))"),
    "operators": ("let a=-1+2*-n**2//b%c", "let a = -1 + 2 * -n ** 2 // b % c"),
    "words": ("let a=not b and(c or not d)", "let a = not b and (c or not d)"),
    "not in": ("let a = b not  in[1,2]", "let a = b not in [1, 2]"),
    "indices": ("let a = b [ 1 ] [ 1 : ] [ : - 1 ]", "let a = b[1][1:][:-1]"),
    "members": ("stem . features", "stem.features"),
    "tuples": ("let(a,(b,))=(1 ,(2 , ))", "let (a, (b,)) = (1, (2,))"),
    "lists": ("let a = [1, 2,]", "let a = [1, 2]"),
    "comprehensions": ("let a=[ 2*x for x in y if x>1 ]", "let a = [2 * x for x in y if x > 1]"),
    "inputs": ("input image:8x8 x1", "input image: 8 x 8 x 1"),
    "inputs of words": ("input a:?x(n+1)of int", "input a: ? x (n + 1) of int"),
    "bodies": ("repeat 2{unit(24)}", "repeat 2 { unit(24) }"),
    "empty bodies": ("repeat 2 {\n\n}", "repeat 2 {}"),
    "defaults": ("default conv,dense( bias=false )", "default conv, dense(bias=false)"),
    "promises": ("expect params=3,macs=2", "expect params = 3, macs = 2"),
    "names": ("a=conv(8,3)as b", "a = conv(8, 3) as b"),
    "choices": (
        "if a{relu}else if b{tanh}else{it}",
        "if a { relu } else if b { tanh } else { it }",
    ),
    "loops": ("for(a,b)in zip(c,d){relu}", "for (a, b) in zip(c, d) { relu }"),
    "texts": ('assert a,"8x8  ->"', 'assert a, "8x8  ->"'),
    "comments": ("relu#why", "relu  # why"),
    "a comma at the start of a line": ("add(it\n, relu)", "add(\n    it,\n    relu\n  )"),
    "an arrow at the end of a line": ("conv(8, 3) ->\n relu", "conv(8, 3)\n    -> relu"),
    "an operator at the end of a line": ("let a = 1 +\n 2", "let a = 1 +\n    2"),
    "an end of line that says nothing": ("conv(8, 3).\nshape", None),
    "else on a line of its own": ("if a { b }\n else { c }", "if a { b }\n  else { c }"),
    "else after a body of lines": ("if a {\nb\n}\nelse { c }", "if a {\n    b\n  } else { c }"),
    "brackets around lines": ("add(it, repeat 2 {\nrelu\n})", "add(it, repeat 2 {\n    relu\n  })"),
}


@pytest.mark.parametrize(("before", "after"), STATEMENTS.values(), ids=STATEMENTS)
def test_a_statement(before: str, after: str | None) -> None:
    text = f"net N {{\n{before}\n}}"
    if after is None:
        with pytest.raises(SpecError):
            format_text(text)
    else:
        assert formatted(text) == f"net N {{\n  {after}\n}}\n"


ITEMS = {
    "imports": ('from"a.net"import b,c as d', 'from "a.net" import b, c as d'),
    "parameters": ("block a(b=1,c:tensor){relu}", "block a(b = 1, c: tensor) { relu }"),
    "functions": ("fn f(a,b=2)=a", "fn f(a, b = 2) = a"),
    "families": ("net A=B(1)expect params=3", "net A = B(1)  expect params = 3"),
    "settings": ("train quick{\na=1\n bcd=2}", "train quick {\n  a   = 1\n  bcd = 2\n}"),
}


@pytest.mark.parametrize(("before", "after"), ITEMS.values(), ids=ITEMS)
def test_an_item(before: str, after: str) -> None:
    assert formatted(before) == f"{after}\n"


def test_empty_lines_are_single_and_none_are_at_the_ends() -> None:
    text = "\n\n# one\n\n\n\nlet a = 1\nlet b = 2\n\n\nnet N {\n\n\n  relu\n\n\n  tanh\n\n}\n\n\n"
    expected = "# one\n\nlet a = 1\nlet b = 2\n\nnet N {\n  relu\n\n  tanh\n}\n"
    assert formatted(text) == expected


def test_bodies_of_several_lines_stand_apart() -> None:
    text = "block a { relu }\nblock b {\nrelu\n}\n# of c\nblock c { relu }\nlet d = 1\n"
    expected = "block a { relu }\n\nblock b {\n  relu\n}\n\n# of c\nblock c { relu }\nlet d = 1\n"
    assert formatted(text) == expected


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_nothing_stays_nothing(text: str) -> None:
    assert format_text(text) == ""


def test_lines_end_as_the_first_one() -> None:
    assert format_text("let a=1\r\nlet b=2\n") == "let a = 1\r\nlet b = 2\r\n"


def test_comments_stay_where_they_are() -> None:
    text = """\
    #!first
    #second
    net N {  # behind the bracket
          # above
      conv(8, 3)   # at the end
         # between
        -> relu
      add(  # of two
        it,  # one
        # other
        relu
        # last
      )
      # none follows
    }
    # the end
    """
    expected = """\
    #!first
    # second
    net N {  # behind the bracket
      # above
      conv(8, 3)  # at the end
        # between
        -> relu
      add(  # of two
        it,  # one
        # other
        relu
        # last
      )
      # none follows
    }

    # the end
    """
    assert formatted(text) == dedent(expected)


TABLES = {
    "settings, always": (
        "train {\ndata = digits\n# why\noptimizer = adam\n\nphase a { epochs=1 }\n}",
        "train {\n  data      = digits\n  # why\n  optimizer = adam\n\n  phase a { epochs = 1 }\n}",
    ),
    "values, not by themselves": ("let a = 1\nlet bcd = 2", "let a = 1\nlet bcd = 2"),
    "values, where wanted": ("let a   = 1\nlet bcd = 2", "let a   = 1\nlet bcd = 2"),
    "values, with a new one": (
        "let a   = 1\nlet bcd = 2\nlet bcdef = 3",
        "let a     = 1\nlet bcd   = 2\nlet bcdef = 3",
    ),
    "values, apart": ("let a   = 1\n\nlet bcdef = 2", "let a = 1\n\nlet bcdef = 2"),
    "families": (
        "net A = B(1)   expect params = 3\nnet ABC = B(100)  expect params = 4",
        "net A = B(1)      expect params = 3\nnet ABC = B(100)  expect params = 4",
    ),
    "arguments by their first characters": (
        "net N {\n  unit(64,  96, 128, 1)\n  unit(128, 8, 32,  12)\n}",
        "net N {\n  unit(64,  96, 128, 1)\n  unit(128, 8,  32,  12)\n}",
    ),
    "arguments by their last characters": (
        "net N {\n  unit( 64, 96, 128,  1)\n  unit(128,  8,  32, 12) -> relu\n}",
        "net N {\n  unit( 64, 96, 128,  1)\n  unit(128,  8,  32, 12) -> relu\n}",
    ),
    "arguments, not of different calls": (
        "net N {\n  unit(64,  96)\n  cell(128, 8)\n}",
        "net N {\n  unit(64, 96)\n  cell(128, 8)\n}",
    ),
    "rows of a list": (
        "let a = [\n(1,  16),\n(10, 2)\n]",
        "let a = [\n  (1,  16),\n  (10, 2)\n]",
    ),
    "arrows": (
        "net N {\n  conv(8, 3)   -> relu\n  conv(128, 3) -> relu\n}",
        "net N {\n  conv(8, 3)   -> relu\n  conv(128, 3) -> relu\n}",
    ),
    "arrows, not by themselves": (
        "net N {\n  conv(8, 3)  -> relu\n  conv(128, 3) -> relu\n}",
        "net N {\n  conv(8, 3) -> relu\n  conv(128, 3) -> relu\n}",
    ),
    "comments": (
        "let a = 1    # one\nlet bcd = 2  # two",
        "let a = 1    # one\nlet bcd = 2  # two",
    ),
    "comments, not by themselves": (
        "let a = 1  # one\nlet bcd = 2 # two",
        "let a = 1  # one\nlet bcd = 2  # two",
    ),
}


@pytest.mark.parametrize(("before", "after"), TABLES.values(), ids=TABLES)
def test_columns_are_aligned_where_the_author_aligned_them(before: str, after: str) -> None:
    assert formatted(before) == f"{after}\n"


def test_a_column_that_would_be_too_far_right_is_left() -> None:
    rows = f"let a   = 1\nlet {'b' * 70} = {'c' * 20}\nlet d = {'e' * 40}\n"
    assert formatted(rows) == rows.replace("a   =", "a =")


LONG = {
    "steps": (
        f"{' -> '.join(['batchnorm'] * 9)}",
        f"{' -> '.join(['batchnorm'] * 7)}\n    -> batchnorm -> batchnorm",
    ),
    "what is merged": (
        f"add({'conv(64, 3, stride=2) -> batchnorm'}, {'conv(64, 3) -> ' * 4}relu) -> relu",
        "add(\n    conv(64, 3, stride=2) -> batchnorm,\n"
        f"    {'conv(64, 3) -> ' * 4}relu\n  ) -> relu",
    ),
    "values": (
        f"let a = [{', '.join(['1000'] * 30)}]",
        f"let a = [\n    {', '.join(['1000'] * 16)},\n    {', '.join(['1000'] * 14)}\n  ]",
    ),
    "a body": (
        f"repeat 3 {{ {' -> '.join(['batchnorm'] * 7)} }}",
        f"repeat 3 {{\n    {' -> '.join(['batchnorm'] * 7)}\n  }}",
    ),
    "promises": (
        f"expect {', '.join(['params = 100_000_000'] * 5)}",
        f"expect {', '.join(['params = 100_000_000'] * 4)},\n    params = 100_000_000",
    ),
    "a sum": (
        f"let a = {' + '.join(['x' * 20] * 5)}",
        f"let a = {' + '.join(['x' * 20] * 3)} +\n    {' + '.join(['x' * 20] * 2)}",
    ),
}


@pytest.mark.parametrize(("before", "after"), LONG.values(), ids=LONG)
def test_a_long_line_is_broken(before: str, after: str) -> None:
    assert formatted(f"net N {{\n{before}\n}}") == f"net N {{\n  {after}\n}}\n"


def test_a_word_that_is_too_long_stays() -> None:
    assert formatted(f"block {'a' * 120} {{}}") == f"block {'a' * 120} {{}}\n"


def test_many_brackets_and_many_words_come_to_an_end() -> None:
    nested = "f(abcdefghijkl, " * 80 + "1" + ")" * 80
    lines = formatted(f"let a = {nested}").splitlines()
    assert len(lines) > 80
    chain = "net N {\n" + " -> ".join(["conv(64, 3)"] * 2000) + "\n}"
    assert max(map(len, formatted(chain).splitlines())) <= 100


def test_what_does_not_parse_gives_its_diagnostics() -> None:
    with pytest.raises(SpecError) as raised:
        format_text("net N {\n  conv(3\n", "wrong.net")
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, diagnostic.label.span.source.name) == ("unclosed", "wrong.net")


def test_what_means_nothing_is_formatted() -> None:
    assert formatted("net N{nonsense(1)->more}") == "net N { nonsense(1) -> more }\n"
