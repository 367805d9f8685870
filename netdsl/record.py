"""Frozen, slotted records that cost nothing to define.

`dataclasses` writes and compiles source for each class, half a millisecond a class, which every
start of `netdsl check` would pay for some hundred classes. `Record` gives the same to readers and
type checkers (PEP 681) and collects the fields without generating code.
"""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword
from typing import Any, ClassVar, Self, dataclass_transform


class Required:
    """The default of a field that must be given."""

    def __repr__(self) -> str:
        return "required"


REQUIRED = Required()


class Field:
    """What is known of a field besides its type; subclasses add documentation and checks."""

    __slots__ = ("default", "doc", "keyword", "name")

    def __init__(self, doc: str = "", default: object = REQUIRED, keyword: bool = False) -> None:
        self.doc = doc
        self.default = default
        self.keyword = keyword
        self.name = ""


class RecordType(type):
    """Turns annotated names of a class body into slots, in order, with their defaults apart.

    A word that Python keeps for itself is written with an underscore: the field of `return_` is
    called `return`, and both names read the same slot.
    """

    fields: dict[str, Field]
    _setters: tuple[Callable[[Any, Any], None], ...]

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> RecordType:
        own: dict[str, Field] = {}
        forbidden: dict[str, str] = {}
        for written, annotation in namespace.get("__annotations__", {}).items():
            if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
                continue
            default = namespace.pop(written, REQUIRED)
            field = default if isinstance(default, Field) else Field(default=default)
            field.name = written
            if written.endswith("_") and iskeyword(written[:-1]):
                field.name = forbidden[written] = written[:-1]
            own[field.name] = field
        namespace["__slots__"] = tuple(own)
        cls = super().__new__(mcs, name, bases, namespace, **options)
        for written, field_name in forbidden.items():
            setattr(cls, written, getattr(cls, field_name))
        inherited: dict[str, Field] = {}
        for base in reversed(bases):
            inherited.update(getattr(base, "fields", {}))
        # A subclass that narrows an inherited field moves it to the end, where it was written.
        cls.fields = {key: field for key, field in inherited.items() if key not in own} | own
        # Writing through the slots' descriptors passes by the refusal in `Record.__setattr__`.
        cls._setters = tuple(getattr(cls, key).__set__ for key in cls.fields)
        return cls


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
class Record(metaclass=RecordType):
    """Base of all records: fields in order of writing, inherited ones first; equal by value."""

    fields: ClassVar[dict[str, Field]]
    _setters: ClassVar[tuple[Callable[[Any, Any], None], ...]]

    def __init__(self, *values: Any, **named: Any) -> None:
        cls = type(self)
        setters = cls._setters
        if len(values) == len(setters) and not named:
            for put, value in zip(setters, values, strict=True):
                put(self, value)
            return
        if len(values) > len(setters):
            raise TypeError(f"{cls.__name__} has {len(setters)} fields, not {len(values)}")
        for index, (name, field) in enumerate(cls.fields.items()):
            if index < len(values):
                value = values[index]
            else:
                value = named.pop(name, field.default)
                if value is REQUIRED:
                    raise TypeError(f"{cls.__name__} needs {name}")
            setters[index](self, value)
        if named:
            raise TypeError(f"{cls.__name__} has no field {', '.join(named)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def field_values(self) -> tuple[Any, ...]:
        """The values of the fields, in order."""
        return tuple(getattr(self, name) for name in type(self).fields)

    def replace(self, **changes: object) -> Self:
        """The same record with some fields changed."""
        current = {name: getattr(self, name) for name in type(self).fields}
        return type(self)(**(current | changes))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Record)
        return self.field_values() == other.field_values()

    def __hash__(self) -> int:
        return hash((type(self), *self.field_values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self).fields)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.field_values()
