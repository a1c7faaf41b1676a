"""Finds the operation that computes a signature's output, through wrappers and function calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_PASS_THROUGH = frozenset(
    [
        "Identity",
        "IdentityN",
        "StopGradient",
        "PreventGradient",
        "CheckNumerics",
        "EnsureShape",
        "Reshape",
        "Squeeze",
        "ExpandDims",
        "Cast",
        "Snapshot",
    ]
)
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})


@dataclass(frozen=True)
class Operation:
    """The operation behind an output: its type, such as ``Softmax``, and its name in the graph."""

    type: str
    name: str


def output_operation(function: Any, tensor_name: str) -> Operation:
    """Walk from a tensor of a ConcreteFunction up to the first operation that changes values."""
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
        if node.op in _CALLS:
            return _enter(node, int(rest.rpartition(":")[2] or 0), nodes, library)
        if node.op not in _PASS_THROUGH or not node.input:
            return Operation(node.op, name)
        position = int(rest.rpartition(":")[2] or 0) if node.op == "IdentityN" else 0
        tensor = node.input[position]


def _enter(call: Any, index: int, outside: dict[str, Any], library: dict[str, Any]) -> Operation:
    """Go on inside the called function; an argument that is handed through leads back to the caller."""
    body = library[call.attr["f"].func.name]
    inside = {node.name: node for node in body.node_def}
    result = body.signature.output_arg[index].name
    found = _walk(body.ret[result], inside, library)
    arguments = [argument.name for argument in body.signature.input_arg]
    if found.type == "Placeholder" and found.name in arguments:
        return _walk(call.input[arguments.index(found.name)], outside, library)
    return found


def called_functions(node: Any) -> list[str]:
    """Return the functions that a node calls: by its attributes, or as its own type."""
    values = [node.op]
    for attribute in node.attr.values():
        values += [attribute.func.name, *(function.name for function in attribute.list.func)]
    return [name for name in values if name]


def node_name(tensor: str) -> str:
    """Return the node behind a tensor ``name:index`` or a control input ``^name``."""
    return tensor.lstrip("^").partition(":")[0]


def data_inputs(node: Any) -> list[str]:
    """Return the tensors that a node reads, as ``name:index``, without control inputs."""
    return [tensor if ":" in tensor else f"{tensor}:0" for tensor in node.input if tensor[0] != "^"]
