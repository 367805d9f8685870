"""The map beside a spec: which layer of another library is which layer of ours.

Beside `resnet.net` stands `resnet.weights.json`: for each source a list of rules `[ours, theirs]`
or `[ours, theirs, inner rules]`, or the name of the source whose rules it shares. Ours are full
names of layers, theirs modules of a state dict or layers of Keras, both as patterns (patterns.py).

Without inner rules a rule meets whole names; with them it meets prefixes, and the inner rules meet
what follows. What it meets of ours, in order of execution, is paired with what it meets of theirs,
in the order of their numbers and then of their names. A name that an earlier rule has paired is
not considered again, and a rule that meets nothing on one side does nothing: so one file serves a
family of nets. In place of inner rules may stand `{"our tensor": "their tensor"}` for tensors of a
layer that are called differently; theirs may then be any module, also one that holds others (""
is the whole model), and several such rules may name the same one.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from netdsl.diagnostics import UserError
from netdsl.record import Record
from netdsl.weights.patterns import Numbers, compiled, prefixes, whole

# Where a checkpoint can come from, and what is said of it.
SOURCES = {
    "torchvision": "a state dict of torchvision",
    "timm": "a state dict of timm",
    "keras": "a file of Keras",
}


class Rule(Record):
    """One rule of a map; `inner` is None for a rule about whole names."""

    ours: str
    theirs: str
    inner: tuple[Rule, ...] | None = None
    renames: Mapping[str, str] = {}

    def __str__(self) -> str:
        return f'["{self.ours}", "{self.theirs}"{", …" if self.inner or self.renames else ""}]'


class Pair(Record):
    """A layer of ours, the module or layer of theirs that it is, and tensors called differently."""

    ours: str
    theirs: str
    renames: Mapping[str, str]


class Uneven(Record):
    """A rule that met another number of names on one side than on the other."""

    rule: Rule
    ours: int
    theirs: int

    def __str__(self) -> str:
        return f"the rule {self.rule} meets {self.ours} of ours and {self.theirs} of theirs"


class Pairing(Record):
    """What rules make of two sets of names: pairs in the order of the rules, and what is uneven."""

    pairs: tuple[Pair, ...]
    uneven: tuple[Uneven, ...]


def check_source(source: str) -> None:
    """Refuses a source that there is not."""
    if source not in SOURCES:
        raise UserError(f"there is no source {source}; there is {', '.join(SOURCES)}")


def map_file(spec: str) -> str:
    """The path of the map that belongs to a spec's file."""
    return f"{os.path.splitext(spec)[0]}.weights.json"


def rules_of(spec: str, source: str) -> tuple[Rule, ...] | None:
    """The rules of a spec's file for a source; None where it has no map, or none for the source."""
    path = map_file(spec)
    if not os.path.isfile(path):
        return None
    return read(path).get(source)


def read(path: str) -> dict[str, tuple[Rule, ...]]:
    """The rules of a map by source; a `UserError` names the file and the rule that is wrong."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no map of weights: {error}") from None
    try:
        return _sources(found)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names are all different."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} stands in it twice")
    return found


def _sources(found: Any) -> dict[str, tuple[Rule, ...]]:
    if not isinstance(found, dict):
        raise ValueError('a map is an object such as {"torchvision": [["conv1", "features.0"]]}')
    rules: dict[str, tuple[Rule, ...]] = {}
    for source, given in found.items():
        if source not in SOURCES:
            raise ValueError(f"there is no source {source}; there is {', '.join(SOURCES)}")
        if isinstance(given, str):
            if not isinstance(found.get(given), list):
                raise ValueError(f"{source} shares the rules of {given}, which has none of its own")
            given = found[given]
        rules[source] = _rules(given, source)
    return rules


def _rules(given: Any, place: str) -> tuple[Rule, ...]:
    if not isinstance(given, list) or not given:
        raise ValueError(f"{place} needs a list of rules such as [ours, theirs]")
    return tuple(_rule(item, f"{place}, rule {number}") for number, item in enumerate(given, 1))


def _rule(given: Any, place: str) -> Rule:
    if not isinstance(given, list) or len(given) not in (2, 3):
        raise ValueError(f"{place}: a rule is [ours, theirs] or [ours, theirs, inner rules]")
    for pattern in given[:2]:
        if not isinstance(pattern, str):
            raise ValueError(f"{place}: a pattern is a text, not {json.dumps(pattern)}")
        try:
            compiled(pattern)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    ours, theirs, *rest = given
    if not rest:
        return Rule(ours, theirs)
    if isinstance(rest[0], dict):
        if not rest[0] or not all(isinstance(name, str) for name in rest[0].values()):
            raise ValueError(f'{place}: names of tensors are given as {{"ours": "theirs"}}')
        return Rule(ours, theirs, None, rest[0])
    return Rule(ours, theirs, _rules(rest[0], place))


def pair(rules: Sequence[Rule], ours: Sequence[str], theirs: Iterable[str]) -> Pairing:
    """Pairs our layers, in order of execution, with their modules or layers, in any order."""
    found = _Found()
    found.apply(rules, [_Name(name, name) for name in ours], [_Name(n, n) for n in theirs])
    return Pairing(tuple(found.pairs), tuple(found.uneven))


class _Name(Record):
    """A full name, and what is left of it for the rules at hand."""

    full: str
    rest: str


class _Found:
    """Pairs as they are found, and the names that are taken by them."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.uneven: list[Uneven] = []
        self._ours: set[str] = set()
        self._theirs: set[str] = set()

    def apply(self, rules: Sequence[Rule], ours: list[_Name], theirs: list[_Name]) -> None:
        """Applies rules to these names one after the other."""
        for rule in rules:
            free_ours = [name for name in ours if name.full not in self._ours]
            free_theirs = [name for name in theirs if name.full not in self._theirs]
            if rule.inner is None:
                self._names(rule, free_ours, _holders(free_theirs) if rule.renames else free_theirs)
            else:
                self._groups(rule, rule.inner, free_ours, free_theirs)

    def _names(self, rule: Rule, ours: list[_Name], theirs: list[_Name]) -> None:
        mine = [name.full for name in ours if whole(rule.ours, name.rest) is not None]
        met = [(whole(rule.theirs, name.rest), name.full) for name in theirs]
        others = sorted((numbers, full) for numbers, full in met if numbers is not None)
        self._count(rule, len(mine), len(others))
        for name, (_, other) in zip(mine, others, strict=False):
            self.pairs.append(Pair(name, other, rule.renames))
            self._ours.add(name)
            self._theirs.add(other)

    def _groups(
        self, rule: Rule, inner: Sequence[Rule], ours: list[_Name], theirs: list[_Name]
    ) -> None:
        mine = _grouped(rule.ours, ours, needs_dot=True)
        met = _grouped(rule.theirs, theirs, needs_dot=False)
        others = sorted((numbers, prefix) for prefix, (numbers, _) in met.items())
        self._count(rule, len(mine), len(others))
        for (_, names), (_, prefix) in zip(mine.values(), others, strict=False):
            self.apply(inner, names, met[prefix][1])

    def _count(self, rule: Rule, ours: int, theirs: int) -> None:
        if ours and theirs and ours != theirs:
            self.uneven.append(Uneven(rule, ours, theirs))


def _grouped(
    pattern: str, names: list[_Name], needs_dot: bool
) -> dict[str, tuple[Numbers, list[_Name]]]:
    """Names by the prefix that the pattern meets, in order of the first of each."""
    groups: dict[str, tuple[Numbers, list[_Name]]] = {}
    for name in names:
        found = prefixes(pattern, name.rest)
        if found is None:
            continue
        prefix, numbers = found
        rest = name.rest[len(prefix) :]
        if needs_dot and not rest.startswith("."):
            continue
        groups.setdefault(prefix, (numbers, []))[1].append(_Name(name.full, rest.removeprefix(".")))
    return groups


def _holders(names: list[_Name]) -> list[_Name]:
    """The names and those of all modules that hold them, each once."""
    found: dict[str, _Name] = {}
    for name in names:
        base = name.full[: len(name.full) - len(name.rest)]
        levels = list(accumulate(name.rest.split("."), "{}.{}".format)) if name.rest else []
        for rest in ["", *levels]:
            full = (base + rest).rstrip(".")
            found.setdefault(full, _Name(full, rest))
    return list(found.values())
