"""Writes the module. From: the finished classes. To: the text of a Python file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netdsl.backends.emission import layout
from netdsl.backends.emission.expression import literal
from netdsl.backends.emission.folding import Fold
from netdsl.backends.emission.layout import Line, text_of
from netdsl.backends.emission.plan import uses
from netdsl.backends.emission.prose import module_doc, part_doc
from netdsl.backends.torch.emission.construct import Constructor
from netdsl.backends.torch.emission.finished import Finished, FinishedClasses
from netdsl.backends.torch.emission.method import Method, Returns
from netdsl.backends.torch.helpers import HELPERS
from netdsl.graph import ElaboratedNet
from netdsl.record import REQUIRED

_LAYERS = ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
           "Linear", "Embedding")  # fmt: skip


def write_module(net: ElaboratedNet, classes: FinishedClasses, fold: Fold) -> str:
    """The whole text; classes come in the order in which they are needed."""
    bodies = [_class(net, finished, fold) for finished in classes.all()]
    helpers = [HELPERS[name].strip() for name in classes.helpers()]
    start = _initialize(classes)
    parts = [*helpers, *([start] if start else []), *bodies]
    text = "\n\n\n".join(parts)
    return f"{module_doc(net, 'PyTorch')}\n\n{_imports(text)}\n\n\n{text}\n"


def _imports(text: str) -> str:
    lines = []
    if re.search(r"\btorch\.", text):
        lines.append("import torch")
    if re.search(r"\bF\.", text):
        lines.append("import torch.nn.functional as F")
    names = [name for name in ("Tensor", "nn") if re.search(rf"\b{name}\b", text)]
    if names:
        lines.append(f"from torch import {', '.join(names)}")
    return "\n".join(lines)


def _initialize(classes: FinishedClasses) -> str:
    """The function that starts weights, for the kinds of layers that the module has."""
    constructs = [
        emission.construct.text
        for finished in classes.all()
        for use in [*uses(finished.found.plan.items), *finished.owned.values()]
        if (emission := use.emission) is not None and emission.construct is not None
    ]
    text = "\n".join([*constructs, *(HELPERS[name] for name in classes.helpers())])
    kinds = [kind for kind in _LAYERS if f"nn.{kind}(" in text]
    own = [finished.found.name for finished in classes.all() if Constructor(finished).starts()]
    if not kinds and not own:
        return ""
    lines = [
        "def initialize(module: nn.Module) -> None:",
        '    """Starts weights with he_normal and biases with zero."""',
    ]
    word = "if"
    if kinds:
        named = ", ".join(f"nn.{kind}" for kind in kinds)
        test = f"({named})" if len(kinds) > 1 else named
        lines += layout.statement(f"if isinstance(module, {test}):", 1)
        lines.append('        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")')
        if kinds != ["Embedding"]:
            bias = 'getattr(module, "bias", None)' if "Embedding" in kinds else "module.bias"
            lines += [f"        if {bias} is not None:", "            nn.init.zeros_(module.bias)"]
        word = "elif"
    if own:
        test = f"({', '.join(own)})" if len(own) > 1 else own[0]
        lines += layout.statement(f"{word} isinstance(module, {test}):", 1)
        lines.append("        module.initialize()")
    return "\n".join(lines)


def _class(net: ElaboratedNet, finished: Finished, fold: Fold) -> str:
    found = finished.found
    methods: list[list[str]] = []
    constructor = Constructor(finished)
    starts = constructor.starts()
    if starts:
        methods.append(["    def initialize(self) -> None:", *text_of(starts, 2)])
    methods += _forward(finished, fold)
    # What the methods refer to is known only now: the constructor keeps it.
    modules = constructor.modules()
    begin = [*finished.kept(), *modules]
    if found.root and _initialize(finished.all):
        begin.append(Line(0, "self.apply(initialize)"))
    if begin:
        methods.insert(0, _init(finished, begin))
    head = [f"class {found.name}(nn.Module):", *_class_doc(finished), ""]
    body = "\n\n".join("\n".join(method) for method in methods)
    return "\n".join(head) + "\n" + body


def _class_doc(finished: Finished) -> list[str]:
    graph = finished.found.graph
    if finished.found.root:
        return part_doc("", f"The net `{graph.name}`.")
    return part_doc(graph.definition.doc, f"The block `{graph.name}`.")


def _init(finished: Finished, begin: Sequence[Line]) -> list[str]:
    given = ["self"]
    for parameter in finished.parameters.values():
        text = f"{parameter.name}: {parameter.type}"
        if parameter.default is not REQUIRED:
            text += f" = {literal(parameter.default)}"
        given.append(text)
    head = layout.statement(f"def __init__({', '.join(given)}) -> None:", 1)
    return [*head, "        super().__init__()", *text_of(begin, 2)]


def _forward(finished: Finished, fold: Fold) -> list[list[str]]:
    """`forward`, and before it `logits` where the class has one."""
    folded = fold.of(finished.found)
    returns = _returns(finished)
    if folded is None:
        return [Method(finished, "forward", finished.found.plan.items, returns).lines()]
    changed = [folded.instead.get(value, value) for value in returns.values]
    before = Returns(changed, returns.names, returns.auxiliary)
    logits = Method(finished, "logits", folded.items, before, folded.asked)
    return [logits.lines(), logits.applied(folded, returns)]


def _returns(finished: Finished) -> Returns:
    plan, found = finished.found.plan, finished.found
    if found.root:
        # The main output comes first.
        outputs = sorted(plan.outputs, key=lambda output: output[2] != "main")
        values = [value for _, value, _ in outputs]
        names = [name for name, _, _ in outputs]
        return Returns(values, names, [kind == "auxiliary" for _, _, kind in outputs])
    return Returns([plan.result, *found.taps], [], [])
