"""How weights start: initialisers as the arguments of Keras' constructors.

Keras' own `he_normal`, `glorot_normal` and `lecun_normal` draw from a truncated normal, which is
not the language's and takes twice as long: helpers of these names draw from the whole one. Keras
counts fans from its own layouts; where they are not the language's, the deviation is written out.
"""

from __future__ import annotations

from typing import Any

from netdsl.catalog.base import Weight
from netdsl.catalog.initializers import (
    Fill,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Normal,
    Ones,
    Orthogonal,
    Uniform,
    Zeros,
    fans,
)

# Keras' own for each initialiser, with the fields of the record as values.
CALLS: dict[type[Initializer], str] = {
    HeNormal: "he_normal()",
    HeUniform: '"he_uniform"',
    GlorotNormal: "glorot_normal()",
    GlorotUniform: '"glorot_uniform"',
    LecunNormal: "lecun_normal()",
    Normal: "keras.initializers.RandomNormal({mean}, {std})",
    Uniform: "keras.initializers.RandomUniform({low}, {high})",
    Zeros: '"zeros"',
    Ones: '"ones"',
    Fill: "keras.initializers.Constant({value})",
    Orthogonal: '"orthogonal"',
}
_CENTRED = "keras.initializers.RandomNormal(stddev={std})"
_NORMAL = "keras.initializers.RandomNormal(stddev=({} / {{{}}}) ** 0.5)"
_UNIFORM = "keras.initializers.RandomUniform(-(({0} / {{{1}}}) ** 0.5), ({0} / {{{1}}}) ** 0.5)"
# The same for weights whose fans Keras would count otherwise.
BY_FANS: dict[type[Initializer], str] = {
    HeNormal: _NORMAL.format(2, "fan_in"),
    HeUniform: _UNIFORM.format(6, "fan_in"),
    GlorotNormal: _NORMAL.format(2, "fans"),
    GlorotUniform: _UNIFORM.format(6, "fans"),
    LecunNormal: _NORMAL.format(1, "fan_in"),
}


def initializer(start: Initializer, weight: Weight | None = None) -> tuple[str, dict[str, Any]]:
    """An initialiser as a template and its values.

    `weight` is given where Keras would count other fans than the language does: in a table of
    vectors, a depthwise kernel, and a helper's weights, which lie as ours do.
    """
    if weight is not None and type(start) in BY_FANS:
        fan_in, fan_out = fans(weight.shape)
        return BY_FANS[type(start)], {"fan_in": fan_in, "fans": fan_in + fan_out}
    if isinstance(start, Normal) and start.mean == 0:
        return _CENTRED, {"std": start.std}
    return CALLS[type(start)], {name: getattr(start, name) for name in type(start).fields}


def starts(
    weight: Weight | None = None, /, **given: tuple[Initializer, Initializer | None]
) -> tuple[str, dict[str, Any]]:
    """Keyword arguments for initialisers that differ from the defaults of the constructor.

    `bias_initializer=(layer.bias_init, Zeros())` is what the spec says and what happens by
    itself. Returns the template (`, bias_initializer="ones"`) and its values, as `arguments` does.
    """
    text, values = "", {}
    for keyword, (start, default) in given.items():
        if start == default:
            continue
        template, fields = initializer(start, weight)
        for name, value in fields.items():
            place = f"{{{name}}}"
            if place in template:
                template = template.replace(place, f"{{{keyword}_{name}}}")
                values[f"{keyword}_{name}"] = value
        text += f", {keyword}={template}"
    return text, values
