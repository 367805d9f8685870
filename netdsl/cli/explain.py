"""`netdsl explain`: what a code of a diagnostic means."""

from __future__ import annotations

import click

from netdsl.diagnostics.codes import CODES
from netdsl.diagnostics.explain import Explanation, explanation


@click.command("explain")
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option("--json", "json_", is_flag=True, help="Objects for programs.")
def command(codes: tuple[str, ...], json_: bool) -> None:
    """What a CODE of a mistake means: a spec that fails, and the same spec mended.

    Without a code, every code in one line.
    """
    for code in codes:
        if code not in CODES:
            raise click.BadParameter(_unknown(code), param_hint="CODE")
    if json_:
        _print_json(codes or tuple(sorted(CODES)))
    elif codes:
        click.echo("\n\n".join(map(_shown, map(explanation, codes))))
    else:
        width = max(map(len, CODES))
        for code, meaning in sorted(CODES.items()):
            click.echo(f"{click.style(f'{code:{width}}', bold=True)}  {meaning}")


def _unknown(code: str) -> str:
    from netdsl.elaborate.suggest import with_suggestion

    return with_suggestion(f"there is no code {code}", code, CODES) + "."


def _shown(found: Explanation) -> str:
    title = click.style(f"{found.kind}[{found.code}]", bold=True)
    parts = [f"{title}: {CODES[found.code]}", found.text]
    if found.command:
        parts.append(f"With {found.command}:")
    for word, specs in (("Wrong", found.wrong), ("Mended", found.mended)):
        if specs:
            parts.append(click.style(word, fg="red" if word == "Wrong" else "green", bold=True))
        for name, text in specs.items():
            title = f"  # {name}\n" if len(specs) > 1 else ""
            parts.append(title + "\n".join(f"  {line}".rstrip() for line in text.splitlines()))
    return "\n\n".join(parts)


def _print_json(codes: tuple[str, ...]) -> None:
    import json

    found = [
        {
            "code": one.code,
            "kind": one.kind,
            "meaning": CODES[one.code],
            "text": one.text,
            "wrong": dict(one.wrong),
            "mended": dict(one.mended),
        }
        for one in map(explanation, codes)
    ]
    click.echo(json.dumps(found, ensure_ascii=False))
