"""Walks through GraphDefs: to the operation that computes an output, and into called functions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_PASS_THROUGH = frozenset(
    {
        *("Identity", "IdentityN", "StopGradient", "PreventGradient", "CheckNumerics", "EnsureShape"),
        *("Reshape", "Squeeze", "ExpandDims", "Cast", "Snapshot"),
    }
)
CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})


@dataclass(frozen=True)
class Operation:
    """The operation behind an output: its type, such as ``Softmax``, and its name in the graph."""

    type: str
    name: str


def output_operation(function: Any, tensor_name: str) -> Operation:
    """Return the operation nearest to a tensor of a ConcreteFunction that changes values."""
    graph = function.graph.as_graph_def()
    library = {item.signature.name: item for item in graph.library.function}
    nodes = {node.name: node for node in graph.node}
    return _walk(tensor_name, nodes, library)


def _walk(tensor: str, nodes: dict[str, Any], library: dict[str, Any]) -> Operation:
    """Follow ``name:index`` (graphs) or ``name:port:index`` (function bodies) inside one scope."""
    while True:
        name, _, rest = tensor.lstrip("^").partition(":")
        node = nodes.get(name)
        if node is None:
            return Operation("Placeholder", name)
        index = int(rest.rpartition(":")[2] or 0)
        if node.op in CALLS:
            return _enter(node, index, nodes, library)
        if node.op not in _PASS_THROUGH or not node.input:
            return Operation(node.op, name)
        tensor = node.input[index if node.op == "IdentityN" else 0]


def _enter(call: Any, index: int, outside: dict[str, Any], library: dict[str, Any]) -> Operation:
    """Go on inside the called function; an argument that is handed through leads back to the caller."""
    body = library[call.attr["f"].func.name]
    inside = {node.name: node for node in body.node_def}
    result = body.signature.output_arg[index].name
    operation = _walk(body.ret[result], inside, library)
    arguments = [argument.name for argument in body.signature.input_arg]
    if operation.type == "Placeholder" and operation.name in arguments:
        return _walk(call.input[arguments.index(operation.name)], outside, library)
    return operation


def called_functions(node: Any) -> list[str]:
    """Return the functions that a node calls: by its attributes, or as its own type."""
    values = [node.op]
    for attribute in node.attr.values():
        values += [attribute.func.name, *(function.name for function in attribute.list.func)]
    return [name for name in values if name]


def nodes_with_callees(nodes: Iterable[Any], library: Any) -> Iterator[Any]:
    """Yield ``nodes`` and those of all functions of the library that they call, each function once."""
    bodies = {function.signature.name: function.node_def for function in library.function}
    queue = [nodes]
    while queue:
        for node in queue.pop():
            yield node
            queue += [bodies.pop(name) for name in called_functions(node) if name in bodies]


def all_nodes(proto: Any) -> Iterator[Any]:
    """Yield the nodes of a GraphDef and of every function in its library, called or not."""
    yield from proto.node
    for function in proto.library.function:
        yield from function.node_def


def node_name(tensor: str) -> str:
    """Return the name of the node that computes a tensor ``name:index``, or of a control input ``^name``."""
    return tensor.lstrip("^").partition(":")[0]


def data_inputs(node: Any) -> list[str]:
    """Return the tensors that a node reads, as ``name:index``, without control inputs."""
    return [tensor if ":" in tensor else f"{tensor}:0" for tensor in node.input if tensor[0] != "^"]
