"""`netdsl lsp` driven by a real client: what an editor shows while a spec is written."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from netdsl.catalog.layers.conv import Conv
from tests.conftest import REPOSITORY
from tests.lsp.client import Client, Spec, applied
from tests.lsp.conftest import Session

SPEC = """\
# One unit. \U0001f600 and é
default conv(pad=same)

# A convolution with what follows.
block unit(channels, size = 3) { conv(channels, size) as inner -> relu }

fn twice(n) = 2 * n

net Small(classes = 10) {
  input image: 8x8x1
  unit(twice(4)) as first
  skip = conv(16, 1)
  unit(16, size=5) -> maxpool(2)
  concat(it, skip -> maxpool(2)) -> flatten
  dense(classes) -> softmax
}

train {
  data      = digits
  loss      = cross_entropy
  optimizer = adam(lr=1e-3)
}
"""


@pytest.fixture(scope="module")
def spec(session: Session) -> Spec:
    """The spec, open; no test of those that use it edits it."""
    return session.open(SPEC)


# Diagnostics


def test_nothing_is_told_of_a_right_spec(session: Session, spec: Spec) -> None:
    assert session.run(spec.diagnostics()) == []


def test_mistakes_are_told_while_somebody_types(session: Session) -> None:
    opened = session.open(SPEC)
    opened.replace("dense(classes)", "dens(classes)")
    (found,) = session.run(opened.diagnostics())
    start = opened.position("|dens(classes)")
    assert (found.code, found.source, found.severity) == (
        "unknown-name", "netdsl", types.DiagnosticSeverity.Error,
    )  # fmt: skip
    assert found.range == types.Range(start, types.Position(start.line, start.character + 4))
    assert "did you mean dense?" in found.message
    opened.edit(SPEC)
    assert session.run(opened.diagnostics()) == []


def test_a_second_place_explains_the_first(session: Session) -> None:
    opened = session.open("net N {\n  input a: 4\n  input a: 4\n}\nfn f(n) = n\nfn f(n) = 2\n")
    found = session.run(opened.diagnostics())
    twice = next(each for each in found if each.range.start.line == 5)
    assert twice.related_information is not None
    (place,) = twice.related_information
    assert place.location.uri == opened.uri
    assert place.location.range.start == types.Position(4, 0)


def test_what_is_not_used_is_marked(session: Session) -> None:
    opened = session.open("block b { relu }\nnet N { input x: 4\n dense(2) }\n")
    (found,) = session.run(opened.diagnostics())
    assert found.code == "unused-block"
    assert found.severity == types.DiagnosticSeverity.Warning
    assert list(found.tags or ()) == [types.DiagnosticTag.Unnecessary]


def test_columns_are_counted_in_utf16(session: Session) -> None:
    opened = session.open('net N {\n  input x: 4\n  assert true, "\U0001f600" -> reluu\n}\n')
    found = session.run(opened.diagnostics())
    line = opened.text.split("\n")[2]
    starts = {each.range.start.character for each in found if each.range.start.line == 2}
    # The smiley is one character and two units.
    assert starts and max(starts) <= len(line.encode("utf-16-le")) // 2
    opened.edit(
        'net N {\n  input x: 4\n  relu # \U0001f600\n  assert it.rank == 2, "\U0001f600"\n}\n'
    )
    (failed,) = session.run(opened.diagnostics())
    assert failed.range.start == opened.position("|it.rank == 2")
    hovered = session.run(opened.hover('assert it.ra|nk == 2, "\U0001f600"'))
    assert hovered == "how many axes it has"


# Hover


def test_hover_of_a_layer_has_its_docs_and_figures(session: Session, spec: Spec) -> None:
    text = session.run(spec.hover("skip = co|nv(16, 1)"))
    assert text.startswith("→ **8 x 8 x 16**, 144 weights, 8,192 MACs")
    assert Conv.__doc__ is not None and Conv.__doc__.split("\n")[0] in text
    assert "`stride` (1): how far the filters move" in text


def test_hover_of_a_block_has_its_comment_and_figures(session: Session, spec: Spec) -> None:
    text = session.run(spec.hover("un|it(16, size=5)"))
    assert text.startswith("→ **8 x 8 x 16**, 3,216 weights, 204,800 MACs")
    assert "block unit(channels, size = 3)" in text
    assert "A convolution with what follows." in text


def test_hover_in_a_block_tells_each_body(session: Session, spec: Spec) -> None:
    text = session.run(spec.hover("co|nv(channels, size)"))
    assert "- → **8 x 8 x 8**, 80 weights" in text
    assert "- → **8 x 8 x 16**, 3,216 weights" in text


def test_hover_of_a_line_sums_it(session: Session, spec: Spec) -> None:
    text = session.run(spec.hover("unit(16, size=5) -|> maxpool(2)"))
    assert text == "→ **4 x 4 x 16**, 3,216 weights, 204,800 MACs"


@pytest.mark.parametrize(
    ("marked", "part"),
    [
        ("concat(it, sk|ip", "here 8 x 8 x 16"),
        ("conv(channel|s, size)", "here 8, 16"),
        ("dense(cla|sses)", "classes = 10  # a parameter of Small"),
        ("tw|ice(4)", "fn twice(n) = 2 * n"),
        ("unit(16, si|ze=5)", "size = 3  # a parameter of unit"),
        ("adam(l|r=1e-3)", "lr=0.001"),
        ("opti|mizer = adam", "how gradients move the weights"),
        ("data      = dig|its", "digits("),
        ("default conv(pa|d=same)", "what is added around the input"),
    ],
)
def test_hover_of_a_name(session: Session, spec: Spec, marked: str, part: str) -> None:
    assert part in session.run(spec.hover(marked))


def test_nothing_is_shown_where_nothing_is(session: Session, spec: Spec) -> None:
    assert session.run(spec.hover("# One |unit")) == ""
    assert session.run(spec.hover("  skip = conv(16, 1)|\n".strip() + "")) != ""


# Shapes at the ends of lines


def test_hints_are_the_shapes_that_flow_out(session: Session, spec: Spec) -> None:
    lines = SPEC.split("\n")
    shown = {lines[line]: shape for line, shape in session.run(spec.hints()).items()}
    assert shown == {
        lines[4]: "8 x 8 x 8, 8 x 8 x 16",
        "  unit(twice(4)) as first": "8 x 8 x 8",
        "  skip = conv(16, 1)": "8 x 8 x 16",
        "  unit(16, size=5) -> maxpool(2)": "4 x 4 x 16",
        "  concat(it, skip -> maxpool(2)) -> flatten": "512",
        "  dense(classes) -> softmax": "10",
    }


def test_hints_before_a_mistake_are_shown(session: Session) -> None:
    opened = session.open("net N {\n  input x: 4\n  dense(3)\n  conv(3, 3)\n  dense(5)\n}\n")
    assert session.run(opened.hints()) == {2: "3"}


def test_a_broken_item_keeps_the_shapes_of_its_lines(session: Session) -> None:
    opened = session.open(SPEC)
    before = session.run(opened.hints())
    opened.replace("  skip = conv(16, 1)\n", "  dense(\n  skip = conv(16, 1)\n")
    assert session.run(opened.diagnostics())
    after = session.run(opened.hints())
    assert after == {line + (line > 10): shape for line, shape in before.items()}
    text = session.run(opened.hover("co|nv(16, 1)"))
    assert text.startswith("→ **8 x 8 x 16**, 144 weights")


# Completion


@pytest.mark.parametrize(
    ("marked", "wanted", "unwanted"),
    [
        ("  |dense(classes)", {"conv", "unit", "first", "repeat", "input"}, {"digits", "net"}),
        ("unit(16, |size=5)", {"channels=", "size=", "twice", "skip"}, {"stride="}),
        ("skip = conv(16, |1)", {"stride=", "pad=", "init="}, {"same", "relu"}),
        ("default conv(pad=|same)", {"same", "valid"}, {"stride="}),
        ("data      = |digits", {"digits", "mnist", "csv"}, {"conv", "adam"}),
        ("loss      = |cross", {"cross_entropy", "mse", "first"}, {"conv", "digits"}),
        ("optimizer = |adam", {"adam", "sgd"}, {"conv", "digits"}),
        ("optimizer = adam(|lr", {"lr=", "weight_decay="}, {"conv", "adam"}),
        ("concat(it, |skip", {"skip", "conv", "axis="}, {"digits"}),
    ],
)
def test_what_may_be_written(
    session: Session, spec: Spec, marked: str, wanted: set[str], unwanted: set[str]
) -> None:
    found = session.run(spec.complete(marked)).keys()
    assert wanted <= found
    assert not unwanted & found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("|", {"net", "block", "train"}),
        ("net N {\n  input x: 8x8x1\n  conv(8, |", {"stride=", "bias="}),
        ("net N {\n  input x: 8x8x1\n  conv(8, 3, bias=|", {"true", "false"}),
        ("block b(n) { conv(n, 3) as half }\nnet N {\n  b(3) as u\n  u.|", {"half", "channels"}),
        ("train {\n  data = digits\n  |", {"loss", "optimizer", "epochs"}),
        ("from |", {"std"}),
        ("from std import |", {"bottleneck", "inception"}),
        ("net N {\n  input x: 4\n  dense(3, init=|", {"he_normal", "zeros"}),
        ("net N {\n  expect |", {"params", "macs", "output"}),
        ("net N {\n  input x: 4 of |", {"int", "float"}),
        ("net A { input x: 4 }\nnet B = |", {"A"}),
        ("net N {\n  input x: 4\n  dense(2, each=true) -> |", {"relu", "softmax"}),
    ],
)
def test_what_may_be_written_in_a_broken_spec(
    session: Session, text: str, wanted: set[str]
) -> None:
    before, _, after = text.partition("|")
    opened = session.open(before + after)
    line = before.count("\n")
    place = types.Position(line, len(before) - before.rfind("\n") - 1)
    params = types.CompletionParams(opened.name, place)
    found = session.run(session.client.text_document_completion_async(params))
    assert isinstance(found, list)
    assert wanted <= {item.label for item in found}


def test_what_a_layer_hands_out_is_offered(session: Session) -> None:
    opened = session.open("net N {\n  input x: 4x4\n  lstm(3) as h\n  dense(2)\n}\n")
    assert session.run(opened.diagnostics()) == []
    opened.replace("dense(2)", "dense(2)\n  h.")
    assert {"cell", "state", "features"} <= session.run(opened.complete("h.|")).keys()


@pytest.mark.parametrize("text", ["# conv|", 'net N { assert true, "con|', "block b|", "let x|"])
def test_nothing_is_offered_in_comments_strings_and_new_names(session: Session, text: str) -> None:
    opened = session.open(text.replace("|", ""))
    place = types.Position(0, text.index("|"))
    params = types.CompletionParams(opened.name, place)
    assert session.run(session.client.text_document_completion_async(params)) == []


def test_a_file_is_offered_in_an_import(session: Session) -> None:
    (session.folder / "cells.net").write_text("block cell(n) { dense(n) }\nblock other { relu }\n")
    opened = session.open('from "cells.net" import cell\n')
    assert "cells.net" in session.run(opened.complete('from "|cells'))
    assert {"cell", "other"} <= session.run(opened.complete("import |cell")).keys()


def test_an_argument_comes_with_its_type_and_default(session: Session, spec: Spec) -> None:
    found = session.run(spec.complete("skip = conv(16, |1)"))["stride="]
    assert found.detail == "stride=1"
    assert isinstance(found.documentation, types.MarkupContent)
    assert found.documentation.value.startswith("how far the filters move; a whole number")


def test_a_layer_is_written_with_what_it_needs_and_explained(session: Session, spec: Spec) -> None:
    item = session.run(spec.complete("  |dense(classes)"))["conv"]
    assert item.insert_text == "conv(${1:filters}, ${2:kernel})"
    assert item.insert_text_format == types.InsertTextFormat.Snippet
    whole = session.run(session.client.completion_item_resolve_async(item))
    assert isinstance(whole.documentation, types.MarkupContent)
    assert "filters" in whole.documentation.value


# Signatures


@pytest.mark.parametrize(
    ("marked", "start", "active"),
    [
        ("conv(channels|, size)", "conv(filters, kernel, stride=1", "filters"),
        ("conv(channels, |size)", "conv(filters, kernel", "kernel"),
        ("unit(16, size=|5)", "unit(channels, size = 3)", "size = 3"),
        ("unit(|twice(4))", "unit(channels, size = 3)", "channels"),
        ("adam(lr=|1e-3)", "adam(lr=0.001", "lr=0.001"),
        ("concat(it, |skip", "concat(a, b, …, axis=-1)", "b"),
    ],
)
def test_the_signature_of_a_call(
    session: Session, spec: Spec, marked: str, start: str, active: str
) -> None:
    params = types.SignatureHelpParams(**spec.at(marked))
    found = session.run(session.client.text_document_signature_help_async(params))
    assert found is not None and found.active_parameter is not None
    (told,) = found.signatures
    assert told.label.startswith(start)
    assert told.parameters is not None
    assert told.parameters[found.active_parameter].label == active


def test_there_is_no_signature_outside_of_calls(session: Session, spec: Spec) -> None:
    params = types.SignatureHelpParams(**spec.at("  |skip = "))
    assert session.run(session.client.text_document_signature_help_async(params)) is None


# Names


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        ("un|it(16, size=5)", "block |unit(channels, size = 3) { conv(channels, size) as inner"),
        ("conv(channels, si|ze)", "block unit(channels, |size = 3)"),
        ("unit(16, si|ze=5)", "block unit(channels, |size = 3)"),
        ("concat(it, sk|ip", "|skip = conv(16, 1)"),
        ("tw|ice(4)", "fn |twice(n)"),
        ("dense(cl|asses)", "net Small(|classes = 10)"),
    ],
)
def test_a_name_leads_to_its_definition(
    session: Session, spec: Spec, marked: str, wanted: str
) -> None:
    params = types.DefinitionParams(**spec.at(marked))
    found = session.run(session.client.text_document_definition_async(params))
    (place,) = spec.places(found)
    assert place.startswith(wanted)


def test_an_import_leads_to_the_other_file(session: Session) -> None:
    path = session.folder / "parts.net"
    path.write_text("block part(n) { dense(n) }\n")
    opened = session.open('from "parts.net" import part as p\nnet N { input x: 4\n p(3) }\n')
    for marked in ("import pa|rt", " |p(3)"):
        params = types.DefinitionParams(**opened.at(marked))
        (place,) = session.run(session.client.text_document_definition_async(params))  # type: ignore[misc, union-attr]
        assert isinstance(place, types.Location)
        assert (place.uri, place.range.start) == (path.as_uri(), types.Position(0, 6))
    params = types.DefinitionParams(**opened.at('from "par|ts.net"'))
    (place,) = session.run(session.client.text_document_definition_async(params))  # type: ignore[misc, union-attr]
    assert isinstance(place, types.Location)
    assert place.uri == path.as_uri()


@pytest.mark.parametrize("declared", [True, False])
def test_where_a_name_is_used(session: Session, spec: Spec, declared: bool) -> None:
    params = types.ReferenceParams(
        context=types.ReferenceContext(declared), **spec.at("block un|it(")
    )
    found = spec.places(session.run(session.client.text_document_references_async(params)))
    used = ["|unit(twice(4)) as first", "|unit(16, size=5) -> maxpool(2)"]
    assert found[declared:] == used
    assert len(found) == 2 + declared


@pytest.mark.parametrize(
    ("marked", "new", "changes"),
    [
        ("un|it(16, size=5)", "cell", [("block unit", "block cell"), ("unit(", "cell(")]),
        (
            "conv(channels, si|ze)",
            "k",
            [("size = 3", "k = 3"), (", size)", ", k)"), ("size=", "k=")],
        ),
        ("concat(it, sk|ip", "side", [("skip", "side")]),
        ("fn tw|ice(n)", "double", [("twice", "double")]),
    ],
)
def test_a_name_is_renamed_wherever_it_is_meant(
    session: Session, spec: Spec, marked: str, new: str, changes: list[tuple[str, str]]
) -> None:
    wanted = SPEC
    for old, replaced in changes:
        wanted = wanted.replace(old, replaced)
    assert session.run(spec.rename(marked, new)) == {spec.uri: wanted}


def test_a_name_is_renamed_in_files_that_import_it(session: Session) -> None:
    user = session.folder / "user.net"
    user.write_text('from "home.net" import thing\nnet M { input x: 4\n thing(3)\n thing(n=4) }\n')
    alias = session.folder / "alias.net"
    alias.write_text('from "home.net" import thing as t\nnet M { input x: 4\n t(3) }\n')
    stranger = session.folder / "stranger.net"
    stranger.write_text("block thing(n) { dense(n) }\nnet M { input x: 4\n thing(3) }\n")
    (session.folder / "home.net").write_text("block thing(n) { dense(n) }\n")
    home = session.open("block thing(n) { dense(n) }\n", "home.net")
    changed = session.run(home.rename("th|ing", "part"))
    assert changed == {
        home.uri: "block part(n) { dense(n) }\n",
        user.as_uri(): 'from "home.net" import part\nnet M { input x: 4\n part(3)\n part(n=4) }\n',
        alias.as_uri(): 'from "home.net" import part as t\nnet M { input x: 4\n t(3) }\n',
    }
    changed = session.run(home.rename("thing(|n) {", "units"))
    assert changed[user.as_uri()].endswith("thing(units=4) }\n")


def test_a_member_is_renamed_where_it_is_asked_for(session: Session) -> None:
    text = (
        "block b(n) { dense(n) as half -> relu }\n"
        "net N {\n  input half: 4\n  b(3) as u\n  concat(it, u.half)\n}\n"
    )
    opened = session.open(text)
    wanted = text.replace("as half", "as part").replace("u.half", "u.part")
    assert session.run(opened.rename("u.ha|lf", "part")) == {opened.uri: wanted}


@pytest.mark.parametrize(
    ("marked", "new", "part"),
    [
        ("un|it(16, size=5)", "2nd", "is not a name"),
        ("un|it(16, size=5)", "a b", "is not a name"),
        ("un|it(16, size=5)", "", "is not a name"),
        ("un|it(16, size=5)", "block", "a word of the language"),
        ("un|it(16, size=5)", "twice", "means something else already, on line 7"),
        ("concat(it, sk|ip", "first", "means something else already, on line 11"),
        ("concat(it, sk|ip", "softmax", "means something else already, on line 15"),
        ("skip = co|nv(16", "fold", "a word of the catalogue"),
        ("# One un|it.", "two", "no name"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    session: Session, spec: Spec, marked: str, new: str, part: str
) -> None:
    with pytest.raises(JsonRpcException, match=part):
        session.run(spec.rename(marked, new))


def test_only_names_of_the_spec_can_be_renamed(session: Session, spec: Spec) -> None:
    client = session.client

    def place(marked: str) -> object:
        params = types.PrepareRenameParams(**spec.at(marked))
        return session.run(client.text_document_prepare_rename_async(params))

    assert place("skip = co|nv(16") is None
    assert isinstance(place("sk|ip = conv"), types.Range)


def test_what_comes_with_netdsl_is_not_renamed(session: Session) -> None:
    opened = session.open("from std import residual\nnet N { input x: 8x8x4\n residual(4) }\n")
    with pytest.raises(JsonRpcException, match="outside of the folder"):
        session.run(opened.rename("residual|(4)", "mine"))


# Outline, folding, quick fixes


def test_the_outline(session: Session, spec: Spec) -> None:
    params = types.DocumentSymbolParams(spec.name)
    found = session.run(session.client.text_document_document_symbol_async(params))
    assert found is not None

    def shown(symbol: object) -> tuple[str, list[str]]:
        assert isinstance(symbol, types.DocumentSymbol)
        return symbol.name, [child.name for child in symbol.children or []]

    assert [shown(symbol) for symbol in found] == [
        ("unit", ["channels", "size", "inner"]),
        ("twice", ["n"]),
        ("Small", ["classes", "image", "first", "skip"]),
        ("train", []),
    ]


def test_what_can_be_folded(session: Session, spec: Spec) -> None:
    params = types.FoldingRangeParams(spec.name)
    found = session.run(session.client.text_document_folding_range_async(params))
    assert found is not None
    assert [(fold.start_line, fold.end_line) for fold in found] == [(8, 14), (17, 20)]


def test_a_text_is_formatted(session: Session) -> None:
    options = types.FormattingOptions(tab_size=4, insert_spaces=True)

    def formatted(opened: Spec) -> str:
        params = types.DocumentFormattingParams(opened.name, options)
        edits = session.run(session.client.text_document_formatting_async(params))
        return applied(opened.text, edits or [])

    untidy = session.open("net N {\n input x:4\n    dense( 3 )->relu\n}\n")
    assert formatted(untidy) == "net N {\n  input x: 4\n  dense(3) -> relu\n}\n"
    tidy = session.open("net N {\n  input x: 4\n}\n")
    assert formatted(tidy) == tidy.text
    broken = session.open("net N {\n input x:4\n    dense( 3\n")
    assert formatted(broken) == broken.text


# Files


def test_an_imported_file_counts_as_it_is_in_the_editor(session: Session) -> None:
    (session.folder / "inner.net").write_text("block b { dense(3) }\n")
    inner = session.open("block b { dense(3) }\n", "inner.net")
    outer = session.open('from "inner.net" import b\nnet N {\n  input x: 4\n  b\n}\n')
    assert session.run(outer.hints()) == {3: "3"}
    inner.edit("block b { dense(5) }\n")
    assert session.run(outer.hints()) == {3: "5"}
    inner.edit("block b { dense( }\n")
    (found,) = session.run(told_again(session, outer))
    assert found.range.start.line == 0
    assert found.message.startswith("inner.net, line 1: ")


async def told_again(session: Session, spec: Spec) -> list[types.Diagnostic]:
    """What is told of a spec after another file was edited."""
    for _ in range(100):
        told = session.client.told[spec.uri].diagnostics
        if told:
            return list(told)
        await asyncio.sleep(0.05)
    return []


# What goes wrong


def test_of_a_file_that_is_not_open_nothing_is_known(session: Session) -> None:
    stranger = Spec(session.client, "file:///nowhere/at_all.net", SPEC)
    assert session.run(stranger.hover("un|it(16, size=5)")) == ""
    assert session.run(stranger.complete("  |dense(classes)")) == {}
    assert session.run(stranger.hints()) == {}


def test_a_text_that_is_no_file_is_a_spec_too(session: Session, spec: Spec) -> None:
    client = session.client
    item = types.TextDocumentItem("untitled:Untitled-1", "net", 1, SPEC)
    client._versions[item.uri] = 1

    async def show() -> Spec:
        client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return Spec(client, item.uri, SPEC)

    opened = session.run(show())
    assert session.run(opened.diagnostics()) == []
    assert session.run(opened.hints()) == session.run(spec.hints())


def test_a_place_beyond_the_text_is_its_end(session: Session, spec: Spec) -> None:
    place = types.Position(9_999, 9_999)
    params = types.HoverParams(spec.name, place)
    assert session.run(session.client.text_document_hover_async(params)) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "\n\n", "}", "net", "net N {", "((((((((", '"', "net N { input x: 8x8x1 \x0c conv(",
        "\ufeffnet N { input x: 4\n dense(2) }", "a\u2028b",
        "net N {\r\n  input x: 4\r\n  dense(2)\r\n}",
        "# \U0001f600\U0001f600\nnet \U0001f600 { }", "{" * 10_000, "x " * 50_000,
    ],
)  # fmt: skip
def test_whatever_is_written_is_answered(session: Session, text: str) -> None:
    opened = session.open(text)
    session.run(opened.diagnostics())
    session.run(opened.hints())
    for offset in (0, len(text) // 2, len(text)):
        line = text.count("\n", 0, offset)
        place = types.Position(line, offset - text.rfind("\n", 0, offset) - 1)
        session.run(session.client.text_document_hover_async(types.HoverParams(opened.name, place)))
        params = types.CompletionParams(opened.name, place)
        session.run(session.client.text_document_completion_async(params))
    symbols = types.DocumentSymbolParams(opened.name)
    session.run(session.client.text_document_document_symbol_async(symbols))
    folds = types.FoldingRangeParams(opened.name)
    session.run(session.client.text_document_folding_range_async(folds))


def test_a_closed_file_is_told_nothing_of(session: Session) -> None:
    opened = session.open("net N { }\n")
    assert session.run(opened.diagnostics())
    session.client.text_document_did_close(types.DidCloseTextDocumentParams(opened.name))

    async def told() -> int:
        for _ in range(100):
            if not session.client.told[opened.uri].diagnostics:
                return 0
            await asyncio.sleep(0.05)
        return 1

    assert session.run(told()) == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-32"])
def test_a_client_chooses_how_columns_are_counted(tmp_path: Path, encoding: str) -> None:
    async def work() -> None:
        client = Client()
        begun = await client.begin(tmp_path, encoding)
        assert begun.capabilities.position_encoding == encoding
        text = 'net N {\n  input x: 4\n  assert "\U0001f600" == 1, "no"\n  dense(2) }\n'
        opened = await client.open(tmp_path / "spec.net", text)
        (found,) = await opened.diagnostics()
        width = {"utf-8": 4, "utf-32": 1}[encoding]
        assert found.range.start.character == len("  assert ")
        assert found.range.end.character == len('  assert "" == 1') + width
        assert await client.end() == 0

    asyncio.run(work())


def test_the_server_ends_with_the_client(tmp_path: Path) -> None:
    async def work() -> int:
        client = Client()
        await client.begin(tmp_path)
        client.exit(None)
        assert client._server is not None
        status = await asyncio.wait_for(client._server.wait(), 60)
        await client.stop()
        return status

    assert asyncio.run(work()) == 1  # as the protocol has it without `shutdown`


def test_every_bundled_spec_is_shown(session: Session) -> None:
    for path in sorted((REPOSITORY / "specs").glob("*.net"))[::6]:
        opened = session.run(session.client.open(path, path.read_text(encoding="utf-8")))
        assert session.run(opened.diagnostics()) == []
        assert session.run(opened.hints())
