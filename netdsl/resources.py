"""Where the specs that come with netdsl are: in a checkout and in an installed wheel.

Paths are plain strings: `pathlib` costs milliseconds at every start of `netdsl check`.
"""

from __future__ import annotations

import os.path

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def specs_folder() -> str:
    """The folder of the bundled specs; `std` in it holds the shared blocks.

    A wheel carries it inside the package (pyproject.toml says so); in a checkout, also an
    editable install of one, it stands beside the package.
    """
    bundled = os.path.join(_PACKAGE, "_bundled", "specs")
    if os.path.isdir(bundled):
        return bundled
    return os.path.join(os.path.dirname(_PACKAGE), "specs")
