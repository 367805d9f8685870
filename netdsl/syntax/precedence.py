"""Orders a flat row of operands and operators by precedence (climbing; Richards, 1979).

From loosest to tightest: `or`, `and`, `not`, comparisons and `in`, `+ -`, `* / // %`, signs, `**`.
All lean to the left but `**`, which leans to the right.
"""

from __future__ import annotations

from netdsl.source import Span
from netdsl.syntax import tree

# How deep operators that lean to the right, and prefixes, may stand in one another.
DEEPEST = 100

_BINDING = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not in"), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "//", "%"), 6),
    "**": 8,
}
_PREFIX_BINDING = {"not": 3, "-": 7, "+": 7}


class TooDeep(Exception):
    """Something is nested beyond a bound: nothing more is read."""

    def __init__(self, span: Span, message: str) -> None:
        super().__init__(message)
        self.span = span
        self.message = message


class Prefix(tree.TreeNode):
    """A prefix operator among the flat operands."""

    operator: str


class _Row:
    """A reader over the row, from left to right."""

    def __init__(self, row: list[tree.Expression | Prefix | str]) -> None:
        self.row = row
        self.at = 0
        self.depth = 0

    def operand(self) -> tree.Expression:
        item = self.row[self.at]
        self.at += 1
        if isinstance(item, Prefix):
            operand = self.nested(_PREFIX_BINDING[item.operator], item.span)
            return tree.Unary(item.span.to(operand.span), item.operator, operand)
        assert not isinstance(item, str)
        return item

    def expression(self, least: int) -> tree.Expression:
        left = self.operand()
        while self.at < len(self.row):
            operator = self.row[self.at]
            assert isinstance(operator, str)
            binding = _BINDING[operator]
            if binding < least:
                break
            self.at += 1
            right = self.nested(binding if operator == "**" else binding + 1, left.span)
            kind = tree.Boolean if operator in ("or", "and") else tree.Binary
            left = kind(left.span.to(right.span), operator, left, right)
        return left

    def nested(self, least: int, span: Span) -> tree.Expression:
        """An operand of what stands at the span, within the bound on depth."""
        if self.depth >= DEEPEST:
            raise TooDeep(span, "operators are nested too deeply")
        self.depth += 1
        found = self.expression(least)
        self.depth -= 1
        return found


def climb(row: list[tree.Expression | Prefix | str]) -> tree.Expression:
    """The expression that a row of operands, prefixes and operators stands for."""
    return _Row(row).expression(0)
