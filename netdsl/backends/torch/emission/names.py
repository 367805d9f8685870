"""Names of emitted code: which are free, and how a module of any name is reached."""

from __future__ import annotations

import keyword
import re
import unicodedata

# The public attributes of PyTorch's Module, Sequential and ModuleDict, and of an emitted class: a
# module of such a name would hide them. Names with an underscore in front are Python's own.
TAKEN = frozenset(
    """
    T_destination add_module append apply bfloat16 buffers call_super_init children clear
    compile cpu cuda double dump_patches eval extend extra_repr float forward get_buffer
    get_extra_state get_parameter get_submodule half initialize insert ipu items keys
    load_state_dict logits modules mtia named_buffers named_children named_modules
    named_parameters parameters pop register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type update
    values xpu zero_grad
    """.split()  # noqa: SIM905
)

# What emitted code refers to, besides its own classes and helpers.
SPOKEN_FOR = frozenset(
    """
    F Tensor float bool getattr i int j len max min nn abs round self str sum super torch tuple
    initialize range k dict
    """.split()  # noqa: SIM905
)


# Linters refuse names that look like digits.
_AMBIGUOUS = ("I", "O", "l")


def allowed(name: str) -> bool:
    """Whether a module of this name can be an attribute of a module."""
    return (
        name.isidentifier()
        and not name.startswith("_")
        and not keyword.iskeyword(name)
        and name not in TAKEN
        # Python reads an identifier in this normal form, a state's name stays as it is.
        and unicodedata.normalize("NFKC", name) == name
    )


def camel_case(name: str) -> str:
    """A class's name for a block's: `dense_layer` is DenseLayer."""
    parts = [part for part in name.split("_") if part]
    text = "".join(part[0].upper() + part[1:] for part in parts) or "Block"
    return f"{text}_" if text in _AMBIGUOUS or keyword.iskeyword(text) else text


def identifier(name: str) -> str:
    """A name for a variable: the name itself where Python allows it."""
    text = unicodedata.normalize("NFKC", re.sub(r"\W", "_", name)) or "value"
    if keyword.iskeyword(text) or text.startswith("__") or text in _AMBIGUOUS:
        return f"{text}_"
    return text


class Names:
    """Hands out names, each once; a name met again is followed by 2, 3, …"""

    def __init__(self, taken: frozenset[str] | set[str] = frozenset()) -> None:
        self.taken = set(taken)

    def new(self, name: str) -> str:
        """The name, or the name with the first number that makes it new."""
        found, count = name, 1
        while found in self.taken:
            count += 1
            found = f"{name}{count}"
        self.taken.add(found)
        return found
