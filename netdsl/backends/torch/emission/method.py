"""Writes a method of a class: its head, its steps, what it returns."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.backends.emission import layout
from netdsl.backends.emission.folding import Folded
from netdsl.backends.emission.layout import text_of
from netdsl.backends.emission.plan import Item, Value
from netdsl.backends.torch.emission.finished import Finished
from netdsl.backends.torch.emission.forward import Forward
from netdsl.backends.torch.layout import order
from netdsl.record import Record
from netdsl.tensor import TensorType


class Returns(Record):
    """What a method returns: tensors by name for a net with several outputs, else in a row."""

    values: list[Value]
    names: list[str]
    auxiliary: list[bool]

    @property
    def type(self) -> str:
        """The annotation."""
        if not self.by_name:
            return "Tensor" if len(self.values) == 1 else _tuple(len(self.values))
        if self.lasting > 1 or not any(self.auxiliary):
            return "dict[str, Tensor]"
        return "Tensor | dict[str, Tensor]"

    @property
    def by_name(self) -> bool:
        """Whether a dictionary is returned, in training at least."""
        return len(self.names) > 1

    @property
    def lasting(self) -> int:
        """How many outputs there are in evaluation."""
        return self.auxiliary.count(False)


class Method:
    """One method: `forward`, or `logits` where the class has that too."""

    def __init__(
        self,
        finished: Finished,
        name: str,
        items: Sequence[Item],
        returns: Returns,
        asked: set[int] | None = None,
    ) -> None:
        self.finished = finished
        self.name = name
        self.returns = returns
        self.writer = Forward(finished, items, returns.values, asked or set())
        self.writer.write()
        self._return()

    def lines(self) -> list[str]:
        """The text of the method."""
        return [*self._head(self.name), *text_of(self.writer.lines, 2)]

    def _head(self, name: str) -> list[str]:
        arguments = [f"{argument}: Tensor" for argument in self.writer.arguments]
        handed = [f"{argument}: nn.Module" for argument in self.writer.calls.handed]
        given = ", ".join(["self", *arguments, *handed])
        head = layout.statement(f"def {name}({given}) -> {self.returns.type}:", 1)
        return head + self._doc()

    def _doc(self) -> list[str]:
        """What flows into a net, in PyTorch's layout."""
        if not self.finished.found.root:
            return []
        ports = self.finished.found.graph.ports
        names = self.writer.arguments
        shapes = [f"{n}: {_shape(p.type)}" for n, p in zip(names, ports, strict=True)]
        text = f'        """{"; ".join(shapes)}."""'
        if len(text) <= layout.WIDTH:
            return [text]
        return [f'        """{shapes[0]}', *(f"        {s}" for s in shapes[1:]), '        """']

    def _return(self) -> None:
        writer, returns = self.writer, self.returns
        if len(returns.values) == 1 and not any(returns.auxiliary):
            writer.enter_training(False)
            value = writer.needs.of(returns.values[0])
            if writer.pending is not None and writer.pending.value is value:
                writer.line(f"return {writer.pending.text}")
            else:
                writer.flush()
                writer.line(f"return {writer.variables.use(value)}")
            return
        writer.flush()
        if not returns.by_name:
            names = [writer.variables.use(value) for value in returns.values]
            writer.line(f"return {', '.join(names)}")
            return
        self._return_by_name()

    def _return_by_name(self) -> None:
        writer, returns = self.writer, self.returns
        texts = [writer.variables.use(value) for value in returns.values]
        if any(returns.auxiliary):
            writer.enter_training(True)
            writer.line(f"return {_dictionary(returns.names, texts)}")
            writer.enter_training(False)
        lasting = [
            (name, text)
            for name, text, auxiliary in zip(returns.names, texts, returns.auxiliary, strict=True)
            if not auxiliary
        ]
        if len(lasting) == 1:
            writer.line(f"return {lasting[0][1]}")
        else:
            writer.line(f"return {_dictionary(*map(list, zip(*lasting, strict=True)))}")

    def applied(self, folded: Folded, returns: Returns) -> list[str]:
        """`forward` of a class with `logits`: the activations on what that gives."""
        given = ", ".join([*self.writer.arguments, *self.writer.calls.handed])
        call = f"self.logits({given})"
        templates = [folded.activations.get(value, "{0}") for value in returns.values]
        lines = self._head("forward")
        if len(templates) == 1:
            return [*lines, *layout.statement(f"return {templates[0].format(call)}", 2)]
        if not returns.by_name:
            names = ["x", *(f"tap{n}" for n in range(1, len(templates)))]
            lines += layout.statement(f"{', '.join(names)} = {call}", 2)
            results = [t.format(n) for t, n in zip(templates, names, strict=True)]
            return [*lines, *layout.statement(f"return {', '.join(results)}", 2)]
        return lines + self._applied_by_name(call, templates)

    def _applied_by_name(self, call: str, templates: list[str]) -> list[str]:
        returns = self.returns
        entries = [
            template.format(f"outputs[{name!r}]".replace("'", '"'))
            for name, template in zip(returns.names, templates, strict=True)
        ]
        lines = layout.statement(f"outputs = {call}", 2)
        if any(returns.auxiliary) and returns.lasting == 1:
            only = returns.auxiliary.index(False)
            lines += layout.statement("if not self.training:", 2)
            lines += layout.statement(f"return {templates[only].format('outputs')}", 3)
            return [*lines, *layout.statement(f"return {_dictionary(returns.names, entries)}", 2)]
        pairs = list(zip(returns.names, entries, returns.auxiliary, strict=True))
        if any(returns.auxiliary):
            lasting = [(name, entry) for name, entry, auxiliary in pairs if not auxiliary]
            lines += layout.statement("if not self.training:", 2)
            lines += layout.statement(
                f"return {_dictionary(*map(list, zip(*lasting, strict=True)))}", 3
            )
        return [*lines, *layout.statement(f"return {_dictionary(returns.names, entries)}", 2)]


def _dictionary(names: list[str], texts: list[str]) -> str:
    entries = [f'"{name}": {text}' for name, text in zip(names, texts, strict=True)]
    return f"{{{', '.join(entries)}}}"


def _tuple(count: int) -> str:
    return f"tuple[{', '.join(['Tensor'] * count)}]"


def _shape(type_: TensorType) -> str:
    """A tensor's shape in PyTorch, for a docstring."""
    sizes = ["batch", *(str(type_.shape[axis]) for axis in order(type_.rank))]
    kind = " of int64" if type_.number == "int" else ""
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''}){kind}"
