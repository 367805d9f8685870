"""The page of a run: a template, a style sheet, and a policy that forbids all requests."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from netdsl.draw import theme
from netdsl.runs.duration import duration

# Colours of the page that the theme of pictures does not have, on a light and a dark page.
_COLORS = {
    "right": ("#2f6fb3", "#2b6cb5"),
    "wrong": ("#c8452f", "#c24a35"),
    "good": ("#1f7a3f", "#6fcf8b"),
    "card": ("#f6f7f9", "#161b22"),
    "line": ("#dfe3e8", "#2b323c"),
}
_SHADES = 20


def render(parts: Mapping[str, Any]) -> str:
    """The text of the page; whatever stands in the parts is text there, never markup."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["duration"] = duration
    style = Markup(_style())
    template = environment.from_string(_file("report.html"))
    return template.render(parts, style=style, policy=_policy(style))


def _policy(style: str) -> str:
    """Allows the page's own style and pictures that are in it, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _style() -> str:
    dark = f"@media screen and (prefers-color-scheme:dark){{{_variables('dark')}}}"
    return f"\n{_variables('light')}\n{dark}\n{_file('report.css')}{_levels()}"


def _variables(name: theme.Theme) -> str:
    found = {role: color for role, color in theme.colors(name).items() if "." not in role}
    found |= {role: pair[name == "dark"] for role, pair in _COLORS.items()}
    return ":root{" + "".join(f"--{role}:{color};" for role, color in found.items()) + "}"


def _levels() -> str:
    """Shades of the matrix and lengths of bars, as classes: a policy allows no styles in place."""
    rules = []
    for level in range(_SHADES + 1):
        share = 100 * level // _SHADES
        rules.append(f".shade-{level}{{--share:{share * 3 // 4}%}}")
        rules.append(f".bar-{level}{{background-size:{share}% min(100%,1.6em)}}")
    return "".join(rules) + "\n"


def _file(name: str) -> str:
    return (files("netdsl.report") / "page" / name).read_text(encoding="utf-8")
