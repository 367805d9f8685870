"""Kinds of arguments: what a record of the catalogue accepts for each of its fields.

An argument is declared where a field's default would stand; it checks and normalises a value
given in a spec, and says in words what it expects. Values come as the elaborator makes them:
numbers, `bool`, `None`, `str` for strings, `Symbol` for words, tuples for tuples and lists,
records for other things of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from netdsl.record import REQUIRED, Field, Record
from netdsl.tensor import Size


class Symbol(Record):
    """A word that stands for itself, such as `same` or `he_normal`."""

    name: str

    def __str__(self) -> str:
        return self.name


class Rejection(Exception):
    """A value or an input does not fit; blames one argument or one input, where it can.

    `message` says what is wrong, `help` what would fit; `argument` is a field's name, `input` the
    index of a tensor. The elaborator adds the place.
    """

    def __init__(
        self,
        message: str,
        argument: str | None = None,
        input: int | None = None,
        help: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
        self.input = input
        self.help = help
        self.code = code


def show(value: object) -> str:
    """A value as a spec would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"({', '.join(show(item) for item in value)}{',' if len(value) == 1 else ''})"
    return str(value)


class Argument(Field):
    """Base of all kinds: `accept` checks and normalises; `expects` says what is accepted."""

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        """The value in normal form, or a `Rejection`."""
        raise NotImplementedError

    @property
    def expects(self) -> str:
        """What is accepted, in words that follow "expects"."""
        raise NotImplementedError

    @property
    def symbols(self) -> tuple[str, ...]:
        """The words that this argument declares."""
        return ()

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED

    def refuse(self, value: object) -> Rejection:
        """The rejection of a value that is not of this kind."""
        found = show(value)
        shown = found if len(found) <= 60 else f"{found[:57]}..."
        return Rejection(f"{self.name} expects {self.expects}, not {shown}", self.name)


def _whole(value: Any) -> int | None:
    """A whole number, or a float that is whole; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def _round_help(value: object) -> str:
    return f"round({value:g}) is {round(value)}" if isinstance(value, float) else ""


class Whole(Argument):
    """A whole number of at least `minimum`; `none` where the default is `none`."""

    __slots__ = ("minimum",)

    def __init__(
        self, doc: str, default: object = REQUIRED, keyword: bool = False, minimum: int = 1
    ) -> None:
        super().__init__(doc, default, keyword)
        self.minimum = minimum

    def accept(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        if isinstance(value, Size):
            raise Rejection(
                f"{self.name} must be known, but {value} is known only at run time", self.name
            )
        number = _whole(value)
        if number is None:
            rejection = self.refuse(value)
            rejection.help = _round_help(value)
            raise rejection
        if number < self.minimum:
            raise self.refuse(value)
        return number

    @property
    def expects(self) -> str:
        return f"a whole number of at least {self.minimum}"


class Number(Argument):
    """A number within bounds; `below` excludes its bound, `minimum` includes it."""

    __slots__ = ("below", "minimum")

    def __init__(
        self,
        doc: str,
        default: object = REQUIRED,
        keyword: bool = False,
        minimum: float | None = None,
        below: float | None = None,
    ) -> None:
        super().__init__(doc, default, keyword)
        self.minimum = minimum
        self.below = below

    def accept(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.refuse(value)
        if self.minimum is not None and value < self.minimum:
            raise self.refuse(value)
        if self.below is not None and value >= self.below:
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        text = "a number"
        if self.minimum is not None:
            text += f" of at least {self.minimum:g}"
        if self.below is not None:
            text += f"{' and' if self.minimum is not None else ''} below {self.below:g}"
        return text


class Flag(Argument):
    """`true` or `false`."""

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        if not isinstance(value, bool):
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        return "true or false"


class Choice(Argument):
    """One of some words; the value is the word as a `str`."""

    __slots__ = ("choices",)

    def __init__(
        self,
        doc: str,
        choices: Sequence[str],
        default: object = REQUIRED,
        keyword: bool = False,
    ) -> None:
        super().__init__(doc, default, keyword)
        self.choices = tuple(choices)

    def accept(self, value: Any) -> Any:
        name = value.name if isinstance(value, Symbol) else value
        if value is None and "none" in self.choices:
            return "none"
        if not isinstance(name, str) or name not in self.choices:
            raise self.refuse(value)
        return name

    @property
    def expects(self) -> str:
        return " or ".join(self.choices)

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(choice for choice in self.choices if choice != "none")


class Sizes(Argument):
    """One whole number for all axes, or a tuple with one for each."""

    __slots__ = ("minimum",)

    def __init__(
        self, doc: str, default: object = REQUIRED, keyword: bool = False, minimum: int = 1
    ) -> None:
        super().__init__(doc, default, keyword)
        self.minimum = minimum

    def accept(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        if isinstance(value, Size):
            raise Rejection(
                f"{self.name} must be known, but {value} is known only at run time", self.name
            )
        entries = value if isinstance(value, tuple) else (value,)
        numbers = [_whole(entry) for entry in entries]
        if not numbers or any(n is None or n < self.minimum for n in numbers):
            rejection = self.refuse(value)
            rejection.help = _round_help(value)
            raise rejection
        return tuple(numbers) if isinstance(value, tuple) else numbers[0]

    @property
    def expects(self) -> str:
        return f"a whole number of at least {self.minimum}, or a tuple with one for each axis"


class Amounts(Argument):
    """What is added or cut at each axis: a number, or a tuple with a number or a pair for each.

    A pair is (before, after). `none` where that is the default.
    """

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        if isinstance(value, tuple):
            return tuple(self._entry(value, entry) for entry in value)
        return self._entry(value, value)

    def _entry(self, value: object, entry: Any) -> Any:
        if isinstance(entry, tuple):
            pair = tuple(_whole(item) for item in entry)
            if len(pair) != 2 or any(item is None or item < 0 for item in pair):
                raise self.refuse(value)
            return pair
        number = _whole(entry)
        if number is None or number < 0:
            raise self.refuse(value)
        return number

    @property
    def expects(self) -> str:
        return "a number, or a tuple with a number or a pair for each axis"


class Padding(Amounts):
    """`valid`, `same`, a number, or a tuple with a number or a pair for each axis.

    The value is `0` for `valid`, the string `"same"`, an int, or a tuple of ints and pairs.
    """

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        name = value.name if isinstance(value, Symbol) else value
        if name == "valid":
            return 0
        if name == "same":
            return "same"
        return super().accept(value)

    @property
    def expects(self) -> str:
        return "a number, same, valid, or a tuple with a number or a pair for each axis"

    @property
    def symbols(self) -> tuple[str, ...]:
        return ("same", "valid")


class Numbers(Argument):
    """A number, or a (nested) list of numbers of one shape."""

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        if isinstance(value, tuple) and value:
            items = tuple(self.accept(item) for item in value)
            shapes = {len(item) if isinstance(item, tuple) else -1 for item in items}
            if len(shapes) == 1:
                return items
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        raise self.refuse(value)

    @property
    def expects(self) -> str:
        return "a number or a list of numbers"


class Dimensions(Argument):
    """A shape: one size or a tuple of sizes; a size may be known only at run time."""

    __slots__ = ("minimum",)

    def __init__(
        self, doc: str, default: object = REQUIRED, keyword: bool = False, minimum: int = 1
    ) -> None:
        super().__init__(doc, default, keyword)
        self.minimum = minimum

    def accept(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        entries = value if isinstance(value, tuple) else (value,)
        sizes = tuple(entry if isinstance(entry, Size) else _whole(entry) for entry in entries)
        if any(size is None or (isinstance(size, int) and size < self.minimum) for size in sizes):
            rejection = self.refuse(value)
            rejection.help = _round_help(value)
            raise rejection
        return sizes

    @property
    def expects(self) -> str:
        return "a size or a tuple of sizes"


class Integer(Argument):
    """A whole number, which may be negative."""

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        number = _whole(value)
        if number is None:
            raise self.refuse(value)
        return number

    @property
    def expects(self) -> str:
        return "a whole number"


class Position(Integer):
    """A place along an axis, counted from 0 or, below 0, from the end; `Size`s are taken too."""

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        return value if isinstance(value, Size) else super().accept(value)


class Integers(Argument):
    """A whole number, which may be negative, or a tuple of them."""

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        entries = value if isinstance(value, tuple) else (value,)
        numbers = tuple(_whole(entry) for entry in entries)
        if not numbers or any(number is None for number in numbers):
            raise self.refuse(value)
        return numbers if isinstance(value, tuple) else numbers[0]

    @property
    def expects(self) -> str:
        return "a whole number or a tuple of them"


class Axes(Integers):
    """An axis, or a tuple of axes, counted from 0 without the batch, or from the end with -1."""

    __slots__ = ()

    @property
    def expects(self) -> str:
        return "an axis or a tuple of axes"


class TensorInput(Argument):
    """A tensor that flows into the layer beside `it`; the value is the index among the inputs.

    `none`, where that is the default, stays `None`.
    """

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        return value

    @property
    def expects(self) -> str:
        return "a tensor"


class TiedWeight(Argument):
    """A layer whose weight is used instead of an own one.

    Given as a tensor that the layer made, or as a `shared` layer. The value is the shape of that
    weight, or None; which layer it is stands in the graph's node.
    """

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        return value

    @property
    def expects(self) -> str:
        return "the output of a layer with a weight, or a shared layer"


class Text(Argument):
    """A string in quotes that is not empty; `none` where that is the default."""

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        if not isinstance(value, str) or not value:
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        return "a text in quotes"


class Entry(Record):
    """Anything of the catalogue: a word, a kind, and arguments declared as fields."""

    word: ClassVar[str]
    kind: ClassVar[str]

    @classmethod
    def arguments(cls) -> Mapping[str, Argument]:
        """The arguments by name, in order of writing."""
        return cls.fields  # type: ignore[return-value]


class EntryArgument(Argument):
    """Another thing of the catalogue, called or by its bare word: an initialiser, an activation."""

    __slots__ = ("kind",)

    def __init__(
        self, doc: str, kind: type[Entry], default: object = REQUIRED, keyword: bool = False
    ) -> None:
        super().__init__(doc, default, keyword)
        self.kind = kind

    def accept(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        if not isinstance(value, self.kind):
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        return f"{'an' if self.kind.kind[0] in 'aeiou' else 'a'} {self.kind.kind}"


# Under these names a record declares its fields: to a type checker the default of any type.
whole: Callable[..., Any] = Whole
number: Callable[..., Any] = Number
flag: Callable[..., Any] = Flag
choice: Callable[..., Any] = Choice
sizes: Callable[..., Any] = Sizes
amounts: Callable[..., Any] = Amounts
padding: Callable[..., Any] = Padding
numbers: Callable[..., Any] = Numbers
dimensions: Callable[..., Any] = Dimensions
integer: Callable[..., Any] = Integer
position: Callable[..., Any] = Position
integers: Callable[..., Any] = Integers
axes: Callable[..., Any] = Axes
tensor_input: Callable[..., Any] = TensorInput
tied_weight: Callable[..., Any] = TiedWeight
text: Callable[..., Any] = Text
entry: Callable[..., Any] = EntryArgument
