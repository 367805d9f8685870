"""What netdsl tells of mistakes: the model, the codes, the renderers."""

from netdsl.diagnostics.model import Diagnostic, Help, Label, Severity, SpecError, UserError

__all__ = ["Diagnostic", "Help", "Label", "Severity", "SpecError", "UserError"]
