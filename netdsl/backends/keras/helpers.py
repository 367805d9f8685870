"""What Keras lacks: functions and layers that are written into an emitted module.

Each is plain source that needs the names `keras`, `layers` and `ops` (keras.ops), and the
helpers named before it in an `Emission`. Tensors are (batch, …, channels). Functions are called
with symbolic tensors while a model is built, so what depends on a size that may be unknown then is
a layer, whose `call` is traced with every size at hand. A layer's weights have the language's
names and layouts.
"""

from __future__ import annotations

from typing import Final

from netdsl.backends.keras.helpers_attention import ATTENTION
from netdsl.backends.keras.helpers_conv import CONV
from netdsl.backends.keras.helpers_linear import LINEAR
from netdsl.backends.keras.helpers_norm import NORM
from netdsl.backends.keras.helpers_pointwise import POINTWISE
from netdsl.backends.keras.helpers_pool import POOL
from netdsl.backends.keras.helpers_recurrent import RECURRENT
from netdsl.backends.keras.helpers_shape import SHAPE
from netdsl.backends.keras.helpers_starts import STARTS

HELPERS: Final[dict[str, str]] = {
    **ATTENTION,
    **CONV,
    **LINEAR,
    **NORM,
    **POINTWISE,
    **POOL,
    **RECURRENT,
    **SHAPE,
    **STARTS,
}
