"""TensorType: the shape and number type of a tensor, channels last, without the batch.

A dimension is a whole number, or a `Size`: an exact expression over sizes that are known only
at run time (`?` in a spec), such as `height // 2 + 1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from netdsl.record import Record


class Undecided(Exception):
    """A choice depends on a size that is known only at run time."""

    def __init__(self, size: Size) -> None:
        super().__init__(str(size))
        self.size = size


# An expression of more parts than this is not carried on: no layer needs it.
MOST_PARTS = 1_000

# An atom is the name of a size, or a floor division of a polynomial by a whole number; a monomial
# is a sorted tuple of atoms, () for the constant.
Atom: TypeAlias = "str | tuple[tuple[tuple[Monomial, int], ...], int]"
Monomial: TypeAlias = "tuple[Atom, ...]"


class Size:
    """A polynomial with whole coefficients over unknown sizes and floor divisions, in normal form.

    Arithmetic with numbers gives numbers where nothing unknown is left. Comparing two sizes
    whose difference is not a constant raises `Undecided`.
    """

    __slots__ = ("_key", "terms")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self.terms: dict[Monomial, int] = {key: value for key, value in terms.items() if value}
        if _parts(self.terms) > MOST_PARTS:
            raise Undecided(Size({(name,): 1 for name in sorted(self.unknowns())}))
        self._key = tuple(sorted(self.terms.items(), key=repr))

    @staticmethod
    def unknown(name: str) -> Size:
        """The size that a spec leaves open under this name."""
        return Size({(name,): 1})

    def __add__(self, other: Dim) -> Dim:
        terms = dict(self.terms)
        for key, value in _terms(other).items():
            terms[key] = terms.get(key, 0) + value
        return _simplified(terms)

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return _simplified({key: -value for key, value in self.terms.items()})

    def __sub__(self, other: Dim) -> Dim:
        return self + (-other)

    def __rsub__(self, other: Dim) -> Dim:
        return -self + other

    def __mul__(self, other: Dim) -> Dim:
        terms: dict[Monomial, int] = {}
        for key, value in self.terms.items():
            for other_key, other_value in _terms(other).items():
                product = tuple(sorted(key + other_key, key=repr))
                terms[product] = terms.get(product, 0) + value * other_value
        return _simplified(terms)

    __rmul__ = __mul__

    def __floordiv__(self, divisor: Dim) -> Dim:
        if isinstance(divisor, Size):
            if self._key == divisor._key:
                return 1
            raise Undecided(divisor)
        if divisor == 0:
            raise ZeroDivisionError
        if divisor < 0:
            return -self // -divisor
        # What divides exactly leaves the floor; the rest stays under it.
        whole = {key: value // divisor for key, value in self.terms.items()}
        rest = {key: value % divisor for key, value in self.terms.items() if value % divisor}
        if not rest:
            return _simplified(whole)
        if set(rest) == {()}:
            return _simplified(whole)
        inner, by = rest, divisor
        if len(rest) == 1:
            # floor(floor(a / m) / n) is floor(a / (m n)).
            (monomial, coefficient), *_ = rest.items()
            if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], tuple):
                numerator, denominator = monomial[0]
                inner, by = dict(numerator), denominator * divisor
        atom: Atom = (tuple(sorted(inner.items(), key=repr)), by)
        return Size(whole) + Size({(atom,): 1})

    def __rfloordiv__(self, other: int) -> Dim:
        raise Undecided(self)

    def __mod__(self, divisor: Dim) -> Dim:
        return self - (self // divisor) * divisor

    def __rmod__(self, other: int) -> Dim:
        raise Undecided(self)

    def __truediv__(self, other: Dim) -> Dim:
        raise Undecided(self)

    __rtruediv__ = __truediv__

    def __pow__(self, exponent: int) -> Dim:
        if not isinstance(exponent, int) or exponent < 0 or exponent > 8:
            raise Undecided(self)
        result: Dim = 1
        for _ in range(exponent):
            result = self * result
        return result

    def __rpow__(self, base: int) -> Dim:
        raise Undecided(self)

    def __lt__(self, other: Dim) -> bool:
        return self._difference(other) < 0

    def __le__(self, other: Dim) -> bool:
        return self._difference(other) <= 0

    def __gt__(self, other: Dim) -> bool:
        return self._difference(other) > 0

    def __ge__(self, other: Dim) -> bool:
        return self._difference(other) >= 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Size) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __bool__(self) -> bool:
        raise Undecided(self)

    def __round__(self, digits: int | None = None) -> Size:
        return self

    __floor__ = __ceil__ = __round__

    def _difference(self, other: Dim) -> int:
        difference = self - other
        if isinstance(difference, Size):
            raise Undecided(difference)
        return difference

    def unknowns(self) -> set[str]:
        """The names of the unknown sizes in it."""
        found: set[str] = set()
        for monomial in self.terms:
            for atom in monomial:
                if isinstance(atom, str):
                    found.add(atom)
                else:
                    found |= Size(dict(atom[0])).unknowns()
        return found

    def exact(self, divisors: Mapping[str, int]) -> Dim:
        """The size where unknown sizes are multiples of given numbers: floors that come out even.

        A name of `divisors` then stands for the quotient.
        """
        return self.replaced({name: Size({(name,): by}) for name, by in divisors.items()})

    def replaced(self, values: Mapping[str, Dim]) -> Dim:
        """The size where unknown sizes are replaced by expressions."""
        total: Dim = 0
        for monomial, coefficient in self.terms.items():
            product: Dim = coefficient
            for atom in monomial:
                if isinstance(atom, str):
                    factor: Dim = values.get(atom, Size.unknown(atom))
                else:
                    factor = Size(dict(atom[0])).replaced(values) // atom[1]
                product = product * factor
            total = total + product
        return total

    def __str__(self) -> str:
        parts: list[str] = []
        for monomial, coefficient in sorted(
            self.terms.items(), key=lambda t: (t[0] == (), repr(t))
        ):
            alone = len(monomial) == 1 and (coefficient == 1 or (coefficient == -1 and parts != []))
            text = " * ".join(_atom_text(atom, alone) for atom in monomial)
            if monomial == ():
                text = str(abs(coefficient))
            elif abs(coefficient) != 1:
                text = f"{abs(coefficient)} * {text}"
            sign = "-" if coefficient < 0 else "+"
            parts.append(f" {sign} {text}" if parts else (f"-{text}" if sign == "-" else text))
        return "".join(parts) or "0"

    __repr__ = __str__


Dim: TypeAlias = "int | Size"
Number = Literal["float", "int"]


def at(size: Dim, known: Mapping[str, int]) -> Dim:
    """A dimension where some of the unknown sizes are given."""
    return size.replaced(known) if isinstance(size, Size) else size


def _parts(terms: Mapping[Monomial, int]) -> int:
    """How many names and floor divisions stand in a polynomial, those inside of others too."""
    inner = [atom for monomial in terms for atom in monomial]
    nested = sum(_parts(dict(atom[0])) for atom in inner if not isinstance(atom, str))
    return len(terms) + len(inner) + nested


def _terms(size: Dim) -> Mapping[Monomial, int]:
    if isinstance(size, Size):
        return size.terms
    if isinstance(size, int):
        return {(): size}
    raise Undecided(Size({(str(size),): 1}))


def _simplified(terms: dict[Monomial, int]) -> Dim:
    left = {key: value for key, value in terms.items() if value}
    if not left:
        return 0
    if set(left) == {()}:
        return left[()]
    return Size(left)


def _atom_text(atom: Atom, alone: bool) -> str:
    """An atom; a floor division in brackets where it is not `alone` but multiplied."""
    if isinstance(atom, str):
        return atom
    inner = Size(dict(atom[0]))
    text = str(inner)
    text = f"{text} // {atom[1]}" if len(inner.terms) == 1 else f"({text}) // {atom[1]}"
    return text if alone else f"({text})"


class TensorType(Record):
    """Shape, channels last and without the batch, and number type of a tensor."""

    shape: tuple[Dim, ...]
    number: Number = "float"

    @property
    def rank(self) -> int:
        """How many axes, the batch not counted."""
        return len(self.shape)

    @property
    def channels(self) -> Dim:
        """The last axis: channels of an image, features of a sequence, units of a vector."""
        return self.shape[-1]

    @property
    def spatial(self) -> tuple[Dim, ...]:
        """All axes but the last."""
        return self.shape[:-1]

    @property
    def size(self) -> Dim:
        """How many numbers one example has."""
        total: Dim = 1
        for dim in self.shape:
            total = total * dim
        return total

    @property
    def positions(self) -> Dim:
        """How many positions a tensor has, the channels not counted."""
        return self.with_channels(1).size

    def with_shape(self, *shape: Dim) -> TensorType:
        """The same number type in another shape."""
        return TensorType(shape, self.number)

    def with_channels(self, channels: Dim) -> TensorType:
        """The same tensor with another last axis."""
        return TensorType((*self.shape[:-1], channels), self.number)

    def __str__(self) -> str:
        shown = " x ".join(
            f"({dim})" if isinstance(dim, Size) and " " in str(dim) else str(dim)
            for dim in self.shape
        )
        return (shown or "a single number") + (" of int" if self.number == "int" else "")
