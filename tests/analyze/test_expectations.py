"""Promises of a spec: exact integers, floats to the digits that are written."""

from __future__ import annotations

import pytest

from netdsl.analyze.analysis import analyze
from netdsl.analyze.expectations import Promises
from netdsl.diagnostics import Diagnostic
from tests.analyze.nets import net

# 10 * 123 + 123 = 1,353 weights, 1,230 multiply-adds.
SPEC = "net A {\n  input x: 10\n  dense(123)\n  expect %s\n}"


def promised(text: str, changed: bool = False) -> Promises:
    return analyze(net(SPEC % text), changed=changed).promises


def only(found: Promises) -> Diagnostic:
    (diagnostic,) = found.diagnostics
    return diagnostic


@pytest.mark.parametrize(
    "text",
    [
        "params = 1353",
        "params = 1_353, total = 1353, macs = 1230",
        "macs = 1.23e3",
        "macs = 1.2e3",
        "macs = 1e3",
        "macs = 1_230.0",
        "params = 1.35e3",
        "params = 11 * 123",
        "macs = 2460 / 2",
        "output = 123",
        "output = (123)",
        "output = [123]",
    ],
)
def test_kept(text: str) -> None:
    found = promised(text)
    assert [promise.met for promise in found.kept_or_missed] == [True] * len(found.kept_or_missed)
    assert found.kept_or_missed
    assert found.diagnostics == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("params = 1352", "params should be 1,352, but is 1,353"),
        ("params = 1.36e3", "params should be 1.36e3, but is 1,353"),
        ("macs = 1.230001e3", "macs should be 1.230001e3, but is 1,230"),
        ("macs = 1.24e3", "macs should be 1.24e3, but is 1,230"),
        ("output = (7, 7, 512)", "output should be 7 x 7 x 512, but is 123"),
    ],
)
def test_missed(text: str, message: str) -> None:
    found = only(promised(text))
    assert (found.code, found.severity, found.message) == ("expect-missed", "error", message)
    assert found.label.span.text == text
    assert found.label.span.line == 4


def test_each_missed_promise_is_told() -> None:
    found = promised("params = 1, macs = 1230, total = 3")
    assert [promise.met for promise in found.kept_or_missed] == [False, True, False]
    assert [d.label.span.text for d in found.diagnostics] == ["params = 1", "total = 3"]


def test_an_unknown_figure_is_a_mistake() -> None:
    found = only(promised("parms = 1353"))
    assert (found.code, found.severity) == ("expect-unknown", "error")
    assert found.help[0].text == "did you mean params?"


def test_with_other_arguments_promises_are_skipped_with_one_note() -> None:
    found = promised("params = 1, macs = 2", changed=True)
    assert found.kept_or_missed == ()
    assert (only(found).code, only(found).severity) == ("expect-skipped", "note")


def test_an_open_figure_meets_no_number() -> None:
    text = "net A {\n input x: ? x 4\n conv(8, 1)\n expect macs = 320, params = 40\n}"
    found = analyze(net(text)).promises
    assert [promise.met for promise in found.kept_or_missed] == [False, True]
    assert only(found).message == "macs should be 320, but is 32 * length"


def test_an_open_size_of_the_output_can_be_met() -> None:
    text = "net A {\n input x: ? x 4\n conv(8, 1)\n expect output = (it.length, 8)\n}"
    assert analyze(net(text)).promises.diagnostics == ()
