"""What a name can mean: something of its own item, an item, a word of the catalogue, or more."""

from __future__ import annotations

from typing import TypeAlias

from netdsl.catalog.arguments import Entry
from netdsl.catalog.sources import DataSource
from netdsl.elaborate.scope import Named, Scope, bound_names
from netdsl.lsp.occurrences import occurrences
from netdsl.record import Record
from netdsl.syntax import tree


class Local(Record):
    """A name that belongs to an item: a parameter, or what `as`, `=`, `let`, `input` name."""

    item: tree.Item
    scope: Scope
    word: str

    @property
    def bindings(self) -> list[tree.Name]:
        """Where the item binds it, in order."""
        return [
            occurrence.name
            for occurrence in occurrences(self.item)
            if occurrence.role == "bind" and occurrence.name.name == self.word
        ]


class Global(Record):
    """An item of a file: a block, a net, a function, or a name of a file-level `let`."""

    item: Named
    scope: Scope
    word: str

    @property
    def name(self) -> tree.Name:
        """The name where it is defined."""
        if not isinstance(self.item, tree.Let):
            return self.item.name
        return next(name for name in bound_names(self.item.pattern) if name.name == self.word)


class Word(Record):
    """An entry of the catalogue."""

    entry: type[Entry]


class EntryParameter(Record):
    """An argument of an entry of the catalogue, or a setting of a train section."""

    entry: type[Entry]
    name: str


class BuiltinName(Record):
    """A function on numbers and lists that the language brings."""

    name: str


class MainOutput(Record):
    """`output` in a loss or a metric: the main output of the net that is trained."""

    net: tree.Net


class DataField(Record):
    """A field of the data, in a loss or a metric."""

    name: str
    source: type[DataSource]


class LanguageWord(Record):
    """A word that the language has itself, and what it says."""

    word: str
    text: str


Meaning: TypeAlias = (
    "Local | Global | Word | EntryParameter | BuiltinName | MainOutput | DataField | LanguageWord"
)

# Numbers that a net promises with `expect`.
PROMISES = {
    "params": "how many weights the net has",
    "total": "how many numbers the net has, weights and state",
    "macs": "its multiply-adds for one example, in evaluation",
    "output": "the shape of its main output",
}
# What a tensor says of itself.
SIZES = {
    "channels": "the size of its last axis",
    "features": "the size of its last axis",
    "width": "the size of its last axis but one",
    "length": "the length of a sequence",
    "height": "the size of its last axis but two",
    "depth": "the size of its last axis but three",
    "shape": "its sizes, a list",
    "rank": "how many axes it has",
    "size": "how many numbers it has",
}
NUMBERS = {"int": "whole numbers", "float": "numbers of any kind, as an input has them"}
IT = LanguageWord("it", "the tensor that flows in")
