"""A train section while it is written: settings, entries with their arguments, the net's names."""

from __future__ import annotations

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.lsp.client import Spec
from tests.lsp.conftest import Session

NETS = """\
net Painter {
  input noise: 16
  dense(64) -> sigmoid -> unflatten(8, 8, 1) as painted
}

block body(filters) { conv(filters, 3, pad=same) as inside -> relu }

net Small(classes = 10) {
  input image: 8x8x1
  conv(4, 3) as stem
  body(4) as backbone
  auxiliary flatten -> dense(classes) as aux
  flatten -> dense(classes) -> softmax
}

let factor = 0.3
fn weighted(loss) = factor * loss

"""

# What is written in the section up to the cursor; some of what is offered; some that is not.
WRITTEN: list[tuple[str, set[str], set[str]]] = [
    ("|", {"data", "loss", "optimizer", "epochs", "phase"}, {"conv", "stem"}),
    ("data = digits\n  |", {"loss", "optimizer"}, {"data"}),
    ("net = |", {"Painter", "Small"}, {"digits", "adam"}),
    ("net = Small(|", {"classes="}, {"adam"}),
    ("data = |", {"digits", "csv", "folder"}, {"conv", "adam"}),
    ('data = csv("f.csv", |', {"target="}, {"adam"}),
    ("data = digits(classes=|", {"factor"}, {"adam"}),
    ("loss = |", {"cross_entropy", "mse", "weighted", "factor"}, {"digits", "adam"}),
    (
        "data = digits\n  loss = cross_entropy(|",
        {"output", "label", "image", "stem", "aux", "reduce="},
        {"data", "loss", "digits"},
    ),
    (
        "net = Small\n  data = digits\n  loss = cross_entropy(output, label) + 0.3 * mse(|",
        {"output", "label", "aux", "stem", "gram"},
        {"painted", "noise"},
    ),
    ("loss = mse(output, image, reduce=|", {"mean", "sum"}, {"digits"}),
    ("loss = sum(mse(stem, |aux) for each in [stem, backbone])", {"each", "stem"}, {"digits"}),
    ("loss = mse(backbone.|", {"inside", "channels"}, {"stem", "filters"}),
    ("freeze = [backbone.|", {"inside"}, {"stem"}),
    ("optimizer = |", {"adam", "sgd"}, {"conv", "digits"}),
    ("optimizer = adam(|", {"lr=", "beta1=", "weight_decay="}, {"digits", "conv"}),
    ("schedule = |", {"cosine", "step"}, {"adam", "conv"}),
    ("schedule = cosine(|", {"warmup="}, {"lr="}),
    ("metrics = [|", {"accuracy", "top"}, {"adam", "digits"}),
    ("metrics = [accuracy, |", {"f1", "top"}, {"adam"}),
    ("metrics = [top(|", {"k="}, {"lr="}),
    ("augment = |", {"flip", "crop"}, {"adam"}),
    ("augment = flip -> |", {"crop", "rotate"}, {"adam", "digits"}),
    ("early_stopping = |", {"patience"}, {"adam"}),
    ("early_stopping = patience(5, monitor=|", {"val_loss", "val_f1"}, {"adam"}),
    ('init = pretrained("w.safetensors", into=|', {"stem"}, {"adam"}),
    ("freeze = [|", {"stem", "aux"}, {"adam", "digits"}),
    ("batch = |", {"all"}, {"adam"}),
    ("precision = |", {"bfloat16", "float32"}, {"adam"}),
    ("fast = |", {"true", "false"}, {"adam"}),
    ("method = |", {"adversarial", "supervised"}, {"adam"}),
    ("method = adversarial(generator=|", {"Painter", "Small"}, {"adam"}),
    ("method = adversarial(objective=|", {"wgan_gp", "minimax"}, {"adam"}),
    ("method = adversarial(generator_optimizer=|", {"adam"}, {"digits"}),
    ("data = digits\n  phase head {\n    |", {"epochs", "freeze"}, {"data", "seed", "phase"}),
    ("phase head {\n    optimizer = |", {"adam"}, {"digits"}),
    ("phase head {\n    freeze = [|", {"stem"}, {"adam"}),
]


@pytest.mark.parametrize(("written", "wanted", "unwanted"), WRITTEN, ids=[w for w, _, _ in WRITTEN])
@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_what_may_be_written(
    session: Session, written: str, wanted: set[str], unwanted: set[str], closed: bool
) -> None:
    start, _, rest = written.partition("|")
    before = f"{NETS}train {{\n  {start}"
    opened = session.open(before + rest + ("\n}\n" if closed else ""))
    line = before.count("\n")
    place = types.Position(line, len(before) - before.rfind("\n") - 1)
    params = types.CompletionParams(opened.name, place)
    found = session.run(session.client.text_document_completion_async(params))
    labels = [item.label for item in found or []]  # type: ignore[union-attr]
    assert wanted - set(labels) == set()
    assert unwanted & set(labels) == set()
    assert len(labels) == len(set(labels))


SECTION = """\
train {
  net       = Small(classes=10)
  data      = digits(classes=[0, 1])
  loss      = cross_entropy(output, label) + weighted(mse(stem, stem, reduce=sum))
  metrics   = [accuracy, top(3)]
  optimizer = adam(lr=1e-3)
  batch     = all
  phase head {
    freeze = [stem, backbone.inside]
    epochs = 3
  }
}
"""


@pytest.fixture(scope="module")
def spec(session: Session) -> Spec:
    """A section that is whole; no test edits it."""
    return session.open(NETS + SECTION)


@pytest.mark.parametrize(
    ("marked", "part"),
    [
        ("ne|t       =", "which net, with its arguments"),
        ("= Sma|ll(", "net Small(classes = 10)"),
        ("Small(cla|sses=10", "a parameter of Small"),
        ("= dig|its(", "1,797 handwritten digits"),
        ("digits(clas|ses=", "the numbers of the classes that are kept"),
        ("cross_en|tropy", "Minus the logarithm of the probability"),
        ("mse(st|em, ", "here 6 x 6 x 4"),
        ("+ weigh|ted(", "fn weighted(loss) = factor * loss"),
        ("red|uce=sum", "their mean or their sum"),
        ("reduce=su|m", "their mean or their sum"),
        ("= al|l", "how many examples are computed at once"),
        ("t|op(3)", "top("),
        ("freeze = [st|em", "here 6 x 6 x 4"),
        ("backbone.in|side", "here 6 x 6 x 4"),
        ("ep|ochs = 3", "how often every example is seen"),
        ("(outp|ut, label", "the main output of Small, here 10"),
        ("output, la|bel", "a field of digits"),
    ],
)
def test_hover(session: Session, spec: Spec, marked: str, part: str) -> None:
    assert part in session.run(spec.hover(marked))


@pytest.mark.parametrize(
    ("marked", "part"),
    [
        ("f1(outp|ut", "the main output of Small, here 10"),
        ("f1(output, la|bel", "a field of digits"),
        ("mae(au|x", "auxiliary flatten"),
    ],
)
def test_hover_over_what_metrics_name(session: Session, marked: str, part: str) -> None:
    metrics = "[f1(output, label), mae(aux, label)]"
    opened = session.open(NETS + SECTION.replace("[accuracy, top(3)]", metrics))
    assert part in session.run(opened.hover(marked))


@pytest.mark.parametrize(
    ("marked", "start"),
    [
        ("cross_entropy(out|put", "cross_entropy("),
        ("adam(l|r=", "adam(lr=0.001"),
        ("weighted(|mse", "weighted(loss)"),
        ("= Small(cla|sses", "Small(classes = 10)"),
        ("digits(clas|ses", "digits("),
        ("top(|3)", "top("),
    ],
)
def test_signature(session: Session, spec: Spec, marked: str, start: str) -> None:
    params = types.SignatureHelpParams(**spec.at(marked))
    found = session.run(session.client.text_document_signature_help_async(params))
    assert found is not None
    assert found.signatures[0].label.startswith(start)


def test_what_no_spec_names_is_not_renamed(session: Session, spec: Spec) -> None:
    for marked in ("(outp|ut, label", "output, la|bel", "cross_en|tropy"):
        params = types.PrepareRenameParams(**spec.at(marked))
        assert session.run(session.client.text_document_prepare_rename_async(params)) is None
        with pytest.raises(JsonRpcException, match="cannot be renamed"):
            session.run(spec.rename(marked, "another"))
    params = types.ReferenceParams(
        context=types.ReferenceContext(True), **spec.at("output, la|bel")
    )
    found = session.run(session.client.text_document_references_async(params))
    line = spec.position("output, |label").line
    assert [place.range.start.line for place in found or []] == [line]


def test_a_member_is_that_of_the_block(session: Session, spec: Spec) -> None:
    marked = "backbone.in|side"
    wanted = spec.text.replace("inside", "another")
    assert session.run(spec.rename(marked, "another")) == {spec.uri: wanted}
    params = types.DefinitionParams(**spec.at(marked))
    (place,) = session.run(session.client.text_document_definition_async(params))  # type: ignore[misc, union-attr]
    assert isinstance(place, types.Location)
    assert place.range.start == spec.position("as |inside")


def test_a_name_of_a_loss_alone(session: Session) -> None:
    loss = "train { loss = sum(mse(each, stem) for each in [stem, backbone]) }\n"
    opened = session.open(NETS + loss)
    for marked in ("mse(ea|ch", "for ea|ch"):
        wanted = NETS + loss.replace("each", "another")
        assert session.run(opened.rename(marked, "another")) == {opened.uri: wanted}
