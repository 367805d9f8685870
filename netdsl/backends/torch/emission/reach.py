"""How a module is constructed under its name and reached again, whatever the name is."""

from __future__ import annotations

from netdsl.backends.emission.expression import literal
from netdsl.backends.emission.indices import counted
from netdsl.backends.emission.plan import Loop, ModuleName
from netdsl.backends.torch.emission.names import allowed


def numbered(name: ModuleName, loops: list[Loop]) -> str | None:
    """The last part of a name as an f-string over the loops' indices; None without a number."""
    return f'f"{counted(name, loops)}"' if name.number else None


def container(levels: tuple[str, ...]) -> str:
    """The expression for the module of a level: `self.stage2`, `self.stage["inner"]`."""
    if not levels:
        return "self"
    first, *others = levels
    text = f"self.{first}" if allowed(first) else f"self._modules[{literal(first)}]"
    for level in others:
        text += f"[{literal(level)}]" if allowed(level) else f"._modules[{literal(level)}]"
    return text


def module(name: ModuleName, loops: list[Loop]) -> str:
    """The expression for a module."""
    last = numbered(name, loops)
    holder = container(name.levels)
    if last is None:
        return container((*name.levels, name.stem))
    if name.levels:
        return f"{holder}[{last}]"
    return f"getattr(self, {last})"


def construction(name: ModuleName, loops: list[Loop], chain: bool, text: str) -> str:
    """The statement that puts a module under its name; `chain` for a level of `nn.Sequential`."""
    last = numbered(name, loops)
    holder = container(name.levels)
    if chain or (last is not None and not name.levels):
        return f"{holder}.add_module({last or literal(name.stem)}, {text})"
    if last is not None:
        return f"{holder}[{last}] = {text}"
    return f"{container((*name.levels, name.stem))} = {text}"
