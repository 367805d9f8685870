"""`python -m netdsl` is the command `netdsl`."""

import sys

from netdsl.cli import start

sys.exit(start())
