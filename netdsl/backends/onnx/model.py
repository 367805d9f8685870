"""A net with its weights as an ONNX model.

The model has the inputs and outputs of the net by their names, in PyTorch's layouts, with the batch
before them: its size is open under the name `batch`, and so is every size that the spec leaves
open, under the name that `netdsl check` shows. What no output needs is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, defs, helper

from netdsl.backends.engine import Array
from netdsl.backends.onnx.parts import Parts
from netdsl.backends.onnx.walk import Walk
from netdsl.backends.torch.layout import dim, order
from netdsl.graph import ElaboratedNet, Graph, Port
from netdsl.tensor import Size, TensorType

# The version of ONNX's set of operators that models are written in.
OPSET = 20

_TYPES = {"float": TensorProto.FLOAT, "int": TensorProto.INT64}
# The operator of a layer that a loss takes over, by the layer's word.
_FOLDED = {"softmax": "Softmax", "sigmoid": "Sigmoid"}


def build(
    net: ElaboratedNet, weights: Mapping[str, Array], fold: Mapping[str, str] | None = None
) -> ModelProto:
    """The model of a net in evaluation with these weights, by their full names.

    `fold` says of outputs which layer (`softmax`, `sigmoid`) is left out at their end, so that
    they are logits. Raises `SpecError` where a layer has no row.
    """
    graph = net.graph
    parts = Parts(weights, open_sizes(graph.ports), graph.ports[0].name)
    instance = Walk(parts).net(graph, [port.name for port in graph.ports])
    outputs = {}
    for output in graph.outputs:
        if output.kind == "auxiliary":
            continue
        tensor = instance.tensors[output.value]
        if fold and output.name in fold:
            tensor = _logits(parts, tensor, _FOLDED[fold[output.name]])
        outputs[output.name] = tensor, graph.types[output.value]
    names = output_names(graph)
    return assemble(net.name, parts, graph.ports, {names[name]: o for name, o in outputs.items()})


def output_names(graph: Graph) -> dict[str, str]:
    """The name in the model of each output that exists in evaluation.

    It is the output's own, followed by 2, 3, … where an input has it too.
    """
    taken = {port.name for port in graph.ports}
    found = {}
    for output in graph.outputs:
        if output.kind == "auxiliary":
            continue
        name, count = output.name, 1
        while name in taken:
            count += 1
            name = f"{output.name}{count}"
        taken.add(name)
        found[output.name] = name
    return found


def assemble(
    name: str, parts: Parts, inputs: Iterable[Port], outputs: Mapping[str, tuple[str, TensorType]]
) -> ModelProto:
    """The model of these parts; `outputs` has the tensor and the type of each by its name."""
    tensors = {name: tensor for name, (tensor, _) in outputs.items()}
    _name_outputs(parts, tensors)
    nodes, needed = _needed(parts.nodes, outputs)
    ports = list(inputs)
    # Two dimensions of one name would be promised to be equal.
    called = {str(size) for port in ports for size in port.type.shape}
    batch = "batch" if "batch" not in called else "examples"
    graph = helper.make_graph(
        nodes,
        name,
        [_described(port.name, port.type, batch) for port in ports],
        [_described(name, type, batch) for name, (_, type) in outputs.items()],
        [tensor for name, tensor in parts.initializers.items() if name in needed],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(
        graph,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="netdsl",
        producer_version=version("netdsl"),
    )


def open_sizes(ports: Iterable[Port]) -> dict[str, tuple[str, int]]:
    """Where each size known only at run time is found: the input, and its dimension."""
    return {
        str(size): (port.name, dim(axis, port.type.rank))
        for port in ports
        for axis, size in enumerate(port.type.shape)
        if isinstance(size, Size)
    }


def _described(name: str, type: TensorType, batch: str) -> ValueInfoProto:
    """A tensor with its shape: a number or a name for each dimension, that of the batch first."""
    sizes = [type.shape[axis] for axis in order(type.rank)]
    shape = [batch, *(str(size) if isinstance(size, Size) else size for size in sizes)]
    return helper.make_tensor_value_info(name, _TYPES[type.number], shape)


def _logits(parts: Parts, tensor: str, op: str) -> str:
    """The tensor without the last activation: what moved numbers after it moves its input."""
    makers = {output: node for node in parts.nodes for output in node.output}
    moves = []
    while makers[tensor].op_type != op:
        moves.append(makers[tensor])
        tensor = moves[-1].input[0]
    tensor = makers[tensor].input[0]
    for move in reversed(moves):
        attributes = {a.name: helper.get_attribute_value(a) for a in move.attribute}
        inputs = [tensor, *move.input[1:]]
        (tensor,) = parts.node("logits/", move.op_type, inputs, 1, attributes)
    return tensor


def _name_outputs(parts: Parts, tensors: Mapping[str, str]) -> None:
    """Gives tensors the names of the outputs that they are."""
    made = {output for node in parts.nodes for output in node.output}
    names: dict[str, str] = {}
    for name, tensor in tensors.items():
        if tensor in made and tensor not in names:
            names[tensor] = name
    for node in parts.nodes:
        node.input[:] = [names.get(tensor, tensor) for tensor in node.input]
        node.output[:] = [names.get(tensor, tensor) for tensor in node.output]
    for name, tensor in tensors.items():
        # An input of the net, a weight, or a tensor that is an output by another name too.
        if names.get(tensor) != name:
            tensor = names.get(tensor, tensor)
            parts.nodes.append(helper.make_node("Identity", [tensor], [name], f"{name}/Identity"))


def _needed(nodes: Iterable[NodeProto], outputs: Iterable[str]) -> tuple[list[NodeProto], set[str]]:
    """The nodes that lead to the outputs, and every tensor on the way."""
    needed = set(outputs)
    found = []
    for node in reversed(list(nodes)):
        if needed.isdisjoint(node.output):
            continue
        _drop_unused(node, needed)
        found.append(node)
        needed.update(node.input)
    return found[::-1], needed


def _drop_unused(node: NodeProto, needed: set[str]) -> None:
    """Leaves out the optional outputs of a node that nothing needs."""
    declared = defs.get_schema(node.op_type, OPSET).outputs
    optional = defs.OpSchema.FormalParameterOption.Optional
    for place, tensor in enumerate(node.output):
        if tensor not in needed and place < len(declared) and declared[place].option == optional:
            node.output[place] = ""
    while not node.output[-1]:
        node.output.pop()
