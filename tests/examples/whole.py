"""Whether examples are trained to their end, as by `make examples`, or for a few steps."""

from __future__ import annotations

import os

WHOLE = bool(os.environ.get("NETDSL_EXAMPLES"))
