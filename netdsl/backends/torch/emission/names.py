"""Names of emitted modules: which PyTorch and Python forbid."""

from __future__ import annotations

import keyword
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
