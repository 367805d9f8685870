"""What a train section says, read from its tree alone."""

from __future__ import annotations

from netdsl.catalog.arguments import EntryArgument
from netdsl.catalog.settings import Settings
from netdsl.catalog.sources import DataSource
from netdsl.elaborate.words import known_entry
from netdsl.syntax import tree


def setting_at(section: tree.Train | tree.Phase, offset: int) -> str | None:
    """The setting of a train section in whose value an offset of its source is."""
    for item in section.settings:
        if item.span.start <= offset <= item.span.end:
            return setting_at(item, offset) if isinstance(item, tree.Phase) else item.name.name
    return None


def kinds_of_setting(name: str) -> tuple[str, ...]:
    """The kinds of entries that a setting takes."""
    argument = Settings.arguments().get(name)
    if isinstance(argument, EntryArgument):
        return (argument.kind.category,)
    return _SETTING_KINDS.get(name, ())


# Of settings that are no single entry.
_SETTING_KINDS = {
    "augment": ("augmentation",),
    "loss": ("loss",),
    "optimizer": ("optimizer",),
}


def source_of(section: tree.Train) -> type[DataSource] | None:
    """The source of a train section's data; None where it names none that is known."""
    for setting in section.settings:
        if isinstance(setting, tree.Setting) and setting.name.name == "data":
            value = setting.value.callee if isinstance(setting.value, tree.Call) else setting.value
            word = value.name if isinstance(value, tree.Name) else ""
            entry = known_entry(DataSource.category, word)
            return entry if entry is not None and issubclass(entry, DataSource) else None
    return None
