"""What an editor offers to do about a diagnostic: its help carried out, a warning allowed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from lsprotocol import types

from netdsl.diagnostics.explain import written
from tests.lsp.client import Spec, applied, text_of
from tests.lsp.conftest import Session

UNUSED = """\
block b { relu }{comment}
net N {
  input x: 4
  dense(2)
}
"""


def offered(
    session: Session, opened: Spec, marked: str, only: Sequence[str] | None = None
) -> dict[str, types.CodeAction]:
    """The actions at a place by their titles, once diagnostics are told."""
    session.run(opened.diagnostics())
    place = opened.position(marked)
    kinds = [types.CodeActionKind(kind) for kind in only] if only is not None else None
    params = types.CodeActionParams(
        opened.name, types.Range(place, place), types.CodeActionContext([], only=kinds)
    )
    found = session.run(session.client.text_document_code_action_async(params))
    actions = [action for action in found or [] if isinstance(action, types.CodeAction)]
    assert len(actions) == len(found or [])
    return {action.title: action for action in actions}


def do(opened: Spec, action: types.CodeAction) -> str:
    """A text after an action."""
    assert action.edit is not None and action.edit.changes is not None
    assert set(action.edit.changes) == {opened.uri}
    return applied(text_of(opened, opened.uri), action.edit.changes[opened.uri])


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("net N {\n  input x: 4\n  assert it.rank = 1\n  dense(3)\n}\n", "rank |= 1"),
        ("# \U0001f600\nnet N {\n  input x: 4\n  dens(3) # \U0001f600\n}\n", "de|ns(3)"),
    ],
)
def test_a_quick_fix_mends_the_spec(session: Session, text: str, marked: str) -> None:
    opened = session.open(text)
    (action,) = offered(session, opened, marked).values()
    assert (action.kind, action.is_preferred) == (types.CodeActionKind.QuickFix, True)
    (told,) = action.diagnostics or ()
    assert told in session.run(opened.diagnostics())
    opened.edit(do(opened, action))
    assert session.run(opened.diagnostics()) == []


@pytest.mark.parametrize(
    ("comment", "allowed"),
    [
        ("", "  # netdsl: allow unused-block"),
        ("  # why \U0001f600", "  # why \U0001f600  # netdsl: allow unused-block"),
        (" # netdsl: allow shape, ", " # netdsl: allow shape, unused-block, "),
        (" # netdsl: allow", " # netdsl: allow unused-block"),
    ],
)
def test_a_warning_is_allowed_on_its_line(session: Session, comment: str, allowed: str) -> None:
    opened = session.open(UNUSED.replace("{comment}", comment))
    found = offered(session, opened, "block |b")
    action = found["allow unused-block on this line"]
    assert not action.is_preferred
    assert do(opened, action) == UNUSED.replace("{comment}", allowed)
    opened.edit(do(opened, action))
    left = {each.code for each in session.run(opened.diagnostics())}
    assert "unused-block" not in left


def test_a_warning_below_other_items_is_allowed_there(session: Session) -> None:
    opened = session.open("net N {\n  input x: 4\n  a = dense(3)\n  dense(2)\n}\n")
    (told,) = session.run(opened.diagnostics())
    action = offered(session, opened, "a = |dense(3)")[f"allow {told.code} on this line"]
    assert do(opened, action).split("\n")[2] == f"  a = dense(3)  # netdsl: allow {told.code}"
    opened.edit(do(opened, action))
    assert session.run(opened.diagnostics()) == []


def test_an_error_is_not_allowed(session: Session) -> None:
    opened = session.open("net N {\n  input x: 4\n  conv(2, 3)\n}\n")
    assert list(offered(session, opened, "co|nv(2, 3)")) == [
        "unflatten(…) gives a vector positions"
    ]


def test_nothing_is_offered_where_nothing_is_told(session: Session) -> None:
    opened = session.open(UNUSED.replace("{comment}", ""))
    assert offered(session, opened, "|dense(2)") == {}


@pytest.mark.parametrize(
    ("only", "some"),
    [(["quickfix"], True), ([""], True), (["refactor"], False), (["source.fixAll"], False)],
)
def test_an_editor_asks_for_some_kinds(session: Session, only: list[str], some: bool) -> None:
    opened = session.open(UNUSED.replace("{comment}", ""))
    assert bool(offered(session, opened, "block |b", only)) is some


def test_a_code_leads_to_its_page(session: Session) -> None:
    opened = session.open(UNUSED.replace("{comment}", ""))
    (told,) = session.run(opened.diagnostics())
    assert told.code_description is not None
    page = Path(unquote(urlsplit(told.code_description.href).path))
    assert page.read_text(encoding="utf-8") == written("unused-block")
