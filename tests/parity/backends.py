"""`python -m tests.parity.backends [NAME…] [--write] [--missing]`: bundled nets on all backends.

Each net is built at a small input by PyTorch, Keras and ONNX and compared as `netdsl parity` does,
every layer by itself. Names of one net are one line. With `--missing` those that stand in
docs/backends_parity.md are passed by. Each net has a process of its own, which gives its memory
back. The status is 1 where one fails or is beyond a tolerance.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from netdsl.resources import specs_folder

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "backends_parity.md"
# Batch normalisations need more than a few numbers of each channel.
EXAMPLES = 4
THREADS = 1
# Weights that are trained at a time: for each, steps take some hundred bytes.
AT_ONCE = 60_000_000
# Of a net with more weights the forward pass alone is compared.
MOST_STEPPED = 400_000_000

_HEAD = """\
# The same numbers on every backend

Each bundled net was built for PyTorch, Keras (on TensorFlow) and ONNX (run by onnxruntime) with the
same random numbers in every weight, bias and running statistic, and got the same {examples} random
inputs, as `netdsl parity --depth all` does; images are as small as the net takes. A difference is
the largest one between two numbers of a tensor, as a share of its largest number, and what stands
here is the largest one over all tensors of the net.

The forward pass is in single precision and in evaluation: the tensor of every layer, and the
outputs of the net as it is exported, which have to agree within 1e-4. Gradients, and the weights
after a step of SGD with momentum and of Adam, are in double precision and in training, between
PyTorch and Keras: within 1e-3, 1e-4 and 1e-4. [backends.md](backends.md) says why, and what is left
out. Of a net with more than {at_once:,} weights a step trains so many at a time while the others
stand still, which changes no gradient and lets it fit in memory. Of a net with more than
{most:,} weights, which is ViT-H/14, the forward pass alone is compared: its steps on two backends
in double precision do not fit into 24 GB. TensorFlow computes each operation as it comes, but for
convolutions in groups; `tests/parity/test_backends.py` has it compile the steps of a few nets.

`make parity-backends` measures what is missing here, and writes it; `python -m
tests.parity.backends NAME --write` one line. Another processor may give other last digits.

Measured with {versions}.

| net | names | input | forward, Keras | forward, ONNX | gradients | SGD | Adam |
|---|---|---|--:|--:|--:|--:|--:|
"""
_MEASURED = re.compile(r"^Measured with (.*)\.$", re.MULTILINE)
_ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$", re.MULTILINE)


class Result(NamedTuple):
    """The largest differences of one net, and the sentences of what diverges.

    A net that ends in a `step` has no gradients, and the largest are not compared in steps; there
    stands no number.
    """

    net: str
    input: str
    keras: float
    onnx: float
    gradients: float
    sgd: float
    adam: float
    diverged: tuple[str, ...] = ()


def names_of_nets() -> dict[str, list[str]]:
    """The bundled names of each net, by `file.net:Net`."""
    zoo = json.loads((Path(specs_folder()) / "zoo.json").read_text("utf-8"))
    found: dict[str, list[str]] = {}
    for name, entry in zoo.items():
        found.setdefault(entry["net"], []).append(name)
    return found


def measure(name: str) -> Result:
    """Builds a net by every backend and compares."""
    import torch

    from netdsl.analyze.cost import Costs
    from netdsl.parity.compare import Comparison
    from netdsl.parity.differences import Differences
    from netdsl.parity.judge import judge
    from netdsl.parity.steps import OPTIMIZERS
    from tests.parity.small import small

    def largest(differences: Differences, backend: str) -> float:
        return max((of_each[backend] for of_each in differences.values()), default=math.nan)

    # Threads wait for one another at every layer where a machine is busy.
    torch.set_num_threads(THREADS)
    net = small(name).elaborated
    comparison = Comparison(net, ("torch", "keras", "onnx"), EXAMPLES)
    stepped = Costs().graph(net.graph).weights <= MOST_STEPPED
    found = comparison.run(None, OPTIMIZERS if stepped else {}, AT_ONCE)
    forward = found.forward | found.outputs
    verdicts = judge(comparison, found)
    return Result(
        name,
        ", ".join(str(port.type) for port in net.inputs),
        largest(forward, "keras"),
        largest(forward, "onnx"),
        largest(found.gradients, "keras"),
        largest(found.steps.get("sgd", {}), "keras"),
        largest(found.steps.get("adam", {}), "keras"),
        tuple(f"{v.kind}: {v.name} on {v.backend}, {v.difference:.1e}" for v in verdicts),
    )


def measure_at_once(name: str) -> Result:
    """The same with Keras calling each operation as it comes.

    The numbers are the same, and most of the time goes into graphs that would be used once. What
    TensorFlow has a gradient for in its compiler alone, which are convolutions in groups, Keras
    compiles by itself. Nothing of a net is left for the next one.
    """
    import keras

    at_once = property(lambda model: True, lambda model, value: None)
    try:
        with patch.object(keras.Model, "run_eagerly", at_once):
            return measure(name)
    finally:
        keras.utils.clear_session()


def measured(nets: Sequence[str]) -> Iterator[Result | None]:
    """A result for each net, told with the seconds that it took; None where there is none."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # Large tensors lie by themselves, so that the system has their memory back at once (glibc).
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "1000000"
    names = names_of_nets()
    for net in nets:
        started = time.monotonic()
        try:
            with ProcessPoolExecutor(1, get_context("spawn")) as process:
                result = process.submit(measure_at_once, names[net][0]).result()._replace(net=net)
        except Exception as error:  # what stops one net is told, and the next is measured
            print(f"{net}: {type(error).__name__}: {error}", flush=True)
            yield None
            continue
        seconds = time.monotonic() - started
        print(f"{net}: {' '.join(_cells(result)[1:])}; {seconds:.0f} s", flush=True)
        for sentence in result.diverged:
            print(f"  {sentence}", flush=True)
        yield result


def installed() -> str:
    """The libraries that are compared, with their versions."""
    distributions = {
        "torch": "torch",
        "Keras": "keras",
        "TensorFlow": "tensorflow-cpu",
        "onnxruntime": "onnxruntime",
    }
    *found, last = (f"{name} {version(package)}" for name, package in distributions.items())
    return f"{', '.join(found)} and {last}"


def parse(text: str) -> tuple[str, dict[str, Result]]:
    """The versions, and a result for each net, from the text of the file."""
    found = _MEASURED.search(text)
    results = {}
    for net, rest in _ROW.findall(text):
        _, flows_in, *numbers = rest.split(" | ")
        differences = (math.nan if number == "none" else float(number) for number in numbers)
        results[net] = Result(net, flows_in, *differences)
    return found.group(1) if found else "", results


def render(versions: str, results: dict[str, Result]) -> str:
    """The text of the file, nets in the order of their names."""
    names = names_of_nets()
    rows = []
    for net in sorted(results):
        called = ", ".join(f"`{name}`" for name in names[net])
        rows.append(f"| `{net}` | {called} | {' | '.join(_cells(results[net]))} |\n")
    return _HEAD.format(
        examples=EXAMPLES, at_once=AT_ONCE, most=MOST_STEPPED, versions=versions
    ) + "".join(rows)


def write(result: Result) -> None:
    """Puts a result into the file; results of other versions of the libraries go."""
    versions, results = parse(RESULTS.read_text("utf-8")) if RESULTS.is_file() else ("", {})
    if versions != installed():
        results = {}
    RESULTS.write_text(render(installed(), results | {result.net: result}), "utf-8")


def _cells(result: Result) -> list[str]:
    numbers = result.keras, result.onnx, result.gradients, result.sgd, result.adam
    return [result.input, *("none" if math.isnan(n) else f"{n:.1e}" for n in numbers)]


def chosen(wanted: Sequence[str]) -> list[str]:
    """The nets that are meant; all of them where none is named."""
    known = {name: net for net, names in names_of_nets().items() for name in (net, *names)}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        sys.exit(f"{unknown[0]} is no bundled net")
    return list(dict.fromkeys(known[name] for name in wanted or known))


def main() -> int:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity.backends", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--write", action="store_true", help="put results into the file")
    parser.add_argument("--missing", action="store_true", help="only what the file has not")
    arguments = parser.parse_args()
    nets = chosen(arguments.names)
    if arguments.missing and RESULTS.is_file():
        versions, there = parse(RESULTS.read_text("utf-8"))
        nets = [net for net in nets if versions != installed() or net not in there]
    close = True
    for result in measured(nets):
        close = close and result is not None and not result.diverged
        if result is not None and not result.diverged and arguments.write:
            write(result)
    return int(not close)


if __name__ == "__main__":
    sys.exit(main())
