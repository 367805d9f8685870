"""What PyTorch lacks: functions and classes that are written into an emitted module.

Each is plain source that needs `torch`, `torch.nn as nn` and `torch.nn.functional as F`, and the
helpers named before it in an `Emission`. Tensors are channels-first, (batch, channels, …).
"""

from __future__ import annotations

from typing import Final

HELPERS: Final[dict[str, str]] = {}
