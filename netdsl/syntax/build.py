"""From the parser's reductions to the tree: one method for each rule of the grammar.

The parser keeps every token, so a rule's children begin and end where the rule does; the methods
take the nodes from among them.
"""

from __future__ import annotations

from typing import Any

from lark import Token

from netdsl.record import Record
from netdsl.source import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.precedence import Prefix, climb


def _nodes(children: list[Any]) -> tuple[Any, ...]:
    return tuple([child for child in children if isinstance(child, Record)])


def _lists(children: list[Any]) -> tuple[tuple[Any, ...], ...]:
    return tuple([child for child in children if type(child) is tuple])


class Build:
    """The callbacks of a parse; `source` is what is being read."""

    source: Source

    def _span(self, children: list[Any]) -> Span:
        return Span(self.source, self._start(children[0]), self._end(children[-1]))

    @staticmethod
    def _start(child: Any) -> int:
        return (child.start_pos or 0) if isinstance(child, Token) else int(child.span.start)

    @staticmethod
    def _end(child: Any) -> int:
        return (child.end_pos or 0) if isinstance(child, Token) else int(child.span.end)

    def _name(self, token: Token) -> tree.Name:
        return tree.Name(Span(self.source, token.start_pos or 0, token.end_pos or 0), str(token))

    def _names(self, children: list[Any]) -> list[tree.Name]:
        return [
            self._name(child)
            for child in children
            if isinstance(child, Token) and child.type == "NAME"
        ]

    # Items

    def file(self, children: list[Any]) -> tuple[Any, ...]:
        return _nodes(children)

    def import_(self, children: list[Any]) -> tree.Import:
        origin, *names = _nodes(children)
        return tree.Import(self._span(children), origin, tuple(names))

    def origin(self, children: list[Any]) -> tree.Name | tree.Literal:
        return self.string(children) if children[0].type == "STRING" else self.name(children)

    def import_name(self, children: list[Any]) -> tree.ImportedName:
        names = self._names(children)
        return tree.ImportedName(self._span(children), names[0], names[-1])

    def function(self, children: list[Any]) -> tree.Function:
        (name,) = self._names(children)
        parameters = _lists(children)
        return tree.Function(
            self._span(children),
            name,
            parameters[0] if parameters else (),
            _nodes(children)[-1],
            self._doc(children),
        )

    def block(self, children: list[Any]) -> tree.Block:
        (name,) = self._names(children)
        parameters = _lists(children)
        return tree.Block(
            self._span(children),
            name,
            parameters[0] if parameters else (),
            children[-1].body,
            self._doc(children),
        )

    def net(self, children: list[Any]) -> tree.Net:
        (name,) = self._names(children)
        parameters = _lists(children)
        return tree.Net(
            self._span(children),
            name,
            parameters[0] if parameters else (),
            children[-1].body,
            None,
            None,
            self._doc(children),
        )

    def alias(self, children: list[Any]) -> tree.Net:
        (name,) = self._names(children)
        parameters = _lists(children)
        value, *expect = _nodes(children)
        return tree.Net(
            self._span(children),
            name,
            parameters[0] if parameters else (),
            None,
            value,
            expect[0] if expect else None,
            self._doc(children),
        )

    def train(self, children: list[Any]) -> tree.Train:
        names = self._names(children)
        (settings,) = _lists(children)
        return tree.Train(
            self._span(children), names[0] if names else None, settings, self._doc(children)
        )

    def parameters(self, children: list[Any]) -> tuple[Any, ...]:
        return _nodes(children)

    def parameter(self, children: list[Any]) -> tree.Parameter:
        (name,) = self._names(children)
        values = _nodes(children)
        is_tensor = len(children) > 1 and children[1] == ":"
        return tree.Parameter(self._span(children), name, is_tensor, values[0] if values else None)

    def settings(self, children: list[Any]) -> tuple[Any, ...]:
        return _nodes(children)

    def setting(self, children: list[Any]) -> tree.Setting:
        return tree.Setting(self._span(children), self._name(children[0]), children[2])

    def phase(self, children: list[Any]) -> tree.Phase:
        names = self._names(children)
        (settings,) = _lists(children)
        return tree.Phase(self._span(children), names[0] if names else None, settings)

    def _doc(self, children: list[Any]) -> str:
        """The comment right above an item, line by line as it is indented."""
        line = self.source.position(self._start(children[0]))[0] - 1
        above: list[str] = []
        while line > 0 and (text := self.source.line(line).strip()).startswith("#"):
            above.append(text.lstrip("#").removeprefix(" "))
            line -= 1
        return "\n".join(reversed(above))

    # Statements

    def body(self, children: list[Any]) -> tree.Group:
        return tree.Group(self._span(children), children[1])

    def statements(self, children: list[Any]) -> tuple[Any, ...]:
        return _nodes(children)

    def flow(self, children: list[Any]) -> tree.Flow:
        return tree.Flow(children[0].span, children[0])

    def side(self, children: list[Any]) -> tree.Side:
        return tree.Side(self._span(children), self._name(children[0]), children[2])

    def let(self, children: list[Any]) -> tree.Let:
        return tree.Let(self._span(children), children[1], children[3], self._doc(children))

    def shared(self, children: list[Any]) -> tree.SharedLayer:
        return tree.SharedLayer(self._span(children), self._name(children[1]), children[3])

    def input(self, children: list[Any]) -> tree.Input:
        (name,) = self._names(children)
        (dimensions, number), *_ = _lists(children)
        steps = tuple(node for node in _nodes(children) if isinstance(node, tree.Step))
        last = steps[-1].span.end if steps else self._last_end(children)
        span = Span(self.source, self._start(children[0]), last)
        return tree.Input(span, name, dimensions, number, steps)

    def _last_end(self, children: list[Any]) -> int:
        dimensions, number = children[3]
        if number is not None:
            return int(number.span.end)
        return int(dimensions[-1].span.end)

    def shape(self, children: list[Any]) -> tuple[Any, ...]:
        number = self._names(children)
        return _nodes(children), (number[0] if number else None)

    def int_shape(self, children: list[Any]) -> tuple[Any, ...]:
        return (), self._name(children[0])

    def unknown(self, children: list[Any]) -> tree.UnknownSize:
        return tree.UnknownSize(self._span(children))

    def output(self, children: list[Any]) -> tree.OutputStatement:
        return tree.OutputStatement(self._span(children), children[1])

    def auxiliary(self, children: list[Any]) -> tree.Auxiliary:
        return tree.Auxiliary(self._span(children), children[1])

    def default(self, children: list[Any]) -> tree.Default:
        arguments = _lists(children)
        return tree.Default(
            self._span(children),
            tuple(self._names(children)),
            arguments[0] if arguments else (),
        )

    def expect(self, children: list[Any]) -> tree.Expect:
        return tree.Expect(self._span(children), _nodes(children))

    def promise(self, children: list[Any]) -> tree.Promise:
        return tree.Promise(self._span(children), self._name(children[0]), children[2])

    def assert_(self, children: list[Any]) -> tree.Assert:
        condition, *message = _nodes(children)
        return tree.Assert(self._span(children), condition, message[0] if message else None)

    def tuple_pattern(self, children: list[Any]) -> tree.TuplePattern:
        return tree.TuplePattern(self._span(children), _nodes(children))

    # Expressions

    def pipeline(self, children: list[Any]) -> Any:
        return tree.Pipeline(self._span(children), _nodes(children))

    def named_step(self, children: list[Any]) -> tree.Pipeline:
        return tree.Pipeline(self._span(children), (self.step(children),))

    def step(self, children: list[Any]) -> tree.Step:
        name = self._name(children[2]) if len(children) > 1 else None
        return tree.Step(self._span(children), children[0], name)

    def conditional(self, children: list[Any]) -> tree.Conditional:
        then, condition, otherwise = _nodes(children)
        return tree.Conditional(self._span(children), condition, then, otherwise)

    def operation(self, children: list[Any]) -> tree.Expression:
        row: list[Any] = []
        for child in children:
            if isinstance(child, list):
                row.extend(child)
            else:
                row.append(child)
        return climb(row)

    def operator(self, children: list[Any]) -> str:
        return " ".join(str(child) for child in children)

    def operand_prefix(self, children: list[Any]) -> Prefix:
        return Prefix(self._span(children), str(children[0]))

    def prefixed(self, children: list[Any]) -> list[Any]:
        prefix, operand = children
        return [prefix, *operand] if isinstance(operand, list) else [prefix, operand]

    def call(self, children: list[Any]) -> tree.Call:
        arguments = children[2] if len(children) == 4 else ()
        return tree.Call(self._span(children), children[0], arguments)

    def arguments(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(
            [
                node if isinstance(node, tree.Argument) else tree.Argument(node.span, None, node)
                for node in _nodes(children)
            ]
        )

    def named(self, children: list[Any]) -> tree.Argument:
        return tree.Argument(self._span(children), self._name(children[0]), children[2])

    def index(self, children: list[Any]) -> tree.Index:
        return tree.Index(self._span(children), children[0], children[2])

    def slice(self, children: list[Any]) -> tree.Slice:
        colon = next(i for i, child in enumerate(children) if isinstance(child, Token) and i > 1)
        start = children[2] if colon == 3 else None
        stop = children[colon + 1]
        return tree.Slice(
            self._span(children), children[0], start, None if isinstance(stop, Token) else stop
        )

    def member(self, children: list[Any]) -> tree.Member:
        return tree.Member(self._span(children), children[0], self._name(children[2]))

    def comprehension(self, children: list[Any]) -> tree.Comprehension:
        element, pattern, iterable, *condition = _nodes(children)
        return tree.Comprehension(
            self._span(children), element, pattern, iterable, condition[0] if condition else None
        )

    def name(self, children: list[Any]) -> tree.Name:
        return self._name(children[0])

    def number(self, children: list[Any]) -> tree.Literal:
        text = children[0].replace("_", "")
        value = int(text) if children[0].type == "INT" else float(text)
        return tree.Literal(self._span(children), value)

    def string(self, children: list[Any]) -> tree.Literal:
        return tree.Literal(self._span(children), str(children[0])[1:-1])

    def constant(self, children: list[Any]) -> tree.Literal:
        value = {"true": True, "false": False, "none": None}[str(children[0])]
        return tree.Literal(self._span(children), value)

    def parenthesised(self, children: list[Any]) -> Any:
        return children[1]

    def tuple_(self, children: list[Any]) -> tree.Display:
        return tree.Display(self._span(children), _nodes(children), "()")

    def list_(self, children: list[Any]) -> tree.Display:
        return tree.Display(self._span(children), _nodes(children), "[]")

    def list_comprehension(self, children: list[Any]) -> tree.Comprehension:
        return children[1].replace(span=self._span(children))  # type: ignore[no-any-return]

    def group(self, children: list[Any]) -> tree.Group:
        return children[0]  # type: ignore[no-any-return]

    def repeat(self, children: list[Any]) -> tree.Repeat:
        return tree.Repeat(self._span(children), children[1], children[2].body)

    def for_(self, children: list[Any]) -> tree.For:
        return tree.For(self._span(children), children[1], children[3], children[4].body)

    def if_(self, children: list[Any]) -> tree.If:
        span = self._span(children)
        arm = tree.Arm(
            Span(self.source, span.start, children[2].span.end), children[1], children[2].body
        )
        if len(children) == 3:
            return tree.If(span, (arm,), None)
        otherwise = children[4]
        if isinstance(otherwise, tree.If):
            return tree.If(span, (arm, *otherwise.arms), otherwise.otherwise)
        return tree.If(span, (arm,), otherwise.body)
