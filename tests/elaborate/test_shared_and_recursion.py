"""`shared` layers, recursion of blocks and functions, functions of one's own, `let`."""

from __future__ import annotations

import pytest

from tests.elaborate.specs import body, flows, mistakes, value, weights, words, wrong

UNIT = "block unit(c) { conv(c, 1) -> relu }"


def test_a_shared_layer_has_its_weights_once() -> None:
    found = weights(body("shared t = dense(4)\nt -> relu -> t -> t", "4"))
    assert found == {"t.weight": (4, 4), "t.bias": (4,)}


def test_each_use_of_a_shared_group_is_a_use() -> None:
    assert words("shared t = { conv(3, 1) -> relu }\nt -> t") == "conv relu conv relu"


def test_two_branches_with_shared_weights() -> None:
    statements = "shared tower = { conv(4, 3) -> relu }\nconcat(x -> tower, it -> tower)"
    assert flows(statements) == (6, 6, 8)
    assert len(weights(body(statements))) == 2


def test_a_shared_convolution_takes_other_sizes_of_the_image() -> None:
    assert flows("shared c = conv(3, 3)\nc -> c -> c") == (2, 2, 3)


@pytest.mark.parametrize("layer", ["conv(4, 1)", "{ conv(4, 1) }", "unit(4)", "conv(4, 1) -> relu"])
def test_a_use_that_needs_other_weights_names_both_lines(layer: str) -> None:
    import netdsl

    text = f"{UNIT}\nnet N {{\n input x: 8 x 8 x 3\n shared t = {layer}\n t\n relu\n t\n}}\n"
    spec = netdsl.read("spec.net", text=text)
    spec.elaborate("N")
    (found,) = [one for one in spec.diagnostics if one.severity == "error"]
    assert (found.code, found.label.span.line) == ("shared-shapes", 7)
    assert [label.span.line for label in found.secondary] == [5]


SHARED = {
    "passed into a block": (
        "shared t = conv(3, 1)\napply(t) -> apply(t)",
        "block apply(f) { f -> relu }",
    ),
    "of a block's word": ("shared t = unit(3)\nt -> t", UNIT),
    "of a bare word": ("shared t = batchnorm\nt -> t", ""),
    "of a pipeline": ("shared t = conv(3, 1) -> relu\nt -> t", ""),
    "of a loop": ("shared t = repeat 2 { conv(3, 1) }\nt -> t", ""),
    "in a loop": ("shared t = conv(3, 1)\nrepeat 3 { t -> relu }", ""),
    "in a merge": ("shared t = conv(3, 1)\nadd(t, relu -> t)", ""),
    "in arithmetic": ("shared t = conv(3, 1)\nt + relu", ""),
    "in a group of names": ("shared t = { conv(c, 1) }\nt -> t", "let c = 3"),
    "that captures a name": ("let c = 3\nshared t = { conv(c, 1) }\nlet c = 4\nt -> t", ""),
    "that captures a tensor": ("shared t = { add(it, x) -> conv(3, 1) }\nt -> t", ""),
    "in a list": ("shared t = conv(3, 1)\nfor f in [t, relu, t] { f }", ""),
}


@pytest.mark.parametrize(("statements", "items"), SHARED.values(), ids=SHARED)
def test_a_shared_layer(statements: str, items: str) -> None:
    found = weights(body(statements, items=items))
    assert {name.split(".")[0] for name in found} == {"t"}


def test_a_shared_layer_of_a_block_belongs_to_its_instance() -> None:
    items = "block pair { shared t = conv(3, 1)\n t -> t }"
    found = weights(body("pair -> pair", items=items))
    assert list(found) == ["pair1.t.weight", "pair1.t.bias", "pair2.t.weight", "pair2.t.bias"]


def test_a_number_cannot_be_shared() -> None:
    assert wrong("shared t = 3\nrelu") == ["not-a-step"]


# Recursion and functions


def test_a_block_calls_itself() -> None:
    items = (
        "block fractal(n, c) { if n == 1 { conv(c, 1) } else {\n"
        "  mean(conv(c, 1), fractal(n - 1, c) -> fractal(n - 1, c)) } }"
    )
    assert words("fractal(3, 4)", items=items).count("conv") == 7


def test_blocks_call_one_another() -> None:
    items = (
        "block a(n) { relu -> if n > 0 { b(n - 1) } }\nblock b(n) { tanh -> if n > 0 { a(n - 1) } }"
    )
    assert words("a(3)", items=items) == "relu tanh relu tanh"


FUNCTIONS = [
    ("f(3)", "fn f(n) = 2 * n", 6),
    ("f(3)", "fn f(n, m = n + 1) = n * m", 12),
    ("f(m=3, n=2)", "fn f(n, m) = n - m", -1),
    ("f(5)", "fn f(n) = 1 if n < 2 else n * f(n - 1)", 120),
    ("f(4)", "fn f(n) = g(n) + 1\nfn g(n) = n * 2", 9),
    ("f()", "fn f() = [1, 2]", (1, 2)),
    ("f([1, 2, 3])", "fn f(xs) = [x * x for x in xs if x > 1]", (4, 9)),
    ("f(2)", "let k = 10\nfn f(n) = n * k", 20),
    ("nearest(33, 8)", "fn nearest(v, d) = max(d, floor(v + d / 2) // d * d)", 32),
    (
        "[divisible(v) for v in [33, 6, 10, 18]]",
        "fn nearest(v, d)       = max(d, floor(v + d / 2) // d * d)\n"
        "fn divisible(v, d = 8) = nearest(v, d) if nearest(v, d) >= 0.9 * v else nearest(v, d) + d",
        (32, 8, 16, 24),
    ),
    ("a + b", "let (a, (b, c)) = (1, (2, 3))", 3),
    ("a", "let a = b + 1\nlet b = 2", 3),
]


@pytest.mark.parametrize(("expression", "items", "expected"), FUNCTIONS)
def test_functions_and_lets_of_the_file(expression: str, items: str, expected: object) -> None:
    assert value(expression, items) == expected


def test_a_function_may_be_given_a_tensor() -> None:
    assert flows("conv(wider(it), 1)", items="fn wider(t: tensor) = 2 * t.channels") == (8, 8, 6)


def test_a_function_of_lists_of_tensors() -> None:
    assert flows("concat(ends([x, it, x]))", items="fn ends(ts: tensor) = [ts[0], ts[-1]]") == (
        8,
        8,
        6,
    )


ITEMS = {
    "a let set twice": ("let a = 1\nlet a = 2", [(2, "defined-twice")]),
    "a let that depends on itself": ("let a = b\nlet b = a\nlet c = a", None),
    "a block defined twice": ("block b { relu }\nblock b { tanh }", [(2, "defined-twice")]),
    "a let and a block": ("let b = 1\nblock b { tanh }", [(2, "defined-twice")]),
    "a parameter given twice": ("block b(a, a) { conv(a, 1) }", [(1, "defined-twice")]),
    "a name twice in a pattern": ("let (a, a) = (1, 2)", [(1, "defined-twice")]),
}


@pytest.mark.parametrize(("items", "expected"), ITEMS.values(), ids=ITEMS)
def test_items_are_defined_once(items: str, expected: list[tuple[int, str]] | None) -> None:
    uses = "conv(a, 1)" if "let a" in items else "relu"
    found = mistakes(f"{items}\nnet N {{\n input x: 8 x 8 x 3\n {uses}\n}}\n")
    if expected is None:
        assert [code for _, code in found] == ["circular-let"]
    else:
        assert found == expected


def test_recursion_without_end_is_an_error_at_its_place() -> None:
    assert wrong("a", items="block a { relu -> a }") == ["limit"]
    assert wrong("a", items="block a { b }\nblock b { a }") == ["limit"]
    assert wrong("conv(f(1), 1)", items="fn f(n) = f(n + 1)") == ["limit"]


def test_a_name_bound_on_one_path_only() -> None:
    assert wrong("if false { conv(4, 1) as s }\nrelu\ns") == ["not-bound"]
    assert wrong("if false { let c = 4 } else { relu }\nconv(c, 1)") == ["not-bound"]
    assert wrong("if true { conv(4, 1) as s }\nrelu\ns") == []
    assert wrong("if true { let c = 4 } else { let c = 5 }\nconv(c, 1)") == []
    assert wrong("repeat 0 { let c = 4 }\nconv(c, 1)") == ["not-bound"]


def test_a_name_used_before_it_is_bound() -> None:
    assert wrong("conv(c, 1)\nlet c = 4") == ["not-bound"]


def test_let_may_be_set_again() -> None:
    assert flows("let c = 4\nlet c = c + 1\nconv(c, 1)") == (8, 8, 5)
    assert flows("let (a, b) = (1, 2)\nlet (a, b) = (b, a)\nconv(a, 1)") == (8, 8, 2)
