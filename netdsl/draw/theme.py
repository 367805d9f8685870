"""Colours by role, for a light and a dark page.

A category of layers has a fill for its boxes and a stroke for their outlines; text on a fill has a
contrast of at least 7 to 1 (WCAG 2.2, success criterion 1.4.6). Hues follow the usual custom:
convolutions blue, pools red, what is dense green, normalisations grey.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Theme: TypeAlias = Literal["light", "dark"]

# By category: what the legend calls it, then fill and stroke on a light and on a dark page.
CATEGORIES: Mapping[str, tuple[str, str, str, str, str]] = {
    "input": ("input, output", "#ffffff", "#5b6470", "#14181d", "#98a2ae"),
    "conv": ("convolution", "#cfe2f8", "#2f6fb3", "#173a60", "#78b0ea"),
    "linear": ("dense, product", "#cfeed6", "#2d8a4a", "#154527", "#6fcf8b"),
    "recurrent": ("recurrence", "#d9f0ee", "#23857c", "#12443f", "#67cfc4"),
    "attention": ("attention", "#eadcf8", "#7a4bb5", "#3f2462", "#bd95ec"),
    "pool": ("pooling", "#fbd8d3", "#bb4a3c", "#5d2018", "#ee9083"),
    "norm": ("normalisation", "#e4e6ea", "#6a7381", "#363c45", "#a6b0bd"),
    "activation": ("activation", "#fdebc4", "#a8780f", "#513a07", "#e5bb5a"),
    "noise": ("noise", "#f1f1ea", "#81815f", "#3a3a2a", "#b9b995"),
    "merge": ("merge", "#fde0c6", "#b5661c", "#5a310b", "#eda766"),
    "shape": ("shape", "#f3e3ee", "#9a4a80", "#4d2340", "#d990c0"),
    "other": ("other", "#eeeeee", "#777777", "#333333", "#bbbbbb"),
    "block": ("block", "#f4f6f9", "#47566b", "#20262e", "#93a3b8"),
}

_PAPER: Mapping[str, tuple[str, str]] = {
    "background": ("#ffffff", "#0d1117"),
    "text": ("#14181d", "#f0f3f6"),
    "faint": ("#4a525c", "#b4bcc6"),
    "edge": ("#4a525c", "#a3acb7"),
    "frame.fill": ("#fafbfc", "#151a21"),
}


def colors(theme: Theme) -> dict[str, str]:
    """Every role's colour on a light or dark page, as `#rrggbb`: `conv.fill`, `text`, …"""
    dark = theme == "dark"
    found = {role: pair[dark] for role, pair in _PAPER.items()}
    for category, (_, *pairs) in CATEGORIES.items():
        fill, stroke = pairs[2 * dark : 2 * dark + 2]
        found |= {f"{category}.fill": fill, f"{category}.stroke": stroke}
    return found


def known(category: str) -> str:
    """The category whose colours a family of layers has: its own, or that of all others."""
    return category if category in CATEGORIES else "other"
