"""`netdsl layers`: what a spec can call, and what is known of one word."""

from __future__ import annotations

import shutil
import textwrap

import click

from netdsl import plugins
from netdsl.catalog.arguments import Entry
from netdsl.catalog.describe import expected, explanation, parameters, signature, value_text
from netdsl.catalog.index import WORDS
from netdsl.diagnostics import UserError
from netdsl.elaborate.suggest import with_suggestion
from netdsl.elaborate.words import added_layer, entry_named, layer_words


@click.command("layers")
@click.argument("name", required=False)
@click.option("--kind", metavar="KIND", help="Words of another kind: loss, optimizer, …")
def command(name: str | None, kind: str | None) -> None:
    """Show how NAME is called and what it does; without NAME list every layer.

    NAME may also be a loss, an optimizer or any other word of the catalogue. What plugins add is
    there too.
    """
    if kind is not None and kind not in WORDS:
        raise UserError(with_suggestion(f"there is no kind {kind}", kind, WORDS))
    if name is None:
        _list(kind or "layer")
        return
    found = _entries(name, kind)
    if not found:
        words = layer_words().union(*WORDS.values()) if kind is None else WORDS[kind]
        raise UserError(with_suggestion(f"there is no {kind or 'word'} {name}", name, words))
    for number, (each, entry) in enumerate(found):
        if number:
            click.echo()
        _show(each, entry)


def _entries(name: str, kind: str | None) -> list[tuple[str, type[Entry]]]:
    """The entries of a word with their kinds, a layer first."""
    kinds = ["layer", *sorted(WORDS.keys() - {"layer"})] if kind is None else [kind]
    found = [(each, entry) for each in kinds if (entry := entry_named(each, name)) is not None]
    if not found and "layer" in kinds:
        layer = added_layer(name)
        found = [("layer", layer)] if layer is not None else []
    return found


def _list(kind: str) -> None:
    own = sorted(WORDS[kind])
    for word in own:
        entry = entry_named(kind, word)
        assert entry is not None
        click.echo(signature(entry))
    if kind == "layer":
        for word in sorted(plugins.names(plugins.LAYERS)):
            owner = plugins.owned_by(plugins.LAYERS, word)
            if word in WORDS[kind]:
                click.echo(f"{word}: the plugin {owner} adds it too, and is passed by")
                continue
            layer = added_layer(word)
            assert layer is not None
            click.echo(f"{signature(layer)}  from {owner}")


def _show(kind: str, entry: type[Entry]) -> None:
    width = min(shutil.get_terminal_size().columns, 100)
    click.echo(textwrap.fill(signature(entry), width, subsequent_indent="    "))
    click.echo(f"\n{explanation(entry)}" if kind == "layer" else f"\n{kind}: {explanation(entry)}")
    told = parameters(entry)
    if told:
        click.echo()
    longest = max((len(name) for name, _ in told), default=0)
    for name, argument in told:
        shown = (
            "" if argument.required else f"; by default {value_text(argument.default, argument)}"
        )
        text = f"{name:<{longest}}  {argument.doc}: {expected(argument)}{shown}"
        click.echo(textwrap.fill(text, width, subsequent_indent=" " * (longest + 2)))
