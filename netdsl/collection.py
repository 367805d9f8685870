"""The bundled nets with their figures and papers: what `netdsl zoo` tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netdsl import api
from netdsl.analyze.cost import Cost, Costs
from netdsl.diagnostics import UserError
from netdsl.elaborate.suggest import nearest
from netdsl.graph import ElaboratedNet
from netdsl.record import Record
from netdsl.zoo import Entry, bundled_nets

# How the comment at the top of a file cites its paper: authors and year, then the title.
_CITATION = re.compile(r'([^()"]+, \d{4}), "([^"]+)"')


class BundledNet(Record):
    """A bundled name: its file and net, the key of its reference figures, and its own figures."""

    name: str
    path: str
    net: ElaboratedNet
    reference: str | None
    cost: Cost


def matching(word: str) -> dict[str, Entry]:
    """The bundled names that contain a word, and those of a file; `UserError` for none."""
    every = bundled_nets()
    found = {
        name: entry
        for name, entry in every.items()
        if word.lower() in name.lower() or entry.net.startswith(f"{word}:")
    }
    if not found:
        meant = nearest(word, every)
        hint = f"did you mean {meant}?" if meant else "`netdsl zoo` lists them all"
        raise UserError(f"no bundled net is called {word}; {hint}")
    return found


def figures(entries: dict[str, Entry]) -> Iterator[BundledNet]:
    """The nets of these names one by one; a file is read once, a net elaborated once."""
    specs: dict[str, api.Spec] = {}
    costs: dict[str, Cost] = {}
    for name, entry in entries.items():
        path = entry.path
        if path not in specs:
            specs[path] = api.read(path)
        net = specs[path].elaborate(entry.net_name)
        if net is None:
            raise UserError(f"the bundled spec {path} is damaged; please install netdsl anew")
        if entry.net not in costs:
            costs[entry.net] = Costs().graph(net.graph)
        yield BundledNet(name, path, net, entry.reference, costs[entry.net])


def text(path: str) -> str:
    """The text of a bundled spec."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def citation(spec: str) -> tuple[str, str] | None:
    """The paper that the comment at the top of a spec cites, None without one.

    The first is authors and year ("He, Zhang, Ren and Sun, 2016"), the second the title.
    """
    comment = []
    for line in spec.splitlines():
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# "))
    found = _CITATION.search(" ".join(comment))
    return None if found is None else (found[1].strip(), found[2])
