"""Orders a flat row of operands and operators by precedence (climbing; Richards, 1979).

From loosest to tightest: `or`, `and`, `not`, comparisons and `in`, `+ -`, `* / // %`, signs, `**`.
All lean to the left but `**`, which leans to the right.
"""

from __future__ import annotations

from netdsl.syntax import tree

_BINDING = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not in"), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "//", "%"), 6),
    "**": 8,
}
_PREFIX_BINDING = {"not": 3, "-": 7, "+": 7}


class Prefix(tree.TreeNode):
    """A prefix operator among the flat operands."""

    operator: str


class _Row:
    """A reader over the row, from left to right."""

    def __init__(self, row: list[tree.Expression | Prefix | str]) -> None:
        self.row = row
        self.at = 0

    def operand(self) -> tree.Expression:
        item = self.row[self.at]
        self.at += 1
        if isinstance(item, Prefix):
            operand = self.expression(_PREFIX_BINDING[item.operator])
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
            right = self.expression(binding if operator == "**" else binding + 1)
            kind = tree.Boolean if operator in ("or", "and") else tree.Binary
            left = kind(left.span.to(right.span), operator, left, right)
        return left


def climb(row: list[tree.Expression | Prefix | str]) -> tree.Expression:
    """The expression that a row of operands, prefixes and operators stands for."""
    return _Row(row).expression(0)
