"""`%load_ext netdsl`: cells of a notebook that are specs.

    %%net
    net Digits(classes = 10) {
      input image: 8 x 8 x 1
      flatten -> dense(classes) -> softmax
    }

shows the net and gives its name to Python: `Digits.torch()`.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from netdsl.checking import Checked, check
from netdsl.cli.overrides import numbers_of, overrides_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Makes `%%net` known; IPython calls it for `%load_ext netdsl`."""

    def net(line: str, cell: str) -> Checked:
        """Check the spec in this cell, show its net, and give Python its nets by their names.

        %%net [NAME] [--set NAME=VALUE] [--size NAME=N]

        NAME is the net that is shown, where the cell has several; --set gives an argument of it,
        --size a size that it leaves open. Files that the cell imports are looked for in the
        current folder.
        """
        return _run(shell, line, cell)

    shell.register_magic_function(net, "cell")  # type: ignore[arg-type]


def _run(shell: InteractiveShell, line: str, cell: str) -> Checked:
    from IPython.core.error import UsageError

    title = f"In [{shell.execution_count}]"
    try:
        given: dict[str, Any] = _line.main(shlex.split(line), title, standalone_mode=False)
        sets, sizes = overrides_of(given["sets"]), numbers_of(given["sizes"], "--size")
    except (click.ClickException, ValueError) as error:
        raise UsageError(f"%%net: {error}") from None
    spec = f"{title}:{given['name']}" if given["name"] else title
    checked = check(spec, text=cell, set=sets, sizes=sizes)
    shell.push(checked.nets)  # type: ignore[no-untyped-call]
    return checked


@click.command(add_help_option=False)
@click.argument("name", required=False)
@click.option("--set", "sets", multiple=True)
@click.option("--size", "sizes", multiple=True)
def _line(**given: Any) -> dict[str, Any]:
    """What stands behind `%%net`."""
    return given
