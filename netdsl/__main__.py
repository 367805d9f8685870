"""`python -m netdsl` is the command `netdsl`."""

import sys

from netdsl.cli.main import main

sys.exit(main())
