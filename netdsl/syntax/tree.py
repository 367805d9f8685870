"""The syntax tree: a closed set of frozen nodes, each with its span.

From `file` down to `Name` this follows grammars/netdsl.lark. Nodes are equal by identity, so
that a node can stand for its place in the text.
"""

from __future__ import annotations

from typing import TypeAlias

from netdsl.record import Record
from netdsl.source import Source, Span


class TreeNode(Record):
    """Base of all nodes."""

    span: Span

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


# Expressions


class Name(TreeNode):
    """A word: a name of the author's, a word of the catalogue or a symbol."""

    name: str


class Literal(TreeNode):
    """A number, a string, `true`, `false` or `none`."""

    value: int | float | str | bool | None


class Display(TreeNode):
    """A list `[a, b]` or a tuple `(a, b)`."""

    items: tuple[Expression, ...]
    brackets: str


class Comprehension(TreeNode):
    """`element for pattern in iterable if condition`, in a list or among arguments."""

    element: Expression
    pattern: Pattern
    iterable: Expression
    condition: Expression | None


class Unary(TreeNode):
    """`-a`, `+a`, `not a`."""

    operator: str
    operand: Expression


class Binary(TreeNode):
    """Arithmetic or a comparison of two operands."""

    operator: str
    left: Expression
    right: Expression


class Boolean(TreeNode):
    """`a and b`, `a or b`: the right side counts only where the left leaves it open."""

    operator: str
    left: Expression
    right: Expression


class Conditional(TreeNode):
    """`then if condition else otherwise`."""

    condition: Expression
    then: Expression
    otherwise: Expression


class Argument(TreeNode):
    """An argument of a call; `name` is None for a positional one."""

    name: Name | None
    value: Expression


class Call(TreeNode):
    """`callee(arguments)`."""

    callee: Expression
    arguments: tuple[Argument, ...]


class Index(TreeNode):
    """`value[index]`."""

    value: Expression
    index: Expression


class Slice(TreeNode):
    """`value[start:stop]`."""

    value: Expression
    start: Expression | None
    stop: Expression | None


class Member(TreeNode):
    """`value.name`."""

    value: Expression
    name: Name


class Step(TreeNode):
    """One step of a pipeline, with its `as` name."""

    value: Expression
    name: Name | None


class Pipeline(TreeNode):
    """`a -> b as name -> c`; a single step without a name is its expression alone."""

    steps: tuple[Step, ...]


class Group(TreeNode):
    """`{ … }` as a step or a value."""

    body: tuple[Statement, ...]


class Repeat(TreeNode):
    """`repeat count { … }`."""

    count: Expression
    body: tuple[Statement, ...]


class For(TreeNode):
    """`for pattern in iterable { … }`."""

    pattern: Pattern
    iterable: Expression
    body: tuple[Statement, ...]


class Arm(TreeNode):
    """A condition of an `if` step and its body."""

    condition: Expression
    body: tuple[Statement, ...]


class If(TreeNode):
    """`if a { … } else if b { … } else { … }`."""

    arms: tuple[Arm, ...]
    otherwise: tuple[Statement, ...] | None


Expression: TypeAlias = (
    "Name | Literal | Display | Comprehension | Unary | Binary | Boolean | Conditional | Call"
    " | Index | Slice | Member | Pipeline | Group | Repeat | For | If"
)


class TuplePattern(TreeNode):
    """`(a, (b, c))` on the left of a `let` or a `for`."""

    items: tuple[Pattern, ...]


Pattern: TypeAlias = "Name | TuplePattern"


# Statements


class Flow(TreeNode):
    """A pipeline as a statement: the flow goes through it."""

    value: Expression


class Side(TreeNode):
    """`name = pipeline`: named, and the flow stays."""

    name: Name
    value: Expression


class Let(TreeNode):
    """`let pattern = value`."""

    pattern: Pattern
    value: Expression
    doc: str = ""


class SharedLayer(TreeNode):
    """`shared name = layer`."""

    name: Name
    value: Expression


class UnknownSize(TreeNode):
    """`?` among the sizes of an input."""


class Input(TreeNode):
    """`input name: 8 x 8 x 1 of int -> …`."""

    name: Name
    dimensions: tuple[Expression | UnknownSize, ...]
    number: Name | None
    steps: tuple[Step, ...]


class OutputStatement(TreeNode):
    """`output pipeline`."""

    value: Expression


class Auxiliary(TreeNode):
    """`auxiliary pipeline`: an output in training only."""

    value: Expression


class Default(TreeNode):
    """`default conv, depthwise(bias=false)`."""

    words: tuple[Name, ...]
    arguments: tuple[Argument, ...]


class Assert(TreeNode):
    """`assert condition, message`."""

    condition: Expression
    message: Expression | None


class Promise(TreeNode):
    """`total = 25_636_712` of an `expect`."""

    name: Name
    value: Expression


class Expect(TreeNode):
    """`expect total = …, macs = …`."""

    promises: tuple[Promise, ...]


Statement: TypeAlias = (
    "Flow | Side | Let | SharedLayer | Input | OutputStatement | Auxiliary | Default | Assert"
    " | Expect"
)


# Items


class Parameter(TreeNode):
    """A parameter of a block, net or function; `tensor` marks `name: tensor`."""

    name: Name
    tensor: bool
    default: Expression | None


class ImportedName(TreeNode):
    """`cell as c` of an import."""

    name: Name
    alias: Name


class Import(TreeNode):
    """`from "file.net" import …` or `from std import …`."""

    origin: Name | Literal
    names: tuple[ImportedName, ...]


class Function(TreeNode):
    """`fn name(parameters) = value`."""

    name: Name
    parameters: tuple[Parameter, ...]
    value: Expression
    doc: str = ""


class Block(TreeNode):
    """`block name(parameters) { … }`."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...]
    doc: str = ""


class Net(TreeNode):
    """`net name(parameters) { … }`, or an alias `net name = Other(…)` with its `value`."""

    name: Name
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...] | None
    value: Expression | None
    expect: Expect | None
    doc: str = ""


class Setting(TreeNode):
    """`name = value` of a train section."""

    name: Name
    value: Expression


class Phase(TreeNode):
    """`phase { … }` of a train section."""

    name: Name | None
    settings: tuple[Setting | Phase, ...]


class Train(TreeNode):
    """`train name { … }`."""

    name: Name | None
    settings: tuple[Setting | Phase, ...]
    doc: str = ""


Item: TypeAlias = "Import | Let | Default | Function | Block | Net | Train"


class File(Record):
    """A parsed file; where it had mistakes, the items that could be read."""

    source: Source
    items: tuple[Item, ...]
