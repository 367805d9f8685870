"""Diagnostics as a log of the Static Analysis Results Interchange Format, version 2.1.0 (OASIS).

Code scanning of GitHub and GitLab, Visual Studio and others read it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from netdsl.diagnostics.codes import CODES
from netdsl.diagnostics.model import Diagnostic, Help, Label
from netdsl.source import Span

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif(diagnostics: Iterable[Diagnostic], version: str) -> dict[str, Any]:
    """The log of one run; `version` is that of netdsl."""
    found = list(diagnostics)
    codes = sorted({diagnostic.code for diagnostic in found})
    rules = [{"id": code, "shortDescription": {"text": CODES[code]}} for code in codes]
    driver = {"name": "netdsl", "version": version, "rules": rules}
    results = [_result(diagnostic, codes.index(diagnostic.code)) for diagnostic in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": diagnostic.severity,
        "message": {"text": diagnostic.message},
        "locations": [_location(diagnostic.label)],
        "relatedLocations": [
            {"id": number, **_location(label)}
            for number, label in enumerate(diagnostic.secondary, 1)
        ],
        "fixes": [fix for fix in map(_fix, diagnostic.help) if fix is not None],
    }
    return result


def _location(label: Label) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(label.span)},
            "region": _region(label.span),
        }
    }
    if label.text:
        location["message"] = {"text": label.text}
    return location


def _fix(help: Help) -> dict[str, Any] | None:
    if help.span is None or help.replacement is None:
        return None
    replacement = {
        "deletedRegion": _region(help.span),
        "insertedContent": {"text": help.replacement},
    }
    change = {"artifactLocation": {"uri": _uri(help.span)}, "replacements": [replacement]}
    return {"description": {"text": help.text}, "artifactChanges": [change]}


def _uri(span: Span) -> str:
    return quote(span.source.name.replace("\\", "/"))


def _region(span: Span) -> dict[str, int]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(max(span.end, span.start))
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
