"""Specs that Hypothesis generates: sentences of the grammar, and nets that mean something."""

from __future__ import annotations

from hypothesis import strategies as st

from netdsl.catalog.index import SYMBOLS, WORDS
from netdsl.elaborate.builtins import BUILTINS

# A few names, so that they are often those of something.
NAMES = ("x", "y", "n", "unit", "head", "width", "it", "A", "B")
KEYWORDS = ("input", "output", "auxiliary", "shared", "let", "default", "expect", "assert",
            "repeat", "for", "if", "else", "as", "in", "not", "true", "none")  # fmt: skip

names = st.sampled_from(NAMES)
layers = st.sampled_from(sorted(WORDS["layer"]))
words = st.one_of(
    names,
    layers,
    st.sampled_from(sorted({*SYMBOLS, *BUILTINS, *WORDS["loss"], *WORDS["optimizer"], *KEYWORDS})),
)
arguments = st.sampled_from(
    ("stride", "pad", "groups", "bias", "units", "axis", "rate", "size", "init", "strid")
)
numbers = st.one_of(
    st.integers(0, 8).map(str),
    st.sampled_from(
        ("16", "64", "0.5", "1e-3", "-1", "1_000", "1e30", "9" * 40, "10 ** 12", "1.5")
    ),
)
operators = st.sampled_from(
    ("+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", "and", "or", "in", "not in")
)


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    listed = st.lists(inner, max_size=3).map(", ".join)
    named = st.tuples(arguments, inner).map(lambda pair: f"{pair[0]}={pair[1]}")
    given = st.lists(st.one_of(inner, named), max_size=4).map(", ".join)
    return st.one_of(
        st.tuples(words, given).map(lambda pair: f"{pair[0]}({pair[1]})"),
        st.tuples(inner, operators, inner).map(" ".join),
        st.tuples(inner, inner).map(" -> ".join),
        st.tuples(inner, names).map(" as ".join),
        st.tuples(inner, names).map(".".join),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
        st.tuples(inner, inner, inner).map(lambda three: "{} if {} else {}".format(*three)),
        st.tuples(inner, names, inner).map(lambda three: "[{} for {} in {}]".format(*three)),
        st.tuples(numbers, inner).map(lambda pair: f"repeat {pair[0]} {{ {pair[1]} }}"),
        st.tuples(names, inner, inner).map(lambda three: "for {} in {} {{ {} }}".format(*three)),
        st.tuples(inner, inner, inner).map(lambda t: "if {} {{ {} }} else {{ {} }}".format(*t)),
        listed.map("[{}]".format),
        listed.map("({})".format),
        inner.map("{{ {} }}".format),
        inner.map("-{}".format),
        inner.map("not {}".format),
    )


values = st.recursive(st.one_of(words, numbers, st.just('"text"')), _compound, max_leaves=7)

# Layers with arguments that they may take.
plausible = st.sampled_from(
    (
        "conv(8, 3)", "conv(n, 3, pad=same)", "conv(16, 1, bias=false)", "depthwise(3, stride=2)",
        "maxpool(2)", "avgpool(3, stride=1)", "global_avgpool", "flatten", "dense(10)", "dense(n)",
        "batchnorm", "layernorm", "groupnorm(4)", "relu", "softmax", "dropout(0.5)", "lstm(8)",
        "attention(2)", "embedding(50, 8)", "one_hot(4)", "reshape(4, 4)", "permute(1, 0)",
        "add(it, relu)", "concat(it, conv(4, 3, pad=same))", "mul(it, sigmoid)", "unit(8)", "unit",
        "head", "crop(1)", "upsample(2)", "resize(8)", "slice(0, 2)", "take(0)", "unpool(y)",
        "parameter((4, 4))", "identity as y", "y", "it + relu", "2 * it", "sample(it, it)", "gram",
    )
)  # fmt: skip
pipelines = st.lists(plausible, min_size=1, max_size=4).map(" -> ".join)
shapes = st.one_of(
    st.sampled_from(("8 x 8 x 3", "16", "12 x 6", "?", "? x ? x 3", "4 x 4 x 4 x 2", "10 of int",
                     "int", "0 x 3", "8 x 8 x 3 of float", "(n) x 4", "? x 8 of int")),
    st.lists(numbers, min_size=1, max_size=5).map(" x ".join),
)  # fmt: skip

statements = st.one_of(
    pipelines,
    values,
    st.tuples(names, pipelines).map(" = ".join),
    st.tuples(names, values).map(lambda pair: "let {} = {}".format(*pair)),
    st.tuples(names, plausible).map(lambda pair: "shared {} = {}".format(*pair)),
    pipelines.map("output {}".format),
    st.tuples(pipelines, names).map(lambda pair: "auxiliary {} as {}".format(*pair)),
    st.tuples(layers, arguments, values).map(lambda three: "default {}({}={})".format(*three)),
    values.map("assert {}".format),
    st.tuples(st.sampled_from(("params", "total", "macs", "output", "size")), values).map(
        lambda pair: "expect {} = {}".format(*pair)
    ),
    st.tuples(st.integers(0, 5), pipelines).map(lambda pair: "repeat {} {{ {} }}".format(*pair)),
)
bodies = st.lists(statements, max_size=6).map(
    lambda lines: "".join(f"  {line}\n" for line in lines)
)
parameters = st.sampled_from(
    ("", "(n)", "(n = 8)", "(n = 4, y: tensor)", "(n, n)", "(unit = relu)")
)
settings = st.tuples(
    st.sampled_from(("data", "loss", "optimizer", "epochs", "batch", "metrics", "split", "augment",
                     "schedule", "net", "l2", "freeze", "epoch")),
    st.one_of(values, st.sampled_from(("digits", "cross_entropy", "adam(1e-3)", "mse(output, x)"))),
)  # fmt: skip


def _item(kind: str, name: str, given: str, body: str) -> str:
    return f"{kind} {name}{given} {{\n{body}}}\n"


nets = st.tuples(names, parameters, names, shapes, bodies).map(
    lambda five: _item("net", five[0], five[1], f"  input {five[2]}: {five[3]}\n{five[4]}")
)
items = st.one_of(
    st.tuples(st.just("block"), names, parameters, bodies).map(lambda four: _item(*four)),
    nets,
    st.tuples(names, values).map(lambda pair: "let {} = {}\n".format(*pair)),
    st.tuples(names, names, values).map(lambda three: "fn {}({}) = {}\n".format(*three)),
    st.tuples(names, values).map(lambda pair: "net {} = {}\n".format(*pair)),
    st.tuples(layers, arguments, values).map(lambda three: "default {}({}={})\n".format(*three)),
    st.sampled_from(("from std import residual\n", 'from "no.net" import unit\n', "# a comment\n")),
    st.lists(settings, max_size=5).map(
        lambda pairs: "train {\n" + "".join(f"  {name} = {text}\n" for name, text in pairs) + "}\n"
    ),
)
specs = st.tuples(st.lists(items, max_size=4), nets).map(lambda pair: "".join([*pair[0], pair[1]]))
