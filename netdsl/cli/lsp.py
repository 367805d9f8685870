"""`netdsl lsp`: the language server, which editors start."""

from __future__ import annotations

import click

from netdsl.extras import need


@click.command(name="lsp")
@click.option("--stdio", is_flag=True, help="On standard input and output, which it always is.")
def command(stdio: bool) -> int:
    """Serve editors: diagnostics, hover, completion and the rest of the protocol.

    Speaks the language server protocol on standard input and output; see docs/editors.md.
    """
    need("pygls")
    from netdsl.lsp.server import server

    server.start_io()
    return int(not server.ended)
