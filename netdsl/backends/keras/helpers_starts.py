"""How weights start, as written into an emitted module where Keras draws otherwise."""

from __future__ import annotations

from typing import Final

_TEMPLATE = '''
def {name}():
    """Normal numbers, not truncated, whose variance is {scale:g} / {fan}."""
    return keras.initializers.VarianceScaling({scale}, "{mode}", "untruncated_normal")
'''

STARTS: Final[dict[str, str]] = {
    name: _TEMPLATE.format(name=name, scale=scale, mode=mode, fan=fan)
    for name, scale, mode, fan in (
        ("he_normal", 2.0, "fan_in", "fan_in"),
        ("glorot_normal", 1.0, "fan_avg", "the mean of both fans"),
        ("lecun_normal", 1.0, "fan_in", "fan_in"),
    )
}
