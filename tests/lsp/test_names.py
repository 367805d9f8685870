"""Every kind of name answers everything that is asked of names, where it is made and where it is
used: what it is, where it comes from, where it is used, another name for it, and it is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from netdsl.elaborate.members import AXES, WHOLE
from netdsl.lsp.meanings import SIZES
from tests.lsp.client import Spec
from tests.lsp.conftest import Session

HOME = """\
# Two layers.
block cell(units, gate = 2) { dense(units) -> maxout(gate) }
block plain(units) { dense(units) -> relu }
let filters = 3
fn halved(n) = n // 2
"""
# Names are their kinds.
SPEC = """\
from "names_home.net" import cell as aliased, plain

# How wide.
let filelet = 8
let (pairlow, pairhigh) = (3, 5)

# Twice as much.
fn function(argument) = 2 * argument

# A block of the file.
block item(channels, tensorparam: tensor) {
  let inner = channels + filelet
  conv(inner, 1)
  sidename = conv(inner, 1)
  shared sharedname = { conv(inner, 3, pad=same) }
  sharedname -> relu -> conv(inner, 1) as stepname
  for (loopvar, (loopsize, _)) in [(1, (pairlow, 0)), (2, (pairhigh, 0))] {
    conv(loopvar * inner, loopsize, pad=same)
  }
  concat(conv(branch * inner, 1, pad=same) for branch in [1, 2]) -> conv(inner, 1)
  add(it, sidename -> sharedname, stepname, tensorparam -> conv(inner, 1))
}

net Main(classes = 10, dimension = 8, unit = item) {
  input inputname: dimension x dimension x 1
  conv(4, 3, pad=same) as before
  unit(function(2), before) as instance
  output instance.stepname -> global_avgpool -> dense(4) -> sigmoid as outputname
  auxiliary flatten -> dense(classes) -> softmax as auxname
  repeat 2 { conv(4, 3, pad=same) } as groupname
  flatten -> aliased(function(4), gate=2) -> plain(filelet) -> dense(classes) -> softmax
}

net Alias = Main(dimension=16)

train {
  net    = Alias(classes=3)
  data   = digits
  loss   = cross_entropy(output, label) + cross_entropy(auxname, label)
  freeze = [groupname]
  optimizer = adam(1e-3)
}
"""

# Of each name: a use of it, where it is made, what hover says of it, and how often it is written.
NAMES = {
    "filelet": ("plain(file|let)", "let |filelet", "let filelet = 8", 3),
    "pairhigh": ("(pair|high, 0)", "(pairlow, |pairhigh)", "let (pairlow, pairhigh) = (3, 5)", 2),
    "function": ("unit(func|tion(2)", "fn |function", "Twice as much.", 3),
    "argument": ("2 * argu|ment", "function(|argument)", "a parameter of function", 2),
    "item": ("unit = it|em", "block |item", "A block of the file.", 2),
    "channels": ("inner = chan|nels", "item(|channels", "a parameter of item", 2),
    "tensorparam": ("tensor|param -> conv", ", |tensorparam: tensor", "a parameter of item", 2),
    "inner": ("sidename = conv(in|ner, 1)", "let |inner", "let inner = channels + filelet", 9),
    "sidename": ("it, side|name ->", "|sidename = conv", "8 x 8 x 12", 2),
    "sharedname": ("shared|name -> relu", "shared |sharedname", "shared sharedname =", 3),
    "stepname": (", step|name, ", "as |stepname", "8 x 8 x 12", 3),
    "loopvar": ("loop|var * inner", "for (|loopvar", "for (loopvar,", 2),
    "loopsize": ("inner, loop|size", ", (|loopsize", "for (loopvar,", 2),
    "branch": ("conv(bran|ch * inner", "for |branch", "for branch in [1, 2]", 2),
    "Main": ("Alias = Ma|in", "net |Main", "net Main(classes = 10", 2),
    "Alias": ("= Ali|as(classes", "net |Alias", "net Alias = Main(dimension=16)", 2),
    "classes": ("Alias(cla|sses=3)", "Main(|classes", "a parameter of Main", 4),
    "dimension": ("Main(dimen|sion=16)", ", |dimension = 8", "a parameter of Main", 4),
    "unit": ("  un|it(function(2)", ", |unit = item", "a parameter of Main", 2),
    "inputname": ("input input|name", "input |inputname", "8 x 8 x 1", 1),
    "before": (", befo|re)", "as |before", "8 x 8 x 4", 2),
    "instance": ("output inst|ance", "as |instance", "8 x 8 x 12", 2),
    "outputname": ("as output|name", "as |outputname", "here 4", 1),
    "auxname": ("cross_entropy(aux|name", "as |auxname", "here 10", 2),
    "groupname": ("[group|name]", "as |groupname", "8 x 8 x 4", 2),
}


@pytest.fixture(scope="module")
def spec(session: Session) -> Iterator[Spec]:
    """The spec, open; no test edits it."""
    home = session.folder / "names_home.net"
    home.write_text(HOME, encoding="utf-8")
    yield session.open(SPEC, "names.net")
    home.unlink()


def both(kind: str) -> tuple[str, str]:
    """The two places of a name: where it is used and where it is made."""
    use, made, _, _ = NAMES[kind]
    return use, made


def test_the_spec_is_right(session: Session, spec: Spec) -> None:
    assert session.run(spec.diagnostics()) == []
    for name, (_, _, _, count) in NAMES.items():
        assert len(re.findall(rf"\b{name}\b", SPEC)) == count


@pytest.mark.parametrize("name", NAMES)
def test_hover(session: Session, spec: Spec, name: str) -> None:
    for place in both(name):
        assert NAMES[name][2] in session.run(spec.hover(place)), place


@pytest.mark.parametrize("name", NAMES)
def test_definition(session: Session, spec: Spec, name: str) -> None:
    use, made, _, _ = NAMES[name]
    for place in (use, made):
        params = types.DefinitionParams(**spec.at(place))
        found = session.run(session.client.text_document_definition_async(params))
        (row,) = spec.places(found)
        assert made in row


@pytest.mark.parametrize("name", NAMES)
def test_references(session: Session, spec: Spec, name: str) -> None:
    _, made, _, count = NAMES[name]
    for place in both(name):
        for declared in (True, False):
            context = types.ReferenceContext(declared)
            params = types.ReferenceParams(context=context, **spec.at(place))
            found = session.run(session.client.text_document_references_async(params))
            rows = spec.places(found)
            assert len(rows) == count - (not declared)
            assert any(made in row for row in rows) is declared


@pytest.mark.parametrize("name", NAMES)
def test_rename(session: Session, spec: Spec, name: str) -> None:
    for place in both(name):
        params = types.PrepareRenameParams(**spec.at(place))
        assert session.run(session.client.text_document_prepare_rename_async(params)) is not None
        wanted = re.sub(rf"\b{name}\b", "another", SPEC)
        assert session.run(spec.rename(place, "another")) == {spec.uri: wanted}


# Where names are offered, and all that are.
OFFERED = [
    ("plain(|filelet)", {"filelet", "pairlow", "pairhigh", "function", "classes", "dimension"}),
    ("(|pairhigh, 0)", {"filelet", "pairlow", "function", "channels", "inner"}),
    ("= 2 * |argument", {"filelet", "pairlow", "function", "argument"}),
    ("unit = |item", {"item", "aliased", "plain"}),
    ("inner = |channels", {"filelet", "channels", "function"}),
    (", |stepname, ten", {"tensorparam", "sidename", "stepname", "sharedname", "aliased"}),
    ("conv(|loopvar", {"loopvar", "loopsize", "inner", "channels", "pairlow"}),
    ("conv(|branch", {"branch", "inner", "filelet"}),
    ("inputname: |dimension", {"classes", "dimension", "filelet"}),
    ("Alias = |Main", {"Main"}),
    ("net    = |Alias", {"Main", "Alias"}),
    ("Alias(|classes=3", {"classes=", "unit="}),
    ("  |unit(function", {"unit", "item", "before", "aliased", "plain", "conv"}),
    ("output |instance.", {"instance", "before", "aliased"}),
    ("output instance.|stepname", {"stepname", "sidename"}),
    ("aliased(function(4), |gate", {"units=", "gate="}),
    ("cross_entropy(|auxname", {"auxname", "outputname", "instance", "inputname"}),
    ("freeze = [|groupname", {"groupname", "instance", "before"}),
    ("import |cell", {"cell", "plain"}),
]


@pytest.mark.parametrize(("marked", "wanted"), OFFERED, ids=[marked for marked, _ in OFFERED])
def test_completion(session: Session, spec: Spec, marked: str, wanted: set[str]) -> None:
    assert wanted - session.run(spec.complete(marked)).keys() == set()


# What another file has


@pytest.mark.parametrize("marked", ["import ce|ll as", "cell as ali|ased", "-> ali|ased("])
def test_an_alias_is_what_it_stands_for(session: Session, spec: Spec, marked: str) -> None:
    assert "Two layers." in session.run(spec.hover(marked))
    params = types.DefinitionParams(**spec.at(marked))
    (place,) = session.run(session.client.text_document_definition_async(params))  # type: ignore[misc, union-attr]
    assert isinstance(place, types.Location)
    home = session.folder / "names_home.net"
    assert (place.uri, place.range.start) == (home.as_uri(), types.Position(1, 6))


@pytest.mark.parametrize("marked", ["import ce|ll as", "cell as ali|ased", "-> ali|ased("])
def test_an_alias_is_used_where_the_block_is(session: Session, spec: Spec, marked: str) -> None:
    params = types.ReferenceParams(context=types.ReferenceContext(True), **spec.at(marked))
    found = session.run(session.client.text_document_references_async(params)) or []
    places = {(Path(place.uri).name, place.range.start.line) for place in found}
    assert places == {("names.net", 0), ("names.net", 30), ("names_home.net", 1)}
    assert len(found) == 4


@pytest.mark.parametrize("marked", ["cell as ali|ased", "-> ali|ased("])
def test_an_alias_is_renamed_alone(session: Session, spec: Spec, marked: str) -> None:
    wanted = SPEC.replace("aliased", "another")
    assert session.run(spec.rename(marked, "another")) == {spec.uri: wanted}


@pytest.mark.parametrize("marked", [", pl|ain\n", "-> pl|ain("])
def test_what_is_imported_is_renamed_everywhere(session: Session, spec: Spec, marked: str) -> None:
    home = session.folder / "names_home.net"
    assert session.run(spec.rename(marked, "another")) == {
        spec.uri: SPEC.replace("plain", "another"),
        home.as_uri(): HOME.replace("plain", "another"),
    }


def test_an_aliased_block_is_renamed_behind_its_alias(session: Session, spec: Spec) -> None:
    home = session.folder / "names_home.net"
    assert session.run(spec.rename("import ce|ll as", "another")) == {
        spec.uri: SPEC.replace("import cell", "import another"),
        home.as_uri(): HOME.replace("block cell", "block another"),
    }


def test_an_argument_of_an_imported_block(session: Session, spec: Spec) -> None:
    assert "gate = 2" in session.run(spec.hover("ga|te=2"))
    home = session.folder / "names_home.net"
    assert session.run(spec.rename("ga|te=2", "parts")) == {
        spec.uri: SPEC.replace("gate", "parts"),
        home.as_uri(): HOME.replace("gate", "parts"),
    }


def test_numbers_and_functions_of_another_file(session: Session) -> None:
    home = session.folder / "numbers_home.net"
    home.write_text(HOME, encoding="utf-8")
    opened = session.open(
        'from "numbers_home.net" import filters, halved\n'
        "net N {\n  input x: 8\n  dense(halved(filters + 9))\n}\n"
    )
    assert session.run(opened.diagnostics()) == []
    for name, marked, part in (
        ("filters", "import |filters", "let filters = 3"),
        ("filters", "(|filters + 9", "let filters = 3"),
        ("halved", ", |halved", "fn halved(n) = n // 2"),
        ("halved", "(|halved(", "fn halved(n) = n // 2"),
    ):
        assert part in session.run(opened.hover(marked))
        params = types.DefinitionParams(**opened.at(marked))
        (place,) = session.run(session.client.text_document_definition_async(params))  # type: ignore[misc, union-attr]
        assert isinstance(place, types.Location)
        line = HOME[: HOME.index(part)].count("\n")
        assert (place.uri, place.range.start.line) == (home.as_uri(), line)
        assert session.run(opened.rename(marked, "another")) == {
            opened.uri: opened.text.replace(name, "another"),
            home.as_uri(): HOME.replace(name, "another"),
        }
    assert {"filters", "halved"} <= session.run(opened.complete("dense(|halved")).keys()
    home.unlink()


SHADOWED = """\
let size = 3
fn size_of(size) = size + 1
block unit(size) { conv(size, 3, pad=same) -> conv(size_of(size), 1) }
net N(width = size) {
  input x: 8x8x1
  unit(size=width) as size_of
  let size = 5
  for size in [1, size] { conv(size, 1) }
}
net M {
  input x: 8x8x1
  conv(4, size) -> unit(2)
  let size = size + 1
  concat(conv(size, 1) for size in [size, 3])
}
"""

# What is written anew as `new`, marked in the text by quotes.
MEANT = [
    (
        "let si|ze = 3",
        ["let 'size' = 3", "(width = 'size')", "conv(4, 'size')", "= 'size' + 1\n  concat"],
    ),
    ("fn size_of(si|ze)", ["fn size_of('size') = 'size' + 1"]),
    ("unit(si|ze) {", ["unit('size') { conv('size', 3", "size_of('size'), 1", "unit('size'=width"]),
    ("fn size|_of", ["fn 'size_of'(", "conv('size_of'(size)"]),
    ("as size|_of", ["as 'size_of'"]),
    ("let si|ze = 5", ["let 'size' = 5", "for 'size' in [1, 'size'] { conv('size', 1) }"]),
    ("let si|ze = size", ["let 'size' = size", "conv('size', 1) for 'size' in ['size', 3]"]),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "places"), MEANT, ids=[marked for marked, _ in MEANT])
def test_the_nearest_meaning_is_renamed(session: Session, marked: str, places: list[str]) -> None:
    opened = session.open(SHADOWED)
    wanted = SHADOWED
    for place in places:
        old = place.replace("'", "")
        assert SHADOWED.count(old) == 1
        wanted = wanted.replace(old, re.sub("'\\w+'", "new", place))
    assert session.run(opened.rename(marked, "new")) == {opened.uri: wanted}


WORDS = """\
let pairs = [[each, each + 1] for each in range(3)]
let others = [each for each in pairs]
net Words {
  input tokens: 12 of int
  expect params = 72, macs = 32, output = 4
  default dense(init=zeros)
  embedding(8, 4) -> maxpool(2, ceil=true)
  default conv(pad=same)
  assert it.channels == 4, "no"
  lstm(4, return=last, bias=none) -> relu
}
"""


@pytest.mark.parametrize(
    ("marked", "part"),
    [
        ("pad=sa|me", "pad=0"),
        ("return=la|st", "return=last"),
        ("of in|t", "whole numbers"),
        ("expect par|ams", "how many weights"),
        ("ma|cs = 32", "multiply-adds"),
        ("out|put = 4", "the shape of its main output"),
        ("assert i|t.", "the tensor that flows in"),
        ("it.chan|nels", "the size of its last axis"),
        ("init=zer|os", "zeros"),
    ],
)
def test_words_of_the_language_say_what_they_are(session: Session, marked: str, part: str) -> None:
    opened = session.open(WORDS)
    assert part in session.run(opened.hover(marked))
    params = types.PrepareRenameParams(**opened.at(marked))
    assert session.run(session.client.text_document_prepare_rename_async(params)) is None
    params_of_definition = types.DefinitionParams(**opened.at(marked))
    found = session.run(session.client.text_document_definition_async(params_of_definition))
    assert not found


def test_sizes_are_those_of_a_tensor() -> None:
    assert set(SIZES) == {*AXES, *WHOLE}


def test_a_name_of_a_comprehension_is_its_own(session: Session) -> None:
    opened = session.open(WORDS)
    for marked in ("[[ea|ch, ", "for ea|ch in range"):
        wanted = WORDS.replace("[each, each + 1] for each", "[one, one + 1] for one")
        assert session.run(opened.rename(marked, "one")) == {opened.uri: wanted}
        params = types.DefinitionParams(**opened.at(marked))
        found = session.run(session.client.text_document_definition_async(params))
        assert opened.places(found) == [WORDS.split("\n")[0].replace("for each", "for |each")]


SEVERAL = """\
block narrow(size) { dense(size) }
block wide(size) { dense(2 * size) }
net N(unit = narrow) {
  input x: 8
  unit(size=3)
}
net M = N(wide)
"""


def test_a_name_that_several_blocks_share_is_not_renamed_in_one(session: Session) -> None:
    opened = session.open(SEVERAL)
    assert session.run(opened.diagnostics()) == []
    for marked in ("narrow(si|ze)", "wide(si|ze)", "unit(si|ze=3"):
        with pytest.raises(JsonRpcException, match=r"size cannot be renamed alone: .*argument"):
            session.run(opened.rename(marked, "count"))


def test_in_a_spec_with_mistakes_names_are_renamed(session: Session) -> None:
    opened = session.open(SEVERAL.replace("input x: 8", "input x: 8\n  relluu"))
    assert session.run(opened.rename("narrow(si|ze)", "count"))[opened.uri].count("count") == 3
