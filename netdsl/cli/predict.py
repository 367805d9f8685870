"""`netdsl predict`: what a trained net says of new data, how it goes on, what it makes."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

import click

# What is asked for instead of answers about files.
_ALONE = ("--generate", "--samples", "--latent")
# Options that say more about others.
_BELONGS = {
    "--prompt": ("--generate",),
    "--temperature": ("--generate",),
    "--seed": ("--generate", "--samples"),
    "--plain": ("--output",),
}


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--generate",
    "count",
    type=click.IntRange(1),
    help="How many units of text, or values of a series, follow.",
)
@click.option("--prompt", help="The text that --generate goes on with.")
@click.option(
    "--temperature",
    type=click.FloatRange(0),
    help="Below 1 --generate prefers what is likely; 0 takes the likeliest.  [default: 1]",
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    help="So many examples: of a generator, else of a net whose `sample`s draw from the prior.",
)
@click.option(
    "--latent",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="The codes of the test share: the tensor of that name, else what kl_divergence is of.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="Where --generate and --samples start.  [default: 0]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Pictures: a .png, or a folder for one each. With --latent .png, .pdf or .svg.",
)
@click.option("--plain", is_flag=True, help="With -o the classes alone, as numbers of a palette.")
@click.option("--backend", metavar="NAME", help="Another than the one that trained, or onnx.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, cuda:1, mps or auto.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    run: Path,
    files: tuple[Path, ...],
    count: int | None,
    prompt: str | None,
    temperature: float | None,
    samples: int | None,
    latent: str | None,
    seed: int | None,
    output: Path | None,
    plain: bool,
    backend: str | None,
    device: str,
    as_json: bool,
) -> None:
    """Predict with the weights of RUN: pictures, tables with the same columns, texts, .npz files.

    Where several pictures flow into the net, so many files in a row are one example.
    -o draws what a net says of pictures: a class for each pixel, or pictures that it restores.
    With --generate the net goes on with a text, unit by unit, or with the series of a table.
    """
    import json

    from netdsl.extras import need

    given = {
        "--generate": count,
        "--samples": samples,
        "--latent": latent,
        "--prompt": prompt,
        "--temperature": temperature,
        "--seed": seed,
        "--output": output,
        "--plain": plain or None,
    }
    alone = _check({name for name, value in given.items() if value is not None}, files)
    for module in ("numpy", "safetensors"):
        need(module)
    from netdsl.cli.specs import open_spec
    from netdsl.training import answering
    from netdsl.training.generate import Drawing
    from netdsl.training.stored import Stored

    if count is not None:
        drawing = Drawing(count, prompt, temperature, seed)
        file = files[0] if files else None
        made = answering.generate(run, file, drawing, device, open_spec, backend)
        _tell(made, as_json)
        return
    if alone is not None or (
        output is not None and not Stored.open(run, open_spec).reading.classes
    ):
        from netdsl.cli import pictures

        asked = (device, open_spec, backend)
        if samples is not None:
            pictures.made(run, samples, seed or 0, output, asked, as_json)
        elif latent is not None:
            pictures.codes(run, latent or None, output, asked, as_json)
        elif output is not None:
            pictures.reconstructions(run, files, output, asked, as_json)
        return
    from netdsl.training.drawn import Drawn, save

    shown: list[Drawn] | None = None if output is None else []
    show = None if shown is None else shown.extend
    told = answering.predict(run, files, device, open_spec, backend, show, plain)
    written = save(shown, output) if shown is not None and output is not None else []
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for answer in told:
        click.echo(f"{answer['input']}: {_shown(answer)}")
    for path in written:
        click.echo(f"wrote {path}")


def _check(given: Set[str], files: Sequence[Path]) -> str | None:
    """Refuses options that do not go together; gives the one of `_ALONE`, if there is one."""
    asked = [name for name in _ALONE if name in given]
    if len(asked) > 1:
        raise click.UsageError(f"{asked[0]} and {asked[1]} are two predictions; give one")
    for name, owners in _BELONGS.items():
        if name in given and given.isdisjoint(owners):
            raise click.UsageError(f"{name} belongs to {' and '.join(owners)}")
    if not asked and not files:
        raise click.UsageError("give files, --generate or --samples with a number, or --latent")
    if "--generate" in asked:
        if len(files) + ("--prompt" in given) > 1:
            raise click.UsageError("--generate goes on with one file, or with --prompt")
        if "--output" in given:
            raise click.UsageError("-o draws what is said of files; it does not go with --generate")
    elif asked and files:
        raise click.UsageError(f"{asked[0]} takes no files")
    if asked and "--plain" in given:
        raise click.UsageError("--plain belongs to -o, with files")
    return asked[0] if asked else None


def _tell(made: str | list[float], as_json: bool) -> None:
    """Prints a text, or the values of a series, a line for each."""
    import json

    if as_json:
        told = {"text": made} if isinstance(made, str) else {"value": made}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(made if isinstance(made, str) else "\n".join(f"{value:g}" for value in made))


def _shape(answer: dict[str, Any]) -> str:
    """The shape of an answer that is a map of numbers, which --json has; empty for any other."""
    sizes, values = [], answer.get("value")
    while isinstance(values, list):
        sizes.append(str(len(values)))
        values = values[0]
    return " x ".join(sizes) if len(sizes) > 1 else ""


def _shown(answer: dict[str, Any]) -> str:
    if "outputs" in answer:
        parts = (f"{name} {_shape(one) or _shown(one)}" for name, one in answer["outputs"].items())
        return "; ".join(parts)
    if "text" in answer:
        return str(answer["text"])
    if "pixels" in answer:
        whole = sum(answer["pixels"].values())
        parts = (f"{name} {100 * n / whole:.1f} %" for name, n in answer["pixels"].items())
        return ", ".join(parts)
    if "classes" in answer:
        return " ".join(answer["classes"])
    if "class" not in answer:
        return str(answer["value"])
    if "distance" in answer:
        return f"{answer['class']} (distance {answer['distance']:.4g})"
    if "probability" not in answer:
        return str(answer["class"])
    return f"{answer['class']} ({100 * answer['probability']:.1f} %)"
