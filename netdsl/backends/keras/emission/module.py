"""Writes the file. From: the functions. To: the text of a Python file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from netdsl.backends.emission import layout
from netdsl.backends.emission.expression import literal
from netdsl.backends.emission.layout import Line, text_of
from netdsl.backends.emission.plan import Value
from netdsl.backends.emission.prose import module_doc, part_doc
from netdsl.backends.keras.emission.body import Body
from netdsl.backends.keras.emission.function import Function, Functions
from netdsl.backends.keras.emission.names import model_name
from netdsl.backends.keras.helpers import HELPERS
from netdsl.graph import ElaboratedNet
from netdsl.record import REQUIRED
from netdsl.tensor import Size, TensorType


def write_module(net: ElaboratedNet, functions: Functions, logits: Mapping[Value, Value]) -> str:
    """The whole text; functions come in the order in which they are needed."""
    *blocks, whole = functions.all()
    parts = [HELPERS[name].strip() for name in functions.helpers]
    parts += [_block(function) for function in blocks]
    parts.append(_net(net, whole, logits))
    text = "\n\n\n".join(parts)
    return f"{module_doc(net, 'Keras')}\n\n{_imports(text)}\n\n\n{text}\n"


def _imports(text: str) -> str:
    names = [name for name in ("layers", "ops") if re.search(rf"\b{name}\.", text)]
    lines = ["import keras"] if re.search(r"\bkeras\.", text) else []
    return "\n".join(lines + [f"from keras import {', '.join(names)}"] * bool(names))


def _block(function: Function) -> str:
    """The function of a block: it takes tensors, returns its main one and those asked for."""
    found = function.found
    returned = [found.plan.result, *found.taps]
    body = Body(function, returned)
    body.write()
    _return(body, returned)
    given = [*body.arguments, *body.calls.handed]
    for parameter in function.parameters.values():
        default = parameter.default
        text = "" if default is REQUIRED else f"={literal(default)}"
        given.append(f"{parameter.name}{text}")
    if function.named:
        given.append(f"name={literal(found.graph.name)}")
    head = layout.statement(f"def {found.name}({', '.join(given)}):", 0)
    doc = part_doc(found.graph.definition.doc, f"The block `{found.graph.name}`.")
    asked = [Line(0, f"{function.measured[key].name} = {_channels(body, key[1])}")
             for key in function.asked]  # fmt: skip
    return "\n".join([*head, *doc, *text_of([*asked, *body.lines], 1)])


def _channels(body: Body, port: int) -> str:
    """The channels of a tensor that flows in."""
    return f"{body.arguments[port]}.shape[-1]"


def _return(body: Body, values: list[Value]) -> None:
    last = body.needs.of(values[0])
    if len(values) == 1 and body.pending is not None and body.pending.value is last:
        body.line(f"return {body.pending.text}")
        return
    body.flush()
    body.line(f"return {', '.join(body.variables.use(value) for value in values)}")


def _net(net: ElaboratedNet, function: Function, logits: Mapping[Value, Value]) -> str:
    """The net's own function, which returns a model, or one for training and one without."""
    # The main output comes first.
    outputs = sorted(function.found.plan.outputs, key=lambda output: output[2] != "main")
    trained = {name: logits.get(value, value) for name, value, _ in outputs}
    lasting = {name: value for name, value, kind in outputs if kind != "auxiliary"}
    views = [trained] if trained == lasting else [trained, lasting]
    body = Body(function, [value for view in views for value in view.values()])
    for port, variable in zip(net.graph.ports, body.arguments, strict=True):
        body.line(f"{variable} = {_input(port.name, port.type)}")
    body.write()
    body.flush()
    inputs = body.arguments[0] if len(body.arguments) == 1 else f"[{', '.join(body.arguments)}]"
    models = [
        f"keras.Model({inputs}, {_outputs(body, view)}, name={literal(model_name(net.name))})"
        for view in views
    ]
    if len(models) == 1:
        body.line(f"return {models[0]}")
    else:
        body.line(f"training = {models[0]}")
        body.line(f"return training, {models[1]}")
    doc = f"The net `{net.graph.name}` as a `keras.Model`."
    if len(models) > 1:
        doc = (
            f"The net `{net.graph.name}` as two models of the same layers: the one for training "
            f"gives {_differences(outputs, logits)}, the other is for everything else."
        )
    head = [f"def {function.found.name}():", *part_doc("", doc)]
    return "\n".join([*head, *text_of(body.lines, 1)])


def _differences(outputs: list[tuple[str, Value, str]], logits: Mapping[Value, Value]) -> str:
    """What the model for training has that the other has not."""
    folded = [name for name, value, _ in outputs if value in logits]
    auxiliary = [name for name, _, kind in outputs if kind == "auxiliary"]
    parts = []
    if folded:
        parts.append(f"{' and '.join(folded)} before the last activation")
    if auxiliary:
        parts.append(f"{' and '.join(auxiliary)} too")
    return ", and ".join(parts)


def _input(name: str, type_: TensorType) -> str:
    sizes = tuple(None if isinstance(size, Size) else size for size in type_.shape)
    kind = ', dtype="int32"' if type_.number == "int" else ""
    return f"keras.Input({literal(sizes)}, name={literal(name)}{kind})"


def _outputs(body: Body, view: Mapping[str, Value]) -> str:
    """One tensor, or several by name."""
    texts = {name: body.variables.use(value) for name, value in view.items()}
    if len(texts) == 1:
        return next(iter(texts.values()))
    return f"{{{', '.join(f'{literal(name)}: {text}' for name, text in texts.items())}}}"
