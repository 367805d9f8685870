"""Kinds of arguments: what a record of the catalogue accepts for each of its fields.

An argument is declared where a field's default would stand; it checks and normalises a value
given in a spec, and says in words what it expects. Values come as the elaborator makes them:
numbers, `bool`, `None`, `str` for strings, `Symbol` for words, tuples for tuples and lists,
records for other things of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from netdsl.record import REQUIRED, Field, Record


class Symbol(Record):
    """A word that stands for itself, such as `same` or `he_normal`."""

    name: str

    def __str__(self) -> str:
        return self.name


class Way(Record):
    """A way out of a rejection: a sentence, and of the edits below the one that takes it.

    The record knows what would fit, the elaborator where it is written.
    """

    text: str
    # Steps to put before the layer, as `flatten`.
    before: str = ""
    # An argument to give in the call, as `value`, in which {} stands for what is given now; an
    # empty value takes the argument away.
    argument: str = ""
    value: str = ""
    # A call to write in place of the layer's.
    instead: str = ""
    # Steps to put after the tensor of this index among the inputs.
    input: int | None = None
    after: str = ""
    # What the declaration of a net's input is to say of its numbers, as ` of int`.
    declare: str | None = None


class Rejection(Exception):
    """A value or an input does not fit; blames one argument or one input, where it can.

    `message` says what is wrong, `help` what would fit, as a sentence or as ways that are edits;
    `argument` is a field's name, `input` the index of a tensor. `about` says what of the tensors
    does not fit: the `channels`, the `positions`, or nothing in particular. The elaborator adds
    the places.
    """

    def __init__(
        self,
        message: str,
        argument: str | None = None,
        input: int | None = None,
        help: str | Way | tuple[Way, ...] = "",
        code: str = "",
        about: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
        self.input = input
        self.ways = ways_of(help)
        self.code = code
        self.about = about

    @property
    def help(self) -> str:
        """What would fit, in words alone."""
        return "; ".join(way.text for way in self.ways)


def ways_of(help: str | Way | tuple[Way, ...]) -> tuple[Way, ...]:
    """Ways out, also where a sentence says it all."""
    if isinstance(help, tuple):
        return help
    if isinstance(help, Way):
        return (help,)
    return (Way(help),) if help else ()


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
    """Base of all kinds: `accept` checks and normalises; `expects` says what is accepted.

    Where the default is `none`, `none` is accepted too.
    """

    __slots__ = ()

    def accept(self, value: Any) -> Any:
        """The value in normal form, or a `Rejection`."""
        return None if value is None and self.default is None else self.normal(value)

    def normal(self, value: Any) -> Any:
        """The normal form of a value that is given, or a `Rejection`."""
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
    def sample(self) -> str:
        """A value that is likely to fit, as it is written; empty where there is none."""
        return ""

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is REQUIRED

    def refuse(self, value: object) -> Rejection:
        """The rejection of a value that is not of this kind."""
        found = show(value)
        shown = found if len(found) <= 60 else f"{found[:57]}..."
        message = f"{self.name} expects {self.expects}, not {shown}"
        return Rejection(message, self.name, help=self.instead_of(value))

    def instead_of(self, value: object) -> str | Way:
        """What was likely meant by a value that is not of this kind, if it can be told."""
        if isinstance(value, str) and value in self.words:
            return Way("a word stands without quotes", argument=self.name, value=value)
        return ""

    @property
    def words(self) -> Collection[str]:
        """The words that stand for values of this kind."""
        return self.symbols


class Flag(Argument):
    """`true` or `false`."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if not isinstance(value, bool):
            raise self.refuse(value)
        return value

    def instead_of(self, value: object) -> str | Way:
        meant = {1: "true", 0: "false"}.get(value) if isinstance(value, int) else None
        return Way(f"{value} is written {meant}", "", self.name, meant) if meant else ""

    @property
    def expects(self) -> str:
        return "true or false"


class Choice(Argument):
    """One of some words; the value is the word as a `str`, also where the word is `none`."""

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

    def normal(self, value: Any) -> Any:
        name = value.name if isinstance(value, Symbol) else "none" if value is None else value
        if not isinstance(name, str) or name not in self.choices:
            raise self.refuse(value)
        return name

    @property
    def expects(self) -> str:
        return " or ".join(self.choices)

    @property
    def symbols(self) -> tuple[str, ...]:
        return self.choices


class TensorInput(Argument):
    """A tensor that flows into the layer beside `it`; the value is the index among the inputs."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        return value

    @property
    def expects(self) -> str:
        return "a tensor"

    @property
    def sample(self) -> str:
        return "it"

    def places(self, first: int, count: int) -> Any:
        """The value where `count` tensors are given, the first of them at the index `first`."""
        if count != 1:
            raise Rejection(f"one tensor stands here, not {count}", self.name)
        return first


class TensorInputs(TensorInput):
    """A few tensors that flow in beside `it`: one, or a list; the value is a tuple of indices."""

    __slots__ = ("most",)

    def __init__(
        self, doc: str, most: int, default: object = REQUIRED, keyword: bool = False
    ) -> None:
        super().__init__(doc, default, keyword)
        self.most = most

    @property
    def expects(self) -> str:
        return f"a tensor, or a list of up to {self.most}"

    def places(self, first: int, count: int) -> Any:
        if not 1 <= count <= self.most:
            raise Rejection(f"{self.name} expects {self.expects}, not {count} tensors", self.name)
        return tuple(range(first, first + count))


class MadeInput(TensorInput):
    """The output of a layer that has a member of a given name.

    What flows in is that member, and after it what flowed into that layer; the value is the index
    of the first.
    """

    __slots__ = ("maker", "member")

    def __init__(self, doc: str, member: str, maker: str) -> None:
        super().__init__(doc)
        self.member = member
        self.maker = maker

    @property
    def expects(self) -> str:
        return f"the output of a {self.maker} in this block"

    def places(self, first: int, count: int) -> Any:
        return first


class TiedWeight(Argument):
    """A layer whose weight is used instead of an own one.

    Given as a tensor that the layer made, or as a `shared` layer. The value is the shape of that
    weight, or None; which layer it is stands in the graph's node.
    """

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        return value

    @property
    def expects(self) -> str:
        return "the output of a layer with a weight, or a shared layer"


class Text(Argument):
    """A string in quotes that is not empty."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if not isinstance(value, str) or not value:
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        return "a text in quotes"


class Texts(Argument):
    """Strings in quotes in a list, none of them empty and none twice; the value is a tuple."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        texts = value if isinstance(value, tuple) else ()
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise self.refuse(value)
        if len(set(texts)) < len(texts):
            raise self.refuse(value)
        return texts

    @property
    def expects(self) -> str:
        return "a list of different texts in quotes"


class WrittenName(Argument):
    """A name that the elaborator gives as it is written, `backbone` or `encoder.stage2`.

    It may stand in quotes too. Whatever else in the file is called so, here it means what the
    argument says.
    """

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        if not _is_dotted(value):
            raise self.refuse(value)
        return value


class PartName(WrittenName):
    """A layer, block or level of the net by its full name."""

    __slots__ = ()

    @property
    def expects(self) -> str:
        return "the name of a layer, block or level of the net, such as backbone"


class PartNames(WrittenName):
    """One such name or a list of them; the value is a tuple."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        names = value if isinstance(value, tuple) else (value,)
        if not all(map(_is_dotted, names)):
            raise self.refuse(value)
        return names

    @property
    def expects(self) -> str:
        return "names of layers, blocks or levels of the net, such as [stem, backbone.stage1]"


class TensorNames(PartNames):
    """One name of a tensor or a list of them; the value is a tuple."""

    __slots__ = ()

    @property
    def expects(self) -> str:
        return "names of tensors of the net, such as [relu1, stage2.out]"


class FigureName(WrittenName):
    """A figure that training tells after each epoch."""

    __slots__ = ()

    @property
    def expects(self) -> str:
        return "the name of a figure, such as val_loss"


class WrittenNet(Argument):
    """A net, with its arguments; the value is the expression, which is read when it is known."""

    __slots__ = ()

    def normal(self, value: Any) -> Any:
        return value

    @property
    def expects(self) -> str:
        return "a net"


def _is_dotted(value: object) -> bool:
    return isinstance(value, str) and all(map(str.isidentifier, value.split(".")))


# Categories whose words, and those of their arguments, mean something in one setting alone, which
# looks them up itself: elsewhere `scale` and `width` are names that a spec gives.
SET_APART = frozenset({"augmentation"})


class Entry(Record):
    """Anything of the catalogue: a word, a category, and arguments declared as fields."""

    word: ClassVar[str]
    category: ClassVar[str]

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

    def normal(self, value: Any) -> Any:
        if not isinstance(value, self.kind):
            raise self.refuse(value)
        return value

    @property
    def expects(self) -> str:
        return f"{'an' if self.kind.category[0] in 'aeiou' else 'a'} {self.kind.category}"

    @property
    def words(self) -> Collection[str]:
        from netdsl.catalog.index import WORDS  # its test collects the records, this one too

        return WORDS.get(self.kind.category, {}).keys()


# Under these names a record declares its fields: to a type checker the default of any type.
flag: Callable[..., Any] = Flag
choice: Callable[..., Any] = Choice
tensor_input: Callable[..., Any] = TensorInput
tensor_inputs: Callable[..., Any] = TensorInputs
made_input: Callable[..., Any] = MadeInput
tied_weight: Callable[..., Any] = TiedWeight
text: Callable[..., Any] = Text
texts: Callable[..., Any] = Texts
part_name: Callable[..., Any] = PartName
part_names: Callable[..., Any] = PartNames
tensor_names: Callable[..., Any] = TensorNames
figure_name: Callable[..., Any] = FigureName
written_net: Callable[..., Any] = WrittenNet
entry: Callable[..., Any] = EntryArgument
